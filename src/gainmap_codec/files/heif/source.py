"""A HEIC or AVIF file opened: its boxes, its items, its brands."""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import Box, BoxFile
from gainmap_codec.files.heif.items import TMAP, HeifMeta
from gainmap_codec.files.heif.meta import parse_meta


class HeifSource(NamedTuple):
    """An opened file; nothing of its pictures is copied yet.

    Attributes:
        file: Its bytes, and the budget for reading them.
        meta: Its items.
        boxes: Its own boxes, in file order; those of a file that stands behind it are none.
        brands: The major brand, then the compatible ones.
    """

    file: BoxFile
    meta: HeifMeta
    boxes: tuple[Box, ...]
    brands: tuple[bytes, ...]

    @property
    def base(self) -> int:
        """The item of the base image: the primary item, or where that is a tmap item, its first input."""
        meta = self.meta
        primary = meta.items.get(meta.primary)
        inputs = meta.targets(b"dimg", meta.primary)
        return inputs[0] if primary is not None and primary.kind == TMAP and inputs else meta.primary


def open_heif(data: bytes, limits: Limits) -> HeifSource:
    """The file's boxes and items.

    Raises:
        FormatError: A box that is needed is missing, or one is broken.
        UnsupportedError: A box version that is not known, or items in other files.
        LimitError: More bytes, boxes, items or links than `limits` allow.
    """
    limits.check("file_bytes", len(data))
    file = BoxFile(data, limits)
    boxes = _own(file.top_level())
    return HeifSource(file, _meta(file, _first(boxes, b"meta")), boxes, _brands(file, _first(boxes, b"ftyp")))


def _meta(file: BoxFile, box: Box) -> HeifMeta:
    try:
        return parse_meta(file, box)
    except FormatError as error:
        if file.lacking and box.stop == len(file.data):
            raise FormatError("file", "it ends too early: expected a whole index, got one that is cut off") from error
        raise


def _own(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """Those in front of a second `ftyp`, where phones append a video."""
    second = next((index for index, box in enumerate(boxes) if index and box.kind == b"ftyp"), len(boxes))
    return boxes[:second] if any(box.kind == b"meta" for box in boxes[:second]) else boxes


def _first(boxes: tuple[Box, ...], kind: bytes) -> Box:
    found = next((box for box in boxes if box.kind == kind), None)
    if found is None:
        raise FormatError("file", f"expected a box {kind.decode()}, got none: is the file cut off?")
    return found


def _brands(file: BoxFile, box: Box) -> tuple[bytes, ...]:
    body = file.reader(box).take(box.stop - box.body)
    return (body[:4], *(body[i : i + 4] for i in range(8, len(body), 4)))
