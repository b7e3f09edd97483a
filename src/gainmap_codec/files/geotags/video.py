"""Videos beside pictures: the places in their user data become zeros; every other byte stays where it is.

A track may tell places too, second by second: tracks are not searched.
Source: QuickTime file format (user data atoms, metadata); 3GPP TS 26.244 clause 8 (loci); ISO/IEC 14496-12 clause 8.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import Box, BoxFile
from gainmap_codec.files.geotags.foreign import has_geotag

_FILM, _USER_DATA = (b"moov", b"trak"), b"udta"
_METADATA = (b"meta", b"uuid")
_PLACES = (b"\xa9xyz", b"loci", b"\xa9gps")
_TRUSTED = Limits(boxes=1 << 20)


def without_geotags(video: bytes) -> bytes:
    """A video as long as before: what names a place in its user data and metadata is marked as free space, and empty.

    What is no video, or breaks off, is cleaned as far as it can be read.
    """
    file, data = BoxFile(video, _TRUSTED), bytearray(video)
    try:
        boxes = file.top_level()
    except FormatError:
        return video
    for box in _described(file, boxes):
        body = video[box.body : box.stop]
        if box.kind in _PLACES or has_geotag(body):
            data[box.start + 4 : box.start + 8] = b"free"
            data[box.body : box.stop] = bytes(len(body))
    return bytes(data)


def _described(file: BoxFile, boxes: Iterable[Box], *, in_user_data: bool = False) -> Iterator[Box]:
    """Boxes that describe the video or one of its tracks."""
    for box in boxes:
        if in_user_data or box.kind in _METADATA:
            yield box
        elif box.kind in (*_FILM, _USER_DATA):
            try:
                inner = file.children(box)
            except FormatError:  # user data may end in a number that is no box
                yield from [box] if box.kind == _USER_DATA else []
                continue
            yield from _described(file, inner, in_user_data=box.kind == _USER_DATA)
