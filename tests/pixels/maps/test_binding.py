"""The soft binding on our own scene: what it must forgive, and what it must refuse."""

from __future__ import annotations

import io
import math
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageOps

from gainmap_codec.pixels.maps.binding import (
    find_turn,
    fingerprint_distance,
    is_bound,
    soft_fingerprint,
    turned_fingerprint,
)
from gainmap_codec.pixels.raster.geometry import turned
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.pipeline_files import pictures


@cache
def base() -> Image.Image:
    return Image.fromarray(encode_base(tone_map(render_scene(384, 256), headroom=3)))


def codes_of(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))


def coded(quality: int) -> Image.Image:
    stream = io.BytesIO()
    base().save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def with_gamma(exponent: float) -> Image.Image:
    return base().point([round(255 * (n / 255) ** exponent) for n in range(256)] * 3)


FORGIVEN = {
    "JPEG quality 90": lambda: coded(90),
    "JPEG quality 75": lambda: coded(75),
    "half size": lambda: base().resize((192, 128), Image.Resampling.LANCZOS),
    "odd size": lambda: base().resize((251, 167), Image.Resampling.BICUBIC),
    "twice the size": lambda: base().resize((768, 512), Image.Resampling.BICUBIC),
}
REFUSED = {
    "5 % cut off the left": lambda: base().crop((19, 0, 384, 256)),
    "5 % cut off around": lambda: base().crop((10, 7, 374, 249)),
    "mirrored": lambda: ImageOps.mirror(base()),
    "upside down": lambda: ImageOps.flip(base()),
    "a quarter turn": lambda: base().transpose(Image.Transpose.ROTATE_90),
    "gamma 1.1": lambda: with_gamma(1.1),
    "gamma 1 / 1.1": lambda: with_gamma(1 / 1.1),
    "grey": lambda: ImageOps.grayscale(base()),
    "red and blue exchanged": lambda: Image.merge("RGB", base().split()[::-1]),
    "another picture": lambda: Image.fromarray(np.full((256, 384, 3), 128, np.uint8)),
}


def test_a_fingerprint_is_13_bytes_and_its_own_base_is_at_distance_0() -> None:
    fingerprint = soft_fingerprint(codes_of(base()))
    assert len(fingerprint) == 13
    assert fingerprint_distance(codes_of(base()), fingerprint) == (0, 0)


@pytest.mark.parametrize("edit", FORGIVEN)
def test_forgiven(edit: str) -> None:
    assert is_bound(codes_of(FORGIVEN[edit]()), soft_fingerprint(codes_of(base())))


@pytest.mark.parametrize("edit", REFUSED)
def test_refused(edit: str) -> None:
    assert not is_bound(codes_of(REFUSED[edit]()), soft_fingerprint(codes_of(base())))


def fields(fingerprint: bytes) -> list[list[int]]:
    """The counts of Y, Cb and Cr, cut out of the bits."""
    bits = iter("".join(f"{byte:08b}" for byte in fingerprint))
    widths = [[8] + [2] * 35, [7, 2, 2, 2], [7, 2, 2, 2]]
    return [[int("".join(next(bits) for _ in range(width)), 2) for width in plane] for plane in widths]


