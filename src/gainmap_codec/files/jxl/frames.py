"""The frames of a codestream's first picture: how many pixels decoders make for it, and where the last has its data.

A picture may be laid together from any number of frames, each as large as it likes, and a flat one takes some 70 bytes.
So their headers and tables of contents are read up to the first picture's last frame, which mostly is the only one.

Source: ISO/IEC 18181-1:2024 annex F; libjxl lib/jxl/frame_header.cc, loop_filter.cc, toc.cc and coeff_order.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.jxl.bits import BitReader, Choices, CutOffError, Range
from gainmap_codec.files.jxl.entropy import EntropyDecoder
from gainmap_codec.files.jxl.header import NAME, ImageHeader, skip_extensions

_REGULAR, _LF, _REFERENCE, _SKIP_PROGRESSIVE = range(4)  # kinds of frames
_PICTURES = (_REGULAR, _SKIP_PROGRESSIVE)  # those that are layers, and not only used by others
_REPLACE, _BLEND, _WEIGHTED_ADD, _MULTIPLY = 0, 2, 3, 4
_USES_LF_FRAME = 32

_UPSAMPLING: Choices = (Range(1), Range(2), Range(4), Range(8))
_PASSES: Choices = (Range(1), Range(2), Range(3), Range(4, 3))
_DOWNSAMPLED: Choices = (Range(0), Range(1), Range(2), Range(3, 1))
_LAST_PASS: Choices = (Range(0), Range(1), Range(2), Range(0, 3))
_LEVEL: Choices = (Range(1), Range(2), Range(3), Range(4))
_PLACE: Choices = (Range(0, 8), Range(256, 11), Range(2304, 14), Range(18688, 30))
_MODE: Choices = (Range(0), Range(1), Range(2), Range(3, 2))
_ALPHA: Choices = (Range(0), Range(1), Range(2), Range(3, 3))
_DURATION: Choices = (Range(0), Range(1), Range(0, 8), Range(0, 32))
SECTION: Choices = (Range(0, 10), Range(1024, 14), Range(17408, 22), Range(4211712, 30))

_MOST_SECTIONS = 1 << 16  # as in libjxl
_PERMUTATION_CONTEXTS = 8
_STEPS = 4000  # what libjxl spends on a frame of one pixel
_STEPS_PER_SECTION = 10
_STEPS_OF_PERMUTATION = 1 << 15


class _Coding(NamedTuple):
    """How a frame's pixels are coded: by blocks or modular, enlarged how often, chroma by blocks of 8 << shift."""

    is_modular: bool
    upsampling: int
    group_side: int
    shift_across: int
    shift_down: int
    passes: int


_USUAL = _Coding(is_modular=False, upsampling=1, group_side=256, shift_across=0, shift_down=0, passes=1)


class _Frame(NamedTuple):
    """What its header says of a frame.

    Attributes:
        pixels: That are made for it: at least those of the whole picture where it is a layer.
        sections: Of its data, each with a size in its table of contents.
        is_last: The first picture is whole with it.
        is_modular: Its pixels are coded as such, not as blocks of frequencies.
    """

    pixels: int
    sections: int
    is_last: bool
    is_modular: bool


class FrameData(NamedTuple):
    """Where in a codestream the data of a frame are.

    Attributes:
        order_at: Bit of what tells the order of the sections.
        lehmer: Of each section, its place among those that are left; less where all others are in the usual order.
        sizes_at: Of the sections' sizes.
        start: Of the first section.
        sizes: Bytes of each section, in file order.
        is_modular: Its pixels are coded as such, not as blocks of frequencies.
    """

    order_at: int
    lehmer: tuple[int, ...]
    sizes_at: int
    start: int
    sizes: tuple[int, ...]
    is_modular: bool

    @property
    def stop(self) -> int:
        """Where the data end."""
        return self.start + sum(self.sizes)


