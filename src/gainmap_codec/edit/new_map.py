"""The standard gain map of a file that is made of another: kept, cut and brought to size, or made anew.

A neural gain map that predicts one gain for all channels is a standard map already, and only has to be coded. A map
that is to have fewer channels, or whose scale or channels are to be chosen, is made of the HDR rendition, as `encode`
makes one. All else is done to the map's own pixels. So is one of Apple's own kind, where these say as much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from gainmap_codec.codec.encoding import DIMMED_STOPS, FAR_OFF, alternate_points, make_gain_map
from gainmap_codec.codec.opening import three_channels
from gainmap_codec.codec.options import PHOTO_PRESETS, Auto, MapOptions, TranscodeOptions
from gainmap_codec.edit.frame import Size, upright_size
from gainmap_codec.edit.new_base import NewBase
from gainmap_codec.edit.recoding import (
    DecodedMap,
    Numbers,
    coded_apple_map,
    coded_map,
    is_writable,
    kept_map,
    map_of_network,
    note_map_segments,
)
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import NoGainMapError
from gainmap_codec.files.container import can_hold
from gainmap_codec.files.records import CODECS, AppleMetadata, CodedImage, GainMapMetadata, StoredGainMap
from gainmap_codec.pixels.color.light import AnyCodes, told_psnr, with_bits
from gainmap_codec.pixels.formats.coded_image import DEPTHS
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, highlight_gain, resize_gain_map

_COARSEST = 128  # base pixels for each of a map's along a side


@dataclass(frozen=True, eq=False)
class NewMap:
    """The standard map to be; `psnr` in dB against the source's rendition where it was made anew."""

    stored: StoredGainMap | None
    psnr: float | None = None


NO_MAP = NewMap(None)


