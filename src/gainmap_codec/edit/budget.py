"""Files that keep within so many bytes: those that `max_bytes` allows, or those that a larger picture had.

Both are reached by one number, the level: the quality of the base, from the one that it would have otherwise down to 1.
The quality of the standard map goes down by as much. For `max_bytes`, chroma is stored in 4:2:0 and the map has at most
a quarter of the base's side below level 60, an eighth below 30, unless the caller has chosen them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.codec.options import PHOTO_PRESETS, Coding, TranscodeOptions
from gainmap_codec.codec.strip import stripped
from gainmap_codec.edit.new_base import Shown
from gainmap_codec.edit.report import Notes
from gainmap_codec.edit.size_search import largest_within
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import Container, GainMapFile

Make = Callable[[TranscodeOptions, Notes], GainMapFile]
Draft = Callable[[TranscodeOptions], GainMapFile]

_LEAST_SCALES = ((30, 8), (60, 4))
"""Below which level the standard map has which scale at least."""
_LOWEST_UNASKED = 30
"""Below this level a smaller picture is rather a larger file."""
_ATTEMPTS = 3  # for neural maps that are fitted to each base, and differ in size


def made_within(shown: Shown, options: TranscodeOptions, make: Make, draft: Draft, notes: Notes) -> GainMapFile:
    """The file that the options ask for, with lower qualities where it takes these to keep within its bytes.

    Args:
        make: The file that options ask for, with lines about it.
        draft: The same without its neural map.
    Raises:
        ValueError: Not even the lowest qualities keep within `max_bytes`.
    """
    own = Notes()
    file = make(options, own)
    most = options.max_bytes or _bytes_of_larger(shown, options)
    if most is not None and _size(file) > most:
        file, own = _lowered(most, file, shown, options, make, draft) or (file, own)
    notes.done += own.done
    notes.lost += own.lost
    return file


def _bytes_of_larger(shown: Shown, options: TranscodeOptions) -> int | None:
    """The source's, where the picture becomes smaller, the container stays and no quality was asked for."""
    source = shown.opened
    is_asked = options.quality is not None or options.preset in PHOTO_PRESETS
    if is_asked or _container(shown, options) != source.file.container or not source.data:
        return None
    is_smaller = shown.size[0] * shown.size[1] < source.file.base.width * source.file.base.height
    return len(source.data) if is_smaller else None


def _lowered(
    most: int, first: GainMapFile, shown: Shown, options: TranscodeOptions, make: Make, draft: Draft
) -> tuple[GainMapFile, Notes] | None:
    """The file at the highest level that keeps within `most` bytes; None where there is none, and none was asked for.

    Args:
        first: The file as it was asked for.
    """
    ceiling, aim = _coding(shown, options).quality, most
    known = {} if first.base == shown.opened.file.base else {ceiling: _size(first)}

    def size_at(level: int) -> int:
        if level not in known:
            known[level] = _size(replace(draft(_at(level, shown, options)), payload=first.payload))
        return known[level]

    for _ in range(_ATTEMPTS):
        level = largest_within(size_at, aim, 1 if options.max_bytes else _LOWEST_UNASKED, ceiling)
        if level is None:
            break
        chosen, because = _at(level, shown, options), "max_bytes is" if options.max_bytes else "its source has"
        instead = f"at {ceiling} the file has {_size(first):,} bytes, {because} {most:,}"
        notes = Notes(done=[f"quality {level}, of the map {chosen.map_quality}: {instead}"])
        file = make(chosen, notes)
        if _size(file) <= most:
            return file, notes
        aim -= _size(file) - most
    if options.max_bytes:
        raise ValueError(_unreachable(replace(draft(_at(1, shown, options)), payload=first.payload), most))
    return None


def _at(level: int, shown: Shown, options: TranscodeOptions) -> TranscodeOptions:
    """The options at a level."""
    coding = _coding(shown, options)
    lowered = replace(options, quality=level, map_quality=max(1, coding.map_quality - coding.quality + level))
    scale = next((scale for below, scale in _LEAST_SCALES if level < below), None)
    if scale is None or options.max_bytes is None:
        return lowered
    file = shown.opened.file
    has_scale = file.gain_map is not None and file.gain_map.image.width * scale <= file.base.width + scale
    if options.map_scale in (None, "auto") and not has_scale:
        lowered = replace(lowered, map_scale=scale)
    return replace(lowered, chroma=options.chroma or "4:2:0")


def _coding(shown: Shown, options: TranscodeOptions) -> Coding:
    return options.coding(_container(shown, options))


def _container(shown: Shown, options: TranscodeOptions) -> Container:
    return options.container or shown.opened.file.container


def _size(file: GainMapFile) -> int:
    return len(serialize_file(file, []))


def _unreachable(file: GainMapFile, most: int) -> str:
    """What is said where the smallest file is too large."""
    least = _size(file)
    metadata = least - _size(stripped(file, "all", []))
    text = f"max_bytes: expected at least {least:,} for this picture, got {most:,}"
    if metadata > least // 4:
        return f'{text}; metadata and other parts take {metadata:,}, which strip="all" leaves out'
    return f"{text}; a smaller picture takes less"
