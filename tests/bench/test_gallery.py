"""The gallery shows what may be shown, small, credited, and with figures that were measured."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_bench.report import gallery
from gainmap_bench.report.gallery import Exhibit, photo_exhibit, scene_exhibit, section, write_gallery
from gainmap_codec.pixels.scene import render_scene
from support.paths import ROOT

PAGE = ROOT / "docs" / "gallery.md"
PICTURES = sorted((ROOT / "docs" / "figures" / "gallery").iterdir())


@pytest.mark.usefixtures("short_fits")
def test_a_photo_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "lake.jpg"
    photo.write_bytes(gm.encode(gm.HdrImage(render_scene(96, 64)), carry="standard"))
    monkeypatch.setitem(gallery._TITLES, "lake", ("A lake", "Photo: somebody, CC BY 4.0."))
    write_gallery([scene_exhibit(96, 64), photo_exhibit(photo)], tmp_path)
    page = (tmp_path / "gallery.md").read_text("utf-8")
    assert page.index("## A harbour at dusk") < page.index("## A lake") < page.index("Photo: somebody, CC BY 4.0.")
    shown = re.findall(r"\]\((figures/gallery/[^)]+)\)", page)
    assert len(shown) == 10 and all((tmp_path / name).exists() for name in shown)
    own = gm.inspect(photo).to_dict()["gain_map"]["bytes"]
    assert f"| the photo's own | {own:,} | the original |" in page


@pytest.mark.usefixtures("short_fits")
def test_pictures_of_an_exhibit(tmp_path: Path) -> None:
    light = np.full((32, 48, 3), 0.25, np.float32)
    light[:, 24:] = 4
    sdr = np.full((32, 48, 3), 137, np.uint8)  # a quarter of the light
    sdr[:, 24:] = 255
    section(Exhibit("half", "Half", "ours", gm.HdrImage(light, "srgb"), sdr), tmp_path)
    assert gm.decode(tmp_path / "half.jpg").rendered_from == "standard"
    with Image.open(tmp_path / "half-gains.jpg") as gains:
        brightness = np.asarray(gains.convert("L"), np.float32)
    assert brightness[:, :16].max() < 20 and brightness[:, -16:].min() > 200  # no gain, two stops
    with Image.open(tmp_path / "half-sdr.jpg") as shown:
        np.testing.assert_allclose(np.asarray(shown.convert("L"))[:, :16], 137, atol=3)


def test_photos_of_unknown_licence_are_refused(tmp_path: Path) -> None:
    photo = tmp_path / "found.jpg"
    photo.write_bytes(b"")
    done = CliRunner().invoke(bench, ["gallery", str(photo), "--docs", str(tmp_path / "docs")])
    assert done.exit_code == 1 and "expected a photo whose licence is known" in done.stderr
    assert not (tmp_path / "docs").exists()


def test_the_documentation_has_all_of_it() -> None:
    page = PAGE.read_text("utf-8")
    assert page.startswith(gallery._INTRO)
    assert {path.name for path in PICTURES} == set(re.findall(r"\]\(figures/gallery/([^)]+)\)", page))
    assert len(PICTURES) == 15
    assert max(path.stat().st_size for path in PICTURES) <= 60_000
    assert sum(path.stat().st_size for path in PICTURES) <= 1_000_000
    sections = page.split("\n## ")[1:]
    assert all(re.search(r"^(Photo: .*CC BY 4\.0|Picture: .*drawn by this package)", text, re.M) for text in sections)
    whole = [path for path in PICTURES if not re.search(r"-(sdr|tone-mapped|gains|errors)\.jpg$", path.name)]
    assert len(whole) == 3
    assert all(gm.decode(path).rendered_from == "standard" for path in whole)
