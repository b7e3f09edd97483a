"""From a file to its HDR rendition: which of its gain maps serve, which one is taken, and how it is applied."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from gainmap_codec.errors import FormatError, GainMapError, Limits, UnsupportedError
from gainmap_codec.files.jpeg import parse_jpeg
from gainmap_codec.files.jpeg_segments import is_jpeg
from gainmap_codec.files.payload import parse_payload
from gainmap_codec.files.records import GainMapFile, NeuralGainMap, StoredGainMap
from gainmap_codec.pixels.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.binding import is_bound
from gainmap_codec.pixels.color import Array
from gainmap_codec.pixels.gain_map import apply_gain_map
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.images import decode_jpeg
from gainmap_codec.pixels.neural_map import Codes, base_bt2020, render_neural_map

Prefer = Literal["auto", "neural", "standard", "base"]
BoundBy = Literal["strict", "soft"]


@dataclass(frozen=True, eq=False)
class OpenedFile:
    """A parsed file whose neural payload has been checked against its base.

    Attributes:
        file: All that the file holds.
        payload: Its neural gain map, or None where there is none that can be read.
        bound_by: How it was recognised as this base's own: by the very same coded bytes ("strict"), by the base's
            look ("soft"), or not at all (None): then it does not serve.
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
    def codes(self) -> Codes:
        """The base's code values, uint8 (H, W, 3), stored raster."""
        return base_codes(self.file.base.data)

    @cached_property
    def color(self) -> BaseColor:
        """What the code values mean."""
        return base_color_of_icc(self.file.base.icc_profile)


def open_file(data: bytes, name: str, limits: Limits) -> OpenedFile:
    """Parse a gain-map file.

    Raises:
        FormatError: Not a JPEG, or the base is broken.
        UnsupportedError: Another container.
        LimitError: As `parse_jpeg`.
    """
    if data[4:8] == b"ftyp":
        raise UnsupportedError(f"{name}: a JPEG file wanted; HEIC and AVIF gain-map files are not read yet")
    if not is_jpeg(data):
        raise FormatError(name, f"a JPEG file wanted, {data[:4]!r} … found")
    try:
        file = parse_jpeg(data, limits)
    except FormatError as error:
        raise FormatError(f"{name}: {error.where}", error.problem, offset=error.offset) from error
    payload, bound_by, problem = _payload_of(file, limits)
    return OpenedFile(file, payload, bound_by, file.warnings + ((problem,) if problem else ()))


def _payload_of(file: GainMapFile, limits: Limits) -> tuple[NeuralGainMap | None, BoundBy | None, str | None]:
    """The neural gain map, how it is bound, and what is wrong with it."""
    if file.payload is None:
        return None, None, None
    try:
        neural = parse_payload(file.payload, limits)
        if neural.binding.strict == file.base_digest:
            return neural, "strict", None
        own = is_bound(base_codes(file.base.data), neural.binding.soft)
    except GainMapError as error:
        return None, None, f"{error}; the neural gain map is ignored"
    if own:
        return neural, "soft", "the base was coded again after its neural gain map was made"
    return (
        neural,
        None,
        "the neural gain map belongs to another base (edited or cropped since?) and is ignored",
    )


def base_codes(jpeg: bytes) -> Codes:
    """Code values of a base JPEG, uint8 (H, W, 3), stored raster; grey becomes three equal channels."""
    codes = decode_jpeg(jpeg)
    return codes if codes.ndim == 3 else np.repeat(codes[:, :, np.newaxis], 3, axis=2)


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
    """The headroom, log2, from which a rendition is shown in full: the larger of the two that its map names."""
    if kind == "neural" and opened.neural:
        return opened.neural.alternate_hdr_headroom
    if kind == "standard" and opened.file.gain_map:
        metadata = opened.file.gain_map.metadata
        return max(float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom))
    return 0.0


def render(opened: OpenedFile, kind: RenderedFrom, headroom: float | None, device: str) -> Array:
    """Linear BT.2020, float32 (H, W, 3), stored raster.

    Args:
        headroom: Display headroom, log2; None for the rendition with the larger headroom.
        device: See `gainmap_codec.decode`.
    Raises:
        GainMapError: The gain map's picture is broken.
    """
    display = math.inf if headroom is None else headroom
    if kind == "neural" and opened.neural:
        where = choose_device(device)
        if where == "cpu":
            return render_neural_map(opened.neural, opened.codes, opened.color, headroom=display)
        from gainmap_codec.neural.cuda import render_on_device

        return render_on_device(opened.neural, opened.codes, opened.color, headroom=display, device=where)
    if kind == "standard" and opened.file.gain_map:
        return _render_standard(opened, opened.file.gain_map, display)
    return base_bt2020(opened.codes, opened.color)


def choose_device(device: str) -> str:
    """The torch device that `device` stands for; "auto" is the CPU unless torch is already loaded and has CUDA."""
    if device != "auto":
        return device
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


def _render_standard(opened: OpenedFile, stored: StoredGainMap, headroom: float) -> Array:
    base = opened.color.linearize(opened.codes)
    gain_map = decode_jpeg(stored.image.data)
    if stored.metadata.use_base_colour_space or stored.image.icc_profile is None:
        apply_gain_map(base, gain_map, stored.metadata, headroom=headroom, out=base)
        return opened.color.convert_to_bt2020(base)
    # The maths happen in the alternate's primaries, which the map's own profile tells.
    maths = base_color_of_icc(stored.image.icc_profile)
    to_maths = np.linalg.solve(maths.to_bt2020, opened.color.to_bt2020)
    base = base @ to_maths.T.astype(np.float32)
    apply_gain_map(base, gain_map, stored.metadata, headroom=headroom, out=base)
    return maths.convert_to_bt2020(base)
