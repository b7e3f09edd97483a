"""A picture of renditions side by side, so that one can see what the numbers mean.

Columns are renditions; rows are the whole picture, its errors, and a detail at full size. What lies above SDR
white is brought into sight by exposing the HDR renditions down by the headroom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gainmap_codec.pixels.color.light import Array, convert, pq_encode, srgb_encode
from gainmap_codec.pixels.raster.resampling import box_average

Codes = NDArray[np.uint8]

_PANEL = 560  # width of one picture in pixels: four make a sheet that a laptop shows
_DETAIL_ROWS = 320
_GAP = 16
_LINE = 26
_INK, _FAINT, _PAPER = (235, 235, 235), (160, 160, 160), (24, 24, 24)
_WORST_CODES = 16.0
_HEAT = np.array([[0, 0, 0], [30, 30, 140], [180, 30, 120], [250, 130, 30], [255, 255, 190]], np.float32)


@dataclass(frozen=True, eq=False)
class Rendition:
    """One column of the sheet.

    Attributes:
        caption: What it is, and what it costs.
        pixels: Linear BT.2020, float32 (H, W, 3); 1.0 = SDR white. All renditions of a sheet have one size.
    """

    caption: str
    pixels: Array


def comparison_sheet(title: str, base: Rendition, others: Sequence[Rendition], *, stops: float) -> bytes:
    """An 8-bit sRGB PNG that compares renditions with the first of `others`, the reference.

    Args:
        title: The line above everything.
        base: The SDR base, shown as old readers show it and, below, exposed like the others.
        others: The HDR reference, then what was decoded.
        stops: How far the HDR renditions are exposed down, log2.
    """
    reference = others[0]
    errors = {id(other): pq_error(other.pixels, reference.pixels) for other in others[1:]}
    detail = _worst_place(errors[id(others[-1])])
    exposed = f"exposed down by {stops:g} stop{'' if stops == 1 else 's'}"
    columns = [
        [
            ("SDR base: " + base.caption, _picture(_fit(base.pixels), 0)),
            ("the base, " + exposed, _picture(_fit(base.pixels), stops)),
            ("detail, " + exposed, _picture(base.pixels[detail], stops)),
        ]
    ]
    for other in others:
        error = errors.get(id(other))
        height = _fit(other.pixels).shape[0]
        middle = ("", _legend(height)) if error is None else ("error", _heat(_fit(error[..., np.newaxis])[..., 0]))
        columns.append(
            [
                (other.caption, _picture(_fit(other.pixels), stops)),
                middle,
                ("detail, " + exposed, _picture(other.pixels[detail], stops)),
            ]
        )
    return _png(_lay_out(f"{title}; HDR renditions {exposed}", columns))


def pq_error(pixels: Array, reference: Array) -> Array:
    """Largest difference of the three BT.2020 PQ codes, in codes of 10 bits, float32 (H, W)."""
    return np.asarray(np.abs(pq_encode(pixels) - pq_encode(reference)).max(axis=2) * 1023, dtype=np.float32)


def _fit(pixels: Array) -> Array:
    """The picture at the width of a panel, averaged in linear light; small pictures stay as they are."""
    height, width = pixels.shape[:2]
    if width <= _PANEL:
        return pixels
    rows = ceil(height * _PANEL / width)
    planes = [box_average(box_average(plane, _PANEL).T, rows).T for plane in np.moveaxis(pixels, 2, 0)]
    return np.stack(planes, axis=2)


def _picture(pixels: Array, stops: float) -> Codes:
    shown = convert(np.asarray(pixels * np.float32(2.0**-stops)), "bt2020", "srgb")
    return np.rint(srgb_encode(shown) * 255).astype(np.uint8)


def _heat(error: Array) -> Codes:
    position = np.clip(error / _WORST_CODES, 0, 1) * (len(_HEAT) - 1)
    stops = np.arange(len(_HEAT))
    return np.stack([np.interp(position, stops, _HEAT[:, index]) for index in range(3)], 2).astype(np.uint8)


def _worst_place(error: Array) -> tuple[slice, slice]:
    """Where a detail at full size has the largest mean error, on a grid of half details."""
    height, width = (min(size, limit) for size, limit in zip(error.shape, (_DETAIL_ROWS, _PANEL), strict=True))
    corners = [
        (top, left)
        for top in range(0, error.shape[0] - height + 1, max(height // 2, 1))
        for left in range(0, error.shape[1] - width + 1, max(width // 2, 1))
    ]
    top, left = max(corners, key=lambda at: float(error[at[0] : at[0] + height, at[1] : at[1] + width].mean()))
    return slice(top, top + height), slice(left, left + width)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _legend(height: int) -> Codes:
    """What the colours of the error maps mean, as a panel."""
    panel = Image.new("RGB", (_PANEL, max(height, 6 * _LINE)), _PAPER)
    draw = ImageDraw.Draw(panel)
    top = panel.height // 2 - 2 * _LINE
    draw.text((_GAP, top), "Error maps: largest difference from the reference", _INK, _font(18))
    draw.text((_GAP, top + _LINE), "of the three BT.2020 PQ codes, in codes of 10 bits", _INK, _font(18))
    ramp = np.linspace(0, _WORST_CODES, _PANEL - 4 * _GAP, dtype=np.float32)
    bar = Image.fromarray(_heat(np.tile(ramp, (_LINE, 1))))
    panel.paste(bar, (_GAP, top + 2 * _LINE + 6))
    for part in range(5):
        code = part * _WORST_CODES / 4
        label = f"{code:g}" + (" or more" if part == 4 else "")
        x = _GAP + bar.width * part // 4 - (40 if part == 4 else 0)
        draw.text((x, top + 3 * _LINE + 10), label, _FAINT, _font(16))
    return np.asarray(panel)


def _lay_out(title: str, columns: list[list[tuple[str, Codes]]]) -> Image.Image:
    heights = [max(column[row][1].shape[0] for column in columns) for row in range(len(columns[0]))]
    width = len(columns) * (_PANEL + _GAP) + _GAP
    height = 2 * _LINE + sum(panel + _LINE + _GAP for panel in heights) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, _INK, _font(22))
    for index, column in enumerate(columns):
        top = 2 * _LINE + _GAP
        for (caption, picture), rows in zip(column, heights, strict=True):
            left = _GAP + index * (_PANEL + _GAP)
            sheet.paste(Image.fromarray(picture), (left, top))
            draw.text((left, top + rows + 2), caption, _INK, _font(16))
            top += rows + _LINE + _GAP
    return sheet


def _png(sheet: Image.Image) -> bytes:
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
