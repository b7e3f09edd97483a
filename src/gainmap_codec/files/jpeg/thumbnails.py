"""Small pictures of the whole in a JPEG's segments, for when the whole becomes another one.

Source: JFIF 1.02; Adobe Photoshop file formats specification (2019), image resources 1033 and 1036.
"""

from __future__ import annotations

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.jpeg.edit import JFIF_BYTES, JFIF_ID, bare_jfif, photoshop_segments, with_segments
from gainmap_codec.files.jpeg.segments import APP0, APP2, JpegImage, Segment, segments_of
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags import photoshop

_JFXX_ID, _FLASHPIX_ID = b"JFXX\0", b"FPXR\0"


def without_thumbnails(image: CodedImage, notes: list[str]) -> CodedImage:
    """The JPEG picture without the small ones of JFIF, JFXX and Photoshop; the same record if there are none.

    Args:
        notes: Gets a line for what cannot be searched, or may hold more of them, and is kept.
    """
    found = segments_of(image)
    new = {segment: _without_jfif_thumbnail(found, segment) for segment in found.metadata if segment.marker == APP0}
    new |= photoshop_segments(found, lambda resources: _without_photoshop_thumbnails(resources, notes))
    if any(segment.marker == APP2 and found.body(segment).startswith(_FLASHPIX_ID) for segment in found.metadata):
        notes.append("FlashPix data are kept, and may show the picture as it was")
    return with_segments(image, new)


def _without_jfif_thumbnail(image: JpegImage, segment: Segment) -> bytes:
    body = image.body(segment)
    if body.startswith(_JFXX_ID):
        return b""
    if body.startswith(JFIF_ID) and body[JFIF_BYTES : JFIF_BYTES + 2].strip(b"\0"):
        return bare_jfif(body)
    return image.raw(segment)


def _without_photoshop_thumbnails(resources: bytes, notes: list[str]) -> bytes:
    try:
        return photoshop.without_thumbnails(resources)
    except GainMapError as error:
        notes.append(f"Photoshop data are kept, and may show the picture as it was: {error}")
        return resources
