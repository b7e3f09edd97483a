"""From a file to its HDR rendition: which of its gain maps serve, which one is taken, and how it is applied."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, cast

import numpy as np

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload import parse_payload
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, NeuralGainMap, StoredGainMap
from gainmap_codec.pixels.apple_gain_map import apply_apple_gain_map
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.binding import find_turn, turned_fingerprint
from gainmap_codec.pixels.coded_image import decode_coded_image
from gainmap_codec.pixels.color import AnyCodes, Array, transform_in_place
from gainmap_codec.pixels.gain_map import apply_gain_map
from gainmap_codec.pixels.geometry import to_upright, turned, turned_coordinates
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.image_color import color_of, primaries_are_known
from gainmap_codec.pixels.neural_map import render_neural_map

Prefer = Literal["auto", "neural", "standard", "base"]
_BLOCK_BYTES = 1 << 24

BoundBy = Literal["strict", "soft", "unchecked"]


@dataclass(frozen=True, eq=False)
class OpenedFile:
    """A parsed file whose neural payload has been checked against its base.

    Attributes:
        file: All that the file holds.
        payload: Its neural gain map, or None where there is none that can be read.
        bound_by: How it was recognised as this base's own: by the very same coded bytes ("strict"), by the base's
            look ("soft"), or not at all (None): then it does not serve. "unchecked": not the same bytes, and the look
            of so large a base was not asked for.
        warnings: What was odd, and what could not be used.
    """

    file: GainMapFile
    payload: NeuralGainMap | None
    bound_by: BoundBy | None
    warnings: tuple[str, ...]

    @property
    def neural(self) -> NeuralGainMap | None:
        """The neural gain map, where there is one that belongs to this base."""
        return self.payload if self.bound_by else None

    @cached_property
    def codes(self) -> AnyCodes:
        """The base's code values, (H, W, 3), stored raster: uint8 of 8 bits, uint16 of more."""
        return base_codes(self.file.base)

    @cached_property
    def color(self) -> BaseColor:
        """What the code values mean."""
        return color_of(self.file.base)


def open_file(data: bytes, name: str, limits: Limits, *, most_pixels: int | None = None) -> OpenedFile:
    """Parse a gain-map file.

    Args:
        most_pixels: A larger base is not decoded to see whether a neural map still belongs to it; None decodes any.
    Raises:
        FormatError, UnsupportedError, LimitError: As `parse_file`.
    """
    file = parse_file(data, name, limits)
    payload, bound_by, problem = _payload_of(file, limits, most_pixels)
    return OpenedFile(file, payload, bound_by, file.warnings + ((problem,) if problem else ()))


def _payload_of(
    file: GainMapFile, limits: Limits, most_pixels: int | None
) -> tuple[NeuralGainMap | None, BoundBy | None, str | None]:
    """The neural gain map, how it is bound, and what is wrong with it."""
    if file.payload is None:
        return None, None, None
    try:
        neural = parse_payload(file.payload, limits)
        if neural.binding.strict == file.base_digest:
            return neural, "strict", None
        if most_pixels is not None and file.base.width * file.base.height > most_pixels:
            return (
                neural,
                "unchecked",
                "the base was coded again: decoding shows whether its neural map still fits",
            )
        turn = find_turn(base_codes(file.base), neural.binding.soft, 1 << file.base.bits)
    except GainMapError as error:
        return None, None, f"{error}; the neural gain map is ignored"
    if turn == 1:
        return neural, "soft", "the base was coded again after its neural gain map was made"
    if turn is not None:
        return _turned(neural, turn), "soft", "the base was turned since, and its neural gain map with it"
    return (
        neural,
        None,
        "the neural gain map belongs to another base (edited or cropped since?) and is ignored",
    )


def _turned(network: NeuralGainMap, turn: int) -> NeuralGainMap:
    """A network that is told of its base in the raster that this was turned to."""
    binding = replace(network.binding, soft=turned_fingerprint(network.binding.soft, turn))
    return replace(network, coordinates=turned_coordinates(network.coordinates, turn), binding=binding)


def base_codes(base: CodedImage) -> AnyCodes:
    """Code values of a base of any codec, (H, W, 3), stored raster; grey becomes three equal channels."""
    return _three_channels(decode_coded_image(base))


