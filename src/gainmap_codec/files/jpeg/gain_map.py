"""Finding the gain map of a JPEG file and its metadata; whatever fails falls through to the next possibility.

Source: CIPA DC-007 (MPF), Ultra HDR image format v1.1 (GContainer), libultrahdr lib/src/jpegr.cpp (scan).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from lxml import etree

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.jpeg.damage import usable_part
from gainmap_codec.files.jpeg.metadata import ISO_ID, XMP_ID, coded_image, first_valid
from gainmap_codec.files.jpeg.mpf import MPF_ID, parse_mpf, primary_of
from gainmap_codec.files.jpeg.segments import APP1, APP2, SOI, JpegImage, header_end, parse_segments
from gainmap_codec.files.jpeg.xmp_directory import directory_of
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP, APPLE_HEADROOM, parse_apple
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import parse_iso21496
from gainmap_codec.files.map_metadata.oddities import odd_gain_map
from gainmap_codec.files.records import AppleMetadata, Carrier, CodedImage, GainMapMetadata, StoredGainMap
from gainmap_codec.files.tags.xmp_packet import HDRGM

VERSION_ONLY_BYTES = 4

_MARKS = re.compile(
    b"|".join(map(re.escape, (ISO_ID, HDRGM.encode(), APPLE_HEADROOM.encode(), APPLE_GAIN_MAP.encode())))
)
# Work for files made to waste it: images tried, places with metadata, starts of an image before each, its segments.
_MOST_IMAGES, _MOST_MARKS, _MOST_STARTS, _MOST_SEGMENTS = 16, 256, 8, 512
_LONGEST_HEADER = 1 << 22
_BEHIND = "image behind the base"


class _Candidate(NamedTuple):
    """A place, `data[start:stop]`, where a picture is said to be."""

    place: str
    start: int
    stop: int


class _NotWholeError(FormatError):
    """A picture that is announced, or begun, and not whole in the file."""


class _Failure(NamedTuple):
    """Why no gain map is used of a place."""

    place: _Candidate
    error: GainMapError

    @property
    def problem(self) -> str:
        return str(self.error).removeprefix("gain map: ")


class FoundGainMap(NamedTuple):
    """A gain map, and where in the file its image begins and ends."""

    stored: StoredGainMap
    start: int
    end: int


def find_gain_maps(
    base: JpegImage,
    xmp: etree._Element | None,
    exif: bytes | None,
    limits: Limits,
    notes: list[str],
    damage: list[str],
) -> list[FoundGainMap]:
    """The file's gain map, and behind it one of Apple's own where the same index names both.

    Args:
        base: The file's first image; what it holds in `data` behind its end is searched.
        xmp: The rdf:RDF element of the base's packet, which may hold a GContainer directory.
        exif: The base's EXIF, which may tell an Apple map's headroom.
        notes: Gets a line for whatever failed on the way.
        damage: Gets a line where there is no gain map because the file ends too early.
    """
    failures: list[_Failure] = []
    maps = _gain_maps(base, _candidates(base, xmp, limits, notes), exif, limits, notes, failures)
    broken = [] if maps else [each for each in failures if isinstance(each.error, _NotWholeError)]
    notes += [f"{each.place.place} leads to no gain map: {each.problem}" for each in failures if each not in broken]
    if broken:
        damage.append(_what_is_missing(base, broken))
        notes.append(damage[-1])
    return maps


def _gain_maps(
    base: JpegImage,
    candidates: Iterator[_Candidate],
    exif: bytes | None,
    limits: Limits,
    notes: list[str],
    failures: list[_Failure],
) -> list[FoundGainMap]:
    apple: FoundGainMap | None = None
    place = ""
    for candidate in candidates:
        if apple is not None and candidate.place != place:
            break
        try:
            found = _read_gain_map(base, candidate, exif, limits, notes)
        except GainMapError as error:
            failures.append(_Failure(candidate, error))
            continue
        if found is None and candidate.place == _BEHIND and not _announces_gain_map(base):
            break  # a photo of its own, and what follows is its map
        if found is not None and found.stored.carrier != "apple":
            return [found, *([apple] if apple else [])]
        if found is not None and apple is None:
            apple, place = found, candidate.place
    return [apple] if apple else []


def _what_is_missing(base: JpegImage, broken: list[_Failure]) -> str:
    """A line about pictures that are announced or begun, none of which is whole."""
    outside = [place for place, _ in broken if place.stop > len(base.data)]
    if not outside:
        return f"a picture is damaged or cut off ({broken[0].place.place}): {broken[0].problem}"
    picture = "gain map" if _announces_gain_map(base) else "picture behind the base"
    if not base.complete:
        return f"the file is cut off: its {picture} is missing"
    if any(place.start < len(base.data) for place in outside):
        return f"the file is cut off: its {picture} is not whole"
    return f"the {picture} is missing: the file is cut off, or a program left it out"


def _announces_gain_map(image: JpegImage) -> bool:
    return _MARKS.search(image.data, image.start, image.tail[0].start) is not None


def _candidates(base: JpegImage, xmp: etree._Element | None, limits: Limits, notes: list[str]) -> Iterator[_Candidate]:
    """Places to look at, the most trustworthy first; each is worked out only when those before fail."""
    sources: tuple[Callable[[], Iterator[_Candidate]], ...] = (
        lambda: _mpf_candidates(base, limits),
        lambda: _directory_candidates(base, xmp),
        lambda: islice(_following_images(base, limits), _MOST_IMAGES),
    )
    for source in sources:
        try:
            yield from source()
        except GainMapError as error:
            notes.append(str(error))


def _mpf_candidates(base: JpegImage, limits: Limits) -> Iterator[_Candidate]:
    """Pictures of the MPF index but the file's first, whose size many editing tools leave stale."""
    for segment in base.header:
        body = base.body(segment)
        if segment.marker == APP2 and body.startswith(MPF_ID):
            origin = segment.start + 4 + len(MPF_ID)
            entries = parse_mpf(body[len(MPF_ID) :], limits)
            primary = primary_of(entries)
            others = (entry for index, entry in enumerate(entries) if index != primary)
            starts = sorted((origin + entry.offset, entry.size) for entry in others)
            for (start, size), (following, _) in pairwise(starts):
                if start + size > following:
                    raise FormatError("MPF index", f"expected separate pictures, got an overlap at byte {following}")
            yield from (_Candidate("MPF index", start, start + size) for start, size in starts)
            return


