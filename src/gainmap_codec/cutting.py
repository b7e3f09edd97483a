"""A part of a stored raster, at another size, as a gain-map file of its own: what `crop` and `resize` do."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.errors import GainMapError
from gainmap_codec.files import exif_edit, xmp_edit
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.jpeg_edit import has_photoshop_thumbnail
from gainmap_codec.files.payload_edit import edit_payload
from gainmap_codec.files.records import CODECS, AppleMetadata, Binding, GainMapFile, StoredGainMap
from gainmap_codec.pixels.binding import is_bound, soft_fingerprint
from gainmap_codec.pixels.coded_image import decode_coded_image
from gainmap_codec.pixels.geometry import Box, cropped_coordinates
from gainmap_codec.pixels.map_editing import crop_gain_map, resize_gain_map
from gainmap_codec.pixels.resizing import resize_codes
from gainmap_codec.rendering import OpenedFile
from gainmap_codec.rewriting import Notes, coded_map, decoded_map, lost, recoded, warn_of_what_is_not_written


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
    return _Edit(opened, part, size, notes).data(quality, map_quality)


class _Edit:
    """A part of a stored raster that becomes a file of its own, at `size`."""

    def __init__(self, opened: OpenedFile, part: Box, size: tuple[int, int], notes: Notes) -> None:
        base = opened.file.base
        self.opened, self.part, self.size, self.notes = opened, part, size, notes
        self.is_crop = part != (0, 0, base.width, base.height)

    def data(self, quality: int, map_quality: int) -> bytes:
        """The new file."""
        file = self.opened.file
        warn_of_what_is_not_written(file, file.container)
        left, top, right, bottom = self.part
        codes = decode_coded_image(file.base)[top:bottom, left:right]
        if codes.shape[:2] != self.size[::-1]:
            codes = resize_codes(codes, *self.size, self.opened.color.curves)
        base = recoded(self._with_metadata(file), codes, file.container, quality)
        self.notes.append(f"base: coded again at quality {quality}, {base.base.width} x {base.base.height}")
        gain_map = self._gain_map(map_quality) if file.gain_map is not None else None
        payload = self._payload(base) if file.payload is not None else None
        return serialize_file(replace(base, gain_map=gain_map, payload=payload))

    def _with_metadata(self, file: GainMapFile) -> GainMapFile:
        """The record with the new size, and without small pictures of what was cut off."""
        exif, xmp = file.exif, file.xmp
        try:
            if exif is not None:
                exif = exif_edit.with_size(exif, *self.size)
                exif = exif_edit.without_thumbnail(exif) if self.is_crop else exif
            if xmp is not None:
                xmp = xmp_edit.with_size(xmp, *self.size)
                xmp = xmp_edit.without_thumbnails(xmp) if self.is_crop else xmp
        except GainMapError as error:
            lost(f"damaged metadata still tell of the whole picture: {error}")
        if (exif, xmp) != (file.exif, file.xmp):
            self.notes.append("EXIF and XMP: size changed" + (", thumbnails removed" if self.is_crop else ""))
        if self.is_crop and file.base.codec == "jpeg" and has_photoshop_thumbnail(file.base.data):
            lost("Photoshop data are kept, with a thumbnail of the whole picture")
        return replace(file, exif=exif, xmp=xmp)

    def _gain_map(self, quality: int) -> StoredGainMap | None:
        """The standard map's part, at a size that fits."""
        file = self.opened.file
        stored, base = file.gain_map, file.base
        assert stored is not None
        smaller = tuple(
            max(1, round(count * new / old)) if new < old else count
            for count, new, old in zip(
                (stored.image.width, stored.image.height), self.size, (base.width, base.height), strict=True
            )
        )
        is_iso = not isinstance(stored.metadata, AppleMetadata)
        if not self.is_crop and is_iso and smaller == (stored.image.width, stored.image.height):
            self.notes.append("standard gain map: kept bit for bit, readers enlarge it")
            return stored
        decoded = decoded_map(self.opened, self.notes)
        if decoded is None:
            return None
        codes, bits = decoded.codes, decoded.image.bits
        if self.is_crop:
            codes = crop_gain_map(codes, decoded.metadata, bits, self.part, (base.width, base.height))
        else:
            codes = resize_gain_map(codes, decoded.metadata, bits, (smaller[0], smaller[1]))
        self.notes.append(f"standard gain map: {codes.shape[1]} x {codes.shape[0]}, coded again at quality {quality}")
        return coded_map(replace(decoded, codes=codes), CODECS[file.container], quality)

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