def _three_channels(codes: AnyCodes) -> AnyCodes:
    return codes if codes.ndim == 3 else cast(AnyCodes, np.repeat(codes[:, :, np.newaxis], 3, axis=2))


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
    opened: OpenedFile, order: list[RenderedFrom], headroom: float | None, device: str, orientation: int
) -> tuple[OpenedFile, RenderedFrom, Array, list[str]]:
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
            return opened, kind, render(opened, kind, headroom, device, orientation), notes
        except GainMapError as error:
            if kind == "base":
                raise
            notes.append(f"the {kind} gain map cannot be used: {error}")
        spare = opened.file.spare_gain_map
        if kind == "standard" and spare is not None:
            opened = replace(opened, file=replace(opened.file, gain_map=spare, spare_gain_map=None))
        else:
            del remaining[0]


def render(opened: OpenedFile, kind: RenderedFrom, headroom: float | None, device: str, orientation: int = 1) -> Array:
    """Linear BT.2020, float32 (H, W, 3).

    Args:
        headroom: Display headroom, log2; None for the rendition with the larger headroom.
        device: See `gainmap_codec.decode`.
        orientation: As in EXIF, to turn the picture by; 1 leaves the stored raster.
    Raises:
        GainMapError: The gain map's picture is broken.
    """
    display = math.inf if headroom is None else headroom
    if kind == "neural" and opened.neural:
        return to_upright(_render_neural(opened, opened.neural, display, device), orientation)
    if kind == "standard" and opened.file.gain_map:
        return _render_standard(opened, opened.file.gain_map, display, orientation)
    base = _linear_base(opened, orientation)
    transform_in_place(base, opened.color.to_bt2020)
    return base


def choose_device(device: str) -> str:
    """The torch device that `device` stands for; "auto" is the CPU unless torch is already loaded and has CUDA."""
    if device != "auto":
        return device
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


def _render_neural(opened: OpenedFile, network: NeuralGainMap, headroom: float, device: str) -> Array:
    where = choose_device(device)
    if where == "cpu":
        return render_neural_map(network, opened.codes, opened.color, headroom=headroom)
    from gainmap_codec.neural.cuda import render_on_device

    return render_on_device(network, opened.codes, opened.color, headroom=headroom, device=where)


def _linear_base(opened: OpenedFile, orientation: int) -> Array:
    """Linear light of the base in its own primaries, float32 (H, W, 3), turned.

    The code values go as their light comes, so that both together never take much more than the light alone.
    """
    blocks = _blocks(turned(base_codes(opened.file.base), orientation))
    height = sum(len(block) for block in blocks)
    linear = np.empty((height, *blocks[0].shape[1:]), np.float32)
    stop = height
    while blocks:
        block = blocks.pop()
        linear[stop - len(block) : stop] = opened.color.linearize(block)
        stop -= len(block)
    return linear


def _blocks(codes: AnyCodes) -> list[AnyCodes]:
    """The rows of a picture in copies of some megabytes each; turning it is part of the copy."""
    rows = max(1, _BLOCK_BYTES // (codes.shape[1] * codes.shape[2] * codes.itemsize))
    return [codes[start : start + rows].copy() for start in range(0, codes.shape[0], rows)]


def _render_standard(opened: OpenedFile, stored: StoredGainMap, headroom: float, orientation: int) -> Array:
    gain_map = turned(decode_coded_image(stored.image), orientation)
    bits, metadata = stored.image.bits, stored.metadata
    pixels = _linear_base(opened, orientation)
    if isinstance(metadata, AppleMetadata):
        apply_apple_gain_map(pixels, gain_map, metadata, headroom=headroom, bits=bits)
        transform_in_place(pixels, opened.color.to_bt2020)
        return pixels
    maths = opened.color
    if not metadata.use_base_colour_space and primaries_are_known(stored.image):
        maths = color_of(stored.image)
        transform_in_place(pixels, np.linalg.solve(maths.to_bt2020, opened.color.to_bt2020))
    apply_gain_map(pixels, gain_map, metadata, headroom=headroom, bits=bits, out=pixels)
    transform_in_place(pixels, maths.to_bt2020)
    return pixels
