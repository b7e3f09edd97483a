"""The presets `web` and `archive`: what they ask for, in each container, and what wins beside them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.options import PHOTO_PRESETS, TranscodeOptions
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file, sampling_of
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from support import pipeline_files as files

CONTAINERS: tuple[Container, ...] = ("jpeg", "heic", "avif")


pytestmark = pytest.mark.usefixtures("quiet")


@cache
def photo(space: Any = "srgb") -> bytes:
    """96 x 64, 4:4:4, a map of full size."""
    hdr = gm.HdrImage(files.pictures()[1], "srgb")
    return gm.encode(hdr, carry="standard", base_color_space=space, map_scale=1, map_channels=1)


def made(source: bytes, **options: Any) -> GainMapFile:
    return parse_file(transcode_with_report(source, TranscodeOptions(**options)).data, "new", gm.Limits())


@pytest.mark.parametrize("container", CONTAINERS)
def test_web(container: Container) -> None:
    new = made(photo(), container=container, preset="web")
    assert new.gain_map is not None
    assert sampling_of(new.base) == "4:2:0"
    assert (new.gain_map.image.width, new.gain_map.image.height) == (24, 16)
    codes = decode_coded_image(parse_file(photo(), "old", gm.Limits()).base)
    codec = new.base.codec
    quality = PHOTO_PRESETS["web"].qualities[container]
    alone = code_picture(codes, codec, quality=quality, chroma="4:2:0")
    assert np.abs(decode_coded_image(new.base).astype(int) - decode_coded_image(alone)).mean() < 1


@pytest.mark.parametrize("space", ["srgb", "display-p3"])
def test_web_keeps_the_colour_space(space: Any) -> None:
    old, new = (gm.inspect(data).color_space for data in (photo(space), gm.transcode(photo(space), preset="web")))
    assert old == new


def test_web_enlarges_no_map() -> None:
    new = made(files.made(standard=True, scale=8), preset="web")
    assert new.gain_map is not None and (new.gain_map.image.width, new.gain_map.image.height) == (12, 8)


def test_what_is_asked_for_beside_a_preset_wins() -> None:
    new = made(photo(), preset="web", chroma="4:4:4", map_scale=2)
    assert new.gain_map is not None
    assert sampling_of(new.base) == "4:4:4"
    assert new.gain_map.image.width == 48
    sizes = [len(made(photo(), preset="web", quality=quality).base.data) for quality in (30, 90)]
    assert sizes[0] < sizes[1]


def test_archive_keeps_what_can_stay() -> None:
    old, new = parse_file(photo(), "old", gm.Limits()), made(photo(), preset="archive")
    assert new.base_digest == old.base_digest
    assert new.gain_map is not None and old.gain_map is not None
    assert files.scans(new.gain_map.image.data) == files.scans(old.gain_map.image.data)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_archive_codes_the_rest_with_hardly_a_loss(container: Container) -> None:
    new = made(photo(), container=container, preset="archive")
    assert new.gain_map is not None
    assert sampling_of(new.base) == "4:4:4"
    assert (new.gain_map.image.width, new.gain_map.image.height) == (96, 64)
    plain = made(photo(), container=container)
    assert len(new.base.data) > len(plain.base.data)


def test_presets_choose_the_kind_of_a_neural_map() -> None:
    kinds = {preset: TranscodeOptions(preset=preset).neural.preset for preset in ("web", "archive", "balanced")}
    assert kinds == {"web": "tiny", "archive": "best", "balanced": "balanced"}
