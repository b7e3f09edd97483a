"""A record becomes a file that is known to be good: written, read back, and its new pictures decoded."""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import GainMapError, UnsupportedError
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.readback import NEW_FILE, read_back
from gainmap_codec.files.records import CodedImage, GainMapFile
from gainmap_codec.pixels.formats.coded_image import decode_coded_image

_MOST_PIXELS = 1 << 22  # of a base that is decoded; what hinders decoders does not depend on the size


class Written(NamedTuple):
    """A written file: its bytes, and the record that they were read back to."""

    data: bytes
    file: GainMapFile


def written(file: GainMapFile, source: GainMapFile | None, notes: list[str]) -> Written:
    """The file's bytes, read back and compared with the record; pictures that were coded anew are decoded as well.

    Args:
        source: The record that this one was made of, whose pictures are known to whoever has them; None for none.
        notes: Gets a line for each thing that could not be written.
    Raises:
        UnsupportedError: The file cannot be read again, or its new pictures cannot be decoded.
        ValueError, GainMapError: As `serialize_file`.
    """
    data = serialize_file(file, notes)
    new = read_back(data, file)
    if source is None or file.base.data != source.base.data:
        _check_base(new.base)
    if file.gain_map and new.gain_map and (source is None or file.gain_map != source.gain_map):
        _check_decodes(new.gain_map.image)
    return Written(data, new)


def _check_base(base: CodedImage) -> None:
    if base.width * base.height <= _MOST_PIXELS:
        _check_decodes(base)


def _check_decodes(picture: CodedImage) -> None:
    try:
        decode_coded_image(picture)
    except GainMapError as error:
        raise UnsupportedError(f"{NEW_FILE}: what was coded cannot be decoded again: {error}") from error
