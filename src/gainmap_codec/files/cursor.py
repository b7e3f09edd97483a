"""Bounds-checked reading and writing of integers and byte strings.

Every read past the end is a `FormatError` that names the structure, so parsers need no length tests of their
own.
"""

from __future__ import annotations

from typing import Literal

from gainmap_codec.errors import FormatError

ByteOrder = Literal["big", "little"]


class Reader:
    """A position in `data` that never leaves it.

    Attributes:
        where: The structure being read, for error messages.
        position: Offset of the next read; may be set to any value, reads check it.
    """

    def __init__(self, data: bytes, where: str, *, byte_order: ByteOrder = "big", position: int = 0) -> None:
        self.data = data
        self.where = where
        self.byte_order = byte_order
        self.position = position

    @property
    def remaining(self) -> int:
        """Bytes left; 0 where the position is outside the data."""
        return max(len(self.data) - self.position, 0) if self.position >= 0 else 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            FormatError: Fewer are left.
        """
        if not 0 <= count <= self.remaining:
            raise FormatError(self.where, f"expected {count} bytes, got {self.remaining}", offset=self.position)
        self.position += count
        return self.data[self.position - count : self.position]

    def _integer(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), self.byte_order, signed=signed)

    def u8(self) -> int:
        return self._integer(1)

    def u16(self) -> int:
        return self._integer(2)

    def u32(self) -> int:
        return self._integer(4)

    def u64(self) -> int:
        return self._integer(8)

    def s32(self) -> int:
        return self._integer(4, signed=True)

    def unsigned(self, size: int) -> int:
        """An integer of `size` bytes; 0 bytes are the number 0."""
        return self._integer(size)

    def text(self) -> str:
        """Text up to a zero byte or the end, whichever comes first; what is not UTF-8 is replaced."""
        end = self.data.find(b"\0", self.position)
        found = self.take((len(self.data) if end < 0 else end) - self.position)
        self.position += end >= 0
        return found.decode("utf-8", "replace")


def open_tiff(data: bytes, where: str) -> Reader:
    """A reader in the byte order of a TIFF structure, placed at its first IFD.

    Raises:
        FormatError: No TIFF header, or no room for the offset behind it.
    Source: TIFF 6.0 section 2, image file header.
    """
    reader = Reader(data, where)
    mark = reader.take(4)
    if mark == b"II*\0":
        reader.byte_order = "little"
    elif mark != b"MM\0*":
        raise FormatError(where, f"expected a TIFF header, got {mark.hex(' ')}", offset=0)
    reader.position = reader.u32()
    return reader


class Writer:
    """Big-endian bytes, one field after the other; `where` names the structure in error messages."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._data = bytearray()

    def raw(self, data: bytes) -> None:
        self._data += data

    def _integer(self, value: int, size: int, *, signed: bool = False) -> None:
        try:
            self._data += value.to_bytes(size, "big", signed=signed)
        except OverflowError:
            kind = "signed" if signed else "unsigned"
            raise ValueError(f"{self.where}: expected a number of {size} {kind} bytes, got {value}") from None

    def u8(self, value: int) -> None:
        self._integer(value, 1)

    def u16(self, value: int) -> None:
        self._integer(value, 2)

    def u32(self, value: int) -> None:
        self._integer(value, 4)

    def s32(self, value: int) -> None:
        self._integer(value, 4, signed=True)

    def getvalue(self) -> bytes:
        return bytes(self._data)
