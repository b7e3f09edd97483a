"""A codestream as a record: what its header says, without the orientation, which the file's record has.

Decoders turn a picture as its codestream says; ours are given it unturned, as it is stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gainmap_codec.errors import NO_LIMITS, Limits, UnsupportedError
from gainmap_codec.files.jxl.color import color_in
from gainmap_codec.files.jxl.damage import missing_of_picture
from gainmap_codec.files.jxl.frames import read_frames
from gainmap_codec.files.jxl.header import BLACK, GREY, RGB, XYB, ImageHeader, parse_header, serialize_header
from gainmap_codec.files.payload.layout import STRICT_BYTES
from gainmap_codec.files.records import CodedImage, Sampling

_COLOURS_AND_ALPHA = 4


def read_header(codestream: bytes, limits: Limits) -> tuple[ImageHeader, str | None]:
    """The header of a codestream whose picture is not too large, and a line where the picture is cut off.

    Raises:
        FormatError: It is broken, or a frame's is.
        LimitError: More pixels than `limits` allow; more than four channels count as further pixels, and the frames in
            front of the one that ends the picture may have as many together as that one.
    """
    header = parse_header(codestream)
    planes = -(-(3 + len(header.extra_channels)) // _COLOURS_AND_ALPHA)
    limits.check("pixels", header.width * header.height * planes)
    return header, missing_of_picture(codestream, header, read_frames(codestream, header, planes, limits))


def coded_image(codestream: bytes, header: ImageHeader) -> CodedImage:
    """The picture as a record.

    Raises:
        UnsupportedError: Other pixels than grey or RGB.
    """
    is_shown = header.color.space in (RGB, GREY) or (header.is_xyb and header.color.space == XYB)
    if not is_shown or BLACK in header.extra_channels:
        raise UnsupportedError("JPEG XL: expected grey or RGB, got another colour space")
    profile, nclx = color_in(header)
    upright = turned_codestream(codestream, header, 1)
    return CodedImage(
        data=upright,
        width=header.width,
        height=header.height,
        channels=1 if header.color.space == GREY else 3,
        icc_profile=profile,
        codec="jxl",
        bits=header.depth,
        nclx=nclx,
        parsed=None if upright is not codestream else (upright, header),
    )


def turned_codestream(codestream: bytes, header: ImageHeader, orientation: int) -> bytes:
    """The same picture with another orientation; the same bytes where that is the one that it has."""
    if header.orientation == orientation:
        return codestream
    return serialize_header(replace(header, orientation=orientation)) + codestream[header.size :]


def header_of(image: CodedImage) -> ImageHeader:
    """The header of a picture, parsed once and kept with its record.

    Raises:
        FormatError: It is broken.
    """
    return image.structure(parse_header)


def codestream_digest(image: CodedImage) -> bytes:
    """The `base_digest` of a file with this base: of its frames, whatever the header says and however.

    Raises:
        FormatError: The header is broken.
    """
    return hashlib.sha256(memoryview(image.data)[header_of(image).size :]).digest()[:STRICT_BYTES]


def is_whole(image: CodedImage) -> bool:
    """Whether the picture's codestream is not cut off.

    Raises:
        FormatError: Its header, or that of a frame, is broken.
    """
    header = header_of(image)
    return missing_of_picture(image.data, header, read_frames(image.data, header, 1, NO_LIMITS)) is None


def codestream_sampling(image: CodedImage) -> Sampling:
    """How its chroma is stored: as densely as all else, but in JPEGs that were packed."""
    return "4:0:0" if image.channels == 1 else "4:4:4"
