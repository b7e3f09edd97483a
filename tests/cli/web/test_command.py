"""`gainmap web`: what is written, how it is shown, what is refused."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import html
from PIL import Image, ImageOps

import gainmap_codec as gm
from support import pipeline_files as files
from support.command_line import failure, run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a photo.jpg"
    path.write_bytes(files.made(standard=True))
    return path


def web(*arguments: object) -> str:
    done = run("web", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(path: Path) -> Image.Image:
    """A picture as viewers show it that follow EXIF in JPEG, and irot in AVIF as libavif does."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(path.read_bytes())))


def test_files_of_each_width_and_the_page(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "public" / "pictures"
    printed = web(photo, "-o", out, "--widths", "32,64,2000")
    made = {f"a-photo-{width}.{kind}" for width in (32, 64, 96) for kind in ("jpg", "avif")}
    assert {path.name for path in out.iterdir()} == {*made, "a-photo.html", "pictures.html"}
    for name in made:
        info = gm.inspect(out / name)
        assert f"-{info.width}." in name and info.gain_map is not None
    assert printed.endswith((out / "a-photo.html").read_text("utf-8"))
    lines = {f"{out / name}: {(out / name).stat().st_size:,} bytes" for name in made}
    assert lines <= set(printed.splitlines())
    root: Any = html.document_fromstring((out / "pictures.html").read_text("utf-8"))
    candidates = {each.split()[0] for text in root.xpath("//@srcset") for each in text.split(",")}
    assert candidates == made and set(root.xpath("//@src")) <= made


def test_turned_photos_are_upright_in_every_format(tmp_path: Path) -> None:
    photo = tmp_path / "turned.jpg"
    photo.write_bytes(files.made(standard=True, orientation=6))
    upright = np.asarray(shown(photo).convert("L"), np.float32)
    web(photo, "-o", tmp_path / "out", "--widths", "64", "--quiet")
    for kind in ("jpg", "avif"):
        picture = shown(tmp_path / f"out/turned-64.{kind}")
        assert picture.size == (64, 96)
        assert np.abs(np.asarray(picture.convert("L"), np.float32) - upright).mean() < 6
    assert 'width="64" height="96"' in (tmp_path / "out/turned.html").read_text("utf-8")


def test_places_go_and_neural_maps_are_left_out(tmp_path: Path) -> None:
    photo = tmp_path / "both.jpg"
    photo.write_bytes(files.both())
    assert shown(photo).getexif().get_ifd(0x8825)
    web(photo, "-o", tmp_path / "out", "--widths", "64", "--quiet")
    for kind in ("jpg", "avif"):
        info = gm.inspect(tmp_path / f"out/both-64.{kind}")
        assert info.gain_map is not None and info.payload is None
        assert not shown(tmp_path / f"out/both-64.{kind}").getexif().get_ifd(0x8825)


def test_photos_without_hdr_are_written_too(tmp_path: Path) -> None:
    photo, stream = tmp_path / "plain.jpg", io.BytesIO()
    Image.new("RGB", (100, 50), (200, 120, 40)).save(stream, "JPEG")
    photo.write_bytes(stream.getvalue())
    web(photo, "-o", tmp_path / "out", "--widths", "40")
    assert shown(tmp_path / "out/plain-40.jpg").size == (40, 20)


def test_what_would_collide_is_refused_before_any_work(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "a-photo.jpg"
    other.write_bytes(photo.read_bytes())
    assert "would both become" in failure("web", photo, other, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    web(photo, "-o", tmp_path / "out", "--widths", "32")
    assert "is there already" in failure("web", photo, "-o", tmp_path / "out", "--widths", "32")
    web(photo, "-o", tmp_path / "out", "--widths", "32", "--overwrite")


def test_a_photo_that_fails_leaves_the_others(photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    done = run("web", broken, photo, "-o", tmp_path / "out", "--widths", "32", "--to", "jpeg")
    assert done.returncode == 1 and f"{broken}: " in done.stderr and "1 of 2 files failed" in done.stderr
    assert (tmp_path / "out/a-photo-32.jpg").is_file()


@pytest.mark.parametrize("widths", ["", "0", "480,", "480;960", "wide"])
def test_widths_are_numbers(photo: Path, tmp_path: Path, widths: str) -> None:
    done = run("web", photo, "-o", tmp_path / "out", "--widths", widths)
    assert done.returncode == 2 and "expected WIDTH,WIDTH,..." in done.stderr


def test_widths_that_the_bytes_leave_too_low_a_quality_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photo = tmp_path / "noise.jpg"
    Image.fromarray(rng.integers(0, 256, (256, 256, 3), np.uint8)).save(photo, quality=95)
    common = ("--to", "jpeg", "--max-bytes", "6000")
    done = run("web", photo, "-o", tmp_path / "out", "--widths", "32,256", *common)
    assert done.returncode == 0 and "warning: left out: noise-256.jpg: 256 pixels wide, quality " in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"noise-32.jpg", "noise.html", "pictures.html"}
    assert "256w" not in (tmp_path / "out/noise.html").read_text("utf-8")
    done = run("web", photo, "-o", tmp_path / "alone", "--widths", "256", *common)
    assert done.returncode == 0 and "bytes: colours and edges suffer; a smaller picture looks better" in done.stderr
    assert re.search(r"^  quality \d+: at 80 the file has", done.stdout, re.MULTILINE)
    assert (tmp_path / "alone/noise-256.jpg").stat().st_size <= 6000


def test_photos_that_are_added_join_the_page(photo: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "more"
    (folder / "inner").mkdir(parents=True)
    common = ("-o", out, "--widths", "32", "--to", "jpeg")
    web(photo, *common)
    named = out / "a-photo.html"
    named.write_text(named.read_text("utf-8").replace('alt=""', 'alt="A lamp"'), "utf-8")
    for name in ("new.jpg", "inner/other.jpg"):
        (folder / name).write_bytes(photo.read_bytes())
    web(folder, *common)
    root: Any = html.document_fromstring((out / "pictures.html").read_text("utf-8"))
    assert root.xpath("//img/@src") == ["a-photo-32.jpg", "new-32.jpg", "other-32.jpg"]
    assert root.xpath("//img/@alt") == ["A lamp", "", ""]
    problem = run("web", folder, *common).stderr
    assert "new-32.jpg, which is there already: nothing is done (--overwrite replaces it)" in problem


def test_a_page_of_somebody_else_is_not_replaced(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "pictures.html").write_text("<p>mine")
    (out / "about.html").write_text("<p>mine, too")
    common = ("web", photo, "-o", out, "--widths", "32", "--to", "jpeg")
    assert failure(*common).startswith(f"gainmap: {out}/pictures.html is there already: nothing is done (--overwrite")
    run(*common, "--overwrite")
    assert "mine" not in (out / "pictures.html").read_text("utf-8")


def test_a_folder_of_photos_may_hold_the_output(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for arguments in ((), ("--overwrite",)):
        web(tmp_path, "-o", out, "--widths", "32", "--to", "jpeg", *arguments)
    assert {path.name for path in out.iterdir()} == {"a-photo-32.jpg", "a-photo.html", "pictures.html"}


def test_nothing_is_left_where_nothing_was_made(photo: Path, tmp_path: Path) -> None:
    for photos in ((photo,), (photo, photo)):
        failure("web", *photos, "-o", tmp_path / "out", "--max-bytes", "10")
        assert not (tmp_path / "out").exists()
