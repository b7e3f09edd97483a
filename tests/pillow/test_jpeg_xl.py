"""JPEG XL by way of Pillow, which does not know it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import pillow
from support.container_files import photo


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_pillow_keeps_the_hdr(tmp_path: Path) -> None:
    image = pillow.open(gm.transcode(photo("jpeg"), container="jxl"))
    pillow.save(image, tmp_path / "photo.jxl")
    assert gm.inspect(tmp_path / "photo.jxl").container == "jxl"
    assert gm.decode(tmp_path / "photo.jxl").rendered_from == "neural"
    with pytest.raises(gm.UnsupportedError, match="JPEG XL: expected an image with HDR, got one without"):
        pillow.save(Image.new("RGB", (8, 8)), tmp_path / "plain.jxl")
