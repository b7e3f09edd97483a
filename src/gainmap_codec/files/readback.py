"""What was just written, read again and compared with the record that it was made of, before success is said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import NO_LIMITS, GainMapError, UnsupportedError
from gainmap_codec.files.container import digest_of, parse_file
from gainmap_codec.files.jpeg.metadata import MAX_EXIF_BYTES
from gainmap_codec.files.jpeg.xmp_directory import merge_primary
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, GainMapMetadata, StoredGainMap
from gainmap_codec.files.tags.exif_layout import fitted_exif
from gainmap_codec.files.tags.motion_photo import no_video
from gainmap_codec.files.tags.xmp_edit import HAS_EXTENSION, edited

NEW_FILE = "the new file"
"""What messages call it."""

# What it may ask for, its source has asked for; but its source may have been given up for the work that it makes.
_OUR_OWN = replace(NO_LIMITS, work=1 << 26)


class _Compared(NamedTuple):
    """A thing that the record and the written file both tell."""

    name: str
    wanted: object
    found: object


def read_back(data: bytes, file: GainMapFile) -> GainMapFile:
    """The record of a written file, which says the same as the one that it was made of.

    Whatever the record has, the file must have: pictures to the bit, their sizes and colours, the numbers of the gain
    map, payload, EXIF, XMP and orientation. What the record lacks is not asked about: a map over the caller's limits,
    carried as it is, may well be found.

    Args:
        data: The whole file.
        file: The record that it was written from.
    Raises:
        UnsupportedError: It cannot be read, or says something else; the message says what.
    """
    try:
        written = parse_file(data, NEW_FILE, _OUR_OWN)
    except GainMapError as error:
        raise UnsupportedError(f"{error}: what was written cannot be read again") from error
    for name, wanted, found in _all_compared(file, written):
        if wanted != found:
            raise UnsupportedError(f"{NEW_FILE}: expected {name} {_shown(wanted)}, got {_shown(found)}")
    return written


def _all_compared(file: GainMapFile, written: GainMapFile) -> Iterator[_Compared]:
    yield _Compared("the container", file.container, written.container)
    yield from _pictures(file.base, written.base, "a base")
    yield _Compared("the base's ICC profile", file.base.icc_profile, written.base.icc_profile)
    if file.base.nclx and file.base.codec != "jpeg":
        yield _Compared("the base's code points", file.base.nclx, written.base.nclx)
    yield _Compared("the orientation", file.orientation, written.orientation)
    if file.payload:
        yield _Compared("the neural gain map", file.payload, written.payload)
    if file.exif:
        exif = fitted_exif(file.exif, MAX_EXIF_BYTES, []) if file.base.codec == "jpeg" else file.exif
        yield _Compared("EXIF", exif, written.exif)
    if file.xmp and _says_more(file.xmp):
        yield _Compared("some", "XMP", "XMP" if written.xmp else "none")
    if file.others:
        yield _Compared("other parts of", _others(file), _others(written))
    if file.gain_map:
        yield from _gain_maps(file.gain_map, written.gain_map)


def _says_more(packet: bytes) -> bool:
    """Whether a packet can be read, and has more than what goes with a gain map, a video or an extension."""
    try:
        kept = edited(packet, no_video, lambda name, text: None if name == HAS_EXTENSION else text)
    except GainMapError:
        return False
    return merge_primary(kept, (), has_hdrgm=False, notes=[]) is not None


def _others(file: GainMapFile) -> bytes:
    """All bytes but zeros, which may fill a gap between two parts."""
    return b"".join(part.data.replace(b"\0", b"") for part in file.others if part.kind != "gain map")


def _gain_maps(stored: StoredGainMap, written: StoredGainMap | None) -> Iterator[_Compared]:
    if written is None:
        yield _Compared("a gain map", stored.carrier, None)
        return
    yield from _pictures(stored.image, written.image, "a gain map")
    numbers = _numbers(stored)
    yield _Compared("the gain map's numbers", numbers, _numbers(written))
    if isinstance(numbers, GainMapMetadata) and not numbers.use_base_colour_space:
        yield _Compared("the alternate's ICC profile", stored.image.icc_profile, written.image.icc_profile)


def _pictures(image: CodedImage, written: CodedImage, name: str) -> Iterator[_Compared]:
    yield _Compared(f"{name} of", _raster(image), _raster(written))
    if image.data != written.data:  # metadata, and the order of properties, may differ
        yield _Compared(f"{name} of the digest", digest_of(image).hex(), digest_of(written).hex())


def _raster(image: CodedImage) -> tuple[object, ...]:
    return image.codec, image.width, image.height, image.channels, image.bits, image.crop, image.turn


def _numbers(stored: StoredGainMap) -> GainMapMetadata | AppleMetadata:
    """Flags that nobody knows are read, and never written; a headroom out of a maker note is written as XMP."""
    numbers = stored.metadata
    return replace(numbers, source="xmp") if isinstance(numbers, AppleMetadata) else replace(numbers, reserved_flags=0)


def _shown(value: object) -> str:
    """In a few words; bytes by their number and the begin of their digest."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes ({hashlib.sha256(value).hexdigest()[:8]})"
    return str(value)
