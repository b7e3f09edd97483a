"""The records of pictures and gain maps: what a gain-map file says, with the wire's own numbers.

A container (`jpeg`, `heif`, `jxl`) turns bytes into a `GainMapFile`; everything above works on the record and never
asks which container it came from. The records of a network are in `payload.records`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeVar, cast

from gainmap_codec.files.code_points import Nclx

Container = Literal["jpeg", "heic", "avif", "jxl"]
Codec = Literal["jpeg", "hevc", "av1", "jxl"]
Sampling = Literal["4:0:0", "4:2:0", "4:2:2", "4:4:4", "other"]
"""How densely a picture's two colour differences are stored; grey has none."""
Carrier = Literal["iso21496", "hdrgm", "apple"]
OtherKind = Literal["picture", "video", "gain map", "data"]


class Abilities(NamedTuple):
    """What files of a container can hold and say: verbs ask for these, never for a container's name.

    Attributes:
        codecs: What pictures may be coded with, and first what new ones are: JPEG XL packs JPEGs without loss.
        has_code_points: A picture's colour may be told by H.273 code points; else an ICC profile alone tells it.
        has_orientation: The container says by itself how its base is turned; else EXIF alone does.
        is_deep: Pictures may have more than 8 bits, and so a base may be HDR.
        has_spare_map: There is room for a second gain map.
        has_apple_map: Programs look for one of Apple's own gain maps there.
        keeps_apple_maps: One of these stays what it is where nobody asks for another.
    """

    codecs: tuple[Codec, ...]
    has_code_points: bool
    has_orientation: bool
    is_deep: bool
    has_spare_map: bool
    has_apple_map: bool
    keeps_apple_maps: bool


_HEIC = Abilities(
    codecs=("hevc",),
    has_code_points=True,
    has_orientation=True,
    is_deep=True,
    has_spare_map=True,
    has_apple_map=True,
    keeps_apple_maps=True,
)
ABILITIES: dict[Container, Abilities] = {
    "jpeg": Abilities(
        codecs=("jpeg",),
        has_code_points=False,
        has_orientation=False,
        is_deep=False,
        has_spare_map=False,
        has_apple_map=True,
        keeps_apple_maps=False,
    ),
    "heic": _HEIC,
    "avif": _HEIC._replace(codecs=("av1",), has_apple_map=False),
    "jxl": _HEIC._replace(codecs=("jxl", "jpeg"), has_spare_map=False, has_apple_map=False, keeps_apple_maps=False),
}
CODECS: dict[Container, Codec] = {container: can.codecs[0] for container, can in ABILITIES.items()}
"""What new pictures of a container are coded with."""

T = TypeVar("T")


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
            that holds this picture alone, without rotation, mirroring and cropping; JPEG XL as a codestream.
        width: Columns of the stored raster, before any orientation.
        height: Rows of the stored raster.
        channels: 1 or 3.
        icc_profile: The picture's ICC profile, or None. A gain map is no colour: there it is the alternate's.
        codec: How the pixels are coded.
        bits: Depth of a code value: 8, 10 or 12; of JPEG XL, 1 to 16.
        nclx: The picture's colour where no ICC profile tells it, or None; of a gain map, the alternate's.
        crop: The part of the coded raster that is the picture, or None for all of it.
        turn: The EXIF orientation by which that part is turned to be the picture, whose width and height are counted
            behind it: of a gain map that its file turns in another way than the base.
        parsed: Some data and their structure as the codec's container knows it, where these data were parsed already.
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
    turn: int = 1
    parsed: tuple[bytes, object] | None = field(default=None, repr=False, compare=False)

    @property
    def unturned_size(self) -> tuple[int, int]:
        """Width and height before the turn."""
        return (self.height, self.width) if self.turn >= 5 else (self.width, self.height)

    def structure(self, parse: Callable[[bytes], T]) -> T:
        """What `parse` makes of `data`; it is called once, and its result kept with the record."""
        kept = self.parsed
        if kept is None or kept[0] is not self.data:
            kept = self.data, parse(self.data)
            object.__setattr__(self, "parsed", kept)
        return cast(T, kept[1])


@dataclass(frozen=True)
class StoredGainMap:
    """A gain map as found in a file, and where its metadata were."""

    image: CodedImage
    metadata: GainMapMetadata | AppleMetadata
    carrier: Carrier


@dataclass(frozen=True)
class OtherPart:
    """A stretch of a file beside its base and its gain maps.

    Attributes:
        kind: "picture" (a preview, the other eye of a stereo pair), "video" (of a motion photo), "gain map" (one that
            cannot be used), or "data", which is anything else.
        data: The bytes.
        place: Where they begin in the file that they were read from.
        mpf_attribute: What the MPF index of a JPEG says of a picture that it names, or None.
        item: What its item in a GContainer directory says beside Length and Padding: names as lxml has them, and texts.
            Empty where it has none.
    """

    kind: OtherKind
    data: bytes = field(repr=False)
    place: int
    mpf_attribute: int | None = None
    item: tuple[tuple[str, str], ...] = ()


_OTHERS: dict[OtherKind, str] = {
    "picture": "another picture (a preview?)",
    "video": "a video",
    "gain map": "a gain map that cannot be used",
    "data": "bytes of an unknown kind",
}


def describe_other(part: OtherPart) -> str:
    """What a part is and how large, as messages call it."""
    return f"{_OTHERS[part.kind]}, {len(part.data):,} bytes"


@dataclass(frozen=True)
class ContainerExtras:
    """What a container keeps of a file beside the fields of `GainMapFile`: only its own writer looks into it."""


@dataclass(frozen=True)
class GainMapFile:
    """All that a gain-map file holds.

    Attributes:
        base: The picture that every reader shows.
        base_digest: First 4 bytes of SHA-256 over the base's coded bytes without metadata (docs/format.md, binding).
        gain_map: The standard gain map, or None.
        spare_gain_map: A second one of another make, for when the pixels of the first are broken, or None.
        refused: Where `gain_map` is None although the file holds or names one: why it cannot be used.
        payload: A neural payload's bytes, not yet parsed, or None.
        exif: TIFF structure of the EXIF segment or item, without its ``Exif`` prefix, or None.
        xmp: The main XMP packet as stored, or None. Writers merge the gain-map properties into it.
        orientation: As in EXIF, 1…8; 1 where absent or out of range. HEIC and AVIF say it by irot and
            imir, JPEG XL in the header of its codestream.
        others: Previews, a motion photo's video and whatever else stands beside the pictures of a JPEG, packed or not,
            or behind the boxes of other files, in file order. A file of the same kind is written with them.
        extras: Of a file of boxes: what else is in it, written into files of its kind only. None leaves it out.
        warnings: What was odd about the file and how it was read all the same.
        damage: What of the file is missing or damaged, as where it is cut off; `warnings` has these lines, too.
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
    others: tuple[OtherPart, ...] = ()
    extras: ContainerExtras | None = None
    warnings: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    @property
    def can(self) -> Abilities:
        """What its container can hold and say."""
        return ABILITIES[self.container]

    def without_gain_maps(self) -> GainMapFile:
        """The file without its gain maps."""
        return replace(self, gain_map=None, spare_gain_map=None, payload=None)
