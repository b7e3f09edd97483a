"""JPEGs packed into JPEG XL without loss, and unpacked again, bit for bit.

A packed JPEG is a codestream of the same coefficients, and a box ``jbrd`` with what else the JPEG's bytes are made of;
its first EXIF and its first XMP stand in boxes of their own, where other programs change them or take them out. What
no longer fits is left out of the JPEG, whose pixels are the same without. libjxl packs and unpacks, by imagecodecs,
imported where it is needed.
Source: ISO/IEC 18181-2:2024 annex A (jbrd); libjxl lib/jxl/jpeg/jpeg_data.cc, lib/jxl/decode_to_jpeg.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from gainmap_codec.errors import NO_LIMITS, FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.boxes import BoxFile, make_box
from gainmap_codec.files.jpeg.metadata import EXIF_ID, XMP_ID
from gainmap_codec.files.jpeg.segments import APP1, make_segment
from gainmap_codec.files.jxl.bits import BitReader, Choices, Range
from gainmap_codec.files.jxl.picture import read_header
from gainmap_codec.files.jxl.source import START, open_jxl

PackedPicture = Literal["base", "gain map"]
JBRD, EXIF, XMP = b"jbrd", b"Exif", b"xml "

MOST_BYTES_BEHIND = 65793 + (1 << 22) - 1
"""Of what stands behind a JPEG's end and is packed with it."""

_WHERE = "packed JPEG"
_MOST_METADATA = 1 << 24
_MOST_BOX = 1 << 17  # of EXIF or XMP out of one segment
_APP, _COM, _EOI, _SOS, _BETWEEN = 0xE0, 0xFE, 0xD9, 0xDA, 0xFF
_BYTES_BETWEEN = 1 << 16
_SEGMENT_KINDS: Choices = (Range(0), Range(1), Range(2, 1), Range(4, 2))
_IDS = {EXIF: EXIF_ID, XMP: XMP_ID}
_KINDS = {2: EXIF, 3: XMP}  # among the kinds of segments
_ITEM_OFFSET = 4  # bytes in front of EXIF, in its box alone


class NotPackedError(UnsupportedError):
    """A JPEG that libjxl cannot pack, such as one whose ICC profile is broken.

    Attributes:
        picture: "base" or "gain map".
        reason: What libjxl says.
    """

    def __init__(self, picture: PackedPicture, reason: str) -> None:
        self.picture = picture
        self.reason = reason
        super().__init__(f"{picture}: expected a JPEG that JPEG XL holds without loss, got another ({reason})")

    @property
    def told(self) -> str:
        """The line for whom the picture is coded anew."""
        return f"the JPEG of the {self.picture} cannot be packed and is coded anew (libjxl: {self.reason})"

    def __reduce__(self) -> tuple[object, ...]:
        """How it travels to another process."""
        return NotPackedError, (self.picture, self.reason)


class PackedJpeg(NamedTuple):
    """A codestream, and what the boxes beside it hold: `JBRD`, and `EXIF` and `XMP` where the JPEG has them."""

    codestream: bytes
    boxes: Mapping[bytes, bytes]


def pack_jpeg(jpeg: bytes, picture: PackedPicture) -> PackedJpeg:
    """A JPEG, with what stands behind its end, packed.

    Args:
        picture: What messages call it.
    Raises:
        NotPackedError: libjxl cannot pack it.
    """
    import imagecodecs  # loads NumPy

    try:
        packed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True, numthreads=1))
    except (RuntimeError, ValueError) as error:
        raise NotPackedError(picture, str(error)) from error
    source = open_jxl(packed, NO_LIMITS)
    kinds = {source.kind(box): box for box in source.boxes}
    boxes = {kind: source.content(kinds[kind], _MOST_BOX) for kind in (JBRD, EXIF, XMP) if kind in kinds}
    return PackedJpeg(source.codestream, boxes)


def unpack_jpeg(packed: PackedJpeg, limits: Limits) -> bytes:
    """The JPEG, with what stood behind its end; without EXIF or XMP that is no longer what was packed.

    Raises:
        FormatError: It cannot be unpacked.
        LimitError: More pixels, segments, scans or bytes of metadata than `limits` allow.
    """
    import imagecodecs

    header, _ = read_header(packed.codestream, limits)
    if header.is_animation:
        raise FormatError(_WHERE, "expected one picture, got an animation")
    sizes = _announced(packed.boxes.get(JBRD, b""), limits)
    stand_ins = {kind: bytes(size) for kind, size in sizes.items() if len(packed.boxes.get(kind, b"")) != size}
    boxes = {JBRD: packed.boxes[JBRD], **{kind: packed.boxes.get(kind, b"") for kind in sizes}, **stand_ins}
    file = START + b"".join(make_box(*box) for box in boxes.items()) + make_box(b"jxlc", packed.codestream)
    try:
        jpeg = bytes(imagecodecs.jpegxl_decode_jpeg(file, numthreads=1))
    except (RuntimeError, ValueError) as error:
        raise FormatError(_WHERE, f"expected a whole one, got one that libjxl cannot unpack ({error})") from error
    for kind, content in stand_ins.items():
        body = _IDS[kind] + content[_ITEM_OFFSET if kind == EXIF else 0 :]
        jpeg = jpeg.replace(make_segment(APP1, body, "a stand-in"), b"", 1)
    return jpeg


def serialize_boxes(boxes: Mapping[bytes, bytes]) -> bytes:
    """The boxes one behind the other."""
    return b"".join(make_box(*box) for box in boxes.items())


def parse_boxes(data: bytes, limits: Limits) -> dict[bytes, bytes]:
    """The contents of boxes by their kinds.

    Raises:
        FormatError: A box is broken.
    """
    file = BoxFile(data, limits)
    return {box.kind: data[box.body : box.stop] for box in file.top_level()}


def _announced(jbrd: bytes, limits: Limits) -> dict[bytes, int]:
    """Bytes that the boxes of EXIF and XMP must have; all sizes are checked, as libjxl allocates before it reads."""
    reader = BitReader(jbrd, "box jbrd")
    reader.flag()  # one channel or three
    markers = list(_markers(reader, limits))
    limits.check("scans", markers.count(_SOS))
    sizes: dict[bytes, int] = {}
    total = _BYTES_BETWEEN * markers.count(_BETWEEN)
    for _ in range(sum(marker & 0xF0 == _APP for marker in markers)):
        kind, size = _KINDS.get(reader.u32(_SEGMENT_KINDS)), reader.bits(16)
        total += size
        if kind:
            sizes[kind] = size - 2 - len(_IDS[kind]) + (_ITEM_OFFSET if kind == EXIF else 0)
    total += sum(reader.bits(16) for _ in range(markers.count(_COM)))
    if total > _MOST_METADATA:
        raise LimitError(f"{_WHERE}: expected at most {_MOST_METADATA} bytes of metadata, got {total}")
    if min(sizes.values(), default=0) < 0:
        raise FormatError(_WHERE, "expected segments that hold what they say, got shorter ones")
    return sizes


def _markers(reader: BitReader, limits: Limits) -> Iterator[int]:
    """Markers of the JPEG, in its order."""
    marker, count = 0, 0
    while marker != _EOI:
        count += 1
        limits.check("segments", count)
        marker = 0xC0 + reader.bits(6)
        yield marker
