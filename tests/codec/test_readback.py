"""Nothing is called a success whose new pictures nobody can decode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.codec.readback import written
from gainmap_codec.errors import UnsupportedError
from gainmap_codec.files.container import digest_of
from gainmap_codec.files.records import CodedImage, GainMapFile
from gainmap_codec.pixels.formats.coded_image import code_picture


def picture() -> CodedImage:
    return code_picture(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8), "av1", quality=80)


def undecodable(image: CodedImage) -> CodedImage:
    """With other bytes in place of the frame: boxes and sequence header still hold."""
    frame = image.data.index(b"idat") + 4 + 16
    return replace(image, data=image.data[:frame] + b"\xff" * (len(image.data) - frame))


def record(base: CodedImage) -> GainMapFile:
    return GainMapFile("avif", base, digest_of(base))


def test_a_good_picture_is_written() -> None:
    file = record(picture())
    notes: list[str] = []
    assert written(file, None, notes).data[4:12] == b"ftypavif" and notes == []


def test_a_new_picture_that_cannot_be_decoded_is_an_error() -> None:
    file = record(undecodable(picture()))
    with pytest.raises(UnsupportedError, match="the new file: what was coded cannot be decoded again: AV1: broken"):
        written(file, None, [])


def test_a_broken_picture_that_was_there_before_is_carried() -> None:
    file = record(undecodable(picture()))
    assert written(replace(file, orientation=6), file, [])
