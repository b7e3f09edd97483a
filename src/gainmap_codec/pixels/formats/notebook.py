"""How a notebook shows an `HdrImage`: an SDR view of it, and a caption. Knows no IPython."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import replace

import numpy as np

from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.resampling import box_average

_LONGEST_SIDE = 1024


def caption(image: HdrImage) -> str:
    """Size, colour space, headroom and origin in a line."""
    said = repr(image).removeprefix("HdrImage(").removesuffix(")")
    return f"{said}; brightest {image.measured_headroom():.2f} stops over SDR white; shown in SDR"


def mime_bundle(image: HdrImage) -> dict[str, str]:
    """Text, PNG (base64) and HTML of a picture, by their MIME types, as Jupyter takes them."""
    words, png = caption(image), b64encode(sdr_png(image)).decode()
    html = (
        f'<figure style="margin: 0"><img src="data:image/png;base64,{png}" alt="{words}"'
        f' style="max-width: 100%"><figcaption>{words}</figcaption></figure>'
    )
    return {"text/plain": repr(image), "image/png": png, "text/html": html}


def sdr_png(image: HdrImage) -> bytes:
    """The picture tone-mapped to SDR, sRGB, at most 1024 pixels a side, as PNG."""
    small = replace(image, pixels=_reduced(image.pixels), headroom=image.target_headroom())
    stream = io.BytesIO()
    small.to_sdr().save(stream, "PNG")
    return stream.getvalue()


def _reduced(pixels: Array) -> Array:
    """Linear light averaged to the longest side, float32."""
    scale = _LONGEST_SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    lines = box_average(np.moveaxis(pixels, 2, 1).astype(np.float32), width)  # (rows, 3, columns)
    columns = box_average(np.ascontiguousarray(np.moveaxis(lines, 0, 2)), height)  # (3, columns, rows)
    return np.ascontiguousarray(columns.transpose(2, 1, 0), np.float32)
