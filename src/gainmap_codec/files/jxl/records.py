"""What a JPEG XL file holds beside the record that all containers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from gainmap_codec.files.jxl.packed_jpeg import PackedJpeg
from gainmap_codec.files.records import CodedImage, ContainerExtras, StoredGainMap

Role = Literal["jbrd", "exif", "xmp", "picture", "gain map", "map jpeg", "payload", "of picture", "other"]
"""What a box is: the field of the record that has its content; "of picture" are its level and the index of its frames.
"""


class KeptBox(NamedTuple):
    """A box of the file, whole; without bytes where only its place among the others counts."""

    role: Role
    data: bytes = b""


@dataclass(frozen=True)
class JxlExtras(ContainerExtras):
    """What a JPEG XL file holds beside the fields of `GainMapFile`, for writing it into such a file again.

    Attributes:
        base: The base as it was.
        orientation: As it was.
        gain_map: As it was; its box is kept, as are those of EXIF and XMP.
        exif: As it was.
        xmp: As it was.
        boxes: In file order.
        codestream: The picture as it was, with its orientation.
        jpeg: What the codestream and its boxes unpack to, where they are a packed JPEG.
        packed: These.
        has_alpha: The picture is transparent in places.
    """

    base: CodedImage
    orientation: int
    gain_map: StoredGainMap | None
    exif: bytes | None
    xmp: bytes | None
    boxes: tuple[KeptBox, ...]
    codestream: bytes
    jpeg: bytes | None = None
    packed: PackedJpeg | None = None
    has_alpha: bool = False


def jxl_extras(extras: ContainerExtras | None) -> JxlExtras | None:
    """The extras, if they are those of a JPEG XL file, else None."""
    return extras if isinstance(extras, JxlExtras) else None
