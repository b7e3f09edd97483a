"""The base of a file that is made of another: its coded bytes, or its pixels, a part of them or others, coded anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

from gainmap_codec.codec.decoding import Rendition, best_rendition
from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.codec.rendering import (
    STORED,
    Floats,
    base_headroom,
    full_headroom,
    offsets,
    one_gain,
    render,
)
from gainmap_codec.edit.frame import Frame, Size, upright_size, whole
from gainmap_codec.edit.metadata import for_container
from gainmap_codec.edit.recoding import (
    DecodedMap,
    decoded_apple_map,
    decoded_map,
    own_gain_of,
    recipe_of_network,
    recoded,
)
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import GainMapError, NoGainMapError
from gainmap_codec.files.container import can_hold, moved, with_others_for
from gainmap_codec.files.jpeg.thumbnails import without_thumbnails
from gainmap_codec.files.records import (
    CODECS,
    AppleMetadata,
    Codec,
    Container,
    GainMapFile,
    GainMapMetadata,
    describe_other,
)
from gainmap_codec.files.tags import exif_edit, xmp_edit
from gainmap_codec.pixels.color.code_points import color_of
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.map_choice import MapRecipe
from gainmap_codec.pixels.maps.one_gain import OneGain
from gainmap_codec.pixels.raster.geometry import Box
from gainmap_codec.pixels.raster.resampling import resized
from gainmap_codec.pixels.raster.resizing import resize_codes


@dataclass(frozen=True, eq=False)
class Shown:
    """What a new file is to show, and which part of an opened file's base that is.

    Attributes:
        opened: The file whose metadata and gain maps go with it.
        part: Where it is in the file's base; edges between pixels are allowed.
        codes: (H, W) or (H, W, 3), in the stored raster, the colour and the depth of the file's base; None is the base
            as it is.
        has_thumbnails: Small pictures in the metadata still show the same.
        is_edited: It may be more than a part of the file's base at a size: another program's work, which its HDR
            rendition does not show.
    """

    opened: OpenedFile
    part: Box[float]
    codes: AnyCodes | None = None
    has_thumbnails: bool = True
    is_edited: bool = False

    @property
    def size(self) -> Size:
        """Of the new base."""
        base = self.opened.file.base
        return (base.width, base.height) if self.codes is None else (self.codes.shape[1], self.codes.shape[0])

    @property
    def is_crop(self) -> bool:
        """Whether it is less than all of the file's base."""
        return self.part != whole(self.opened.file)

    @cached_property
    def stored_map(self) -> tuple[DecodedMap[GainMapMetadata] | None, Notes]:
        """The standard gain map, by `decoded_map`, and its lines: decoded once for all tries of a search for a size."""
        told = Notes()
        return decoded_map(self.opened, told), told

    @cached_property
    def apple_map(self) -> tuple[DecodedMap[AppleMetadata] | None, Notes]:
        """The same of Apple's own kind, by `decoded_apple_map`."""
        told = Notes()
        return decoded_apple_map(self.opened, told), told

    @cached_property
    def own_gain(self) -> OneGain | None:
        """The neural gain map's own, by `own_gain_of`."""
        return own_gain_of(self.opened)

    @cached_property
    def recipe_of_network(self) -> Callable[[Codec, int], MapRecipe]:
        """How that gain is coded where nobody says, by `recipe_of_network`: chosen once for all tries."""
        network, gain = self.opened.neural, self.own_gain
        assert network is not None and gain is not None
        return cache(partial(recipe_of_network, self.opened, network, gain))

    def light(self, pixels: Array) -> Array:
        """The same part at the same size of a rendition of the file, float32 (H, W, 3)."""
        box = self._whole_pixels
        part = pixels[box.top : box.bottom, box.left : box.right]
        return part if part.shape[1::-1] == self.size else resized(part, *self.size)

    def gain(self, gain: OneGain) -> OneGain:
        """The same part of a gain that lies over the file's base."""
        base = self.opened.file.base
        return gain.part(self._whole_pixels, base.width, base.height) if self.is_crop else gain

    @property
    def _whole_pixels(self) -> Box[int]:
        left, top, right, bottom = map(round, self.part)
        return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def framed(opened: OpenedFile, frame: Frame, notes: Notes) -> Shown:
    """A part of the base at a size; the base as it is where that is all of it."""
    if frame.is_whole(opened.file):
        return Shown(opened, whole(opened.file))
    part = frame.part
    codes = opened.codes[part.top : part.bottom, part.left : part.right]
    if codes.shape[1::-1] != frame.size:
        notes.lost += opened.color.notes
        codes = resize_codes(codes, *frame.size, opened.color.curves)
    return Shown(opened, part, codes, has_thumbnails=part == whole(opened.file))