def numbers(codes: np.ndarray) -> list[list[float]]:
    """What the fields count, before rounding: sums over 8 x 8 cells one by one, as docs/format.md has them."""
    cells = codes.astype(np.float64).reshape(8, len(codes) // 8, 8, codes.shape[1] // 8, 3).mean(axis=(1, 3))
    luma = cells @ (0.299, 0.587, 0.114)
    planes = luma, (cells[..., 2] - luma) / 1.772, (cells[..., 0] - luma) / 1.402

    def number(plane: int, down: int, across: int) -> float:
        total = 0.0
        for y in range(8):
            for x in range(8):
                cosines = math.cos(math.pi * down * (2 * y + 1) / 16) * math.cos(math.pi * across * (2 * x + 1) / 16)
                total += planes[plane][y, x] * cosines
        total *= 2 ** (((down > 0) + (across > 0)) / 2) / 64
        steps = (1.25, 0.4375) if plane else (1.75, 0.625)
        return total / steps[down + across > 0]

    squares = [(down, across) for down in (0, 1) for across in (0, 1)]
    places = [[(y, x) for y in range(8) for x in range(8 - y)], squares, squares]
    return [[number(plane, *place) for place in each] for plane, each in enumerate(places)]


def test_each_number_has_its_place_in_the_bytes() -> None:
    codes = np.random.default_rng(3).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    widths = [[8] + [2] * 35, [7, 2, 2, 2], [7, 2, 2, 2]]
    expected = [
        [math.floor(number + 0.5) % (1 << width) for number, width in zip(plane, row, strict=True)]
        for plane, row in zip(numbers(codes), widths, strict=True)
    ]
    assert fields(soft_fingerprint(codes)) == expected


def test_distances_are_counted_from_the_interval_of_a_count() -> None:
    """Grey 130 has the count 74, for 128.625…130.375; of 44 numbers only the mean of luma moves."""
    grey, brighter = (np.full((8, 8, 3), level, np.uint8) for level in (130, 132))
    largest, mean = fingerprint_distance(brighter, soft_fingerprint(grey))
    assert largest == pytest.approx((132 - 130.375) / 1.75) and mean == pytest.approx(largest / 44)


def test_counts_come_round_again() -> None:
    """Black has the count 0, white 145.7 of 256: the shorter way round is 110.3 steps."""
    black, white = (np.full((8, 8, 3), level, np.uint8) for level in (0, 255))
    largest, _ = fingerprint_distance(white, soft_fingerprint(black))
    assert largest == pytest.approx(256 - 255 / 1.75 - 0.5)


@pytest.mark.parametrize(
    ("rgb", "means"),
    [
        ((255, 0, 0), (44, 94, 102)),
        ((0, 0, 255), (17, 102, 111)),
        ((0, 255, 0), (86, 60, 43)),
        ((180, 128, 76), (79, 100, 24)),
    ],
)
def test_means_of_flat_colours(rgb: tuple[int, ...], means: tuple[int, ...]) -> None:
    codes = np.full((4, 4, 3), rgb, dtype=np.uint8)
    assert fields(soft_fingerprint(codes)) == [
        [mean, *[0] * rest] for mean, rest in zip(means, (35, 3, 3), strict=True)
    ]
    assert is_bound(codes, soft_fingerprint(codes))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (3, 2), (1, 1000), (1000, 1)])
def test_the_smallest_pictures(shape: tuple[int, ...]) -> None:
    codes = np.arange(shape[0] * shape[1] * 3, dtype=np.uint32).astype(np.uint8).reshape(*shape, 3)
    fingerprint = soft_fingerprint(codes)
    assert len(fingerprint) == 13
    assert is_bound(codes, fingerprint)
    assert not is_bound(255 - codes, fingerprint)


@pytest.mark.parametrize(
    ("value", "other", "bound"),
    [(0, 2, True), (0, 3, False), (127, 130, True), (127, 131, False), (255, 253, True), (255, 252, False)],
)
def test_flat_pictures(value: int, other: int, bound: bool) -> None:
    """A step of the mean of luma is 1.75 code values; a base may lie a step outside of its interval."""
    one, two = (np.full((300, 20, 3), level, dtype=np.uint8) for level in (value, other))
    assert is_bound(one, soft_fingerprint(one))
    assert is_bound(two, soft_fingerprint(one)) is bound


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_fingerprint_turns_with_its_base(turn: int) -> None:
    codes, _ = pictures()
    fingerprint = soft_fingerprint(codes)
    turned_codes = np.ascontiguousarray(turned(codes, turn))
    assert turned_fingerprint(fingerprint, turn) == soft_fingerprint(turned_codes)
    assert find_turn(turned_codes, fingerprint) == turn
    assert find_turn(255 - turned_codes, fingerprint) is None


def test_a_flat_base_is_as_it_was() -> None:
    flat = np.full((8, 8, 3), 90, np.uint8)
    assert find_turn(flat, soft_fingerprint(flat)) == 1
