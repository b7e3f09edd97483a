"""The soft binding on our own scene: what it must forgive, and what it must refuse."""

from __future__ import annotations

import io
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


def test_a_fingerprint_is_64_bytes_and_its_own_base_is_at_distance_0() -> None:
    fingerprint = soft_fingerprint(codes_of(base()))
    assert len(fingerprint) == 64
    assert fingerprint_distance(codes_of(base()), fingerprint) == (0, 0, 0)


@pytest.mark.parametrize("edit", FORGIVEN)
def test_forgiven(edit: str) -> None:
    assert is_bound(codes_of(FORGIVEN[edit]()), soft_fingerprint(codes_of(base())))


@pytest.mark.parametrize("edit", REFUSED)
def test_refused(edit: str) -> None:
    assert not is_bound(codes_of(REFUSED[edit]()), soft_fingerprint(codes_of(base())))


def test_every_cell_has_its_place_in_the_bytes() -> None:
    """8 x 8 cells of luma 2, 6, 10 … 254: the codes 0…63 in order."""
    luma = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4 + 2
    codes = np.repeat(luma.repeat(2, 0).repeat(3, 1)[:, :, np.newaxis], 3, axis=2)
    values = int.from_bytes(soft_fingerprint(codes)[:48], "big")
    assert [values >> 6 * n & 63 for n in reversed(range(64))] == list(range(64))


@pytest.mark.parametrize(
    ("rgb", "chroma"),
    [((255, 0, 0), (2, 15)), ((0, 0, 255), (15, 5)), ((0, 255, 0), (0, 0)), ((180, 128, 76), (3, 11))],
)
def test_chroma_codes(rgb: tuple[int, ...], chroma: tuple[int, ...]) -> None:
    codes = np.full((4, 4, 3), rgb, dtype=np.uint8)
    fingerprint = soft_fingerprint(codes)
    assert (fingerprint[48:56], fingerprint[56:]) == tuple(bytes([code * 17]) * 8 for code in chroma)
    assert is_bound(codes, fingerprint)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (3, 2), (1, 1000), (1000, 1)])
def test_the_smallest_pictures(shape: tuple[int, ...]) -> None:
    codes = np.arange(shape[0] * shape[1] * 3, dtype=np.uint32).astype(np.uint8).reshape(*shape, 3)
    fingerprint = soft_fingerprint(codes)
    assert len(fingerprint) == 64
    assert is_bound(codes, fingerprint)
    assert not is_bound(255 - codes, fingerprint)


@pytest.mark.parametrize(
    ("value", "other", "bound"), [(0, 3, True), (0, 5, False), (127, 128, True), (127, 130, False), (255, 252, True)]
)
def test_flat_pictures(value: int, other: int, bound: bool) -> None:
    """Intervals of luma begin at multiples of 4; black and white lie in the first and the last."""
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
