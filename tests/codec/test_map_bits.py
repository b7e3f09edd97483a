"""Standard gain maps of more than 8 bits: where they are made, and what they are worth."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.light import Array, pq_encode, srgb_encode

pytestmark = pytest.mark.usefixtures("quiet")
STOPS = 5.0


@cache
def sunset(stops: float = STOPS) -> tuple[Array, Array]:
    """HDR light that rises smoothly up to so many stops above SDR white, and codes of an SDR picture of it, 16 bits."""
    x, y = np.meshgrid(np.linspace(0, 1, 1024), np.linspace(0, 0.1, 64))
    light = np.asarray(0.125 * np.exp2((stops + 3) * np.clip(x + y - 0.05, 0, 1)), np.float32)
    grey = np.repeat(light[..., np.newaxis], 3, axis=2)
    return grey, np.asarray(np.rint(srgb_encode(grey / (1 + grey)) * 65535), np.uint16)


def encoded(container: Container, bits: int | str = "auto", stops: float = STOPS) -> bytes:
    hdr, sdr = sunset(stops)
    options = {"carry": "standard", "map_scale": 1, "map_quality": 90, "map_channels": 1, "map_bits": bits}
    return gm.encode(hdr, sdr, container=container, base_bits=None if container == "jpeg" else 10, **options)  # type: ignore[arg-type]


def depth(data: bytes) -> int:
    found = parse_file(data, "test", gm.Limits()).gain_map
    assert found is not None
    return found.image.bits


@pytest.mark.parametrize(("container", "stops", "bits"), [("jpeg", 5.0, 8), ("heic", 5.0, 10), ("heic", 2.0, 8)])
def test_maps_are_deep_where_8_bits_would_show_bands(container: Container, stops: float, bits: int) -> None:
    assert depth(encoded(container, stops=stops)) == bits


def test_maps_in_avif_are_as_deep_as_the_base() -> None:
    hdr, sdr = sunset()
    assert depth(encoded("avif")) == 10
    assert depth(gm.encode(hdr, sdr, container="avif", base_bits=8, carry="standard", map_scale=1)) == 8


@pytest.mark.parametrize(("container", "bits"), [("heic", 8), ("heic", 10), ("avif", 8), ("avif", 10), ("avif", 12)])
def test_a_depth_that_is_asked_for_is_made(container: Container, bits: int) -> None:
    assert depth(encoded(container, bits)) == bits


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_deep_maps_of_smooth_light_are_nearer_and_smaller(container: Container) -> None:
    hdr, _ = sunset()
    wanted = pq_encode(gm.HdrImage(hdr, "srgb").convert("bt2020").pixels)
    files = {bits: encoded(container, bits) for bits in (8, 10)}

    def error(data: bytes) -> float:
        """Root of the mean square, in steps of 10-bit PQ."""
        shown = pq_encode(gm.decode(data, color_space="bt2020").pixels)
        return float(np.sqrt(np.square(shown - wanted, dtype=np.float64).mean())) * 1023

    assert error(files[10]) < 0.6 * error(files[8])
    assert len(files[10]) < len(files[8])


@pytest.mark.parametrize(
    ("container", "bits", "line"),
    [
        ("jpeg", 10, "map_bits: expected 8 in JPEG, got 10"),
        ("heic", 12, "map_bits: expected 8 or 10 in HEIC, got 12"),
        ("avif", 9, "map_bits: expected one of auto, 8, 10, 12, got 9"),
    ],
)
def test_what_no_map_can_have_is_refused(container: Container, bits: int, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        EncodeOptions(container=container, map_bits=bits)


def test_maps_of_apples_kind_have_8_bits() -> None:
    with pytest.raises(ValueError, match='carry="apple": expected map_bits 8 or auto, got 10: Apple'):
        EncodeOptions(container="heic", carry="apple", map_bits=10)
