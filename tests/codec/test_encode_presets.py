"""The presets `web` and `archive` of `encode`: the same rows as for `transcode`."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import PHOTO_PRESETS, EncodeOptions, MapOptions
from gainmap_codec.files.container import parse_file, sampling_of
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from support import pipeline_files as files

SDR, LIGHT = files.pictures()
CONTAINERS: tuple[Container, ...] = ("jpeg", "heic", "avif")


def made(sdr: Any = SDR, **options: Any) -> GainMapFile:
    data = gm.encode(gm.HdrImage(LIGHT, "srgb"), sdr, carry="standard", **options)
    return parse_file(data, "new", gm.Limits())


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(SDR).save(out, "JPEG", quality=90, subsampling=0)
    return out.getvalue()


@pytest.mark.parametrize("preset", PHOTO_PRESETS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_new_base_is_coded_by_the_preset(container: Container, preset: Any) -> None:
    row = PHOTO_PRESETS[preset]
    new = made(container=container, preset=preset)
    alone = code_picture(SDR, CODECS[container], quality=row.qualities[container], chroma=row.chroma)
    assert sampling_of(new.base) == row.chroma
    assert np.array_equal(decode_coded_image(new.base), decode_coded_image(alone))


def test_the_map_is_that_of_the_preset() -> None:
    new = made(preset="web")
    assert new.gain_map is not None and (new.gain_map.image.width, new.gain_map.image.height) == (24, 16)
    assert EncodeOptions(preset="web").standard == MapOptions(4, 78, "auto")
    assert EncodeOptions(preset="archive").standard == MapOptions("auto", 97, "auto")
    assert EncodeOptions(preset="web", container="heic").standard == MapOptions(4, 52, "auto")
    assert EncodeOptions(preset="web", map_scale=2, map_quality=50).standard == MapOptions(2, 50, "auto")


def test_archive_keeps_a_base_of_the_container_and_web_codes_it_anew() -> None:
    source = jpeg()
    kept, anew = made(source, preset="archive"), made(source, preset="web")
    assert files.scans(kept.base.data) == files.scans(source)
    assert len(anew.base.data) < len(kept.base.data) and sampling_of(anew.base) == "4:2:0"


def test_what_is_given_beside_a_preset_wins() -> None:
    new = made(preset="web", base_chroma="4:4:4", quality=95)
    assert sampling_of(new.base) == "4:4:4"
    assert len(new.base.data) > len(made(preset="web").base.data)


def test_presets_choose_the_kind_of_the_neural_map() -> None:
    kinds = {preset: EncodeOptions(preset=preset).fit.preset for preset in ("web", "archive", "auto")}
    assert kinds == {"web": "tiny", "archive": "best", "auto": "auto"}
