"""What of a HEIC or AVIF file is missing: cut off, or overwritten with bytes that mean nothing.

Source: ITU-T H.265 clause 7.4.2: no three bytes of zeros stand in a NAL unit. Entropy coding leaves none in AV1 either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.heif.items import HeifMeta, Item
from gainmap_codec.files.heif.source import HeifSource

# What is not a box at all may look like a cut one of any other kind.
_BOXES_OF_DATA = {b"mdat": "data", b"mpvd": "video", b"moov": "video"}
_CODED = (b"hvc1", b"av01")
_MOST_NAMED = 4
# What is left where a copy broke off, or a card lost a block: decoders make a picture of it without a word.
_GAPS = (bytes(64), b"\xff" * 64)


def damage_of(source: HeifSource) -> Iterator[str]:
    """A line for each kind of data that are missing."""
    items = source.meta.items.values()
    places = source.meta.places
    outside = [item for item in items if item.id in places and places[item.id].is_outside]
    if outside:
        yield f"the file is cut off, or its index is wrong: items lie outside it ({_listed(outside)})"
    gone = emptied(source.file, source.meta, items)
    if gone:
        yield f"data of pictures are missing: nothing but zeros, or FF, stands in their place ({_listed(gone)})"
    last, count = source.boxes[-1], source.file.lacking
    if count and last.stop < len(source.file.data):
        yield source.file.cut_off("what stands behind its pictures")
    elif count and last.kind in _BOXES_OF_DATA:
        yield source.file.cut_off(f"its {_BOXES_OF_DATA[last.kind]}")


def emptied(file: BoxFile, meta: HeifMeta, items: Iterable[Item]) -> list[Item]:
    """Coded pictures of which a long stretch of data is one byte over and over."""
    coded = [item for item in items if item.kind in _CODED and item.id in meta.places]
    extents = {extent for item in coded for extent in meta.places[item.id].extents}
    if sum(stop - start for start, stop in extents) > len(file.data):
        return []  # overlapping places of a hostile file would take for ever
    gone = {extent for extent in extents if any(file.data.find(gap, *extent) >= 0 for gap in _GAPS)}
    return [item for item in coded if gone.intersection(meta.places[item.id].extents)]


def _listed(items: list[Item]) -> str:
    kinds = Counter(item.kind.decode("latin-1") for item in items)
    return ", ".join(f"{count} of kind {kind!r}" for kind, count in kinds.most_common(_MOST_NAMED))
