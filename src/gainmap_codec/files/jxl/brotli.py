"""Brotli, which compresses boxes and ICC profiles of JPEG XL files; by imagecodecs, imported where it is needed.

Source: RFC 7932; ISO/IEC 18181-2:2024 (box brob).
"""

from __future__ import annotations

from gainmap_codec.errors import FormatError


def decompressed(data: bytes, most: int, where: str) -> bytes:
    """What the data were made of, at most so many bytes, which are allocated at once.

    Raises:
        FormatError: They are broken, or hold more.
    """
    import imagecodecs  # loads NumPy

    try:
        return bytes(imagecodecs.brotli_decode(data, out=most))
    except RuntimeError as error:
        raise FormatError(where, f"expected Brotli data of at most {most} bytes, got others") from error


def compressed(data: bytes) -> bytes:
    """Data that `decompressed` takes."""
    import imagecodecs

    return bytes(imagecodecs.brotli_encode(data))
