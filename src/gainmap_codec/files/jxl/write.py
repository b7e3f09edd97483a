"""`GainMapFile` → JPEG XL: boxes around coded pictures, whose frames stay what they are; JPEGs are packed without loss.

EXIF and XMP come first, then the picture, the gain map (jhgm), and our payload in a superbox (jumb). A gain map that is
a JPEG is packed, too; what makes the JPEG again stands in a superbox of its own, which others pass over.
Source: ISO/IEC 18181-2:2024; libjxl lib/include/jxl/gain_map.h; ISO/IEC 19566-5 (JUMBF).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.jpeg.write import serialize_jpeg, without_map_metadata
from gainmap_codec.files.jpeg.xmp_directory import without_gain_map
from gainmap_codec.files.jumbf import PAYLOAD, check_payload, serialize_superbox
from gainmap_codec.files.jxl.color import color_of
from gainmap_codec.files.jxl.gain_map import JHGM, MAP_JPEG, Bundle, serialize_bundle, serialize_map_jpeg
from gainmap_codec.files.jxl.header import parse_header
from gainmap_codec.files.jxl.packed_jpeg import (
    EXIF,
    JBRD,
    MOST_BYTES_BEHIND,
    XMP,
    pack_jpeg,
    serialize_boxes,
)
from gainmap_codec.files.jxl.picture import coded_image, header_of, turned_codestream
from gainmap_codec.files.jxl.records import JxlExtras, KeptBox, Role, jxl_extras
from gainmap_codec.files.jxl.source import START
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.orientations import turned_orientation
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, OtherPart, StoredGainMap, describe_other
from gainmap_codec.files.tags.motion_photo import no_video

_LEVEL = b"jxll"
_FRONT: tuple[Role, ...] = ("jbrd", "exif", "xmp")
_BACK: tuple[Role, ...] = ("gain map", "map jpeg", "payload")
_Boxes = dict[Role, bytes]


def serialize_jxl(file: GainMapFile, notes: list[str] | None = None) -> bytes:
    """The file's bytes; the frames of base and gain map are those of the record, JPEGs come back bit for bit.

    EXIF, XMP, orientation, gain map and payload are the record's. What else was in the file that the record was parsed
    from comes along (`extras`). A picture with nothing beside it is written as a codestream alone.

    Args:
        file: What to write.
        notes: Gets a line for each thing that is left out; None where nobody listens.
    Raises:
        ValueError: Pictures of another codec, or other than their record says; metadata that the standard does not
            allow, or a payload of more than 4 MiB.
        FormatError: A picture is broken.
        NotPackedError: A JPEG that JPEG XL cannot hold without loss.
    """
    notes = [] if notes is None else notes
    extras = jxl_extras(file.extras)
    boxes = _picture(file, extras, notes) | _behind(file, extras)
    kept = () if extras is None else _surviving(file, extras)
    level = b"" if any(each.data[4:8] == _LEVEL for each in kept) else _level(file)
    behind = () if file.base.codec == "jpeg" else (part.data for part in file.others if part.kind != "gain map")
    others = b"".join(behind)
    if set(boxes) == {"picture"} and not kept and not level and not others:
        return boxes["picture"]
    boxes["picture"] = make_box(b"jxlc", boxes["picture"])
    return START + level + b"".join(_in_order(boxes, kept)) + others


def with_base_packed(file: GainMapFile) -> GainMapFile:
    """The record of a JPEG XL file to be, its base packed already if it is a JPEG: for as long as that stays as it is.

    Raises:
        NotPackedError: It is a JPEG that JPEG XL cannot hold without loss.
    """
    if (file.container, file.base.codec) != ("jxl", "jpeg") or jxl_extras(file.extras):
        return file
    jpeg = _plain_jpeg(file, [])
    packed = pack_jpeg(jpeg, "base")
    extras = JxlExtras(file.base, file.orientation, None, file.exif, file.xmp, (), packed.codestream, jpeg, packed)
    return replace(file, extras=extras)


def _level(file: GainMapFile) -> bytes:
    """The box that tells of level 10, which a base needs that computes with more than 16 bits; 5 goes without saying.

    Source: ISO/IEC 18181-1:2024 annex M; libjxl lib/jxl/encode.cc (VerifyLevelSettings).
    """
    needs_more = file.base.codec == "jxl" and not header_of(file.base).has_small_integers
    return make_box(_LEVEL, b"\x0a") if needs_more else b""


def _in_order(boxes: _Boxes, kept: tuple[KeptBox, ...]) -> Iterator[bytes]:
    """Boxes in the places of those that the file had, new ones in front of the picture or behind it."""
    places = [each.role for each in kept]
    front, back = ([role for role in roles if role not in places] for roles in (_FRONT, _BACK))
    for role, data in kept or (KeptBox("picture"),):
        if role != "picture":
            yield boxes.get(role, data if role in ("of picture", "other") else b"")
            continue
        yield from (boxes.get(each, b"") for each in front)
        yield boxes["picture"]
        yield from (boxes.get(each, b"") for each in back)


def _surviving(file: GainMapFile, extras: JxlExtras) -> tuple[KeptBox, ...]:
    """The boxes that still say something true."""
    is_same = file.base.data == extras.base.data and file.orientation == extras.orientation
    return tuple(each for each in extras.boxes if each.role != "of picture" or is_same)


def _picture(file: GainMapFile, extras: JxlExtras | None, notes: list[str]) -> _Boxes:
    """The codestream, and its metadata: those of a packed JPEG are what makes the JPEG again.

    XMP of another container goes without the gain-map properties, which only readers of JPEG use.
    """
    if file.base.codec == "jpeg":
        return _jpeg(file, extras, notes)
    _check(file.base, "base")
    if extras and extras.packed:
        extras = None  # they are a JPEG's
    is_same = extras is not None and extras.base.data == file.base.data and extras.orientation == file.orientation
    picture = extras.codestream if extras and is_same else _turned(file.base.data, file.orientation)
    xmp = file.xmp if extras or not file.xmp else without_gain_map(file.xmp, notes, no_video)
    boxes: _Boxes = {"picture": picture}
    return boxes | _metadata(bytes(4) + file.exif if file.exif else None, xmp) | _unchanged(file, extras)


def _jpeg(file: GainMapFile, extras: JxlExtras | None, notes: list[str]) -> _Boxes:
    """The JPEG packed, or as it was packed where it is the same."""
    jpeg = _plain_jpeg(file, notes)
    is_same = extras is not None and extras.packed is not None and extras.jpeg == jpeg
    packed = extras.packed if extras and extras.packed and is_same else pack_jpeg(jpeg, "base")
    boxes = packed.boxes
    picture: _Boxes = {
        "picture": _turned(packed.codestream, file.orientation),
        "jbrd": make_box(JBRD, boxes[JBRD]),
    }
    return picture | _metadata(boxes.get(EXIF), boxes.get(XMP)) | (_unchanged(file, extras) if is_same else {})


def _plain_jpeg(file: GainMapFile, notes: list[str]) -> bytes:
    """The JPEG to be packed, with its metadata."""
    plain = replace(file.without_gain_maps(), container="jpeg", others=_fitting(file.others, notes))
    return serialize_jpeg(plain, notes)


def _fitting(others: tuple[OtherPart, ...], notes: list[str]) -> tuple[OtherPart, ...]:
    """What may stand behind a JPEG that is packed."""
    if sum(len(part.data) for part in others) <= MOST_BYTES_BEHIND:
        return others
    notes += (f"{describe_other(part)}: not kept, too large for a JPEG XL file" for part in others)
    return ()


def _metadata(exif: bytes | None, xmp: bytes | None) -> _Boxes:
    """Boxes of EXIF, with the offset in front, and XMP."""
    found: _Boxes = {"exif": make_box(EXIF, exif)} if exif else {}
    return found | ({"xmp": make_box(XMP, xmp)} if xmp else {})


def _unchanged(file: GainMapFile, extras: JxlExtras | None) -> _Boxes:
    """The boxes of EXIF and XMP as they were, compressed ones among them, where they still say the same."""
    if extras is None:
        return {}
    is_same: dict[Role, bool] = {"exif": file.exif == extras.exif, "xmp": file.xmp == extras.xmp}
    return {each.role: each.data for each in extras.boxes if each.data and is_same.get(each.role)}


def _behind(file: GainMapFile, extras: JxlExtras | None) -> _Boxes:
    """Gain map and payload."""
    boxes: _Boxes = {}
    if file.gain_map:
        is_same = extras and extras.gain_map == file.gain_map and extras.orientation == file.orientation
        boxes |= _map_as_it_was(extras) if extras and is_same else _gain_map(file.gain_map, file.orientation)
    if file.payload:
        check_payload(file.payload)
        boxes["payload"] = serialize_superbox(PAYLOAD, file.payload)
    return boxes


def _map_as_it_was(extras: JxlExtras) -> _Boxes:
    return {each.role: each.data for each in extras.boxes if each.role in ("gain map", "map jpeg")}


def _gain_map(stored: StoredGainMap, orientation: int) -> _Boxes:
    """The gain map, turned as the base is, and where it is a JPEG, what makes it one again."""
    image, metadata = stored.image, stored.metadata
    if isinstance(metadata, AppleMetadata):
        raise ValueError("gain map: expected ISO 21496-1 metadata, got Apple's, which are read, but not written")
    codestream, boxes = image.data, None
    if image.codec == "jpeg":
        codestream, boxes = pack_jpeg(without_map_metadata(image), "gain map")
    else:
        _check(image, "gain map")
    codestream = _turned(codestream, turned_orientation(image.turn, orientation))
    color = color_of(image.nclx) if image.nclx else None
    bundle = Bundle(serialize_iso21496(metadata), color, image.icc_profile, codestream)
    found: _Boxes = {"gain map": make_box(JHGM, serialize_bundle(bundle))}
    if boxes:
        content = serialize_map_jpeg(serialize_boxes(boxes), codestream)
        found["map jpeg"] = serialize_superbox(MAP_JPEG, content)
    return found


def _turned(codestream: bytes, orientation: int) -> bytes:
    return turned_codestream(codestream, parse_header(codestream), orientation)


def _check(image: CodedImage, name: str) -> None:
    """Raise ValueError for a picture that is not what its record says; of a gain map, the colour is the alternate's."""
    if image.codec != "jxl":
        raise ValueError(f"{name}: expected jxl or jpeg in JPEG XL, got {image.codec}")
    header = header_of(image)
    coded = coded_image(image.data, header)
    color = (image.icc_profile, image.nclx) if name == "base" else (coded.icc_profile, coded.nclx)
    says = (1, None, *image.unturned_size, image.channels, image.bits, *color)
    has = (
        header.orientation,
        image.crop,
        *coded.unturned_size,
        coded.channels,
        coded.bits,
        coded.icc_profile,
        coded.nclx,
    )
    if says != has:
        raise ValueError(f"{name}: expected what its codestream says, {has}, got {says}")
