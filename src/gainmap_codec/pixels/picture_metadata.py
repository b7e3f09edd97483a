"""What is said of a picture beside its pixels: EXIF and XMP, as bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureMetadata:
    """EXIF and XMP of a picture, and what more its source held.

    Attributes:
        exif: TIFF structure, without an ``Exif`` prefix, or None. Its orientation is that of the pixels beside it.
        xmp: XMP packet, or None. It tells of no gain map and of no video: they are not in a picture.
        lost: What else the source held and other formats have no place for, a line each: told where it is saved.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    lost: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """What there is, by its name."""
        return [name for name, data in (("EXIF", self.exif), ("XMP", self.xmp)) if data]


NO_METADATA = PictureMetadata()
"""Of a picture that nothing is said of."""
