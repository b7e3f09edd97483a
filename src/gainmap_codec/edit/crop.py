"""A part of a picture, at another size, as a gain-map file of its own: `crop`, `resize`, and Pillow's edits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import index

from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.codec.options import Strip, TranscodeOptions, check_range, check_strip
from gainmap_codec.edit.metadata import for_container, stripped_for_edit
from gainmap_codec.edit.recoding import coded_map, decoded_map, is_writable, note_what_is_not_written, recoded
from gainmap_codec.edit.report import Notes, TranscodeReport, finish, open_for_edit, report_of
from gainmap_codec.edit.transcode import transcoded
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import describe_other, others_for
from gainmap_codec.files.jpeg.thumbnails import without_thumbnails
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.records import Binding
from gainmap_codec.files.records import CODECS, AppleMetadata, Container, GainMapFile, StoredGainMap
from gainmap_codec.files.tags import exif_edit, xmp_edit
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.maps.binding import is_bound, soft_fingerprint
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, resize_gain_map
from gainmap_codec.pixels.raster.geometry import Box, cropped_coordinates, stored_box
from gainmap_codec.pixels.raster.resizing import resize_codes

Size = tuple[int, int]
"""Width and height in pixels."""


def crop_with_report(
    source: Source,
    box: tuple[int, int, int, int],
    *,
    quality: int,
    map_quality: int,
    strip: Strip | None = None,
    limits: Limits,
) -> TranscodeReport:
    """As `gainmap_codec.crop`, with a line for all that was done and lost; nothing is warned of."""
    _check_qualities(quality, map_quality)
    check_strip(strip)
    notes = Notes()
    data, opened = open_for_edit(source, limits, notes)
    part = _stored_part(opened.file, box)
    size = part.right - part.left, part.bottom - part.top
    return _edited(data, opened, part, size, quality, map_quality, strip, notes)


def resize_with_report(
    source: Source,
    size: tuple[int | None, int | None],
    *,
    quality: int,
    map_quality: int,
    strip: Strip | None = None,
    limits: Limits,
) -> TranscodeReport:
    """As `gainmap_codec.resize`, with a line for all that was done and lost; nothing is warned of."""
    _check_qualities(quality, map_quality)
    check_strip(strip)
    notes = Notes()
    data, opened = open_for_edit(source, limits, notes)
    stored = _stored_size(opened.file, size, limits)
    return _edited(data, opened, _whole(opened.file), stored, quality, map_quality, strip, notes)


def _edited(
    data: bytes,
    opened: OpenedFile,
    part: Box[int],
    size: Size,
    quality: int,
    map_quality: int,
    strip: Strip | None,
    notes: Notes,
) -> TranscodeReport:
    """The file of a part of the stored raster, at `size`; its very bytes where that changes nothing."""
    base, container = opened.file.base, opened.file.container
    if part == _whole(opened.file) and size == (base.width, base.height):
        if strip is not None:
            return finish(transcoded(opened, TranscodeOptions(strip=strip), notes), opened, notes)
        notes.done.append("nothing to do: the file is as it was")
        return report_of(data, container, notes)
    opened = stripped_for_edit(opened, strip, notes)
    codes = decode_coded_image(base)[part.top : part.bottom, part.left : part.right]
    if codes.shape[:2] != size[::-1]:
        notes.lost += opened.color.notes
        codes = resize_codes(codes, *size, opened.color.curves)
    shown = Shown(opened, codes, Box[float](*part), has_thumbnails=part == _whole(opened.file))
    return finish(with_pixels(shown, container, quality, map_quality, notes), opened, notes)


@dataclass(frozen=True, eq=False)
class Shown:
    """Pixels that are to be the base of a new file, and which part of an opened file's base they show.

    Attributes:
        opened: The file whose metadata and gain maps go with them.
        codes: (H, W) or (H, W, 3), in the stored raster, the colour and the depth of the file's base.
        part: Where they are in the file's base; edges between pixels are allowed.
        has_thumbnails: Small pictures in the metadata still show the same.
    """

    opened: OpenedFile
    codes: AnyCodes
    part: Box[float]
    has_thumbnails: bool = False

    @property
    def size(self) -> Size:
        """Of the pixels."""
        return self.codes.shape[1], self.codes.shape[0]

    @property
    def is_crop(self) -> bool:
        """Whether they show less than all of the file's base."""
        return self.part != _whole(self.opened.file)


