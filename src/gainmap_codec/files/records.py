"""The records that pass between rooms: what a gain-map file says, with the wire's own numbers.

A container module (`jpeg`, `heif`) turns bytes into a `GainMapFile`; everything above works on the record and never
asks which container it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Group, Item, Property, Reference

Container = Literal["jpeg", "heic", "avif"]
Codec = Literal["jpeg", "hevc", "av1"]
Carrier = Literal["iso21496", "hdrgm", "apple"]

CODECS: dict[Container, Codec] = {"jpeg": "jpeg", "heic": "hevc", "avif": "av1"}
"""What the pictures of a container are coded with."""


class Fraction(NamedTuple):
    """A number as stored: numerator and denominator, never reduced (other people's bytes must come back)."""

    numerator: int
    denominator: int

    def __float__(self) -> float:
        return self.numerator / self.denominator


@dataclass(frozen=True)
class GainMapChannel:
    """One channel's numbers (ISO 21496-1 C.2.2). Gains are log2, offsets linear with 1.0 = SDR white."""

    gain_map_min: Fraction
    gain_map_max: Fraction
    gamma: Fraction
    base_offset: Fraction
    alternate_offset: Fraction


@dataclass(frozen=True)
class GainMapMetadata:
    """How to read a stored gain map (ISO 21496-1 C.2.2). Headrooms are log2.

    Attributes:
        channels: One record for all channels, or three for R, G, B.
        use_base_colour_space: The maths happens in the base image's primaries, else in the alternate's.
        reserved_flags: Flag bits that mean nothing to us; read, never written.
    """

    base_hdr_headroom: Fraction
    alternate_hdr_headroom: Fraction
    channels: tuple[GainMapChannel, ...]
    use_base_colour_space: bool = True
    minimum_version: int = 0
    writer_version: int = 0
    reserved_flags: int = 0


@dataclass(frozen=True)
class AppleMetadata:
    """How to read one of Apple's own gain maps: HDR = SDR · (1 + (headroom − 1) · sRGB curve of the map).

    Attributes:
        headroom: How much brighter than SDR white the HDR rendition can be: linear, >= 1.
        version: HDRGainMapVersion as stored (65536 or 131072), or None.
        source: Where the headroom was: the map's XMP, or tags 33 and 48 of the maker note.
    """

    headroom: float
    version: int | None
    source: Literal["xmp", "maker-note"]


class Crop(NamedTuple):
    """Which part of a coded raster is the picture: its left column and top row, and the size of the whole raster."""

    left: int
    top: int
    coded_width: int
    coded_height: int


@dataclass(frozen=True)
class CodedImage:
    """A picture as coded bytes that any decoder of its codec opens by itself.

    Attributes:
        data: The whole coded picture: JPEG from SOI to EOI with all its segments; HEVC and AV1 as a HEIC or AVIF file
            that holds this picture alone, without rotation, mirroring and cropping.
        width: Columns of the stored raster, before any orientation.
        height: Rows of the stored raster.
        channels: 1 or 3.
        icc_profile: The picture's ICC profile, or None. A gain map is no colour: there it is the alternate's.
        codec: How the pixels are coded.
        bits: Depth of a code value: 8, 10 or 12.
        nclx: The picture's colour where no ICC profile tells it, or None; of a gain map, the alternate's.
        crop: The part of the coded raster that is the picture, or None for all of it.
    """

    data: bytes
    width: int
    height: int
    channels: int
    icc_profile: bytes | None = None
    codec: Codec = "jpeg"
    bits: int = 8
    nclx: Nclx | None = None
    crop: Crop | None = None


@dataclass(frozen=True)
class StoredGainMap:
    """A gain map as found in a file, and where its metadata were."""

    image: CodedImage
    metadata: GainMapMetadata | AppleMetadata
    carrier: Carrier


@dataclass(frozen=True)
class HeifExtras:
    """What a HEIC or AVIF file holds beside what `GainMapFile` says, for writing it into such a file again.

    Ids are those of the file it comes from; base, gain map and tmap item go by `BASE_ID`, `MAP_ID` and `TMAP_ID`.

    Attributes:
        base: The base as it was. What depends on its pixels (thumbnails, depth) goes with it.
        gain_map: The gain map as it was. What describes it (Apple's XMP, other gain maps) goes with it.
        orientation: As it was.
        brands: The major brand, then the compatible ones.
        items: Items that no field of the record stands for, with their data.
        references: All that involve them, or tell of base and gain map what the record does not.
        groups: The same of groups.
        map_properties: Of the gain map, those that its stand-alone picture lacks.
        tmap_properties: All of the tmap item's.
        meta_boxes: Whole boxes of `meta`.
        first_boxes: Whole boxes of the file, those in front of `meta` or `mdat`.
        last_boxes: The same of those behind both.
        lost: What could not be kept and why, a line each: nobody needs to know who only reads.
    """

    base: CodedImage
    gain_map: StoredGainMap | None
    orientation: int
    brands: tuple[bytes, ...]
    items: tuple[tuple[Item, bytes | None], ...]
    references: tuple[Reference, ...]
    groups: tuple[Group, ...]
    map_properties: tuple[Property, ...]
    tmap_properties: tuple[Property, ...]
    meta_boxes: bytes
    first_boxes: bytes
    last_boxes: bytes
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class GainMapFile:
    """All that a gain-map file holds.

    Attributes:
        base: The picture that every reader shows.
        base_digest: First 8 bytes of SHA-256 over the base's coded bytes without metadata (docs/format.md, binding).
        gain_map: The standard gain map, or None.
        spare_gain_map: A second one of another make, for when the pixels of the first are broken, or None.
        refused: Where `gain_map` is None although the file holds or names one: why it cannot be used.
        payload: A neural payload's bytes, not yet parsed, or None.
        exif: TIFF structure of the EXIF segment or item, without its ``Exif`` prefix, or None.
        xmp: The main XMP packet as stored, or None. Writers merge the gain-map properties into it.
        orientation: As in EXIF, 1…8; 1 where absent or out of range. HEIC and AVIF say it by irot and imir.
        trailer_bytes: Bytes behind everything we know (a motion photo's video, for instance), not kept.
        heif_extras: Of a HEIC or AVIF file: what else is in it, written into such files only. None leaves it out.
        warnings: What was odd about the file and how it was read all the same.
    """

    container: Container
    base: CodedImage
    base_digest: bytes
    gain_map: StoredGainMap | None = None
    spare_gain_map: StoredGainMap | None = None
    refused: tuple[str, ...] = ()
    payload: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    orientation: int = 1
    trailer_bytes: int = 0
    heif_extras: HeifExtras | None = None
    warnings: tuple[str, ...] = ()


Family = Literal["published", "multiscale"]
Domain = Literal["pq_gain", "pq_gamma", "pq_difference", "log2_gain"]
Preset = Literal["paper-gain", "paper-gamma", "tiny", "balanced", "best"]


@dataclass(frozen=True)
class QuantizedLayer:
    """One layer of a neural gain map's network, as integers.

    Attributes:
        inputs: Inputs, the constant 1 that carries the biases included.
        outputs: Neurons.
        weights: inputs × outputs integers in −4095…4095, input by input.
        step_exponent: A weight is its integer × 2^(step_exponent / 4).
    """

    inputs: int
    outputs: int
    weights: tuple[int, ...]
    step_exponent: int


@dataclass(frozen=True)
class LatentGrid:
    """A coarse picture of integers that is enlarged to the working grid (docs/format.md, Latents).

    Attributes:
        rows: Cells down.
        columns: Cells across.
        values: rows × columns integers in −127…127, row by row.
        step_exponent: A value is its integer × 2^(step_exponent / 4).
    """

    rows: int
    columns: int
    values: tuple[int, ...]
    step_exponent: int


@dataclass(frozen=True)
class Binding:
    """What ties a network to the base that it was fitted to (docs/format.md, Binding).

    Attributes:
        strict: First 8 bytes of SHA-256 over the base's coded bytes.
        soft: 64 bytes of coarse luma and chroma means of the stored raster.
    """

    strict: bytes
    soft: bytes


@dataclass(frozen=True)
class NeuralGainMap:
    """A network that computes the HDR rendition from the base: everything its payload says (docs/format.md).

    Attributes:
        family: "multiscale": the network sees the base's code values averaged at four scales, position and latents, on
            a working grid; ReLU, biases. "published": it sees each pixel's BT.2020 PQ codes and position; sine, no
            biases (Gain-MLP).
        domain: What the network predicts; see `gainmap_codec.pixels.maps.residual`.
        position_octaves: Octaves of each position input; 0 in the family "multiscale".
        color_octaves: Octaves of each colour input.
        layers: The network's three layers.
        residual_shift: Residual = shift + scale × output.
        residual_scale: See `residual_shift`.
        base_hdr_headroom: Display headroom, log2, up to which the base is shown as it is.
        alternate_hdr_headroom: Display headroom, log2, from which the whole HDR rendition is shown.
        base_offset_exponent: The base offset of log2 ratios is 2^−exponent, linear; 0 for the exponent 15.
        alternate_offset_exponent: The same for the alternate offset.
        binding: The base that the network belongs to.
        neural_psnr: PQ-PSNR in dB that this network reached, in steps of 0.25, rounded down; 0 where not measured.
        standard_psnr: The same for the standard map beside it; 0 where there is none.
        color_shift: Family "published" only: colour input = (PQ code − shift) × scale.
        color_scale: See `color_shift`.
        coordinates: Network x, y from file x, y: (xx, xy, x0, yx, yy, y0). Crop, flip and rotation change only this.
        grid: Family "multiscale" only: rows and columns of the working grid, which covers the network's coordinates.
        latents: Family "multiscale" only: inputs of the network, the finest first.
        details: Family "multiscale" only: grids whose sum is added to every output, the coarsest first.
    """

    preset: Preset
    family: Family
    domain: Domain
    position_octaves: int
    color_octaves: int
    layers: tuple[QuantizedLayer, ...]
    residual_shift: float
    residual_scale: float
    base_hdr_headroom: float
    alternate_hdr_headroom: float
    base_offset_exponent: int
    alternate_offset_exponent: int
    binding: Binding
    neural_psnr: float = 0.0
    standard_psnr: float = 0.0
    color_shift: float = 0.0
    color_scale: float = 1.0
    coordinates: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    grid: tuple[int, int] = (0, 0)
    latents: tuple[LatentGrid, ...] = ()
    details: tuple[LatentGrid, ...] = ()
