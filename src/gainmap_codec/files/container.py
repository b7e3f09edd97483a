"""The one place where containers are told apart: bytes ⇄ `GainMapFile`."""

from __future__ import annotations

import hashlib

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.heif.read import is_heif, parse_heif
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.jpeg.read import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg.segments import coded_digest, is_jpeg
from gainmap_codec.files.naming import SUFFIXES, check_name, named_for
from gainmap_codec.files.records import CodedImage, GainMapFile

__all__ = ["SUFFIXES", "check_name", "digest_of", "may_have_gain_map", "named_for", "parse_file", "serialize_file"]


def parse_file(data: bytes, name: str, limits: Limits) -> GainMapFile:
    """Everything that we know in a JPEG, HEIC or AVIF file, told by its first bytes.

    Args:
        name: What messages call the file.
    Raises:
        FormatError: None of these, or the base image is broken.
        UnsupportedError: A base image that is not read.
        LimitError: Over `limits`.
    """
    try:
        if is_jpeg(data):
            return parse_jpeg(data, limits)
        if is_heif(data):
            return parse_heif(data, limits)
    except FormatError as error:
        raise FormatError(f"{name}: {error.where}", error.problem, offset=error.offset) from error
    raise FormatError(name, f"a JPEG, HEIC or AVIF file wanted, {data[:4]!r} … found")


def digest_of(image: CodedImage) -> bytes:
    """The digest of a picture's coded bytes."""
    return coded_digest(image.data) if image.codec == "jpeg" else hashlib.sha256(image.data).digest()[:8]


def may_have_gain_map(data: bytes) -> bool:
    """Whether `data` start like a file that `parse_file` reads."""
    return is_jpeg(data) or is_heif(data)


def serialize_file(file: GainMapFile) -> bytes:
    """The file's bytes in its `container`; the coded bytes of base and gain map are those of the record.

    Raises:
        ValueError, FormatError, UnsupportedError, LimitError: As `serialize_jpeg` and `serialize_heif`.
    """
    return serialize_jpeg(file) if file.container == "jpeg" else serialize_heif(file)
