"""Orientations, boxes, windows and coordinates."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageOps

from gainmap_codec.files.orientations import inverse_of, turned_orientation
from gainmap_codec.pixels.raster.geometry import (
    Box,
    Window,
    cropped_coordinates,
    stored_box,
    to_stored,
    to_upright,
    turned,
    turned_window,
)

TURNS = range(1, 9)
CODES = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_pillow_makes_of_the_exif_tag(orientation: int) -> None:
    picture = Image.fromarray(CODES)
    picture.getexif()[0x0112] = orientation
    upright = to_upright(CODES, orientation)
    assert np.array_equal(upright, np.asarray(ImageOps.exif_transpose(picture)))
    assert upright.flags.c_contiguous


def test_orientation_6_turns_clockwise() -> None:
    """Row 0 of the stored raster is the picture's right side."""
    assert np.array_equal(to_upright(CODES, 6)[:, -1], CODES[0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(3, 5, 3), (4, 2), (1, 7, 1)])
def test_to_stored_undoes_to_upright(orientation: int, shape: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    stored = to_stored(to_upright(pixels, orientation), orientation)
    assert np.array_equal(stored, pixels)
    assert stored.flags.c_contiguous and stored.dtype == pixels.dtype


@pytest.mark.parametrize("orientation", TURNS)
def test_a_box_in_the_stored_raster(orientation: int) -> None:
    stored = np.arange(7 * 5).reshape(5, 7)
    upright = turned(stored, orientation)
    left, top, right, bottom = box = Box(1, 2, 4, 5) if orientation > 4 else Box(2, 1, 5, 4)
    a, b, c, d = stored_box(box, 7, 5, orientation)
    assert np.array_equal(turned(stored[b:d, a:c], orientation), upright[top:bottom, left:right])


@pytest.mark.parametrize(("orientation", "turn"), list(product(TURNS, TURNS)))
def test_a_turn_upon_a_turn(orientation: int, turn: int) -> None:
    picture = np.arange(12).reshape(3, 4)
    both = turned(turned(picture, orientation), turn)
    assert np.array_equal(turned(picture, turned_orientation(orientation, turn)), both)


@pytest.mark.parametrize("end_to_end", [False, True])
def test_cropped_coordinates_name_the_same_places(end_to_end: bool) -> None:
    """Columns and rows of the part have the network coordinates that they had in the whole."""

    def places(count: int) -> np.ndarray:
        return np.linspace(-1, 1, count) if end_to_end else (np.arange(count) + 0.5) / count * 2 - 1

    for coordinates in ((1, 0, 0, 0, 1, 0), (0, -1, 0.25, 0.5, 0, 0)):
        cropped = cropped_coordinates(coordinates, Box(3, 1, 9, 6), 12, 8, end_to_end=end_to_end)
        wanted = seen(coordinates, places(12)[3:9], places(8)[1:6])
        assert np.allclose(seen(cropped, places(6), places(5)), wanted)


def seen(coordinates: tuple[float, ...], columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The network's x and y at columns and rows."""
    xx, xy, x0, yx, yy, y0 = coordinates
    column, row = np.meshgrid(columns, rows)
    return np.stack([xx * column + xy * row + x0, yx * column + yy * row + y0])


@pytest.mark.parametrize("orientation", TURNS)
def test_a_window_is_where_its_pixels_went(orientation: int) -> None:
    raster = np.arange(7 * 5).reshape(5, 7)
    window = Window(top=1, left=2, height=3, width=4)
    top, left, height, width = turned_window(window, raster.shape, lambda pixels: turned(pixels, orientation))
    cut = raster[1:4, 2:6]
    assert np.array_equal(
        turned(raster, orientation)[top : top + height, left : left + width], turned(cut, orientation)
    )


@pytest.mark.parametrize("orientation", TURNS)
def test_inverses_and_fractional_boxes(orientation: int) -> None:
    assert turned_orientation(orientation, inverse_of(orientation)) == 1
    whole = stored_box(Box(0.0, 0.0, 1.0, 1.0), 1.0, 1.0, orientation)
    assert whole == (0, 0, 1, 1)
    box = Box(0.25, 0.125, 0.75, 0.5)
    assert stored_box(stored_box(box, 1.0, 1.0, orientation), 1.0, 1.0, inverse_of(orientation)) == box
