"""What a file holds, for people and programs: `Inspection`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gainmap_codec.codec.brightness import Brightness, brightness_of, measure, most_measured, not_measured
from gainmap_codec.codec.opening import BoundBy, OpenedFile, open_file
from gainmap_codec.codec.rendering import full_headroom
from gainmap_codec.codec.shown_by import Verdict, shown_by
from gainmap_codec.errors import NO_LIMITS, Limits
from gainmap_codec.files.container import hdr_format
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.files.payload.records import Binding, Domain, NeuralGainMap, Preset
from gainmap_codec.files.records import (
    AppleMetadata,
    Carrier,
    Codec,
    Container,
    Fraction,
    GainMapMetadata,
    OtherKind,
    StoredGainMap,
)
from gainmap_codec.files.structure import BASE, sections_of, sums_of
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.formats.hdr_files import color_space_in, decode_hdr
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.hdr_image import HdrImage, RenderedFrom

_INSPECTED_PIXELS = 1 << 22
"""Largest base that is decoded, where a neural map is not bound by its bytes: 40 MB for a progressive JPEG."""


@dataclass(frozen=True)
class GainMapInspection:
    """A standard gain map.

    Attributes:
        bytes: Size of the gain-map image as a file of its own (HEVC and AV1: some 300 bytes of boxes with it).
        bits: Depth of its code values.
        codec: How its pixels are coded.
        carrier: Where its metadata were found.
        metadata: Its numbers, fractions as stored.
    """

    bytes: int
    width: int
    height: int
    channels: int
    bits: int
    codec: Codec
    carrier: Carrier
    metadata: GainMapMetadata | AppleMetadata


@dataclass(frozen=True)
class PayloadInspection:
    """A neural payload.

    Attributes:
        bytes: Its whole size.
        weights: Weights of the network, biases included.
        neural_psnr: PQ-PSNR in dB that the writer measured on the base that it was made for, rounded down to 0.25; 0
            where not measured. It says nothing of another base: it holds only where `bound_by` is "strict".
        standard_psnr: The same for the standard map that was written beside it; None where there was none.
        base_hdr_headroom: log2.
        alternate_hdr_headroom: log2.
        bound_by: How the base was recognised as the payload's own.
        binding: What it was recognised by.
    """

    bytes: int
    preset: Preset
    domain: Domain
    weights: int
    neural_psnr: float
    standard_psnr: float | None
    base_hdr_headroom: float
    alternate_hdr_headroom: float
    bound_by: BoundBy | None
    binding: Binding


@dataclass(frozen=True)
class OtherInspection:
    """A part of the file beside its base and its gain maps.

    Attributes:
        kind: "picture" (a preview, say), "video" (of a motion photo), "gain map" (one that cannot be used) or "data".
        bytes: Its size.
        place: Where it begins in the file.
    """

    kind: OtherKind
    bytes: int
    place: int


@dataclass(frozen=True)
class Inspection:
    """All that `gainmap_codec.inspect` tells about a file.

    Attributes:
        container: Kind of file.
        file_bytes: Size of the file.
        base_codec: How its pixels are coded; "jpeg" in a "jxl" file where that is a JPEG, packed without loss.
        base_bytes: Size of the base image in the file, without its metadata; what `transcode` calls base.
        width: Columns of the base's stored raster.
        height: Rows of the base's stored raster.
        bits: Depth of the base's code values.
        orientation: As in EXIF, 1…8, to be applied to base and gain map alike.
        color_space: Colour of the base: a known space or the ICC profile's description.
        exif_bytes, xmp_bytes, icc_bytes: Sizes of the base's metadata, 0 where there are none.
        alternate_icc_bytes: Size of the ICC profile of the rendition that the standard gain map leads to, or 0.
        other_parts: Pictures, videos and other bytes beside these, in file order; not the items and boxes of a HEIC or
            AVIF.
        gain_map: The standard gain map, or None.
        spare_gain_map: A second one, which serves if the first is broken, or None.
        payload: The neural payload, or None where there is none that can be read.
        base_is_hdr: The base is PQ or HLG, so HDR by itself.
        hdr_from: What `decode` renders from.
        headroom: Headroom of that rendition as the file says it, log2 (stops over SDR white); None where only the
            pixels of an HDR base could tell.
        brightness: How bright the pixels of that rendition are; None where that was not asked for, or cannot be had.
        shown_by: Which programs show it in HDR, and why others do not, by what is known of them (docs/supported.md).
        warnings: What is odd about the file.
        damage: What of the file is missing or damaged, as where it is cut off; `warnings` has these lines, too.
    """

    container: Container
    file_bytes: int
    base_codec: Codec
    base_bytes: int
    width: int
    height: int
    bits: int
    orientation: int
    color_space: str
    exif_bytes: int
    xmp_bytes: int
    icc_bytes: int
    alternate_icc_bytes: int
    other_parts: tuple[OtherInspection, ...]
    gain_map: GainMapInspection | None
    spare_gain_map: GainMapInspection | None
    payload: PayloadInspection | None
    base_is_hdr: bool
    hdr_from: RenderedFrom
    headroom: float | None
    brightness: Brightness | None
    shown_by: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    damage: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a stored fraction becomes its float, its two integers stand under "stored".

        Beside width and height of the stored raster stand "shown_width" and "shown_height", of the upright picture.
        """
        plain = asdict(self)
        plain["shown_width"], plain["shown_height"] = shown_size((self.width, self.height), self.orientation)
        plain |= {name: list(plain[name]) for name in ("other_parts", "shown_by", "warnings", "damage")}
        for name in ("gain_map", "spare_gain_map"):
            gain_map: GainMapInspection | None = getattr(self, name)
            if gain_map and isinstance(gain_map.metadata, GainMapMetadata):
                plain[name]["metadata"] = _metadata(gain_map.metadata, float)
                plain[name]["stored"] = _metadata(gain_map.metadata, list)
        if self.payload:
            plain["payload"]["binding"] = {
                "strict": self.payload.binding.strict.hex(),
                "soft": self.payload.binding.soft.hex(),
            }
        return plain