def _directory_candidates(base: JpegImage, xmp: etree._Element | None) -> Iterator[_Candidate]:
    items = () if xmp is None else directory_of(xmp)
    start = base.end + (items[0].padding if items else 0)
    for item in items[1:]:
        if item.semantic == "GainMap":
            yield _Candidate("GContainer directory", start, start + item.length)
        start += item.length + item.padding


def _following_images(base: JpegImage, limits: Limits) -> Iterator[_Candidate]:
    """Images behind the base that name a gain map's metadata, whatever else lies between and behind them.

    Metadata are searched, and then the image around them: a video may hold thousands of an image's first bytes.
    """
    position = base.end
    for _ in range(_MOST_MARKS):
        mark = _MARKS.search(base.data, position)
        if mark is None:
            return
        image = _image_around(base.data, position, mark.start(), limits)
        position = image.stop if image else mark.end()
        if image:
            yield _Candidate(_BEHIND, image.start, len(base.data))


def _image_around(data: bytes, low: int, mark: int, limits: Limits) -> range | None:
    """From the SOI to the first scan of the image whose header holds the byte at `mark`, behind `low`."""
    start = mark
    for _ in range(_MOST_STARTS):
        start = data.rfind(SOI + b"\xff", max(low, mark - _LONGEST_HEADER), start)
        if start < 0:
            return None
        stop = header_end(data, start, _MOST_SEGMENTS, limits)
        if stop is not None and stop > mark:
            return range(start, stop)
    return None


def _read_gain_map(
    base: JpegImage, place: _Candidate, exif: bytes | None, limits: Limits, notes: list[str]
) -> FoundGainMap | None:
    """The gain map at a candidate's place, or None for a picture without gain-map metadata."""
    if not base.end <= place.start <= place.stop <= len(base.data):
        behind, got = f"bytes {base.end} to {len(base.data)}", f"{place.start} to {place.stop}"
        error = _NotWholeError if place.stop > len(base.data) else FormatError
        raise error("gain map", f"expected a place within {behind} of the file, got {got}")
    image = _picture_at(base.data, place, limits)
    metadata = _gain_map_metadata(image, exif, limits, notes)
    if metadata is None:
        return None
    if not image.complete:
        raise _NotWholeError("gain map", "expected an end (EOI), got an image that is cut off", offset=image.end)
    usable = usable_part(image)
    if usable is not image:
        raise _NotWholeError("gain map", "expected a whole scan, got one that is damaged", offset=usable.end)
    return FoundGainMap(StoredGainMap(coded_image(image, limits, notes), *metadata), image.start, image.end)


def _picture_at(data: bytes, place: _Candidate, limits: Limits) -> JpegImage:
    """The picture at a candidate's place; one that begins there and breaks, or whose bytes are all gone, is damage."""
    try:
        return parse_segments(data, limits, start=place.start, stop=place.stop)
    except FormatError as error:
        found = data[place.start : place.stop]
        if found.startswith(SOI) or not found.strip(b"\0") or not found.strip(b"\xff"):
            raise _NotWholeError(error.where, error.problem, offset=error.offset) from error
        raise


def _gain_map_metadata(
    image: JpegImage, exif: bytes | None, limits: Limits, notes: list[str]
) -> tuple[GainMapMetadata | AppleMetadata, Carrier] | None:
    """ISO 21496-1 first, then hdrgm, then Apple's."""
    blobs = [body for body in image.bodies(APP2, ISO_ID) if len(body) > VERSION_ONLY_BYTES]
    iso = first_valid("ISO 21496-1 metadata", blobs, parse_iso21496, notes)
    if iso is not None:
        return iso[1], "iso21496"
    packets = image.bodies(APP1, XMP_ID)
    hdrgm = first_valid("gain-map XMP", packets, lambda body: parse_hdrgm(body, limits), notes)
    if hdrgm is not None:
        return hdrgm[1], "hdrgm"
    apple = first_valid("Apple gain map", packets, lambda body: parse_apple(body, exif, limits, notes), notes)
    if apple is not None:
        return apple[1], "apple"
    return None


def gain_map_notes(image: JpegImage, base: CodedImage, found: StoredGainMap) -> Iterator[str]:
    """What is odd about a gain map that is used all the same."""
    yield from odd_gain_map(base, found)
    if found.carrier == "iso21496" and not image.bodies(APP2, ISO_ID):
        yield "no ISO 21496-1 version segment in the base: some readers show SDR"
