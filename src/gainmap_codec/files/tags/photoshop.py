"""Photoshop's image resources: blocks of many kinds, one behind the other.

Source: Adobe Photoshop file formats specification (2019), image resource blocks; resources 1033 and 1036.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader

THUMBNAILS = (0x0409, 0x040C)

_WHERE = "Photoshop data"
_MOST_BLOCKS = 4096


class Resource(NamedTuple):
    """A resource block; `head` is what stands in front of the size of its data."""

    head: bytes
    kind: int
    data: bytes

    def serialize(self) -> bytes:
        return self.head + len(self.data).to_bytes(4, "big") + self.data + bytes(len(self.data) % 2)


def without_thumbnails(resources: bytes) -> bytes:
    """Resource blocks without small pictures of the whole; the same bytes where there are none.

    Args:
        resources: What stands behind the identifiers of all segments, joined.
    Raises:
        FormatError: The blocks cannot be told apart.
    """
    found = list(parse_resources(resources))
    kept = [block for block in found if block.kind not in THUMBNAILS]
    return resources if kept == found else b"".join(block.serialize() for block in kept)


def parse_resources(resources: bytes) -> Iterator[Resource]:
    """The blocks in their order.

    Raises:
        FormatError: They cannot be told apart, or are too many.
    """
    reader, end = Reader(resources, _WHERE), len(resources.rstrip(b"\0"))
    for _ in range(_MOST_BLOCKS):
        if reader.position >= end:
            return
        start = reader.position
        reader.take(4)  # 8BIM, or another program's mark
        kind, name_bytes = reader.u16(), reader.u8()
        reader.take(name_bytes + (name_bytes + 1) % 2)
        head = resources[start : reader.position]
        size = reader.u32()
        data = reader.take(size)
        reader.take(min(size % 2, reader.remaining))
        yield Resource(head, kind, data)
    raise FormatError(_WHERE, f"expected at most {_MOST_BLOCKS} blocks, got more")