def inspect_source(source: Source, limits: Limits, *, brightness: bool = False) -> Inspection:
    """See `gainmap_codec.inspect`."""
    return inspect_photo(*read_source(source, limits), limits, brightness=brightness)


def inspect_photo(data: bytes, name: str, limits: Limits, *, brightness: bool = False) -> Inspection:
    """The same of bytes that are read already; `name` is what messages call them."""
    most_pixels = most_measured(len(data)) if brightness else _INSPECTED_PIXELS
    return inspection_of(open_file(data, name, limits, most_pixels=most_pixels), brightness=brightness)


def inspection_of(opened: OpenedFile, *, brightness: bool = False) -> Inspection:
    """Sum up an opened file; with `brightness` its HDR is decoded."""
    found = measure(opened) if brightness else not_measured(opened)
    opened, kind = found.opened, found.kind
    file = opened.file
    return Inspection(
        container=file.container,
        file_bytes=len(opened.data),
        base_codec=file.base.codec,
        base_bytes=sums_of(sections_of(opened.data, file, NO_LIMITS))[BASE],
        width=file.base.width,
        height=file.base.height,
        bits=file.base.bits,
        orientation=file.orientation,
        color_space=opened.color.name,
        exif_bytes=len(file.exif or b""),
        xmp_bytes=len(file.xmp or b""),
        icc_bytes=len(file.base.icc_profile or b""),
        alternate_icc_bytes=len((file.gain_map and file.gain_map.image.icc_profile) or b""),
        other_parts=tuple(OtherInspection(part.kind, len(part.data), part.place) for part in file.others),
        gain_map=_gain_map(file.gain_map) if file.gain_map else None,
        spare_gain_map=_gain_map(file.spare_gain_map) if file.spare_gain_map else None,
        payload=_payload(opened.payload, opened, len(file.payload or b"")) if opened.payload else None,
        base_is_hdr=is_hdr(file.base),
        hdr_from=kind,
        headroom=None if kind == "base" and is_hdr(file.base) else full_headroom(opened, kind),
        brightness=found.brightness,
        shown_by=shown_by(opened),
        warnings=(*opened.warnings, *opened.color.notes, *found.notes),
        damage=file.damage,
    )


def inspect_picture(data: bytes, name: str, limits: Limits) -> dict[str, Any]:
    """An HDR picture without a gain map in plain values; the pixels are decoded.

    Args:
        data: The file; OpenEXR, Radiance, npy, PNG, TIFF or JPEG XR.
        name: What messages call it.
        limits: Budgets for what the file may ask for.
    Raises:
        GainMapError: It is none, broken or not supported.
    """
    return inspection_of_picture(data, decode_hdr(data, name, limits))


def inspection_of_picture(data: bytes, image: HdrImage) -> dict[str, Any]:
    """The same of what was decoded of the file."""
    height, width = image.pixels.shape[:2]
    return {
        "format": hdr_format(data),
        "width": width,
        "height": height,
        "color_space": color_space_in(data, image),
        "headroom": image.measured_headroom(),
        "brightness": asdict(brightness_of(image)),
        "warnings": list(image.warnings),
    }


def _gain_map(stored: StoredGainMap) -> GainMapInspection:
    image = stored.image
    return GainMapInspection(
        len(image.data),
        image.width,
        image.height,
        image.channels,
        image.bits,
        image.codec,
        stored.carrier,
        stored.metadata,
    )


def _payload(network: NeuralGainMap, opened: OpenedFile, size: int) -> PayloadInspection:
    return PayloadInspection(
        bytes=size,
        preset=network.preset,
        domain=network.domain,
        weights=sum(len(layer.weights) for layer in network.layers),
        neural_psnr=network.neural_psnr,
        standard_psnr=network.standard_psnr or None,
        base_hdr_headroom=network.base_hdr_headroom,
        alternate_hdr_headroom=network.alternate_hdr_headroom,
        bound_by=opened.bound_by,
        binding=network.binding,
    )


def _metadata(metadata: GainMapMetadata, number: type[float] | type[list[int]]) -> dict[str, Any]:
    """The fields by their wire names, each fraction made a `number`."""

    def plain(record: Any) -> dict[str, Any]:
        return {name: number(value) if isinstance(value, Fraction) else value for name, value in vars(record).items()}

    return plain(metadata) | {"channels": [plain(channel) for channel in metadata.channels]}
