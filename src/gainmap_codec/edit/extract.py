"""A gain-map file taken apart: each picture as a file of its own, and what the file says of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from gainmap_codec.codec.opening import open_source
from gainmap_codec.edit.recoding import note_spare, note_what_is_not_written
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import NO_LIMITS, Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import digest_of, parse_file, serialize_file, with_others_for
from gainmap_codec.files.jpeg.xmp_segments import whole_xmp
from gainmap_codec.files.orientations import inverse_of, turned_orientation
from gainmap_codec.files.readback import read_back
from gainmap_codec.files.records import AppleMetadata, CodedImage, Container, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, with_bits
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.sources import Source


@dataclass(frozen=True, eq=False)
class Parts:
    """What a gain-map file is made of; `gainmap_codec.assemble` puts it together again.

    Attributes:
        container: Kind of file: "jpeg", "heic", "avif" or "jxl".
        base: The picture that every reader shows: a whole file of that kind without gain maps, which has the EXIF, XMP,
            colour and orientation of the source, and whatever else stood beside its pictures. Its coded data are the
            source's, bit for bit.
        gain_map: The standard gain map's picture: a file of its own whose coded data are the source's, or None.
        metadata: How to read it, with the source's own numbers; None without one.
        payload: The neural gain map's bytes (docs/format.md), or None.
        exif: TIFF structure of `base`, or None.
        xmp: XMP packet of `base` without what JPEG files say of gain maps there, or None.
        icc_profile: ICC profile of `base`, or None.
        orientation: As in EXIF, 1…8: how `base` is turned to be looked at.
        alternate_icc_profile: ICC profile of the rendition that the gain map leads to, where the file has one.
        alternate_color: Its colour by code points (ITU-T H.273), where the file says it so.
        warnings: What was odd about the source, and what of it no part holds.
        damage: What of the source is missing, as where it is cut off; `warnings` has these lines, too.
    """

    container: Container
    base: bytes = field(repr=False)
    gain_map: bytes | None = field(repr=False)
    metadata: GainMapMetadata | AppleMetadata | None
    payload: bytes | None = field(repr=False)
    exif: bytes | None = field(repr=False)
    xmp: bytes | None = field(repr=False)
    icc_profile: bytes | None = field(repr=False)
    orientation: int
    alternate_icc_profile: bytes | None = field(repr=False)
    alternate_color: Nclx | None
    warnings: tuple[str, ...]
    damage: tuple[str, ...] = ()

    @cached_property
    def base_codes(self) -> AnyCodes:
        """Code values of the base as it is stored, not turned: (H, W, 3), or (H, W) of grey; uint8, or of more than 8
        bits uint16 up to 65535."""
        return _codes_of(parse_file(self.base, "base", NO_LIMITS).base)

    @cached_property
    def gain_map_codes(self) -> AnyCodes | None:
        """The same of the gain map, which lies on the base as that is stored: (h, w) or (h, w, 3), of any size."""
        if self.gain_map is None:
            return None
        return _codes_of(map_picture(parse_file(self.gain_map, "gain map", NO_LIMITS), self.orientation))


def _codes_of(image: CodedImage) -> AnyCodes:
    """Code values that fill their type."""
    return with_bits(decode_coded_image(image), image.bits, 8 if image.bits == 8 else 16)


def extract_parts(source: Source, limits: Limits) -> Parts:
    """See `gainmap_codec.extract`; nothing is warned of."""
    opened = open_source(source, limits)
    file, notes = opened.file, Notes(lost=list(opened.warnings))
    note_what_is_not_written(file, file.container, file.base.codec, notes)
    note_spare(file, file.container, notes)
    if file.spare_gain_map is not None and file.can.has_spare_map:
        notes.lost.append(f"the second gain map ({file.spare_gain_map.carrier}) is not kept")
    alone = with_others_for(file, file.container, file.base.codec).without_gain_maps()
    base = serialize_file(alone, notes.lost)
    known, stored = read_back(base, alone), file.gain_map
    return Parts(
        container=file.container,
        base=base,
        gain_map=None if stored is None else _map_file(stored.image, file),
        metadata=None if stored is None else stored.metadata,
        payload=file.payload,
        exif=known.exif,
        xmp=whole_xmp(known.xmp, known.base, []),
        icc_profile=known.base.icc_profile,
        orientation=known.orientation,
        alternate_icc_profile=None if stored is None else stored.image.icc_profile,
        alternate_color=None if stored is None else stored.image.nclx,
        warnings=tuple(dict.fromkeys(notes.lost)),
        damage=file.damage,
    )


def _map_file(image: CodedImage, file: GainMapFile) -> bytes:
    """A gain map's picture as a file that says by itself how it is cut and turned, as it does in its file."""
    if image.codec == "jpeg":
        return image.data
    width, height = image.unturned_size
    profile, nclx = _own_color(image)
    plain = replace(image, width=width, height=height, icc_profile=profile, nclx=nclx, turn=1)
    orientation = turned_orientation(image.turn, file.orientation)
    alone = GainMapFile(file.container, plain, digest_of(plain), orientation=orientation)
    data = serialize_file(alone, [])
    read_back(data, alone)
    return data


def _own_color(image: CodedImage) -> tuple[bytes | None, Nclx | None]:
    """What a gain map's picture says of its own code values: in JPEG XL, a codestream always says something."""
    if image.codec != "jxl":
        return None, None
    alone = parse_file(image.data, "gain map", NO_LIMITS).base
    return alone.icc_profile, alone.nclx


def map_picture(file: GainMapFile, orientation: int) -> CodedImage:
    """The picture of a gain map that is a file of its own, for a base of this orientation.

    What such a file says of colour is how its own code values are coded; a gain map's record tells the alternate's, as
    the ICC profile in the picture of a JPEG does.
    """
    image = file.base
    if image.codec == "jpeg":  # in the raster of its base, whatever its EXIF says
        return image
    turn = turned_orientation(file.orientation, inverse_of(orientation))
    size = (image.height, image.width) if turn >= 5 else (image.width, image.height)
    return replace(image, width=size[0], height=size[1], icc_profile=None, nclx=None, turn=turn)
