"""From a file to its HDR rendition: which of its gain maps serve, which one is taken, and how it is applied."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.records import AppleMetadata, NeuralGainMap, StoredGainMap
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.code_points import color_of, primaries_are_known
from gainmap_codec.pixels.color.light import AnyCodes, ColorSpace, conversion_matrix, strip_for, transform_strip
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_strips
from gainmap_codec.pixels.maps.gain_map import ApplyStrip, gain_map_strips
from gainmap_codec.pixels.maps.neural_map import render_into, residuals
from gainmap_codec.pixels.raster.geometry import Window, inverse_of, turned, turned_window
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

if TYPE_CHECKING:
    import torch  # never at run time: decoding on the CPU needs none

Prefer = Literal["auto", "neural", "standard", "base"]
_BLOCK_BYTES = 1 << 24

Floats = NDArray[Any]  # float32 or float16


@dataclass(frozen=True, eq=False)
class Wanted:
    """What to make of a picture; see `gainmap_codec.decode`."""

    color_space: ColorSpace = "bt2020"
    region: tuple[int, int, int, int] | None = None
    dtype: str = "float32"
    out: Floats | None = None

    @property
    def from_bt2020(self) -> NDArray[np.float64]:
        """The matrix from BT.2020."""
        return conversion_matrix("bt2020", self.color_space)

    def window(self, size: tuple[int, ...]) -> Window:
        """The region of a picture of `size`, height and width."""
        if self.region is None:
            return Window(0, 0, size[0], size[1])
        x, y, width, height = self.region
        if min(x, y) < 0 or min(width, height) < 1 or x + width > size[1] or y + height > size[0]:
            raise ValueError(f"region: x, y, width, height within {size[1]} x {size[0]} wanted, {self.region} found")
        return Window(y, x, height, width)

    def array(self, window: Window) -> Floats:
        """Where the pixels go."""
        shape = (*window[2:], 3)
        if self.out is None:
            return np.empty(shape, self.dtype)
        if self.out.shape != shape or self.out.dtype != self.dtype or not self.out.flags.writeable:
            raise ValueError(f"out: {self.dtype} {shape} wanted, {self.out.dtype} {self.out.shape} found")
        return self.out


def preference(opened: OpenedFile, prefer: Prefer) -> list[RenderedFrom]:
    """The renditions to try, best first; the base is always the last.

    "auto" takes the map that came nearer to the HDR original, where the payload tells of both, else the neural one.
    """
    neural, standard = opened.neural, opened.file.gain_map
    order: list[RenderedFrom] = ["neural", "standard"]
    if prefer == "base":
        order = []
    elif prefer == "standard" or (prefer == "auto" and neural and neural.standard_psnr > neural.neural_psnr):
        order.reverse()
    there = {"neural": neural is not None, "standard": standard is not None}
    return [kind for kind in order if there[kind]] + ["base"]


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


def render_best(
    opened: OpenedFile,
    order: list[RenderedFrom],
    headroom: float | None,
    device: str,
    orientation: int,
    wanted: Wanted = Wanted(),
) -> tuple[OpenedFile, RenderedFrom, Floats, list[str]]:
    """The first rendition that can be had; a standard map that is broken gives way to the file's spare one.

    Returns:
        The file as it was used, what it was rendered from, the pixels as of `render`, and a line for each failure.
    Raises:
        GainMapError: The base itself is broken.
    """
    notes: list[str] = []
    remaining = list(order)
    while True:
        kind = remaining[0]
        try:
            return opened, kind, render(opened, kind, headroom, device, orientation, wanted), notes
        except GainMapError as error:
            if kind == "base":
                raise
            notes.append(f"the {kind} gain map cannot be used: {error}")
        spare = opened.file.spare_gain_map
        if kind == "standard" and spare is not None:
            opened = replace(opened, file=replace(opened.file, gain_map=spare, spare_gain_map=None))
        else:
            del remaining[0]


def render(
    opened: OpenedFile,
    kind: RenderedFrom,
    headroom: float | None,
    device: str,
    orientation: int = 1,
    wanted: Wanted = Wanted(),
) -> Floats:
    """Linear light, (h, w, 3).

    Args:
        headroom: Display headroom, log2; None for the rendition with the larger headroom.
        device: See `gainmap_codec.decode`.
        orientation: As in EXIF, to turn the picture by; 1 leaves the stored raster.
        wanted: What to make of the picture, and where to put it.
    Raises:
        GainMapError: The gain map's picture is broken.
        ValueError: The region or the array does not fit the picture.
    """
    display = math.inf if headroom is None else headroom
    window = wanted.window(_turned_size(opened, orientation))
    out = wanted.array(window)
    if kind == "neural" and opened.neural:
        _render_neural(opened, opened.neural, display, device, orientation, window, wanted, out)
    else:
        stored = opened.file.gain_map if kind == "standard" else None
        _render_strips(opened, stored, display, orientation, window, wanted, out)
    return out


def _turned_size(opened: OpenedFile, orientation: int) -> tuple[int, ...]:
    """Height and width of the picture as it is to be looked at."""
    base = opened.file.base
    return turned(np.broadcast_to(np.uint8(0), (base.height, base.width)), orientation).shape


def choose_device(device: str) -> str:
    """The torch device that `device` stands for; "auto" is the CPU unless torch is already loaded and has CUDA.

    Raises:
        ValueError: As `torch_device`.
    """
    if device == "auto":
        loaded = sys.modules.get("torch")
        return "cuda" if loaded is not None and loaded.cuda.is_available() else "cpu"
    if device != "cpu":
        from gainmap_codec.neural.devices import torch_device

        torch_device(device)
    return device


def _render_neural(
    opened: OpenedFile,
    network: NeuralGainMap,
    headroom: float,
    device: str,
    orientation: int,
    window: Window,
    wanted: Wanted,
    out: Floats,
) -> None:
    where = choose_device(device)
    codes, color = opened.codes, opened.color
    if where == "cpu":
        back = inverse_of(orientation)
        size = turned(codes, orientation).shape
        render_into(
            turned(out, back),
            network,
            residuals(network, codes, color),
            codes,
            color,
            headroom=headroom,
            window=turned_window(window, size, lambda raster: turned(raster, back)),
            from_bt2020=wanted.from_bt2020,
        )
        return
    from gainmap_codec.neural.device.transfer import download

    download(neural_tensor(opened, network, headroom, where, orientation, wanted), out)


def neural_tensor(
    opened: OpenedFile, network: NeuralGainMap, headroom: float, device: str, orientation: int, wanted: Wanted
) -> torch.Tensor:
    """As `render` of the neural gain map, left on a torch device: float32 or float16 (h, w, 3), linear."""
    from gainmap_codec.neural.device.render import render_there

    return render_there(
        network,
        opened.codes,
        opened.color,
        device,
        headroom=headroom,
        from_bt2020=wanted.from_bt2020,
        orientation=orientation,
        window=wanted.window(_turned_size(opened, orientation)),
        dtype=wanted.dtype,
    )


def _render_strips(
    opened: OpenedFile,
    stored: StoredGainMap | None,
    headroom: float,
    orientation: int,
    window: Window,
    wanted: Wanted,
    out: Floats,
) -> None:
    """The base, with a standard gain map or without, strip by strip: linear, into the maths' primaries, out of them."""
    color = opened.color
    codes = opened.codes if opened.decoded else base_codes(opened.file.base)
    turned_codes = turned(codes, orientation)
    del codes
    apply, maths = _gain_map_of(opened, stored, headroom, orientation, turned_codes.shape[:2])
    to_maths = np.linalg.solve(maths.to_bt2020, color.to_bt2020)
    from_maths = wanted.from_bt2020 @ maths.to_bt2020
    top, left, height, width = window
    across = slice(left, left + width)
    blocks = _blocks(turned_codes[top : top + height, across])
    del turned_codes
    stop = height
    while blocks:
        block = blocks.pop()
        start = stop - len(block)

        def render(strip: slice, block: AnyCodes = block, start: int = start) -> None:
            place = out[start + strip.start : start + strip.stop]
            pixels = strip_for(place, place.shape, from_maths)
            color.linearize_into(block[strip], pixels)
            transform_strip(pixels, to_maths)
            if apply:
                rows = slice(top + start + strip.start, top + start + strip.stop)
                apply(pixels, rows, across)
            if pixels is not place:
                transform_strip(pixels, from_maths, place)

        for_each_strip(len(block), render, rows_in_cache(width))
        stop = start


def _blocks(codes: AnyCodes) -> list[AnyCodes]:
    """Rows of a picture: itself, or where its code values are large, copies of some megabytes, freed one by one."""
    if codes.itemsize == 1:
        return [codes]
    rows = max(1, _BLOCK_BYTES // (codes.shape[1] * codes.shape[2] * codes.itemsize))
    return [codes[start : start + rows].copy() for start in range(0, codes.shape[0], rows)]


def _gain_map_of(
    opened: OpenedFile, stored: StoredGainMap | None, headroom: float, orientation: int, size: tuple[int, ...]
) -> tuple[ApplyStrip | None, BaseColor]:
    """What a standard gain map does to strips of the base, and the primaries that it does it in."""
    if stored is None:
        return None, opened.color
    gain_map, bits, metadata = turned(decode_coded_image(stored.image), orientation), stored.image.bits, stored.metadata
    if isinstance(metadata, AppleMetadata):
        return apple_gain_map_strips(size, gain_map, metadata, headroom=headroom, bits=bits), opened.color
    own = not metadata.use_base_colour_space and primaries_are_known(stored.image)
    apply = gain_map_strips(size, gain_map, metadata, headroom=headroom, bits=bits)
    return apply, color_of(stored.image) if own else opened.color
