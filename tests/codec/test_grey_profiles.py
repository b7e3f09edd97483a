"""Grey bases whose grey ICC profile tells their curve, through every verb and container."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.code_points import Transfer
from gainmap_codec.files.records import CODECS, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import code_picture
from support.cases import ONE_CHANNEL
from support.container_files import CONTAINERS, parsed, serialized
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
    return serialized(replace(file, base_digest=bytes(4)))


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


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "quality": lambda data: gm.transcode(data, quality=100),
    "jpeg": lambda data: gm.transcode(data, container="jpeg", quality=100),
    "heic": lambda data: gm.transcode(data, container="heic", quality=100),
    "avif": lambda data: gm.transcode(data, container="avif", quality=100),
    "crop": lambda data: gm.crop(data, (0, 0, 48, 40), quality=100),
    "encode": lambda data: gm.encode(hdr(data), data, carry="standard", quality=100),
    "encode to heic": lambda data: gm.encode(hdr(data), data, carry="standard", quality=100, container="heic"),
    "encode to avif": lambda data: gm.encode(hdr(data), data, carry="standard", quality=100, container="avif"),
}


def hdr(data: bytes) -> gm.HdrImage:
    return gm.HdrImage(gm.decode(data).pixels * 2)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("edit", EDITS)
def test_a_base_coded_again_keeps_its_light(container: Container, name: str, edit: str) -> None:
    """As one channel or three, with a profile that is for as many, or code points that say the same."""
    data = grey_file(container, name)
    before, edited = light(data), quietly(EDITS[edit], data)
    after = gm.decode(edited, color_space="srgb", prefer="base")
    assert after.warnings == ()
    height, width = after.pixels.shape[:2]
    assert np.abs(after.pixels[..., 1] - before[:height, :width]).mean() < 0.004
    base = parsed(edited).base
    if base.icc_profile is None:
        assert name == "linear" and base.nclx is not None and base.nclx.transfer == Transfer.LINEAR
    else:
        assert base.icc_profile[16:20] == (b"RGB " if base.channels == 3 else b"GRAY")


def quietly(edit: Callable[[bytes], bytes], data: bytes) -> bytes:
    """What an edit gives; an AVIF that has to keep a profile warns of libavif."""
    with warnings.catch_warnings():
        for line in (
            "the ICC profile is kept, as no code points of AVIF say the same",
            "the smaller picture is a larger",
        ):
            warnings.filterwarnings("ignore", line, gm.GainMapWarning)
        return edit(data)


def test_grey_of_ten_bits_becomes_three_channels_of_av1() -> None:
    base = code_picture(ramp(48, 64, 1, bits=10), "hevc", quality=100, icc_profile=PROFILES["1.8"], bits=10)
    data = serialized(GainMapFile("heic", base, bytes(4)))
    new = gm.transcode(data, container="avif", quality=100)  # without a word: no gain map is lost to the profile
    assert parsed(new).base.channels == 3
    assert np.abs(light(new) - light(data)).mean() < 0.004


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_grey_pictures_of_other_formats(mode: str, tmp_path: Path) -> None:
    """Pillow opens them; what becomes a base has three channels."""
    codes = ramp(48, 64, 1)
    picture = Image.fromarray(codes if mode == "L" else codes.astype(np.uint16) * 257)
    picture.save(tmp_path / "a.png", icc_profile=PROFILES["1.8"])
    data = gm.encode(
        gm.HdrImage(np.full((48, 64, 3), 2, np.float32)), tmp_path / "a.png", carry="standard", quality=100
    )
    after = gm.decode(data, color_space="srgb", prefer="base")
    assert after.warnings == ()
    assert np.abs(after.pixels[..., 1] - (codes / 255) ** 1.8).max() < 0.03
