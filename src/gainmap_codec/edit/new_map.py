"""The standard gain map of a file that is made of another: kept, cut and brought to size, or made anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gainmap_codec.codec.encoding import make_gain_map
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.frame import Size
from gainmap_codec.edit.new_base import NewBase, Shown
from gainmap_codec.edit.recoding import DecodedMap, coded_map, decoded_map, is_writable
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import NoGainMapError
from gainmap_codec.files.records import CODECS, AppleMetadata, StoredGainMap
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, resize_gain_map


@dataclass(frozen=True, eq=False)
class NewMap:
    """The standard map to be; `psnr` in dB against the source's rendition where it was made anew."""

    stored: StoredGainMap | None
    psnr: float | None = None


NO_MAP = NewMap(None)


def new_map(base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """The source's standard map for the new base, or one made of its neural one."""
    stored = base.source.file.gain_map
    if stored is not None and _may_keep(stored, base, options, notes):
        notes.done.append(f"standard gain map: kept bit for bit, {len(stored.image.data):,} bytes")
        return NewMap(stored)
    decoded = decoded_map(base.source, notes)
    return _made(base, options, notes) if decoded is None else _coded(decoded, base, options, notes)


def _may_keep(stored: StoredGainMap, base: NewBase, options: TranscodeOptions, notes: Notes) -> bool:
    """Whether a map is written as it is: one of Apple's own only with all around it, unless one was asked for."""
    container, size = base.file.container, (stored.image.width, stored.image.height)
    if stored.image.codec != CODECS[container] or options.codes_map:
        return False
    if base.shown.is_crop or _fitting(base.shown, size) != size:
        return False
    if isinstance(stored.metadata, AppleMetadata):
        return options.carry is None and base.is_kept and container != "jpeg"
    return is_writable(stored, notes)


def _coded(decoded: DecodedMap, base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """The map's part, at a size that fits."""
    container, codes, bits, shown = base.file.container, decoded.codes, decoded.image.bits, base.shown
    if shown.is_crop:
        old = base.source.file.base
        codes = crop_gain_map(codes, decoded.metadata, bits, shown.part, (old.width, old.height))
    codes = resize_gain_map(codes, decoded.metadata, bits, _fitting(shown, (codes.shape[1], codes.shape[0])))
    coding = options.coding(container)
    coded = coded_map(replace(decoded, codes=codes), CODECS[container], coding)
    size = f"{codes.shape[1]} x {codes.shape[0]}, {len(coded.image.data):,} bytes"
    notes.done.append(f"standard gain map: coded again at quality {coding.map_quality}, {size}")
    return NewMap(coded)


def _made(base: NewBase, options: TranscodeOptions, notes: Notes) -> NewMap:
    """A map of the source's HDR rendition; none where there is no such, or the base is HDR itself."""
    if is_hdr(base.file.base) or (base.source.neural is None and base.source.file.gain_map is None):
        return NO_MAP
    try:
        made = make_gain_map(base.pair, options.standard)
    except NoGainMapError:
        if options.carry is None:  # told of already: it is lost
            return NO_MAP
        raise
    size, quality = len(made.stored.image.data), f"{made.psnr:.2f} dB against the HDR picture"
    notes.done.append(f"standard gain map: made anew, {size:,} bytes, {quality}")
    notes.done += [f"standard gain map: {made.why}"] if made.why else []
    notes.lost += made.warnings
    return NewMap(made.stored, made.psnr)


def _fitting(shown: Shown, size: Size) -> Size:
    """The size of a map of the part that has `size` now: smaller as the part becomes smaller."""
    left, top, right, bottom = shown.part
    across, down = shown.size[0] / (right - left), shown.size[1] / (bottom - top)
    return max(1, round(size[0] * min(across, 1))), max(1, round(size[1] * min(down, 1)))
