"""What an XMP packet claims of a motion photo's video: read, kept true, or taken back.

Source: Motion Photo format 1.0 and Micro Video (Google); exiftool lib/Image/ExifTool/XMP2.pl (GCamera, OpCamera).
"""

from __future__ import annotations

import re

from lxml import etree

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.tags.rdf import resources, values_of
from gainmap_codec.files.tags.xmp_edit import Change, edited

_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_OFFSET = f"{{{_CAMERA}}}MicroVideoOffset"
_CLAIMS = re.compile(
    rf"\{{{re.escape(_CAMERA)}\}}(MotionPhoto|MicroVideo)"
    r"|\{http://ns.oplus.com/photos/1.0/camera/\}(MotionPhoto|VideoLength)"
)
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)


def video_offset(rdf: etree._Element) -> int | None:
    """How many bytes before the file's end a packet's rdf:RDF element says that the video begins, or None."""
    for resource in resources(rdf):
        for value in values_of(resource, _OFFSET):
            if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
                return int(value)
    return None


def no_video(name: str, text: str) -> str | None:
    """Take back every claim of a video."""
    return None if _CLAIMS.match(name) else text


def with_video(packet: bytes, offset: int | None) -> bytes:
    """The packet with a true offset of the video, where it has one; None takes back every claim of a video.

    Args:
        offset: Bytes from the video's beginning to the file's end.
    """
    try:
        return edited(packet, no_video if offset is None else _video_is_at(offset))
    except GainMapError:
        return packet  # it is left out where it is merged


def _video_is_at(offset: int) -> Change:
    return lambda name, text: str(offset) if name == _OFFSET else text