def read_frames(codestream: bytes, header: ImageHeader, planes: int, limits: Limits) -> FrameData | None:
    """Check the pixels of the frames that the first picture is made of, and find the data of the last of them.

    Each is to be within `limits`, and so are, together, all those before the last. What is cut off costs nothing.

    Args:
        planes: How many times a pixel counts.
    Returns:
        None where the codestream is cut off in front of these data.
    Raises:
        FormatError: The header of a frame or its table of contents is broken.
        LimitError: More pixels than `limits` allow, or too many frames.
    """
    reader = BitReader(codestream, "JPEG XL frame", 8 * header.size)
    canvas, pixels = header.preview or (header.width, header.height), 0
    is_preview = header.preview is not None
    try:
        while True:
            frame = _read_frame(reader, header, canvas)
            limits.check("pixels", planes * frame.pixels)
            limits.spend(_STEPS + _STEPS_PER_SECTION * frame.sections)
            if frame.is_last and not is_preview:
                return _read_contents(reader, frame, limits)
            pixels += planes * frame.pixels
            limits.check("pixels", pixels)
            reader.position = 8 * _read_contents(reader, frame, limits).stop
            canvas, is_preview = (header.width, header.height), False
    except CutOffError:
        return None


def _read_frame(reader: BitReader, header: ImageHeader, canvas: tuple[int, int]) -> _Frame:
    width, height = canvas
    if reader.flag():  # all as usual
        return _Frame(width * height, _sections(width, height, _USUAL), is_last=True, is_modular=False)
    kind = reader.bits(2)
    coding = _coding(reader, header, kind)
    shrunk = 3 * reader.u32(_LEVEL) if kind == _LF else 0
    is_partial = False
    if kind != _LF and reader.flag():
        is_partial, (width, height) = _place(reader, kind, canvas)
    is_last = _end(reader, header, kind, is_partial)
    reader.bits(8 * reader.u32(NAME))
    _skip_loop_filter(reader, coding.is_modular)
    skip_extensions(reader)
    least = canvas[0] * canvas[1] if kind in _PICTURES else 0
    width, height = _divided(width, 1 << shrunk), _divided(height, 1 << shrunk)
    return _Frame(max(width * height, least), _sections(width, height, coding), is_last, coding.is_modular)


def _coding(reader: BitReader, header: ImageHeader, kind: int) -> _Coding:
    is_modular = reader.flag()
    has_pixels = not reader.u64() & _USES_LF_FRAME
    is_ycbcr = not header.is_xyb and reader.flag()
    chroma = [reader.bits(2) for _ in range(3)] if is_ycbcr and has_pixels else []
    upsampling = reader.u32(_UPSAMPLING) if has_pixels else 1
    for _ in header.extra_channels if has_pixels else ():
        reader.u32(_UPSAMPLING)
    group_side = 128 << (reader.bits(2) if is_modular else 1)
    if header.is_xyb and not is_modular:
        reader.bits(3 + 3)
    passes = _passes(reader) if kind != _REFERENCE else 1
    across, down = (any(mode in modes for mode in chroma) for modes in ((1, 2), (1, 3)))
    return _Coding(is_modular, upsampling, group_side, across, down, passes)


def _passes(reader: BitReader) -> int:
    count = reader.u32(_PASSES)
    if count > 1:
        downsampled = reader.u32(_DOWNSAMPLED)
        reader.bits(2 * (count - 1))
        for choices in downsampled * (_UPSAMPLING,) + downsampled * (_LAST_PASS,):
            reader.u32(choices)
    return count


def _place(reader: BitReader, kind: int, canvas: tuple[int, int]) -> tuple[bool, tuple[int, int]]:
    """Whether a frame leaves some of the picture as it was, and its width and height."""
    corner = [_signed(reader.u32(_PLACE)) for _ in range(2)] if kind in _PICTURES else [0, 0]
    width, height = reader.u32(_PLACE), reader.u32(_PLACE)
    if not (width and height):
        raise FormatError(reader.where, f"expected a width and height above 0, got {width} × {height}")
    ends = corner[0] + width, corner[1] + height
    is_partial = max(corner) > 0 or ends[0] < canvas[0] or ends[1] < canvas[1]
    return is_partial and kind in _PICTURES, (width, height)


