"""HDR screenshots as iOS 26 takes them: HEIC of 10 bits, tall, sharp text, and a map of three channels at full size.

Made by our own writer with the brands that such files have: no real one was at hand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.heif.records import heif_extras
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.pixels.color.light import pq_psnr, srgb_decode

pytestmark = pytest.mark.usefixtures("quiet")

WIDTH, HEIGHT = 96, 208
BRANDS = (b"heix", b"mif1", b"heix", b"tmap")


def drawn() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Text of one pixel's strokes on coloured bars, some of it brighter than SDR white in one colour alone."""
    sdr = Image.new("RGB", (WIDTH, HEIGHT), (20, 20, 24))
    draw = ImageDraw.Draw(sdr)
    for row, color in enumerate(((255, 255, 255), (255, 80, 60), (80, 200, 255), (255, 220, 0))):
        draw.text((4, 10 + 48 * row), "Settings 12:34", fill=color)
        draw.rectangle((4, 30 + 48 * row, 90, 44 + 48 * row), fill=color)
        draw.text((8, 32 + 48 * row), "HDR text", fill=(0, 0, 0))
    codes = np.asarray(sdr)
    light = srgb_decode((codes / 255).astype(np.float32))
    gains = np.ones((HEIGHT, WIDTH, 3), np.float32)
    gains[58:] = (6.0, 1.0, 1.0)
    gains[106:] = (1.0, 2.0, 5.0)
    gains[154:] = 4.0
    return codes, light * gains


@cache
def screenshot() -> bytes:
    codes, hdr = drawn()
    deep = codes.astype(np.uint16) * 257
    data = gm.encode(hdr, deep, container="heic", carry="standard", base_bits=10, map_scale=1, map_channels=3)
    file = record(data)
    extras = heif_extras(file.extras)
    assert extras is not None
    return serialize_file(replace(file, extras=replace(extras, brands=BRANDS)), [])


def record(data: bytes) -> GainMapFile:
    return parse_file(data, "screenshot", gm.Limits())


def map_shape(data: bytes) -> tuple[int, int, int]:
    stored = record(data).gain_map
    assert stored is not None and stored.carrier == "iso21496"
    return stored.image.width, stored.image.height, stored.image.channels


def light(data: bytes, **options: Any) -> NDArray[np.float32]:
    return gm.decode(data, color_space="srgb", **options).pixels


def test_it_is_read() -> None:
    data = screenshot()
    assert data[8:12] == b"heix" and b"tmap" in data[:40]
    file = record(data)
    assert (file.base.bits, file.base.width, file.base.height) == (10, WIDTH, HEIGHT) and not file.warnings
    assert pq_psnr(light(data), drawn()[1]) > 36


def test_edits_keep_it() -> None:
    old = record(screenshot())
    for new in (record(gm.rotate(screenshot(), 90)), record(gm.transcode(screenshot(), strip="gps"))):
        assert new.base_digest == old.base_digest
        assert new.gain_map is not None and old.gain_map is not None
        assert new.gain_map.metadata == old.gain_map.metadata and new.gain_map.image.data == old.gain_map.image.data
    part = gm.crop(screenshot(), (0, 48, WIDTH, 144), quality=95)
    assert map_shape(part) == (WIDTH, 96, 3)
    assert pq_psnr(light(part), light(screenshot())[48:144]) > 36


@pytest.mark.parametrize("container", ["jpeg", "avif", "heic"])
def test_text_stays_sharp_in_every_container(container: Container) -> None:
    """Its map has a gain for each pixel and colour, and so it must stay: a coarser one would leave halos."""
    new = gm.transcode(screenshot(), container=container, chroma="4:4:4", quality=95)
    assert map_shape(new) == (WIDTH, HEIGHT, 3)
    wanted = light(screenshot())
    assert pq_psnr(light(new), wanted) > 36
    coarse = gm.transcode(screenshot(), container=container, chroma="4:4:4", quality=95, map_scale=4)
    assert pq_psnr(light(coarse), wanted) < pq_psnr(light(new), wanted) - 3


def test_what_encode_chooses_for_it_keeps_the_text() -> None:
    codes, hdr = drawn()
    made = gm.encode_with_report(hdr, codes, carry="standard")
    assert map_shape(made.data) == (WIDTH, HEIGHT, 3)
