"""Files that keep within so many bytes: those that `max_bytes` allows, or those that a larger picture had.

The quality of the base goes down, from the one that it would have otherwise, and that of the standard map by as much.
For `max_bytes` this ends at 60: with chroma in 4:2:0 and a map of at most a quarter of the base's side, the quality
begins anew and goes down to 30, and then, with a map of an eighth, to 1. What the caller has chosen of these stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.codec.options import PHOTO_PRESETS, Coding, TranscodeOptions
from gainmap_codec.codec.strip import stripped
from gainmap_codec.edit.new_base import Shown
from gainmap_codec.edit.report import Lowered, Notes
from gainmap_codec.edit.size_search import Try, largest_within
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import Container, GainMapFile

Make = Callable[[TranscodeOptions, Notes], GainMapFile]
Draft = Callable[[TranscodeOptions], GainMapFile]

_STEPS = ((60, 1), (30, 4), (1, 8))
"""Down to which quality a file is looked for while its standard map has at least which scale."""
_UNASKED = ((30, 1),)
"""The same where no size is asked for: a smaller picture of a lower quality is rather a larger file."""
LOWEST_FAIR = 30
"""Below this quality a smaller picture of the same bytes looks better."""
_MOST_CODINGS = 7  # beside the first and the last
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
    notes.lowered = own.lowered
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
    """The best file that keeps within `most` bytes; None where there is none, and none was asked for.

    Args:
        first: The file as it was asked for.
    """

    def size_of(chosen: TranscodeOptions) -> int:
        return _size(replace(draft(chosen), payload=first.payload))

    aim, size, quality = most, _size(first), _coding(shown, options).quality
    for _ in range(_ATTEMPTS):
        chosen = _best_within(aim, size, shown, options, size_of)
        if chosen is None:
            break
        because = "max_bytes is" if options.max_bytes else "its source has"
        instead = f"at {quality} the file has {size:,} bytes, {because} {most:,}"
        of_map = f", of the map {chosen.map_quality}" if first.gain_map else ""
        line = f"quality {chosen.quality}{of_map}: {instead}"
        notes = Notes(done=[line], lowered=Lowered(_coding(shown, chosen).quality, line))
        if notes.lowered and notes.lowered.quality < LOWEST_FAIR:
            poor = f"quality {chosen.quality} to keep within {most:,} bytes"
            notes.lost.append(f"{poor}: colours and edges suffer; a smaller picture looks better")
        file = make(chosen, notes)
        if _size(file) <= most:
            return file, notes
        aim -= _size(file) - most
    if options.max_bytes:
        least = _at(1, _STEPS[-1][1], shown, options)
        raise ValueError(_unreachable(replace(draft(least), payload=first.payload), most))
    return None


def _best_within(
    most: int, first: int, shown: Shown, options: TranscodeOptions, size_of: Callable[[TranscodeOptions], int]
) -> TranscodeOptions | None:
    """The options with the highest quality at the first step where one keeps within `most` bytes, or None.

    Args:
        first: Size at the quality that is asked for.
    """
    asked, left = _coding(shown, options).quality, _MOST_CODINGS
    above = Try(asked, first)
    for floor, scale in _STEPS if options.max_bytes else _UNASKED:
        if floor >= asked:
            continue

        def at(quality: int, scale: int = scale) -> TranscodeOptions:
            return _at(quality, scale, shown, options)

        lowest = Try(floor, size_of(at(floor)))
        left -= 1
        if lowest.size <= most:
            return at(largest_within(lambda quality: size_of(at(quality)), most, lowest, above, left))
        if scale > 1:  # a still smaller map saves next to nothing
            above = lowest
    return None


def _at(quality: int, scale: int, shown: Shown, options: TranscodeOptions) -> TranscodeOptions:
    """The options at a lower quality; with a scale above 1, also with fewer details of colour and gain."""
    coding = _coding(shown, options)
    lowered = replace(options, quality=quality, map_quality=max(1, coding.map_quality - coding.quality + quality))
    if scale == 1:
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
