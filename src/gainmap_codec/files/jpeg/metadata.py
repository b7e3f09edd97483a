"""Metadata segments of one JPEG image: identifiers, choosing among duplicates, and ICC profiles in chunks.

Source: EXIF 2.32 section 4.5.5, XMP specification part 3, ICC.1:2022 annex B.4, ISO 21496-1 (as written by
libultrahdr lib/src/jpegr.cpp).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gainmap_codec.errors import GainMapError, LimitError, Limits
from gainmap_codec.files.jpeg.segments import APP2, MAX_BODY_BYTES, JpegImage, image_header, make_segment
from gainmap_codec.files.records import CodedImage

EXIF_ID = b"Exif\0\0"
XMP_ID = b"http://ns.adobe.com/xap/1.0/\0"
ICC_ID = b"ICC_PROFILE\0"
ISO_ID = b"urn:iso:std:iso:ts:21496:-1\0"

_CHUNK_BYTES = MAX_BODY_BYTES - len(ICC_ID) - 2

_MOST_TRIED = 8
"""Files have one or two; thousands of packets that break at their ends would take minutes."""

MAX_EXIF_BYTES = MAX_BODY_BYTES - len(EXIF_ID)

T = TypeVar("T")


def first_valid(
    name: str, bodies: list[bytes], parse: Callable[[bytes], T | None], notes: list[str]
) -> tuple[bytes, T] | None:
    """The first body that `parse` finds something in, and what; of very many, only the first are tried."""
    found: tuple[bytes, T] | None = None
    for body in bodies[:_MOST_TRIED]:
        if found is not None:
            notes.append(f"{name}: more than one, the first is used")
            break
        try:
            result = parse(body)
        except GainMapError as error:
            notes.append(f"{name} ignored: {str(error).removeprefix(f'{name}: ')}")
        else:
            found = None if result is None else (body, result)
    return found


def coded_image(image: JpegImage, limits: Limits, notes: list[str]) -> CodedImage:
    """The image as a record; an unusable ICC profile becomes a line in `notes`."""
    header = image_header(image, limits)
    profile = _join_icc(image.bodies(APP2, ICC_ID), notes)
    alone = image.alone()
    parsed = alone.data, alone
    return CodedImage(alone.data, header.width, header.height, header.channels, profile, parsed=parsed)


def _join_icc(chunks: list[bytes], notes: list[str]) -> bytes | None:
    """The profile of chunks that each begin with number (from 1) and count."""
    if not chunks:
        return None
    chunks = sorted(chunks, key=lambda chunk: chunk[:1])
    if [tuple(chunk[:2]) for chunk in chunks] != [(n + 1, len(chunks)) for n in range(len(chunks))]:
        notes.append("ICC profile ignored: its chunks are not numbered 1 to their count")
        return None
    return b"".join(chunk[2:] for chunk in chunks)


def icc_segments(profile: bytes) -> bytes:
    """APP2 segments of a profile.

    Raises:
        LimitError: More than 255 chunks.
    Source: ICC.1:2022 annex B.4.
    """
    chunks = [profile[i : i + _CHUNK_BYTES] for i in range(0, len(profile), _CHUNK_BYTES)]
    if len(chunks) > 255:
        raise LimitError(f"ICC profile: expected at most {255 * _CHUNK_BYTES} bytes, got {len(profile)}")
    numbers = (bytes((index + 1, len(chunks))) for index in range(len(chunks)))
    pairs = zip(numbers, chunks, strict=True)
    return b"".join(make_segment(APP2, ICC_ID + number + chunk, "ICC profile") for number, chunk in pairs)
