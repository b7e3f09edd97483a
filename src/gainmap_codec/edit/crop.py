"""A part of a stored raster, at another size, as a gain-map file of its own: what `crop` and `resize` do."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.edit.metadata import for_container
from gainmap_codec.edit.parts import (
    Notes,
    TranscodeReport,
    coded_map,
    decoded_map,
    lost,
    recoded,
    warn_of_what_is_not_written,
)
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.jpeg.edit import has_photoshop_thumbnail
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.records import CODECS, AppleMetadata, Binding, Container, GainMapFile, StoredGainMap
from gainmap_codec.files.tags import exif_edit, xmp_edit
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.images import Source
from gainmap_codec.pixels.maps.binding import is_bound, soft_fingerprint
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, resize_gain_map
from gainmap_codec.pixels.raster.geometry import Box, Part, cropped_coordinates
from gainmap_codec.pixels.raster.resizing import resize_codes


def crop_with_report(source: Source, box: Box, *, quality: int, map_quality: int, limits: Limits) -> TranscodeReport:
    """As `crop`."""
    from gainmap_codec.edit import turn

    return turn.crop_with_report(source, box, quality=quality, map_quality=map_quality, limits=limits)


def resize_with_report(
    source: Source, size: tuple[int | None, int | None], *, quality: int, map_quality: int, limits: Limits
) -> TranscodeReport:
    """As `resize`."""
    from gainmap_codec.edit import turn

    return turn.resize_with_report(source, size, quality=quality, map_quality=map_quality, limits=limits)


def edited(
    data: bytes,
    opened: OpenedFile,
    part: Box,
    size: tuple[int, int],
    notes: Notes,
    quality: int,
    map_quality: int,
) -> bytes:
    """The file of a part of an opened file's stored raster, at `size`; `data`, its bytes, where that is all of it."""
    base = opened.file.base
    if part == (0, 0, base.width, base.height) and size == (base.width, base.height):
        notes.append("nothing to do: the file is as it was")
        return data
    left, top, right, bottom = part
    codes = decode_coded_image(base)[top:bottom, left:right]
    if codes.shape[:2] != size[::-1]:
        codes = resize_codes(codes, *size, opened.color.curves)
    return _Edit(opened, part, codes, opened.file.container, notes).data(quality, map_quality)


def with_pixels(
    opened: OpenedFile,
    codes: AnyCodes,
    part: Part,
    container: Container,
    notes: Notes,
    quality: int,
    map_quality: int,
) -> bytes:
    """A file of other pixels that look like a part of an opened file's base, with its gain maps.

    Args:
        codes: Code values of the new base, (H, W) or (H, W, 3), in the stored raster, the colour and the depth of the
            old one.
        part: Which part of the old base they show.
        container: Kind of file to write.
    """
    edit = _Edit(opened, part, codes, container, notes)
    edit.keeps_thumbnails = False
    return edit.data(quality, map_quality)