def _signed(value: int) -> int:
    return -(value + 1 >> 1) if value & 1 else value >> 1


def _end(reader: BitReader, header: ImageHeader, kind: int, is_partial: bool) -> bool:
    """Go behind how a frame is laid over others and kept for others, and tell whether the picture is whole with it."""
    is_layer, duration, is_last, slot = kind in _PICTURES, 0, False, 0
    mode = _REPLACE
    if is_layer:
        mode, *_ = [_blending(reader, header, is_partial) for _ in range(1 + len(header.extra_channels))]
        duration = reader.u32(_DURATION) if header.is_animation else 0
        reader.bits(32 if header.has_timecodes else 0)
        is_last = reader.flag()
    if kind != _LF and not is_last:
        slot = reader.bits(2)
    is_kept = not is_last and (duration == 0 or slot != 0)
    if kind == _REFERENCE or (is_layer and is_kept and mode == _REPLACE and not is_partial):
        reader.flag()
    return is_last or duration > 0


def _blending(reader: BitReader, header: ImageHeader, is_partial: bool) -> int:
    mode = reader.u32(_MODE)
    has_alpha = bool(header.extra_channels) and mode in (_BLEND, _WEIGHTED_ADD)
    if has_alpha:
        reader.u32(_ALPHA)
    if has_alpha or mode == _MULTIPLY:
        reader.flag()
    if mode != _REPLACE or is_partial:
        reader.bits(2)
    return mode


def _skip_loop_filter(reader: BitReader, is_modular: bool) -> None:
    """Go behind the numbers of smoothing, of 16 bits each."""
    if reader.flag():
        return
    if reader.flag() and reader.flag():
        reader.bits(16 * 6)
    if reader.bits(2):
        if not is_modular and reader.flag():
            reader.bits(16 * 8)
        if reader.flag():
            reader.bits(16 * 5)
        if reader.flag():
            reader.bits(16 * (3 if is_modular else 4))
        if is_modular:
            reader.bits(16)
    skip_extensions(reader)


def _sections(width: int, height: int, coding: _Coding) -> int:
    """How many sizes a table of contents has."""
    width, height = _divided(width, coding.upsampling), _divided(height, coding.upsampling)
    groups = _groups(width, height, coding.group_side)
    if groups == 1 and coding.passes == 1:
        return 1
    across = _divided(width, 8 << coding.shift_across) << coding.shift_across
    down = _divided(height, 8 << coding.shift_down) << coding.shift_down
    return 2 + _groups(across, down, coding.group_side) + groups * coding.passes


def _groups(width: int, height: int, side: int) -> int:
    return _divided(width, side) * _divided(height, side)


def _divided(number: int, by: int) -> int:
    return -(-number // by)


def _read_contents(reader: BitReader, frame: _Frame, limits: Limits) -> FrameData:
    """A frame's table of contents."""
    if frame.sections > _MOST_SECTIONS:
        raise FormatError(reader.where, f"expected at most {_MOST_SECTIONS} sections, got {frame.sections}")
    order_at, lehmer = reader.position, tuple[int, ...]()
    if reader.flag():
        limits.spend(_STEPS_OF_PERMUTATION)
        lehmer = tuple(_lehmer(reader, frame.sections))
    sizes_at = reader.to_byte()
    sizes = tuple(reader.u32(SECTION) for _ in range(frame.sections))
    return FrameData(order_at, lehmer, sizes_at, reader.to_byte(), sizes, frame.is_modular)


def _lehmer(reader: BitReader, sections: int) -> list[int]:
    decoder = EntropyDecoder(reader, _PERMUTATION_CONTEXTS)
    count = decoder.read(_context(sections))
    if count > sections:
        raise FormatError(reader.where, f"expected an order of at most {sections} sections, got one of {count}")
    found = [0]
    for _ in range(count):
        found.append(decoder.read(_context(found[-1])))
    decoder.check_end()
    return found[1:]


def _context(number: int) -> int:
    return min(number.bit_length(), _PERMUTATION_CONTEXTS - 1)