def new_map(base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """The source's standard map for the new base, or one made of its HDR rendition."""
    if options.carry == "apple":
        return _apple_map(base, options, notes)
    stored = base.source.file.gain_map
    if stored is not None and _may_keep(stored, base, options, notes):
        notes.done.append("standard gain map: kept bit for bit")
        return NewMap(kept_map(stored, base.file.container))
    if stored is not None:
        note_map_segments(stored.image, CODECS[base.file.container], notes)
    decoded, told = base.shown.stored_map
    notes.done += told.done
    notes.lost += told.lost
    decoded = decoded or _of_network(base)
    if decoded is None:
        return _made(base, options.standard(base.file.container), options, notes)
    if _is_to_be_made(decoded.image, options):
        if not base.source.has_hdr_base:
            return _made(base, _like(decoded.image, base, options), options, notes)
        notes.lost.append("the gain map of an HDR base keeps its channels, and its scale unless that is a number")
    return _coded(decoded, base, _as_chosen(decoded.image, base, options), notes)


def _apple_map(base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """One of Apple's own kind: the source's, one of its map's pixels where they can tell it, or one made anew."""
    file, codec = base.source.file, CODECS[base.file.container]
    for stored in (file.gain_map, file.spare_gain_map):
        if stored is not None and stored.carrier == "apple" and _may_keep(stored, base, options, notes):
            rest = "" if stored is file.gain_map else ", and the one of ISO 21496-1 left out"
            notes.done.append(f"gain map: Apple's own, kept bit for bit{rest}")
            return NewMap(stored)
    decoded, told = base.shown.apple_map
    if decoded is None:
        notes.lost += told.lost
    if decoded is None or _is_to_be_made(decoded.image, options):
        image = file.gain_map and file.gain_map.image
        how = _like(image, base, options) if image else options.standard(base.file.container)
        made = _made(base, how, options, notes)
        if image and image.channels == 3 and made.psnr is not None:
            notes.lost.append(f"Apple's gain map has one channel for the three that there were: {made.psnr:.1f} dB")
        return made
    notes.done += told.done
    notes.lost += told.lost
    options = _as_chosen(decoded.image, base, options)
    coded = coded_apple_map(_cut_to_size(decoded, base, options, notes), codec, options.coding(base.file.container))
    notes.done.append(f"gain map: coded {_how_coded(coded, base, options)}")
    return NewMap(coded)


def _may_keep(stored: StoredGainMap, base: NewBase, options: TranscodeOptions, notes: Notes) -> bool:
    """Whether a map is written as it is: one of Apple's own only with all around it, unless one was asked for."""
    image, can = stored.image, base.file.can
    if not can_hold(base.file.container, image) or base.shown.is_crop or options.codes_map_anew:
        return False
    asked = ((options.map_channels, image.channels), (options.map_bits, image.bits))
    if _is_to_be_made(image, options) or any(wanted not in (None, own) for wanted, own in asked):
        return False
    if _size_for(base, options, (image.width, image.height)) != (image.width, image.height):
        return False
    if isinstance(stored.metadata, AppleMetadata):
        is_left = options.carry is None and not options.codes_map and base.is_kept and can.keeps_apple_maps
        return options.carry == "apple" or is_left
    return is_writable(stored, notes)


def _of_network(base: NewBase) -> DecodedMap[GainMapMetadata] | None:
    """The neural gain map's own gain as a standard map, or None where it predicts something else."""
    gain, network, file = base.shown.own_gain, base.source.neural, base.file
    if gain is None or network is None:
        return None
    decoded = map_of_network(network, gain, CODECS[file.container], file.base.bits)
    return replace(decoded, image=replace(decoded.image, nclx=alternate_points(file)))


def _as_chosen(image: CodedImage, base: NewBase, options: TranscodeOptions) -> TranscodeOptions:
    """The options with the scale and quality that are chosen for a network's own gain, where nothing else says them. A
    standard map in the network's place keeps all that it tells.
    """
    is_small = not image.data and options.carry in ("both", "apple")
    if not is_small or options.preset in PHOTO_PRESETS or (options.map_scale and options.map_quality):
        return options
    recipe = base.shown.recipe_of_network(CODECS[base.file.container], image.bits)
    is_smaller = image.width * recipe.scale > base.source.file.base.width
    scale = recipe.scale if options.map_scale is None and is_smaller else options.map_scale
    return replace(options, map_scale=scale, map_quality=options.map_quality or recipe.quality)


def _is_to_be_made(image: CodedImage, options: TranscodeOptions) -> bool:
    """Whether the HDR rendition has to tell what the map is to be: its own pixels do not."""
    chosen = "auto" in (options.map_scale, options.map_channels, options.map_bits)
    return chosen or (options.map_channels == 1 and image.channels == 3)


def _like(image: CodedImage, base: NewBase, options: TranscodeOptions) -> MapOptions:
    """How a map is made in place of this one: as asked for, and else like it."""
    asked = options.standard(base.file.container)
    own = min(max(round(base.source.file.base.width / image.width), 1), _COARSEST)
    scale = own if options.map_scale is None else asked.scale
    channels = image.channels if options.map_channels is None else asked.channels
    bits = image.bits if options.map_bits is None else asked.bits
    return replace(asked, scale=scale, channels=channels, bits=bits)


def _coded(decoded: DecodedMap[GainMapMetadata], base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """The map's part, in the size and with the channels that are asked for or fit."""
    container = base.file.container
    cut = _cut_to_size(decoded, base, options, notes)
    if options.map_channels == 3 and cut.codes.ndim == 2:
        cut = replace(cut, codes=three_channels(cut.codes))
    coded = coded_map(cut, CODECS[container], options.coding(container))
    what = "coded again" if decoded.image.data else "the neural map's own gain"
    notes.done.append(f"standard gain map: {what} {_how_coded(coded, base, options)}")
    return NewMap(coded)


def _cut_to_size(
    decoded: DecodedMap[Numbers], base: NewBase, options: TranscodeOptions, notes: Notes
) -> DecodedMap[Numbers]:
    codes, metadata, bits = decoded.codes, decoded.metadata, decoded.image.bits
    if base.shown.is_crop:
        old = base.source.file.base
        codes = crop_gain_map(codes, metadata, bits, base.shown.part, (old.width, old.height))
    bits, old_bits = _bits(options.map_bits, bits, base, notes), bits
    codes = with_bits(codes, old_bits, bits)
    own = codes.shape[1], codes.shape[0]
    width, height = _size_for(base, options, own)
    if width > own[0] or height > own[1]:
        notes.done.append(f"standard gain map: enlarged from {own[0]} x {own[1]}, which adds no detail")
    fitting = _fitting(base, own)
    if width <= fitting[0] and height <= fitting[1]:  # by way of the size that shows as much as before
        codes = resize_gain_map(codes, metadata, bits, fitting)
    resized = resize_gain_map(codes, metadata, bits, (width, height))
    if not base.source.has_hdr_base:
        _note_dimmed(codes, resized, metadata, bits, notes)
    return replace(decoded, codes=resized, image=replace(decoded.image, bits=bits))


def _note_dimmed(
    fine: AnyCodes, coarse: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int, notes: Notes
) -> None:
    """A line where a coarser map takes much of the brightness of highlights."""
    if coarse is fine:
        return
    before, after = (highlight_gain(codes, metadata, bits) for codes in (fine, coarse))
    if before - after > DIMMED_STOPS:
        gains = f"by {after:.1f} stops instead of {before:.1f}"
        notes.done.append(f"standard gain map: coarser, which dims small highlights: it brightens them {gains}")


def _how_coded(coded: StoredGainMap, base: NewBase, options: TranscodeOptions) -> str:
    size = upright_size(base.source.file, (coded.image.width, coded.image.height))
    return f"at quality {options.coding(base.file.container).map_quality}, {size}"


def _bits(asked: int | Auto | None, own: int, base: NewBase, notes: Notes) -> int:
    """The depth of the map, which has its `own` now, as far as the codec of its file has it."""
    codec = CODECS[base.file.container]
    wanted, most = (own if asked in (None, "auto") else int(asked)), max(DEPTHS[codec])
    if asked == wanted > most:
        notes.lost.append(f"the gain map has {most} bits instead of {asked}: {codec.upper()} holds no more")
    return min(wanted, most)


def _made(base: NewBase, how: MapOptions, options: TranscodeOptions, notes: Notes) -> NewMap:
    """A map of the source's HDR rendition; none where there is no such, or the base is HDR itself."""
    if base.source.has_hdr_base or (base.source.neural is None and base.source.file.gain_map is None):
        return NO_MAP
    if how.bits != "auto":
        how = replace(how, bits=_bits(options.map_bits, how.bits, base, notes))
    try:
        made = make_gain_map(base.pair, how)
    except NoGainMapError:
        if options.carry is None:  # told of already: it is lost
            return NO_MAP
        raise
    notes.lost += made.warnings
    if made.psnr < FAR_OFF and not made.warnings:
        notes.lost.append(f"the new standard gain map shows another HDR picture than the source: {made.psnr:.1f} dB")
    notes.done.append(f"standard gain map: made anew, {told_psnr(made.psnr)} against the source's HDR picture")
    notes.done += [f"standard gain map: {made.why}"] if made.why else []
    return NewMap(made.stored, made.psnr)


def _size_for(base: NewBase, options: TranscodeOptions, own: Size) -> Size:
    """The size of the map, which has its `own` now; a preset's scale makes none larger."""
    fitting = _fitting(base, own)
    if options.scale is None or options.scale == "auto":
        return fitting
    width, height = (ceil(side / options.scale) for side in base.shown.size)
    return (width, height) if options.map_scale is not None else (min(width, fitting[0]), min(height, fitting[1]))


def _fitting(base: NewBase, size: Size) -> Size:
    """The size of a map of the part that has `size` now: smaller as the part becomes smaller."""
    left, top, right, bottom = base.shown.part
    across, down = base.shown.size[0] / (right - left), base.shown.size[1] / (bottom - top)
    return max(1, round(size[0] * min(across, 1))), max(1, round(size[1] * min(down, 1)))
