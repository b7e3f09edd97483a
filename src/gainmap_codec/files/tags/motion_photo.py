"""What an XMP packet claims of a motion photo's video: read, kept true, or taken back.

Source: Motion Photo format 1.0 and Micro Video (Google); exiftool lib/Image/ExifTool/XMP2.pl (GCamera, OpCamera).
"""

from __future__ import annotations

import re

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.tags.rdf import resources, values_of
from gainmap_codec.files.tags.xmp_edit import edited
from gainmap_codec.files.tags.xmp_packet import parse_packet

_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_OFFSET = f"{{{_CAMERA}}}MicroVideoOffset"
_CLAIMS = re.compile(
    rf"\{{{re.escape(_CAMERA)}\}}(MotionPhoto|MicroVideo)"
    r"|\{http://ns.oplus.com/photos/1.0/camera/\}(MotionPhoto|VideoLength)"
)
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)


def video_offset(packet: bytes, limits: Limits) -> int | None:
    """How many bytes before the file's end a packet says that the video begins, or None.

    Raises:
        GainMapError: The packet cannot be read.
    """
    for resource in resources(parse_packet(packet, limits)):
        for value in values_of(resource, _OFFSET):
            if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
                return int(value)
    return None


def with_video(packet: bytes, offset: int | None) -> bytes:
    """The packet with a true offset of the video, where it has one; None takes back every claim of a video.

    Args:
        offset: Bytes from the video's beginning to the file's end.
    """

    def change(name: str, text: str) -> str | None:
        if offset is None:
            return None if _CLAIMS.match(name) else text
        return str(offset) if name == _OFFSET else text

    try:
        return edited(packet, change)
    except GainMapError:
        return packet  # it is left out where it is merged, and tells nobody anything elsewhere
