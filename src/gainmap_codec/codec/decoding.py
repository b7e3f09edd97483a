"""From a file to the best rendition that it gives: which of its gain maps serve, and which one is taken.

`gainmap_codec.decode` and `gainmap_codec.tensors.decode` both choose here; they differ in where pixels are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.opening import OpenedFile, open_file, open_source
from gainmap_codec.codec.options import DecodeOptions, Prefer
from gainmap_codec.codec.rendering import full_headroom, render
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import may_have_gain_map
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation_1
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.formats.hdr_files import decode_hdr
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.hdr_image import ORIGINS, HdrImage, RenderedFrom
from gainmap_codec.pixels.raster.geometry import to_upright

Pixels = TypeVar("Pixels")
Render = Callable[[OpenedFile, RenderedFrom, DecodeOptions], Pixels]


@dataclass(frozen=True, eq=False)
class Rendition(Generic[Pixels]):
    """The rendition that was taken.

    Attributes:
        opened: The file as it was used: with its spare gain map in place of one that is broken.
        kind: What it was rendered from.
        pixels: As `render` gives them.
        refusals: Why nothing else was taken, a line each.
    """

    opened: OpenedFile
    kind: RenderedFrom
    pixels: Pixels
    refusals: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Why nothing else was taken, and what is odd about the colours that it was rendered by."""
        colors = (self.opened.color, self.opened.maths_color) if self.kind == "standard" else (self.opened.color,)
        return self.refusals + tuple(dict.fromkeys(line for color in colors for line in color.notes))

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that is to be told of it, a line each: what was odd about the file, then `notes`."""
        return self.opened.warnings + self.notes


def preference(opened: OpenedFile, prefer: Prefer) -> list[RenderedFrom]:
    """The renditions to try, best first; the base is always the last.

    "auto" takes the map that came nearer to the HDR original, where the payload tells of both, else the neural one.
    """
    neural, standard = opened.neural, opened.file.gain_map
    order: list[RenderedFrom] = ["neural", "standard"]
    if prefer == "base":
        order = []
    elif prefer == "standard" or (prefer == "auto" and neural and neural.standard_psnr > neural.neural_psnr):
        order.reverse()
    there = {"neural": neural is not None, "standard": standard is not None}
    return [kind for kind in order if there[kind]] + ["base"]


def unusable(kind: RenderedFrom, error: GainMapError) -> str:
    """The line about a gain map that is broken, by which verbs that meet it more than once tell of it once."""
    return f"the {kind} gain map cannot be used: {error}"


def best_rendition(opened: OpenedFile, options: DecodeOptions, render: Render[Pixels]) -> Rendition[Pixels]:
    """The first rendition that can be had; a standard map that is broken gives way to the file's spare one.

    Raises:
        GainMapError: The base itself is broken.
        ValueError: The region or the array does not fit the picture.
    """
    remaining = preference(opened, options.prefer)
    notes: list[str] = []
    if options.prefer in ("neural", "standard") and remaining[0] != options.prefer:
        notes.append(f"no usable {options.prefer} gain map: made from {ORIGINS[remaining[0]]}")
    while True:
        kind = remaining[0]
        try:
            pixels = render(opened, kind, options)
        except GainMapError as error:
            if kind == "base":
                raise
            notes.append(unusable(kind, error))
        else:
            return Rendition(opened, kind, pixels, tuple(notes))
        spare = opened.file.spare_gain_map
        if kind == "standard" and spare is not None:
            opened = replace(opened, file=replace(opened.file, gain_map=spare, spare_gain_map=None))
        else:
            del remaining[0]


def decode_with_notes(source: Source, options: DecodeOptions) -> HdrImage:
    """As `gainmap_codec.decode`; the picture's `warnings` are all that is told of them.

    Raises:
        GainMapError, ValueError, OSError: As `gainmap_codec.decode`.
    """
    return decode_opened(open_source(source, options.limits, is_rendered=True), options)


def read_any(source: Source, limits: Limits) -> HdrImage:
    """See `HdrImage.open`; the picture's `warnings` are all that is told of them.

    Raises:
        GainMapError, OSError: As that.
    """
    data, name = read_source(source, limits)
    if may_have_gain_map(data):
        return decode_opened(open_file(data, name, limits, is_rendered=True), DecodeOptions(limits=limits))
    return upright_hdr(data, name, limits)


def decode_opened(opened: OpenedFile, options: DecodeOptions) -> HdrImage:
    """As `decode_with_notes`, of a file that is opened already."""
    found = best_rendition(opened, options, render)
    full = full_headroom(found.opened, found.kind)
    shown = full if options.headroom is None else min(full, options.headroom)
    height, width = found.pixels.shape[:2]
    metadata = metadata_of(opened.file, options, width, height)
    image = HdrImage(found.pixels, options.color_space, shown, found.kind, found.warnings, metadata)
    if found.kind == "base" and is_hdr(opened.file.base):
        return replace(image, headroom=image.measured_headroom())  # its brightness stands nowhere in the file
    return image


def upright_hdr(data: bytes, name: str, limits: Limits) -> HdrImage:
    """As `decode_hdr`, as the picture is to be seen."""
    return upright_picture(decode_hdr(data, name, limits))


def upright_picture(image: HdrImage) -> HdrImage:
    """An HDR picture as it is to be seen: turned where its EXIF says so, which then says so no more."""
    exif = image.metadata.exif
    turn = 1 if exif is None else orientation(exif)
    if exif is None or turn == 1:
        return image
    metadata = replace(image.metadata, exif=with_orientation_1(exif))
    return replace(image, pixels=to_upright(image.pixels, turn), metadata=metadata)
