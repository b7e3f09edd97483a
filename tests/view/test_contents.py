"""The page of `gainmap view`, as far as it goes without a browser; test_viewer_page.py opens it in one."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.view.contents import LONGEST_SIDE, shown_file
from gainmap_codec.view.page import assemble_page, bundled_script
from support.paths import FIXTURES


def view(*arguments: str) -> Result:
    return CliRunner().invoke(gainmap, ["view", *arguments])


def files_in(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="files">(.*?)</script>', page, re.DOTALL)
    assert found
    shown: list[dict[str, Any]] = json.loads(found[1])
    return shown


def picture(shown: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(shown["picture"])))


def test_writes_a_page_beside_a_short_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = view(str(FIXTURES / "jpeg/both.jpg"))
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["both.html"])
    assert done.output.startswith("both.html: ")
    (shown,) = files_in((tmp_path / "both.html").read_text("utf-8"))
    assert (shown["name"], shown["prefer"], shown["width"], shown["height"]) == ("both.jpg", "neural", 16, 16)
    assert parse_payload(base64.b64decode(shown["neural"]["payload"])).neural_psnr == 47.25
    assert sum(size for _, size in shown["sums"]) == shown["bytes"] == (FIXTURES / "jpeg/both.jpg").stat().st_size
    assert shown["description"].startswith("JPEG, 16 x 16, sRGB")


def test_loads_nothing_and_allows_its_own_script_alone() -> None:
    page = assemble_page([shown_file(FIXTURES / "jpeg/both.jpg", gm.Limits())]).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].startswith("default-src 'none'; ") and "unsafe" not in policy[1]
    for tag, directive in (('<script type="module">', "script-src"), ("<style>", "style-src")):
        text = page.split(tag)[1].split("</")[0]
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]
    assert not re.search(r"https?://|\bfetch\(|\bimport\(| src=\"| style=\"", page)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")
def test_the_script_is_whole(tmp_path: Path) -> None:
    script = tmp_path / "page.mjs"
    script.write_text(bundled_script(), "utf-8")
    subprocess.run(["node", "--check", str(script)], check=True)
    assert not re.search(r"^\s*(import|export)\b", bundled_script(), re.MULTILINE)


def test_text_of_files_ends_no_element(tmp_path: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>&.jpg"
    hostile.write_bytes((FIXTURES / "jpeg/both.jpg").read_bytes())
    page = assemble_page([shown_file(hostile, gm.Limits())] * 2).decode()
    assert "<img src=x" not in page and "</script" not in page.split('id="files">')[1].split("</script>")[0]
    assert files_in(page)[0]["name"] == hostile.name


def test_tells_what_fell_back() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all is in the page, nothing is warned besides
        damaged = shown_file(FIXTURES / "invalid/payload-bad-crc.jpg", gm.Limits())
        foreign = shown_file(FIXTURES / "invalid/payload-foreign-base.jpg", gm.Limits())
        plain = shown_file(FIXTURES / "jpeg/base-16x16.jpg", gm.Limits())
        broken = shown_file(FIXTURES / "invalid/tmap-broken-map-apple-spare.heic", gm.Limits())
    assert damaged["neural"] is None and any("CRC" in note for note in damaged["notes"])
    assert foreign["neural"] is None and any("another base" in note for note in foreign["notes"])
    assert (plain["neural"], plain["standard"]) == (None, None)
    assert any("as SDR" in note for note in plain["notes"])
    assert broken["standard"]["carrier"] == "apple"
    assert any("cannot be used" in note for note in broken["notes"])


def test_bad_input_ends_in_a_page_or_an_error() -> None:
    shown = 0
    for path in sorted((FIXTURES / "invalid").iterdir()):
        try:
            shown += len(assemble_page([shown_file(path, gm.Limits())])) > 50_000
        except gm.GainMapError as error:
            assert str(error)
    assert shown > 40


def test_bad_files_are_reported_and_the_others_shown(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = view(str(FIXTURES / "jpeg/both.jpg"), "nope.jpg", str(Path(__file__)), "-o", str(page))
    assert done.exit_code == 1
    assert "gainmap: nope.jpg: No such file or directory" in done.output
    assert "gainmap: 2 of 3 files failed" in done.output
    assert [shown["name"] for shown in files_in(page.read_text("utf-8"))] == ["both.jpg"]


@pytest.mark.parametrize(
    "arguments", [("nope.jpg",), ("nope.jpg", "nor-this.jpg"), (str(FIXTURES / "invalid/truncated-header.jpg"),)]
)
def test_without_a_good_file_no_page(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = view(*arguments, "-o", str(tmp_path / "page.html"))
    assert done.exit_code == 1 and not list(tmp_path.iterdir())


def test_output_is_checked_first(tmp_path: Path) -> None:
    assert view(str(FIXTURES / "jpeg/both.jpg"), "-o", str(tmp_path / "page.jpg")).exit_code == 2
    done = view(str(FIXTURES / "jpeg/both.jpg"), "-o", str(tmp_path / "nowhere/page.html"))
    assert isinstance(done.exception, FileNotFoundError)


def test_a_jpeg_that_fits_is_kept_without_its_metadata() -> None:
    source = FIXTURES / "jpeg/exif-thumbnail.jpg"
    shown = shown_file(source, gm.Limits())
    data = base64.b64decode(shown["picture"])
    assert b"Exif" not in data and b"http://ns.adobe.com" not in data
    assert np.array_equal(np.asarray(picture(shown)), np.asarray(Image.open(source)))


def test_large_pictures_are_shown_smaller(tmp_path: Path) -> None:
    scene = gm.HdrImage(np.tile(render_scene(64, 40), (2, 40, 1)))
    source = tmp_path / "wide.jpg"
    source.write_bytes(gm.encode(scene, carry="standard", map_scale=1))
    shown = shown_file(source, gm.Limits())
    assert picture(shown).size == (LONGEST_SIDE, 64) == (shown["width"], shown["height"])
    assert any("2048 × 64" in note and "2560 × 80" in note for note in shown["notes"])


def test_pictures_stand_upright() -> None:
    shown = shown_file(FIXTURES / "heif/tmap-turned.avif", gm.Limits())
    upright = gm.decode(FIXTURES / "heif/tmap-turned.avif").pixels
    assert (shown["height"], shown["width"]) == upright.shape[:2]
    assert any("AV1" in note for note in shown["notes"])


@pytest.mark.parametrize("name", ["heif/tmap-hdr-base.avif", "heif/base-10-bit.avif"])
def test_hdr_bases_get_an_sdr_side(name: str) -> None:
    shown = shown_file(FIXTURES / name, gm.Limits())
    assert shown["standard"]["metadata"]["baseHeadroom"] == 0
    assert picture(shown).mode == "RGB"


def test_an_hdr_picture_without_gain_maps(tmp_path: Path) -> None:
    source = tmp_path / "scene.exr"
    gm.HdrImage(render_scene(96, 64)).save(source)
    shown = shown_file(source, gm.Limits())
    assert shown["prefer"] == "standard" and shown["parts"] == []
    assert shown["notes"][0].startswith("The picture is HDR by itself")
