"""A rendition of an opened file: its base, with the standard or the neural gain map applied, as pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.codec.options import DecodeOptions
from gainmap_codec.files.orientations import inverse_of
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.records import AppleMetadata, StoredGainMap
from gainmap_codec.pixels.color.light import AnyCodes, conversion_matrix
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
from gainmap_codec.pixels.maps.gain_map import ReadyMap, gain_map_for
from gainmap_codec.pixels.maps.neural_map import render_into
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain, offsets_of, one_gain_of
from gainmap_codec.pixels.raster.geometry import Window, turned, turned_window
from gainmap_codec.pixels.rendition import UNCHANGED, Gains, render_strips, renderer

if TYPE_CHECKING:
    import torch  # never at run time: decoding on the CPU needs none

_BLOCK_BYTES = 1 << 24

Floats = NDArray[Any]  # float32 or float16

STORED = DecodeOptions(orientation="stored", device="cpu")
"""The whole HDR rendition in the stored raster, linear BT.2020, by NumPy: what encoders and edits look at."""


def full_headroom(opened: OpenedFile, kind: RenderedFrom) -> float:
    """The headroom, log2, from which a rendition is shown in full: the larger of the two that its map names.

    0 for the base, even one that is HDR by itself: nothing in the file tells how bright that is.
    """
    if kind == "neural" and opened.neural:
        return opened.neural.alternate_hdr_headroom
    if kind == "standard" and opened.file.gain_map:
        metadata = opened.file.gain_map.metadata
        if isinstance(metadata, AppleMetadata):
            return math.log2(metadata.headroom)
        return max(float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom))
    return 0.0


def base_headroom(opened: OpenedFile, kind: RenderedFrom) -> float:
    """The headroom, log2, up to which the base is shown as it is, where a map leads up from it."""
    if kind == "neural" and opened.neural:
        return opened.neural.base_hdr_headroom
    if kind == "standard" and opened.file.gain_map and not opened.has_hdr_base:
        metadata = opened.file.gain_map.metadata
        return 0.0 if isinstance(metadata, AppleMetadata) else float(metadata.base_hdr_headroom)
    return 0.0


def one_gain(opened: OpenedFile, kind: RenderedFrom) -> OneGain | None:
    """The gain, in the stored raster, by which the whole HDR rendition is made of the base, if one serves all channels.

    Raises:
        GainMapError: The gain map's picture is broken.
    """
    if kind == "standard" and (stored := opened.file.gain_map):
        return one_gain_of(opened.map_codes, stored.metadata, stored.image.bits)
    return None


def offsets(opened: OpenedFile, kind: RenderedFrom) -> Offsets | None:
    """The offsets by which the whole HDR rendition is made of the base, where a standard gain map makes it."""
    stored = opened.file.gain_map
    return offsets_of(stored.metadata) if kind == "standard" and stored else None


def render(opened: OpenedFile, kind: RenderedFrom, options: DecodeOptions) -> Floats:
    """Linear light, (h, w, 3), as `gainmap_codec.decode` tells of its options; `prefer` and `limits` play no part.

    Raises:
        GainMapError: The gain map's picture is broken.
        ValueError: The region or the array does not fit the picture.
    """
    window = _window(opened, options)
    out = _array(window, options)
    if kind == "neural" and opened.neural:
        _render_neural(opened, opened.neural, options, window, out)
    else:
        _render_strips(opened, opened.file.gain_map if kind == "standard" else None, options, window, out)
    return out


def _display(options: DecodeOptions) -> float:
    """Headroom of the display, log2; infinite for the rendition with the larger headroom."""
    return math.inf if options.headroom is None else options.headroom


def _turn(opened: OpenedFile, options: DecodeOptions) -> int:
    """The orientation, as in EXIF, by which the stored raster is turned."""
    return opened.file.orientation if options.orientation == "upright" else 1


def _from_bt2020(options: DecodeOptions) -> NDArray[np.float64]:
    return conversion_matrix("bt2020", options.color_space)


def _window(opened: OpenedFile, options: DecodeOptions) -> Window:
    """The region as top row, left column, height and width of the picture as it is to be looked at."""
    base = opened.file.base
    height, width = turned(np.broadcast_to(np.uint8(0), (base.height, base.width)), _turn(opened, options)).shape
    if options.region is None:
        return Window(0, 0, height, width)
    x, y, across, down = options.region
    if min(across, down) < 1:
        raise ValueError(f"region: expected a width and a height of at least 1, got {options.region}")
    if min(x, y) < 0 or x + across > width or y + down > height:
        raise ValueError(f"region: expected x, y, width, height within {width} x {height}, got {options.region}")
    return Window(y, x, down, across)


def _array(window: Window, options: DecodeOptions) -> Floats:
    """Where the pixels go."""
    shape, out = (*window[2:], 3), options.out
    if out is None:
        return np.empty(shape, options.dtype)
    if out.shape != shape or out.dtype != options.dtype or not out.flags.writeable:
        raise ValueError(f"out: expected a writeable {options.dtype} array {shape}, got {out.dtype} {out.shape}")
    return out


def _render_neural(
    opened: OpenedFile, network: NeuralGainMap, options: DecodeOptions, window: Window, out: Floats
) -> None:
    if options.device != "cpu":
        from gainmap_codec.neural.device.transfer import download

        download(neural_tensor(opened, network, options), out)
        return
    codes, color, turn = opened.codes, opened.color, _turn(opened, options)
    back = inverse_of(turn)
    render_into(
        turned(out, back),
        network,
        codes,
        color,
        headroom=_display(options),
        window=turned_window(window, turned(codes, turn).shape, lambda raster: turned(raster, back)),
        from_bt2020=_from_bt2020(options),
    )


def neural_tensor(opened: OpenedFile, network: NeuralGainMap, options: DecodeOptions) -> torch.Tensor:
    """As `render` of the neural gain map, left on a torch device: float32 or float16 (h, w, 3), linear."""
    from gainmap_codec.neural.device.render import render_there

    return render_there(
        network,
        opened.codes,
        opened.color,
        options.device,
        headroom=_display(options),
        from_bt2020=_from_bt2020(options),
        orientation=_turn(opened, options),
        window=_window(opened, options),
        dtype=options.dtype,
    )


def _render_strips(
    opened: OpenedFile, stored: StoredGainMap | None, options: DecodeOptions, window: Window, out: Floats
) -> None:
    """The base, with a standard gain map or without, strip by strip: linear, into the maths' primaries, out of them."""
    color, turn = opened.color, _turn(opened, options)
    codes = opened.codes if opened.decoded else base_codes(opened.file.base, opened.name)
    turned_codes = turned(codes, turn)
    del codes
    ready = _ready(stored, opened.map_codes, _display(options), turn, turned_codes.shape[:2]) if stored else None
    maths = opened.maths_color if stored else color
    to_maths = np.linalg.solve(maths.to_bt2020, color.to_bt2020)
    from_maths = _from_bt2020(options) @ maths.to_bt2020
    top, left, height, width = window
    across = slice(left, left + width)
    blocks = _blocks(turned_codes[top : top + height, across])
    del turned_codes
    stop = height
    while blocks:
        block = blocks.pop()
        start = stop - len(block)

        def gains(strip: slice, first: int = top + start) -> Gains:
            assert ready
            return ready.at(slice(first + strip.start, first + strip.stop), across)

        render = renderer(
            block,
            color,
            to_maths=to_maths,
            rule=ready.rule if ready else UNCHANGED,
            gains=gains if ready else None,
            from_maths=from_maths,
        )
        render_strips(out[start:stop], render)
        stop = start


def _blocks(codes: AnyCodes) -> list[AnyCodes]:
    """Rows of a picture: itself, or where its code values are large, copies of some megabytes, freed one by one."""
    if codes.itemsize == 1:
        return [codes]
    rows = max(1, _BLOCK_BYTES // (codes.shape[1] * codes.shape[2] * codes.itemsize))
    return [codes[start : start + rows].copy() for start in range(0, codes.shape[0], rows)]


def _ready(
    stored: StoredGainMap, codes: AnyCodes, headroom: float, orientation: int, size: tuple[int, ...]
) -> ReadyMap:
    """A standard gain map, of these code values, for a base of this size."""
    codes, bits, metadata = turned(codes, orientation), stored.image.bits, stored.metadata
    if isinstance(metadata, AppleMetadata):
        return apple_gain_map_for(size, codes, metadata, headroom=headroom, bits=bits)
    return gain_map_for(size, codes, metadata, headroom=headroom, bits=bits)
