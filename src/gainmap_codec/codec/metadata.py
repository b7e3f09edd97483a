"""A file's EXIF and XMP as they are true of a decoded picture, which has another size, no map and no thumbnail."""

from __future__ import annotations

from gainmap_codec.codec.options import DecodeOptions
from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.container import has_alpha
from gainmap_codec.files.jpeg.edit import other_segments
from gainmap_codec.files.jpeg.xmp_directory import without_gain_map
from gainmap_codec.files.jpeg.xmp_segments import whole_xmp
from gainmap_codec.files.records import GainMapFile, describe_other
from gainmap_codec.files.tags import exif_edit, xmp_edit
from gainmap_codec.files.tags.motion_photo import no_video
from gainmap_codec.pixels.picture_metadata import PictureMetadata


def metadata_of(file: GainMapFile, options: DecodeOptions, width: int, height: int) -> PictureMetadata:
    """EXIF and XMP of a rendition of so many pixels, without what the options strip.

    The thumbnails are left out: they are SDR, and neither turned nor cut as the picture is.
    """
    lost = ["the photo's transparency is left out"] if has_alpha(file.extras) else []
    turn = 1 if options.orientation == "upright" else file.orientation
    if options.strip == "all":
        return PictureMetadata(None if turn == 1 else exif_edit.only_orientation(turn), None, tuple(lost))
    file = stripped(file, options.strip, lost)
    exif = _exif(file, turn, width, height, lost)
    xmp = _xmp(file, turn, width, height, lost)
    if file.base.codec == "jpeg":
        lost += [f"{line}: not kept, only JPEG files have such segments" for line in other_segments(file.base)]
    lost += [f"{describe_other(part)}: not kept" for part in file.others if part.kind != "gain map"]
    return PictureMetadata(exif, xmp, tuple(lost))


def _exif(file: GainMapFile, turn: int, width: int, height: int, lost: list[str]) -> bytes | None:
    exif = file.exif
    if exif is None:
        return None if turn == 1 else exif_edit.with_orientation(None, turn, lost)
    try:
        exif = exif_edit.with_size(exif_edit.without_thumbnail(exif), width, height)
    except GainMapError as error:
        lost.append(f"damaged EXIF still describes the picture as it was stored: {error}")
    return exif_edit.with_orientation_1(exif) if turn == 1 else exif_edit.with_orientation(exif, turn, lost)


def _xmp(file: GainMapFile, turn: int, width: int, height: int, lost: list[str]) -> bytes | None:
    packet = whole_xmp(file.xmp, file.base, lost)
    if packet is None:
        return None
    changes = xmp_edit.no_thumbnails, no_video, xmp_edit.size_is(width, height), xmp_edit.orientation_is(turn)
    return without_gain_map(packet, lost, *changes)
