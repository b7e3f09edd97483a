"""A JPEG XL file opened: its boxes, and the codestream that they hold, alone or in parts.

Source: ISO/IEC 18181-2:2024 clauses 4 (boxes) and 9 (jxlc, jxlp, brob); libjxl lib/jxl/decode.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import Box, BoxFile, make_box
from gainmap_codec.files.jumbf import tells_of_payload
from gainmap_codec.files.jxl.brotli import decompressed
from gainmap_codec.files.jxl.header import CODESTREAM

SIGNATURE = make_box(b"JXL ", b"\r\n\x87\n")
START = SIGNATURE + make_box(b"ftyp", b"jxl ", bytes(4), b"jxl ")
"""What every file of boxes begins with."""

BROB, JUMB = b"brob", b"jumb"
_WHOLE, _PART = b"jxlc", b"jxlp"
CODESTREAM_BOXES = (_WHOLE, _PART)
_CONTENTS = {
    **dict.fromkeys(CODESTREAM_BOXES, "picture"),
    b"jbrd": "JPEG's own data",
    b"jhgm": "gain map",
    b"Exif": "EXIF",
    b"xml ": "XMP",
}
_BYTES_PER_STEP = 16  # of what is decompressed
_LAST_PART = 1 << 31  # beside the number of a part


class JxlSource(NamedTuple):
    """An opened file.

    Attributes:
        file: Its bytes, and the budget for reading them.
        boxes: Its own boxes, in file order, none of a file that stands behind it; none at all of a naked codestream.
        codestream: The picture, put together where it is in parts.
        missing: A line for each kind of data that are not there.
    """

    file: BoxFile
    boxes: tuple[Box, ...]
    codestream: bytes
    missing: tuple[str, ...]

    def kind(self, box: Box) -> bytes:
        """What a box holds, compressed or not."""
        is_compressed = box.kind == BROB
        return self.file.data[box.body : min(box.body + 4, box.stop)] if is_compressed else box.kind

    def content(self, box: Box, most: int) -> bytes:
        """What stands behind a box's header, decompressed.

        Raises:
            FormatError: It cannot be decompressed, or to more than `most` bytes.
        """
        if box.kind != BROB:
            return self.file.data[box.body : box.stop]
        self.file.limits.spend(most // _BYTES_PER_STEP)
        return decompressed(self.file.data[box.body + 4 : box.stop], most, f"box {box.name}")

    def whole(self, box: Box) -> bytes:
        """The box with a header that tells its size, whatever the file's does."""
        return make_box(box.kind, self.file.data[box.body : box.stop])


def is_jxl(data: bytes) -> bool:
    """Whether a file's first 12 bytes are those of JPEG XL."""
    return data.startswith((CODESTREAM, SIGNATURE))


def open_jxl(data: bytes, limits: Limits) -> JxlSource:
    """The file's boxes and codestream.

    Raises:
        FormatError: There is no codestream, or a box is broken.
        LimitError: More bytes or boxes than `limits` allow.
    """
    limits.check("file_bytes", len(data))
    file = BoxFile(data, limits)
    if data.startswith(CODESTREAM):
        return JxlSource(file, (), data, ())
    boxes = _own(file.top_level())
    codestream, missing = _codestream(file, boxes)
    last = boxes[-1]
    if file.lacking and last.stop == len(data):
        missing = (_cut_off(file, last), *missing)
    return JxlSource(file, boxes, codestream, missing)


def _cut_off(file: BoxFile, box: Box) -> str:
    if box.kind == JUMB and tells_of_payload(file.data[box.body : box.stop]):
        return f"{file.cut_off('its neural gain map')}, and it is ignored"
    kind = file.data[box.body : box.body + 4] if box.kind == BROB else box.kind
    return file.cut_off(f"its {_CONTENTS.get(kind, 'other data')}")


def _own(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """Those in front of a second file."""
    starts = [index for index, box in enumerate(boxes) if box.kind in (b"ftyp", b"JXL ")]
    second = next((index for index in starts if index > 1), len(boxes))
    return boxes[:second]


def _codestream(file: BoxFile, boxes: tuple[Box, ...]) -> tuple[bytes, tuple[str, ...]]:
    """The codestream, and lines about what of it is missing."""
    whole = next((box for box in boxes if box.kind == _WHOLE), None)
    if whole is not None:
        return file.data[whole.body : whole.stop], ()
    parts: dict[int, Box] = {}
    count = None
    for number, is_last, box in _parts(file, boxes):
        parts.setdefault(number, box)
        count = number + 1 if is_last else count
    found = list(_in_order(parts))
    if not found:
        raise FormatError("file", "expected a picture (a box jxlc or jxlp), got none: is the file cut off?")
    missing = () if len(found) == count else (f"the picture is cut off: its part {len(found) + 1} is missing",)
    return b"".join(file.data[box.body + 4 : box.stop] for box in found), missing


def _parts(file: BoxFile, boxes: tuple[Box, ...]) -> Iterator[tuple[int, bool, Box]]:
    """Number, whether it is the last, and box of each part."""
    for box in boxes:
        if box.kind == _PART and box.stop - box.body >= 4:
            index = file.reader(box).u32()
            yield index & ~_LAST_PART, bool(index & _LAST_PART), box


def _in_order(parts: dict[int, Box]) -> Iterator[Box]:
    """The parts from the first on, up to one that is missing."""
    number = 0
    while number in parts:
        yield parts[number]
        number += 1
