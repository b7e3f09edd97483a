"""Pictures taken out of their file: alone, unturned, with the same pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.heif.items import Property
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.records import CodedImage, GainMapFile
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support import heif_files
from support.cases import ONE_CHANNEL
from support.heif_files import BASE, MAP, tmap_file, turned
from support.heif_records import map_of
from support.paths import FIXTURES

LIMITS = Limits()


def test_a_picture_stands_by_itself() -> None:
    """What is cut out of a file opens alone, unturned, with the same pixels."""
    plain = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS)
    turns = parse_heif(turned(tmap_file(ONE_CHANNEL), 1, 0).build(), LIMITS)
    assert (plain.orientation, turns.orientation) == (1, 5)
    pictures: tuple[Callable[[GainMapFile], CodedImage], ...] = (
        lambda file: file.base,
        lambda file: map_of(file).image,
    )
    for picture in pictures:
        alone = parse_heif(picture(turns).data, LIMITS)
        assert alone.orientation == 1
        np.testing.assert_array_equal(decode_coded_image(picture(turns)), decode_coded_image(picture(plain)))
        np.testing.assert_array_equal(decode_coded_image(alone.base), decode_coded_image(picture(plain)))


def test_the_digest_ignores_all_but_the_coded_base() -> None:
    plain = tmap_file(ONE_CHANNEL)
    digest = parse_heif(plain.build(), LIMITS).base_digest
    assert parse_heif(turned(plain, 3).build(), LIMITS).base_digest == digest
    assert parse_heif(heif_files.with_exif(plain, b"MM\0*\0\0\0\x08\0\0").build(), LIMITS).base_digest == digest
    other = replace(plain, data=(plain.data[0][:-1] + b"\xff", *plain.data[1:]))
    assert parse_heif(other.build(), LIMITS).base_digest != digest


def test_configurations_of_other_codecs_are_left_out() -> None:
    """Decoders refuse a picture for them, all the more when they are marked as essential."""
    plain = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS)
    for essential in (True, False):
        stray = Property(b"hvcC", b"\1" + bytes(22), essential=essential)
        odd = parse_heif(
            tmap_file(ONE_CHANNEL).with_properties(BASE, stray).with_properties(MAP, stray).build(), LIMITS
        )
        assert (odd.base, odd.gain_map) == (plain.base, plain.gain_map)
        assert b"hvcC" not in gm.transcode(tmap_file(ONE_CHANNEL).with_properties(BASE, stray).build())


def test_clean_aperture_crops_after_decoding() -> None:
    crop = Property(b"clap", struct.pack(">IIIIiIiI", 10, 1, 12, 1, -1, 1, 1, 1))
    whole = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS).base
    cut = parse_heif(tmap_file(ONE_CHANNEL).with_properties(BASE, crop).build(), LIMITS).base
    assert (cut.width, cut.height) == (10, 12)
    np.testing.assert_array_equal(decode_coded_image(cut), decode_coded_image(whole)[3:15, 2:12])


def test_the_base_is_limited_before_it_is_copied() -> None:
    data = tmap_file(ONE_CHANNEL).build()
    for limits in (Limits(pixels=255), Limits(file_bytes=100), Limits(items=2)):
        with pytest.raises(LimitError):
            gm.decode(data, limits=limits)
    assert gm.decode(data, limits=Limits(pixels=256)).rendered_from == "standard"


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    return bytes((0, 0, rows - 1, columns - 1)) + width.to_bytes(2, "big") + height.to_bytes(2, "big")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (b"\1", "grid: expected version 0, got 1"),
        (grid(2, 3, 9, 9), "grid: expected 2 x 3 tiles, got"),
    ],
)
def test_broken_grids(change: bytes, problem: str) -> None:
    data = (FIXTURES / "heif/grid.heic").read_bytes()
    source = open_heif(data, LIMITS)
    ((start, _),) = source.meta.places[source.base].extents
    with pytest.raises((FormatError, UnsupportedError), match=problem):
        parse_heif(data[:start] + change + data[start + len(change) :], LIMITS)


def test_pictures_of_other_codecs_are_not_read() -> None:
    data = (FIXTURES / "heif/base-16x16.avif").read_bytes()
    with pytest.raises(UnsupportedError, match="expected a picture of type hvc1, av01 or grid, got 'jpeg'"):
        parse_heif(data.replace(b"infe\2\0\0\0\0\1\0\0av01", b"infe\2\0\0\0\0\1\0\0jpeg"), LIMITS)
