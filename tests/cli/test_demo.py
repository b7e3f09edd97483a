"""`gainmap demo`: its table and its files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.cli.demo import run_demo
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES


@pytest.mark.usefixtures("short_fits")
def test_demo(tmp_path: Path) -> None:
    source = tmp_path / "small.jpg"
    said: list[str] = []
    warned: list[str] = []
    source.write_bytes(gm.encode(gm.HdrImage(render_scene(96, 64)), carry="standard"))
    run_demo(
        source,
        tmp_path / "out",
        device="cpu",
        seed=0,
        overwrite=False,
        progress_bar=lambda: nullcontext(None),
        say=said.append,
        warn=warned.extend,
    )
    assert said[0].startswith("small: 96 x 64, ")
    rows = [line for line in said if "map" in line and "PQ-PSNR" not in line]
    assert [row.split("  ")[0] for row in rows[:3]] == [
        "1/4-scale JPEG map, q85",
        "the standard map",
        "the neural map (balanced)",
    ]
    assert warned == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["comparison.png", "small.exr", "small.jpg"]
    with Image.open(tmp_path / "out/comparison.png") as sheet:
        assert sheet.width > 2000
    assert gm.inspect(tmp_path / "out/small.jpg").payload is not None


def test_a_photo_without_gain_maps(tmp_path: Path) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    with pytest.raises(gm.NoGainMapError, match="expected a photo with a gain map"):
        run_demo(
            FIXTURES / "jpeg/base-16x16.jpg",
            tmp_path / "out",
            device="cpu",
            seed=0,
            overwrite=False,
            progress_bar=lambda: nullcontext(None),
            say=never,
            warn=never,
        )
    assert not (tmp_path / "out").exists()
