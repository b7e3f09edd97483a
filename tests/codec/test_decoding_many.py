"""Photo after photo: in order, none stopped by another, and never more of them at once than was said."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gainmap_codec as gm
from gainmap_codec import tensors
from gainmap_codec.pixels.scene import render_scene


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, short_fits: None) -> list[Path]:
    """Five, each brighter than the one before, the last turned; every other has a standard map alone."""
    folder = tmp_path_factory.mktemp("photos")
    found = []
    for number in range(5):
        hdr = render_scene(48 + 4 * number, 32) * np.float32(0.5 + number / 4)
        is_neural = number % 2 == 0
        data = gm.encode(hdr, preset="tiny", carry="neural") if is_neural else gm.encode(hdr, carry="standard")
        found.append(folder / f"{number}.jpg")
        found[-1].write_bytes(gm.rotate(data, 90) if number == 4 else data)
    return found


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_pictures_come_in_order_and_as_decode_makes_them(photos: list[Path], workers: int | None) -> None:
    options: dict[str, Any] = {"headroom": 1.0, "color_space": "srgb", "region": (1, 2, 20, 30)}
    found = list(gm.decode_many(photos, workers=workers, **options))
    assert len(found) == len(photos)
    for path, image in zip(photos, found, strict=True):
        assert isinstance(image, gm.HdrImage)
        expected = gm.decode(path, **options)
        np.testing.assert_array_equal(image.pixels, expected.pixels)
        assert (image.rendered_from, image.headroom) == (expected.rendered_from, expected.headroom)


def test_a_bad_photo_comes_as_its_error_in_its_place(photos: list[Path]) -> None:
    sources = [photos[0], photos[0].with_name("missing.jpg"), b"no picture", photos[1].read_bytes(), 7, photos[2]]
    kinds = [type(each) for each in gm.decode_many(sources)]  # type: ignore[arg-type]
    assert kinds == [gm.HdrImage, FileNotFoundError, gm.FormatError, gm.HdrImage, TypeError, gm.HdrImage]


def test_a_region_beyond_one_photo_is_that_photos_error(photos: list[Path]) -> None:
    found = list(gm.decode_many(photos[:4], region=(0, 0, 56, 32)))
    assert [type(each) for each in found] == [ValueError, ValueError, gm.HdrImage, gm.HdrImage]


def test_warnings_stay_with_their_picture(photos: list[Path]) -> None:
    """Where a warning is an error, as in these tests, one that is raised would come in a picture's place."""
    (image,) = gm.decode_many([photos[1]], prefer="neural")
    assert isinstance(image, gm.HdrImage)
    assert image.warnings == ("no usable neural gain map: made from the standard gain map",)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"headrom": 1}, "unexpected keyword argument 'headrom'"),
        ({"out": np.empty((1, 1, 3))}, "unexpected keyword argument 'out'"),
        ({"headroom": -1.0}, "headroom: expected a number of stops >= 0"),
        ({"workers": 0}, "workers: expected at least 1, got 0"),
        ({"device": "cuda:99"}, "device: expected cuda:99"),
    ],
)
def test_a_wrong_option_is_told_at_once(options: dict[str, Any], line: str) -> None:
    def untouched() -> Iterator[bytes]:
        pytest.fail("nothing is to be read")
        yield b""

    with pytest.raises((TypeError, ValueError), match=line):
        gm.decode_many(untouched(), **options)


def test_no_more_pictures_are_held_than_workers_and_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made: weakref.WeakSet[gm.HdrImage] = weakref.WeakSet()
    most, lock = [], threading.Lock()

    def make(source: object, options: object) -> gm.HdrImage:
        image = gm.HdrImage(np.zeros((1, 1, 3), np.float32))
        with lock:
            made.add(image)
            most.append(len(made))
        return image

    monkeypatch.setattr("gainmap_codec.codec.decoding_many.decode_with_notes", make)
    for image in gm.decode_many([b""] * 40, workers=3):
        assert isinstance(image, gm.HdrImage)
        time.sleep(0.002)
    assert max(most) <= 5  # the variable `image` holds the one before while the next is waited for


def test_who_stops_early_leaves_no_thread(photos: list[Path]) -> None:
    taken = []

    def endless() -> Iterator[Path]:
        while True:
            taken.append(1)
            yield photos[1]

    before = threading.active_count()
    pictures = gm.decode_many(endless(), workers=2)
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    assert len(taken) <= 4
    assert threading.active_count() == before


# Tensors


def test_a_tensor_is_what_decode_gives(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"headroom": 1.5, "color_space": "display-p3", "region": (3, 1, 20, 25)}
    expected = [gm.decode(path, **options).pixels for path in photos]
    for path, pixels in zip(photos, expected, strict=True):
        found = tensors.decode(path.read_bytes(), device="cpu", dtype="float16", **options)
        assert found.dtype == torch.float16 and found.is_contiguous()
        np.testing.assert_allclose(found.numpy(), pixels, rtol=2e-3, atol=1e-4)
    with pytest.raises(ValueError, match="device: expected cuda:99"):
        tensors.decode(photos[0], device="cuda:99")


def test_a_tensor_warns_as_decode_does(photos: list[Path]) -> None:
    with pytest.warns(gm.GainMapWarning, match="no usable neural gain map"):
        tensors.decode(photos[1], device="cpu", prefer="neural")


def test_many_on_cuda(photos: list[Path]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    for path, image in zip(photos, gm.decode_many(photos, device="cuda", workers=3), strict=True):
        assert isinstance(image, gm.HdrImage)
        np.testing.assert_allclose(image.pixels, gm.decode(path, device="cpu").pixels, rtol=1e-3, atol=1e-4)