def with_pixels(shown: Shown, container: Container, quality: int, map_quality: int, notes: Notes) -> GainMapFile:
    """The record of a file of these pixels, with the gain maps of the one that they come from.

    Args:
        container: Kind of file to write.
        quality, map_quality: Of base and standard map, 1…100.
    """
    opened, file, codes = shown.opened, shown.opened.file, shown.codes
    note_what_is_not_written(file, container, notes)
    new = _without_pictures(_with_metadata(shown, notes), container, notes)
    if container != file.container:
        notes.lost += opened.color.notes
        new, codes = for_container(new, container, codes, opened.color, notes)
    base = recoded(new, codes, container, quality, notes)
    notes.done.append(f"base: coded again at quality {quality}, {base.base.width} x {base.base.height}")
    gain_map = _gain_map(shown, file.gain_map, container, map_quality, notes) if file.gain_map else None
    payload = _payload(shown, base, notes) if file.payload is not None else None
    return replace(base, gain_map=gain_map, payload=payload)


def _without_pictures(file: GainMapFile, container: Container, notes: Notes) -> GainMapFile:
    """The record without previews and other pictures of what the base showed before."""
    kept = others_for(file, container)
    for part in kept:
        if part.kind == "picture":
            notes.lost.append(f"{describe_other(part)}: not kept, it shows the photo as it was")
    return replace(file, others=tuple(part for part in kept if part.kind != "picture"))


def _with_metadata(shown: Shown, notes: Notes) -> GainMapFile:
    """The record with the new size, and without small pictures of what it was."""
    file, keeps = shown.opened.file, shown.has_thumbnails
    exif, xmp = file.exif, file.xmp
    try:
        if exif is not None:
            exif = exif_edit.with_size(exif, *shown.size)
            exif = exif if keeps else exif_edit.without_thumbnail(exif)
        if xmp is not None:
            xmp = xmp_edit.with_size(xmp, *shown.size)
            xmp = xmp if keeps else xmp_edit.without_thumbnails(xmp)
    except GainMapError as error:
        notes.lost.append(f"damaged metadata still describe the whole picture: {error}")
    if (exif, xmp) != (file.exif, file.xmp):
        notes.done.append("EXIF and XMP: size changed" + ("" if keeps else ", thumbnails removed"))
    base = file.base if keeps or file.base.codec != "jpeg" else without_thumbnails(file.base, notes.lost)
    if base is not file.base:
        notes.done.append("JFIF and Photoshop data: thumbnails removed")
    return replace(file, exif=exif, xmp=xmp, base=base)


def _gain_map(
    shown: Shown, stored: StoredGainMap, container: Container, quality: int, notes: Notes
) -> StoredGainMap | None:
    """The standard map's part, at a size that fits."""
    base, codec = shown.opened.file.base, CODECS[container]
    size = stored.image.width, stored.image.height
    is_iso = not isinstance(stored.metadata, AppleMetadata)
    fits = not shown.is_crop and stored.image.codec == codec and _fitting(shown, size) == size
    if fits and is_iso and is_writable(stored, notes):
        notes.done.append("standard gain map: kept bit for bit, readers enlarge it")
        return stored
    decoded = decoded_map(shown.opened, notes)
    if decoded is None:
        return None
    codes, bits = decoded.codes, decoded.image.bits
    if shown.is_crop:
        codes = crop_gain_map(codes, decoded.metadata, bits, shown.part, (base.width, base.height))
    codes = resize_gain_map(codes, decoded.metadata, bits, _fitting(shown, (codes.shape[1], codes.shape[0])))
    notes.done.append(f"standard gain map: {codes.shape[1]} x {codes.shape[0]}, coded again at quality {quality}")
    return coded_map(replace(decoded, codes=codes), codec, quality)


