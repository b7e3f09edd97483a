"""Grey bases whose grey ICC profile tells their curve, through every verb and container."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.files.records import CODECS, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import code_picture
from support.cases import ONE_CHANNEL
from support.container_files import CONTAINERS, serialized
from support.heif_records import ramp
from support.profiles import curv, grey_profile, para

PROFILES = {"1.8": grey_profile(para(0, 1.8)), "linear": grey_profile(curv(), version=2)}
POWERS = {"1.8": 1.8, "linear": 1.0}


def grey_file(container: Container, name: str) -> bytes:
    """A grey base with a gain map of no gain."""
    codec = CODECS[container]
    base = code_picture(ramp(48, 64, 1), codec, quality=100, icc_profile=PROFILES[name])
    flat = code_picture(np.zeros((12, 16), np.uint8), codec, quality=100)
    file = GainMapFile(container, base, b"", StoredGainMap(flat, ONE_CHANNEL, "iso21496"))
    return serialized(replace(file, base_digest=bytes(8)))


def light(data: bytes) -> np.ndarray:
    return gm.decode(data, color_space="srgb").pixels[..., 1]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", PROFILES)
def test_the_curve_is_used(container: Container, name: str) -> None:
    data = grey_file(container, name)
    wanted = (ramp(48, 64, 1) / 255) ** POWERS[name]
    assert np.abs(light(data) - wanted).max() < 0.03, "a few codes of coding noise"
    assert np.abs(light(data) - wanted).mean() < 0.003
    assert np.array_equal(light(gm.rotate(data, 180)), light(data)[::-1, ::-1])
