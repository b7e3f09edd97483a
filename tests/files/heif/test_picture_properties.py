"""What the properties of pictures say, and what says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Item, Property
from gainmap_codec.files.heif.picture_properties import (
    clap_for,
    crop_of,
    icc_of,
    icc_property,
    is_empty_profile,
    nclx_of,
    nclx_property,
    orientation_of,
    size_of,
)
from gainmap_codec.files.records import Crop
from gainmap_codec.pixels.raster.geometry import to_upright

# What irot and imir do to a picture, by their definition: np.rot90 turns anticlockwise.
TRANSFORMS = [
    ([], lambda p: p),
    *[([(b"irot", n)], lambda p, n=n: np.rot90(p, n)) for n in range(4)],
    ([(b"imir", 0)], lambda p: p[::-1]),
    ([(b"imir", 1)], lambda p: p[:, ::-1]),
    *[([(b"irot", n), (b"imir", 0)], lambda p, n=n: np.rot90(p, n)[::-1]) for n in range(4)],
    *[([(b"imir", 1), (b"irot", n)], lambda p, n=n: np.rot90(p[:, ::-1], n)) for n in range(4)],
]


@pytest.mark.parametrize(("transforms", "turn"), TRANSFORMS)
def test_orientation_of_irot_and_imir(
    transforms: list[tuple[bytes, int]], turn: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    item = Item(1, b"av01", properties=tuple(Property(kind, bytes((value,))) for kind, value in transforms))
    picture = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(to_upright(picture, orientation_of(item)), turn(picture))


@pytest.mark.parametrize("nclx", [Nclx(1, 13, 6, True), Nclx(9, 16, 9, False)])
def test_code_points_come_back(nclx: Nclx) -> None:
    assert nclx_of(Item(1, b"av01", properties=(nclx_property(nclx),))) == nclx
    assert icc_of(Item(1, b"av01", properties=(nclx_property(nclx),))) is None


def test_empty_profiles_are_passed_over() -> None:
    empty, full = icc_property(b""), icc_property(b"a profile")
    assert is_empty_profile(empty) and not is_empty_profile(full)
    assert icc_of(Item(1, b"av01", properties=(empty, full))) == b"a profile"


@pytest.mark.parametrize("crop", [Crop(0, 0, 16, 16), Crop(3, 1, 16, 9), Crop(5, 4, 15, 15)])
def test_crops_come_back(crop: Crop) -> None:
    item = Item(1, b"av01", properties=(clap_for(crop, 7, 5),))
    assert crop_of(item, crop.coded_width, crop.coded_height) == (crop, 7, 5)


def test_crops_that_leave_the_raster_are_refused() -> None:
    item = Item(1, b"av01", properties=(clap_for(Crop(3, 1, 16, 9), 7, 5),))
    with pytest.raises(FormatError, match=r"box clap: expected a part of 8x6, got 7x5 at -1, -0\.5"):
        crop_of(item, 8, 6)


@pytest.mark.parametrize(
    ("properties", "problem"),
    [((), "expected a size"), ((Property(b"ispe", bytes(12)),), "expected a size above 0, got 0x0")],
)
def test_sizes_are_needed(properties: tuple[Property, ...], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        size_of(Item(1, b"av01", properties=properties))