@dataclass(frozen=True, eq=False)
class NewBase:
    """The base to be, and what it comes from.

    Attributes:
        shown: What it shows of its source.
        file: The new file without gain maps.
        is_kept: The base has the coded bytes of the source's.
        device: Torch device of renditions and fits.
        notes: Of the whole edit.
    """

    shown: Shown
    file: GainMapFile
    is_kept: bool
    device: str
    notes: Notes

    @property
    def source(self) -> OpenedFile:
        """The file that is edited."""
        return self.shown.opened

    @cached_property
    def codes(self) -> AnyCodes:
        """Code values, (H, W, 3), stored raster."""
        return self.source.codes if self.is_kept else base_codes(self.file.base)

    @cached_property
    def rendition(self) -> Rendition[Floats]:
        """The source's HDR rendition, whole and in its own raster.

        Raises:
            NoGainMapError: The source has no gain map that can be used.
        """
        found = best_rendition(self.source.decoded_once(), replace(STORED, device=self.device), render)
        self.notes.lost += found.notes
        if found.kind == "base":
            raise NoGainMapError("expected a gain map that can be used, got none")
        return found

    @cached_property
    def pair(self) -> Pair:
        """The new base, and the source's HDR rendition in its raster.

        Raises:
            NoGainMapError: As `rendition`.
        """
        found = self.rendition
        color, hdr = color_of(self.file.base), self.shown.light(found.pixels)
        gain, headroom = one_gain(found.opened, found.kind), full_headroom(found.opened, found.kind)
        known, least = offsets(found.opened, found.kind), base_headroom(found.opened, found.kind)
        gain = gain and self.shown.gain(gain)
        return Pair(self.file, self.codes, color, hdr, headroom, gain, known, base_headroom=least)


def new_base(shown: Shown, container: Container, options: TranscodeOptions, notes: Notes) -> NewBase:
    """The file without gain maps as its readers get it."""
    opened, codec = shown.opened, CODECS[container]
    if keeps_base(shown, container, options):
        notes.done.append("base: kept bit for bit")
        kept = moved(opened.file, container, notes.lost)
        return NewBase(shown, kept.without_gain_maps(), True, options.device, notes)
    file = with_others_for(opened.file, container, codec)
    codes = opened.codes if shown.codes is None else shown.codes
    if shown.codes is not None:
        file = _without_pictures(_with_metadata(file, shown, notes), notes)
    if (container, codec) != (file.container, file.base.codec):
        notes.lost += opened.color.notes
        file, codes = for_container(file, container, codes, opened.color, notes)
    coding = options.coding(container)
    new = recoded(file, codes, container, coding, notes)
    notes.done.append(f"base: coded again at quality {coding.quality}, {upright_size(file, shown.size)}")
    return NewBase(shown, new, False, options.device, notes)


def keeps_base(shown: Shown, container: Container, options: TranscodeOptions) -> bool:
    """Whether the base is written as it is coded."""
    return shown.codes is None and can_hold(container, shown.opened.file.base) and not options.codes_base


def _without_pictures(file: GainMapFile, notes: Notes) -> GainMapFile:
    """The record without previews and other pictures of what the base showed before."""
    for part in file.others:
        if part.kind == "picture":
            notes.lost.append(f"{describe_other(part)}: not kept, it shows the photo as it was")
    return replace(file, others=tuple(part for part in file.others if part.kind != "picture"))


def _with_metadata(file: GainMapFile, shown: Shown, notes: Notes) -> GainMapFile:
    """The record with the new size, and without small pictures of what it was."""
    keeps, exif, xmp = shown.has_thumbnails, file.exif, file.xmp
    try:
        if exif is not None:
            exif = exif_edit.with_size(exif, *shown.size)
            exif = exif if keeps else exif_edit.without_thumbnail(exif)
        if xmp is not None:
            changes = [xmp_edit.size_is(*shown.size)] + ([] if keeps else [xmp_edit.no_thumbnails])
            xmp = xmp_edit.edited(xmp, *changes)
    except GainMapError as error:
        notes.lost.append(f"damaged metadata still describe the whole picture: {error}")
    if (exif, xmp) != (file.exif, file.xmp):
        notes.done.append("EXIF and XMP: width and height changed" + ("" if keeps else ", thumbnails removed"))
    base = file.base if keeps or file.base.codec != "jpeg" else without_thumbnails(file.base, notes.lost)
    if base is not file.base:
        notes.done.append("JFIF and Photoshop data: thumbnails removed")
    return replace(file, exif=exif, xmp=xmp, base=base)
