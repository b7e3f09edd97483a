"""From a source to its record: read and parsed once, the neural payload checked against its base."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, cast

import numpy as np

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.container import naming, parse_file
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.code_points import color_of, is_hdr, primaries_are_known
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.maps.binding import find_turn, turned_fingerprint
from gainmap_codec.pixels.raster.geometry import turned_coordinates

BoundBy = Literal["strict", "soft", "unchecked"]
_DAMAGED = "the neural gain map is damaged: "


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
        decoded: The base's code values where they are decoded while the payload is read.
        data: The whole file; empty for a record that was not read from one.
        name: What messages call it; empty as well.
    """

    file: GainMapFile
    payload: NeuralGainMap | None
    bound_by: BoundBy | None
    warnings: tuple[str, ...]
    decoded: Future[AnyCodes] | None = None
    data: bytes = b""
    name: str = ""

    def with_codes(self, codes: AnyCodes) -> OpenedFile:
        """The same file, its base decoded already to these code values, (H, W, 3)."""
        decoded: Future[AnyCodes] = Future()
        decoded.set_result(codes)
        return replace(self, decoded=decoded)

    def decoded_once(self) -> OpenedFile:
        """The same file, its base decoded for all that is to come; deeper codes than 8 bits are let go in between."""
        return self.with_codes(self.codes) if self.file.base.bits == 8 else self

    @property
    def neural(self) -> NeuralGainMap | None:
        """The neural gain map, where there is one that belongs to this base."""
        return self.payload if self.bound_by else None

    def measured_psnr(self, kind: RenderedFrom) -> float:
        """PQ-PSNR in dB of what a gain map shows on this base, against the HDR original; 0 where nobody measured it.

        A payload's numbers hold on the base that it was made for, which has been lost where that was coded again since.
        """
        if self.payload is None or self.bound_by != "strict":
            return 0.0
        return self.payload.standard_psnr if kind == "standard" else self.payload.neural_psnr

    @property
    def has_hdr_base(self) -> bool:
        """Whether the base is the HDR rendition: its colour says so, or its gain map leads down from it."""
        stored = self.file.gain_map
        metadata = stored.metadata if stored else None
        leads_down = isinstance(metadata, GainMapMetadata) and float(metadata.alternate_hdr_headroom) < float(
            metadata.base_hdr_headroom
        )
        return leads_down or is_hdr(self.file.base)

    @cached_property
    def codes(self) -> AnyCodes:
        """The base's code values, (H, W, 3), stored raster: uint8 of 8 bits, uint16 of more."""
        return self.decoded.result() if self.decoded else base_codes(self.file.base, self.name)

    @cached_property
    def map_codes(self) -> AnyCodes:
        """The standard gain map's code values, (h, w) or (h, w, 3), stored raster; there must be such a map."""
        assert self.file.gain_map is not None
        return decode_coded_image(self.file.gain_map.image)

    @cached_property
    def color(self) -> BaseColor:
        """What the base's code values mean."""
        return color_of(self.file.base)

    @cached_property
    def maths_color(self) -> BaseColor:
        """The colour whose primaries the standard gain map is applied in: the base's, or the alternate's own."""
        stored = self.file.gain_map
        if stored is None or isinstance(stored.metadata, AppleMetadata) or stored.metadata.use_base_colour_space:
            return self.color
        return color_of(stored.image) if primaries_are_known(stored.image) else self.color


def open_source(
    source: Source, limits: Limits, *, most_pixels: int | None = None, is_rendered: bool = False
) -> OpenedFile:
    """Read and parse a path, bytes or a binary file; see `open_file`.

    Raises:
        OSError: A path cannot be read.
    """
    return open_file(*read_source(source, limits), limits, most_pixels=most_pixels, is_rendered=is_rendered)


def open_file(
    data: bytes, name: str, limits: Limits, *, most_pixels: int | None = None, is_rendered: bool = False
) -> OpenedFile:
    """Parse a gain-map file.

    Args:
        most_pixels: A larger base is not decoded to see whether a neural map still belongs to it; None decodes any.
        is_rendered: The base will be needed: another thread decodes it while this one reads the payload.
    Raises:
        FormatError, UnsupportedError, LimitError: As `parse_file`.
    """
    limits = limits.of_one_file()
    file = parse_file(data, name, limits)
    decoded = None
    if is_rendered and file.payload and file.base.bits == 8:  # larger codes are let go as they are rendered
        pool = ThreadPoolExecutor(1)
        decoded = pool.submit(base_codes, file.base, name)
        pool.shutdown(wait=False)
    codes = decoded.result if decoded else partial(base_codes, file.base)
    payload, bound_by, problem = _payload_of(file, codes, limits, most_pixels)
    warnings = file.warnings + ((problem,) if problem else ())
    if problem and problem.startswith(_DAMAGED):
        file = replace(file, damage=(*file.damage, problem))
    return OpenedFile(file, payload, bound_by, warnings, decoded, data, name)


def _payload_of(
    file: GainMapFile, codes: Callable[[], AnyCodes], limits: Limits, most_pixels: int | None
) -> tuple[NeuralGainMap | None, BoundBy | None, str | None]:
    """The neural gain map, how it is bound, and what is wrong with it; `codes` gives those of the base."""
    if file.payload is None:
        return None, None, None
    try:
        neural = parse_payload(file.payload, limits)
    except FormatError as error:
        return None, None, f"{_DAMAGED}{error.problem}; it is ignored"
    except GainMapError as error:
        return None, None, f"{error}; the neural gain map is ignored"
    try:
        if neural.binding.strict == file.base_digest:
            return neural, "strict", None
        if most_pixels is not None and file.base.width * file.base.height > most_pixels:
            return (
                neural,
                "unchecked",
                "the base was coded again: decoding shows whether its neural map still fits",
            )
        turn = find_turn(codes(), neural.binding.soft, 1 << file.base.bits)
    except GainMapError as error:
        return None, None, f"{error}; the neural gain map is ignored"
    if turn == 1 and file.damage:
        return neural, "soft", None  # bytes are missing: whether others took their place, nobody knows
    if turn == 1:
        return neural, "soft", "the base was coded again after its neural gain map was made"
    if turn is not None:
        return _turned(neural, turn), "soft", "the base was turned since, and its neural gain map with it"
    if file.damage:
        return neural, None, "the neural gain map does not fit what is left of the picture and is ignored"
    return (
        neural,
        None,
        "the neural gain map belongs to another base (edited or cropped since?) and is ignored",
    )


def _turned(network: NeuralGainMap, turn: int) -> NeuralGainMap:
    """A network that is told of its base in the raster that this was turned to."""
    binding = replace(network.binding, soft=turned_fingerprint(network.binding.soft, turn))
    return replace(network, coordinates=turned_coordinates(network.coordinates, turn), binding=binding)


def base_codes(base: CodedImage, name: str = "") -> AnyCodes:
    """Code values of a base of any codec, (H, W, 3), stored raster; grey becomes three equal channels.

    Raises:
        FormatError: It is broken; the message begins with `name`, that of the base's file.
    """
    with naming(name):
        return three_channels(decode_coded_image(base))


def three_channels(codes: AnyCodes) -> AnyCodes:
    """Code values (H, W, 3) of (H, W) or (H, W, 3): grey becomes three equal channels."""
    return codes if codes.ndim == 3 else cast(AnyCodes, np.repeat(codes[:, :, np.newaxis], 3, axis=2))
