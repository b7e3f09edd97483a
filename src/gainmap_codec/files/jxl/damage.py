"""Codestreams that are cut off: what is missing of one, a whole one of what is there, and one of which much is shown.

Decoders refuse a frame that lacks a section. In a modular frame, a section of a few bytes can say that all its
numbers are 0: with these in place of those that are missing, the frame can be decoded, and what was in them is black.
Source: ISO/IEC 18181-1:2024 annexes C (entropy coding), F (frames) and H (modular).
"""

from __future__ import annotations

from itertools import accumulate, pairwise

from gainmap_codec.errors import NO_LIMITS
from gainmap_codec.files.jxl.bits import in_bits, in_bytes, in_u32
from gainmap_codec.files.jxl.frames import SECTION, FrameData, read_frames
from gainmap_codec.files.jxl.header import ImageHeader, parse_header

# Entropy codes of a single symbol, which takes no bits: no copies, one code for all contexts, prefixes, no more bits.
_CODE_OF_A_TREE = "0" + "1" + "00" + "1" + "0000" + "0"
_CODE_OF_NUMBERS = "0" + "1" + "0000" + "0"
# A tree of its own, the usual predictor of weights, no transforms; the tree is one leaf that predicts 0.
_SECTION_OF_ZEROS = in_bytes("0" + "1" + "00" + _CODE_OF_A_TREE + _CODE_OF_NUMBERS)


def missing_of_picture(codestream: bytes, header: ImageHeader, frame: FrameData | None) -> str | None:
    """The line about what the first picture lacks, whose last frame this is; None where it is whole."""
    if frame is None:
        return "the picture is cut off in front of its pixels"
    missing = frame.stop - len(codestream)
    if missing <= 0:
        return None
    size = frame.stop - header.size
    return f"the picture is cut off: {missing:,} of its {size:,} bytes are missing"


def completed(codestream: bytes, header: ImageHeader) -> bytes | None:
    """The codestream with zeros in place of the sections that it lacks, or as it is where its frame is not modular.

    None where there is no whole section, or but one that all is in.

    Raises:
        FormatError: The header of a frame or its table of contents is broken.
    """
    frame = read_frames(codestream, header, 1, NO_LIMITS)
    if frame is None or len(frame.sizes) == 1 or frame.start + frame.sizes[0] > len(codestream):
        return None
    if not frame.is_modular:
        return codestream
    return codestream[: frame.sizes_at] + _with_sizes(_sections(codestream, frame))


def in_usual_order(codestream: bytes) -> bytes:
    """The codestream of one frame, with its sections in the usual order: what all need, then the squares from the top.

    Of a picture with a side of more than 2048 pixels, libjxl writes what all need at the end: while it is loaded, or
    where it is cut off, decoders have nothing to show.
    """
    header = parse_header(codestream)
    frame = read_frames(codestream, header, 1, NO_LIMITS)
    if frame is None or not frame.lehmer:
        return codestream
    left = list(range(len(frame.sizes)))
    places = [left.pop(passed) for passed in frame.lehmer] + left
    found = _sections(codestream, frame)
    sections = [found[place] for place in places]
    whole, rest = divmod(frame.order_at, 8)
    usual = in_bytes(in_bits(codestream[whole] & (1 << rest) - 1, rest) + "0")
    return codestream[:whole] + usual + _with_sizes(sections)


def _with_sizes(sections: list[bytes]) -> bytes:
    return in_bytes("".join(in_u32(len(section), SECTION) for section in sections)) + b"".join(sections)


def _sections(codestream: bytes, frame: FrameData) -> list[bytes]:
    stops = list(accumulate(frame.sizes, initial=frame.start))
    return [codestream[a:b] if b <= len(codestream) else _SECTION_OF_ZEROS for a, b in pairwise(stops)]