def _fitting(shown: Shown, size: Size) -> Size:
    """The size of a map of the part that has `size` now: smaller as the part becomes smaller."""
    left, top, right, bottom = shown.part
    across, down = shown.size[0] / (right - left), shown.size[1] / (bottom - top)
    return max(1, round(size[0] * min(across, 1))), max(1, round(size[1] * min(down, 1)))


def _payload(shown: Shown, base: GainMapFile, notes: Notes) -> bytes | None:
    """The neural map told of its new base."""
    payload, network, old = shown.opened.file.payload, shown.opened.neural, shown.opened.file.base
    if payload is None or network is None:
        notes.lost.append("the neural gain map cannot be used with this base and is not kept")
        return None
    codes, levels = base_codes(base.base), 1 << base.base.bits
    soft, coordinates = network.binding.soft, network.coordinates
    looks_the_same = is_bound(codes, soft, levels)
    if shown.is_crop or not looks_the_same:
        soft = soft_fingerprint(codes, levels)
    if not shown.is_crop and not looks_the_same:
        notes.lost.append(
            "fine patterns look brighter at this size: the neural gain map is kept, but fits less well than a new one"
        )
    if shown.is_crop:
        published = network.family == "published"
        coordinates = cropped_coordinates(coordinates, shown.part, old.width, old.height, end_to_end=published)
    try:
        edited = edit_payload(payload, binding=Binding(base.base_digest, soft), coordinates=coordinates)
    except ValueError as error:
        notes.lost.append(f"the neural gain map is not kept: {error}")
        return None
    notes.done.append("neural gain map: kept, weights and latents bit for bit")
    return edited


def _check_qualities(quality: int, map_quality: int) -> None:
    check_range("quality", quality, 1, 100)
    check_range("map_quality", map_quality, 1, 100)


def _whole(file: GainMapFile) -> Box[int]:
    return Box(0, 0, file.base.width, file.base.height)


def _upright_size(file: GainMapFile) -> Size:
    width, height = file.base.width, file.base.height
    return (height, width) if file.orientation >= 5 else (width, height)


def _stored_part(file: GainMapFile, box: tuple[int, int, int, int]) -> Box[int]:
    """The box in the stored raster."""
    width, height = _upright_size(file)
    left, top, right, bottom = map(index, box)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(f"box: expected left, top, right, bottom inside {width} x {height}, got {tuple(box)}")
    return stored_box(Box(left, top, right, bottom), file.base.width, file.base.height, file.orientation)


def _stored_size(file: GainMapFile, size: tuple[int | None, int | None], limits: Limits) -> Size:
    """The size asked for, in the stored raster."""
    width, height = fitted_size(_upright_size(file), size)
    limits.check("pixels", width * height)
    return (width, height) if file.orientation < 5 else (height, width)


def fitted_size(old: Size, size: tuple[int | None, int | None]) -> Size:
    """Width and height, the one that is None from the proportions of `old`.

    Raises:
        ValueError: Both are None, or one is below 1.
    """
    width, height = size
    if width is None and height is None:
        raise ValueError("size: expected a width or a height, got neither")
    if (width is not None and width < 1) or (height is not None and height < 1):
        raise ValueError(f"size: expected sides of at least 1, got {min(side for side in size if side is not None)}")
    return (
        max(1, round(old[0] * index(height or 0) / old[1])) if width is None else index(width),
        max(1, round(old[1] * index(width or 0) / old[0])) if height is None else index(height),
    )
