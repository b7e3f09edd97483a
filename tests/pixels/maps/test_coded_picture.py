"""The coded picture of a neural gain map: its values, where they lie, and what a broken one leads to."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.errors import FormatError
from gainmap_codec.files.heif.bare_av1 import BareFrame, avif_of
from gainmap_codec.files.payload.records import CodedPicture, NeuralGainMap
from gainmap_codec.pixels.maps.coded_picture import PictureOnGrid, code_residual, picture_values
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from support.networks import random_network

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def smooth(rows: int, columns: int, channels: int) -> NDArray[np.float32]:
    """Ramps between −0.5 and 1.25, another in each channel."""
    y, x = np.mgrid[:rows, :columns]
    ramps = [x / max(columns - 1, 1), y / max(rows - 1, 1), (x + y) / max(rows + columns - 2, 1)]
    return np.stack(ramps[:channels], axis=2).astype(np.float32) * np.float32(1.75) - np.float32(0.5)


def with_picture(picture: CodedPicture, grid: tuple[int, int], outputs: int = 1) -> NeuralGainMap:
    return replace(random_network(outputs=outputs, color_octaves=0, grid=grid), picture=picture)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (33, 50)])
def test_values_come_back(channels: int, size: tuple[int, int]) -> None:
    values = smooth(*size, channels)
    picture = code_residual(values, 0, quality=60, speed=8)
    found = picture_values(with_picture(picture, size, channels), picture)
    assert found.shape == (*size, channels)
    step = 2 ** (picture.step_exponent / 4)
    spread = max(values.max(), 0) - min(values.min(), 0)
    assert spread / 255 <= step <= spread / 255 * 1.2
    assert np.sqrt(np.mean((found - values) ** 2)) < 1.5 * step


def test_nothing_is_told_as_nothing() -> None:
    picture = code_residual(np.zeros((4, 4, 1), np.float32), 0, quality=32, speed=8)
    assert np.abs(picture_values(with_picture(picture, (4, 4)), picture)).max() < 1e-6


def test_is_decoded_by_others_alike() -> None:
    """Pillow's libavif decodes the file around a frame to the same codes as ours."""
    values = smooth(20, 31, 1)
    picture = code_residual(values, 0, quality=50, speed=8)
    other = Image.open(BytesIO(avif_of(BareFrame(picture.tools, picture.frame), 31, 20, 1)))
    codes = np.asarray(other.convert("L"), np.float32)[..., np.newaxis]
    found = picture_values(with_picture(picture, (20, 31)), picture)
    assert np.allclose(found, (codes - picture.zero) * 2 ** (picture.step_exponent / 4), atol=1e-6)


def test_is_enlarged_from_its_level() -> None:
    """Of level 1 over a grid of 4 × 8: the ramp in the middle of two cells is the mean of them."""
    values = np.arange(4, dtype=np.float32)[np.newaxis, :, np.newaxis].repeat(2, axis=0)
    network = with_picture(code_residual(values, 1, quality=63, speed=8), (4, 8))
    assert network.picture
    residual = np.ones((3, 1, 8), np.float32)
    PictureOnGrid(network, network.picture, WorkingGrid.over((4, 8), 4, 8, IDENTITY)).add_to(residual, 1)
    expected = np.clip((np.arange(8) + 0.5) / 2 - 0.5, 0, 3) + 1
    assert np.allclose(residual[:, 0], expected, atol=0.02)


@pytest.mark.parametrize("frame", [b"", b"\0", b"\xff" * 40, bytes(range(256))])
def test_broken_frames_are_told_of(frame: bytes) -> None:
    picture = CodedPicture(0, 128, -30, 0b0110010, frame)
    with pytest.raises(FormatError, match="neural payload's picture: "):
        picture_values(with_picture(picture, (33, 50)), picture)