class _Edit:
    """A part of a stored raster that becomes a file of its own, of new code values for the base."""

    def __init__(self, opened: OpenedFile, part: Part, codes: AnyCodes, container: Container, notes: Notes) -> None:
        base = opened.file.base
        self.opened, self.part, self.codes, self.container, self.notes = opened, part, codes, container, notes
        self.size = codes.shape[1], codes.shape[0]
        self.is_crop = part != (0, 0, base.width, base.height)
        self.keeps_thumbnails = not self.is_crop

    def data(self, quality: int, map_quality: int) -> bytes:
        """The new file."""
        file, codes = self.opened.file, self.codes
        warn_of_what_is_not_written(file, self.container)
        new = self._with_metadata(file)
        if self.container != file.container:
            new, codes = for_container(new, self.container, codes, self.opened.color)
        base = recoded(new, codes, self.container, quality)
        self.notes.append(f"base: coded again at quality {quality}, {base.base.width} x {base.base.height}")
        gain_map = self._gain_map(map_quality) if file.gain_map is not None else None
        payload = self._payload(base) if file.payload is not None else None
        return serialize_file(replace(base, gain_map=gain_map, payload=payload))

    def _with_metadata(self, file: GainMapFile) -> GainMapFile:
        """The record with the new size, and without small pictures of what it was."""
        exif, xmp = file.exif, file.xmp
        try:
            if exif is not None:
                exif = exif_edit.with_size(exif, *self.size)
                exif = exif if self.keeps_thumbnails else exif_edit.without_thumbnail(exif)
            if xmp is not None:
                xmp = xmp_edit.with_size(xmp, *self.size)
                xmp = xmp if self.keeps_thumbnails else xmp_edit.without_thumbnails(xmp)
        except GainMapError as error:
            lost(f"damaged metadata still tell of the whole picture: {error}")
        if (exif, xmp) != (file.exif, file.xmp):
            self.notes.append("EXIF and XMP: size changed" + ("" if self.keeps_thumbnails else ", thumbnails removed"))
        if not self.keeps_thumbnails and file.base.codec == "jpeg" and has_photoshop_thumbnail(file.base.data):
            lost("Photoshop data are kept, with a thumbnail of the picture as it was")
        return replace(file, exif=exif, xmp=xmp)

    def _gain_map(self, quality: int) -> StoredGainMap | None:
        """The standard map's part, at a size that fits."""
        file = self.opened.file
        stored, base = file.gain_map, file.base
        assert stored is not None
        is_iso = not isinstance(stored.metadata, AppleMetadata)
        is_new = self.is_crop or stored.image.codec != CODECS[self.container]
        size = stored.image.width, stored.image.height
        if not is_new and is_iso and self._fitting(*size) == size:
            self.notes.append("standard gain map: kept bit for bit, readers enlarge it")
            return stored
        decoded = decoded_map(self.opened, self.notes)
        if decoded is None:
            return None
        codes, bits = decoded.codes, decoded.image.bits
        if self.is_crop:
            codes = crop_gain_map(codes, decoded.metadata, bits, self.part, (base.width, base.height))
        codes = resize_gain_map(codes, decoded.metadata, bits, self._fitting(codes.shape[1], codes.shape[0]))
        self.notes.append(f"standard gain map: {codes.shape[1]} x {codes.shape[0]}, coded again at quality {quality}")
        return coded_map(replace(decoded, codes=codes), CODECS[self.container], quality)

    def _fitting(self, width: int, height: int) -> tuple[int, int]:
        """The size of a map of the part that has `width` × `height` now: smaller as the part becomes smaller."""
        left, top, right, bottom = self.part
        across, down = self.size[0] / (right - left), self.size[1] / (bottom - top)
        return max(1, round(width * min(across, 1))), max(1, round(height * min(down, 1)))

    def _payload(self, base: GainMapFile) -> bytes | None:
        """The neural map told of its new base."""
        payload, network, old = self.opened.file.payload, self.opened.neural, self.opened.file.base
        if payload is None or network is None:
            lost("the neural gain map cannot be used with this base and is not kept")
            return None
        codes, bits = OpenedFile(base, None, None, ()).codes, base.base.bits
        soft = network.binding.soft
        looks_the_same = is_bound(codes, soft, 1 << bits)
        if self.is_crop or not looks_the_same:
            soft = soft_fingerprint(codes, 1 << bits)
        if not self.is_crop and not looks_the_same:
            lost("fine patterns look brighter at this size: the neural gain map is kept, a new one would fit better")
        coordinates = network.coordinates
        if self.is_crop:
            published = network.family == "published"
            coordinates = cropped_coordinates(coordinates, self.part, old.width, old.height, end_to_end=published)
        try:
            edited = edit_payload(payload, binding=Binding(base.base_digest, soft), coordinates=coordinates)
        except ValueError as error:
            lost(f"the neural gain map is not kept: {error}")
            return None
        self.notes.append("neural gain map: kept, weights and latents bit for bit")
        return edited
