"""ISO base media file boxes: where they are in a file, and writing them.

Boxes are offsets into the file, so that nothing is copied before somebody asks for it.
Source: ISO/IEC 14496-12 clause 4.2 (box and full box).
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.cursor import Reader


class Box(NamedTuple):
    """`data[start:stop]` is a box of the file, `data[body:stop]` what it holds behind its header."""

    kind: bytes
    start: int
    body: int
    stop: int

    @property
    def name(self) -> str:
        """The kind for messages; printable whatever its bytes."""
        return self.kind.decode("latin-1") if self.kind.isascii() and self.kind.isalnum() else repr(self.kind)


class BoxFile:
    """A file of boxes and the budget that reading it may spend.

    Attributes:
        data: The whole file.
        limits: Its budgets; `limits.boxes` counts all boxes that were looked at.
        lacking: Bytes of the last box that the file does not have.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.limits = limits
        self.lacking = 0
        self._seen = 0

    def top_level(self) -> tuple[Box, ...]:
        """The file's own boxes. A box that is cut off by the file's end is taken as far as it goes.

        Raises:
            FormatError: A box smaller than its header.
            LimitError: More boxes than `limits` allow.
        """
        return self._boxes("file", 0, len(self.data), cut=True)

    def children(self, parent: Box, skip: int = 0) -> tuple[Box, ...]:
        """The boxes inside a box, from `skip` bytes behind its header on (4 in a full box).

        Raises:
            FormatError: A box that is smaller than its header or larger than its parent.
            LimitError: As `top_level`.
        """
        return self._boxes(f"box {parent.name}", parent.body + skip, parent.stop, cut=False)

    def reader(self, box: Box) -> Reader:
        """A reader of what the box holds, placed behind its header."""
        return Reader(self.data[box.body : box.stop], f"box {box.name}")

    def _boxes(self, where: str, position: int, stop: int, *, cut: bool) -> tuple[Box, ...]:
        found = []
        while position < stop:
            self._seen += 1
            self.limits.check("boxes", self._seen)
            if cut and stop - position < 8:
                break  # bytes behind the last box: too few for one
            box = self._box(where, position, stop, cut=cut)
            found.append(box)
            position = box.stop
        return tuple(found)

    def _box(self, where: str, start: int, stop: int, *, cut: bool) -> Box:
        reader = Reader(self.data, where, position=start)
        size, kind = reader.u32(), reader.take(4)
        if size == 1:
            size = reader.u64()
        elif size == 0:
            size = stop - start  # up to the end of what it is in
        header = reader.position - start
        if size < header:
            raise FormatError(where, f"expected a box of {header} bytes or more, got {size}", offset=start)
        end = start + size
        if end > stop and not cut:
            raise FormatError(where, f"expected a box of at most {stop - start} bytes, got {size}", offset=start)
        if cut:
            self.lacking = max(end - stop, 0)
        return Box(kind, start, reader.position, min(end, stop))

    def cut_off(self, what: str) -> str:
        """The line about the bytes of `what` that are lacking."""
        missing = f"byte of {what} is" if self.lacking == 1 else f"{self.lacking} bytes of {what} are"
        return f"the file is cut off: the last {missing} missing"


class LinkBudget:
    """Reference targets, group entities, extents and properties of a file's items, all together."""

    def __init__(self, file: BoxFile) -> None:
        self.limits = file.limits
        self.spent = 0

    def spend(self, count: int) -> None:
        self.spent += count
        self.limits.check("links", self.spent)


def read_version(reader: Reader, *known: int) -> tuple[int, int]:
    """Version and flags of a full box."""
    version, flags = reader.u8(), reader.unsigned(3)
    if version not in known:
        raise UnsupportedError(f"{reader.where}: expected version {' or '.join(map(str, known))}, got {version}")
    return version, flags


def make_box(kind: bytes, *parts: bytes) -> bytes:
    """A box with its 32-bit size."""
    size = 8 + sum(len(part) for part in parts)
    return b"".join((size.to_bytes(4, "big"), kind, *parts))


def make_full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box that begins with a version and 24 bits of flags."""
    return make_box(kind, bytes((version,)) + flags.to_bytes(3, "big"), *parts)
