"""`gainmap transcode | crop | rotate | flip | resize`: where files go, what is told, what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import gainmap_codec as gm
from support import pipeline_files as files
from support.command_line import failure, run
from support.paths import FIXTURES


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(files.made(standard=True))
    return path


def test_the_name_tells_the_container(photo: Path, tmp_path: Path) -> None:
    done = run("transcode", photo, "-o", tmp_path / "photo.AVIF")
    assert done.returncode == 0, done.stderr
    assert gm.inspect(tmp_path / "photo.AVIF").container == "avif"
    first, *notes = done.stdout.splitlines()
    assert first == f"{tmp_path}/photo.AVIF: {(tmp_path / 'photo.AVIF').stat().st_size:,} bytes"
    assert notes and all(line.startswith("  ") for line in notes)
    assert all(line.startswith("gainmap: warning: ") for line in done.stderr.splitlines())


def test_a_folder_keeps_names(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    other = FIXTURES / "jpeg/standard.jpg"
    done = run("transcode", photo, other, "-o", tmp_path / "out", "--to", "avif", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo.avif", "standard.avif"]
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith(f"gainmap: warning: {photo}: ") for line in lines), "whose warning it is"


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_folder_of_jpegs_is_packed_and_unpacked(photo: Path, tmp_path: Path) -> None:
    for folder, source, kind in (("there", photo, "jxl"), ("back", tmp_path / "there/photo.jxl", "jpeg")):
        (tmp_path / folder).mkdir()
        done = run("transcode", source, "-o", tmp_path / folder, "--to", kind)
        assert done.returncode == 0 and "base: kept bit for bit" in done.stdout, done.stderr
    assert (tmp_path / "back/photo.jpg").read_bytes() == gm.transcode(photo)


def test_what_edits_make(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jpg"
    for command, size in (
        (("crop", "--box", "10,0,50,30"), (40, 30)),
        (("rotate", "--degrees", "90"), (files.HEIGHT, files.WIDTH)),
        (("flip", "--axis", "vertical"), (files.WIDTH, files.HEIGHT)),
        (("resize", "--size", "48x"), (48, 32)),
    ):
        done = run(command[0], photo, "-o", out, *command[1:], "--quiet", "--overwrite")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert gm.decode(out).pixels.shape[:2] == size[::-1]


def test_results_have_the_dates_of_their_photos(photo: Path, tmp_path: Path) -> None:
    for command in (("transcode", "--strip", "gps"), ("rotate", "--degrees", "90"), ("crop", "--box", "0,0,48,32")):
        os.utime(photo, ns=(10**18, 10**18))
        assert run(command[0], photo, "-o", tmp_path / f"{command[0]}.jpg", *command[1:]).returncode == 0
        assert (tmp_path / f"{command[0]}.jpg").stat().st_mtime_ns == 10**18
    assert run("rotate", photo, "-o", photo, "--degrees", "90", "--overwrite").returncode == 0
    assert photo.stat().st_mtime_ns > 10**18, "it has changed now"


def test_several_files_need_a_folder(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(photo.read_bytes())
    for command in (("flip",), ("transcode", "--to", "jpeg"), ("transcode", "--strip", "gps")):
        folder = tmp_path / f"made by {'-'.join(command)}"
        assert run(command[0], photo, other, "-o", folder, *command[1:], "-q").returncode == 0
        assert sorted(path.name for path in folder.iterdir()) == sorted([photo.name, "other.jpg"])
    done = run("flip", photo, other, "-o", other)
    assert done.returncode == 2 and f"expected a folder for several files, got {other}" in done.stderr


@pytest.mark.parametrize("command", ["transcode", "crop", "rotate", "flip", "resize"])
@pytest.mark.parametrize("name", ["new", "new/in it", "2024.05/"])
def test_a_folder_that_is_missing_is_made_for_one_photo_too(
    command: str, name: str, photo: Path, tmp_path: Path
) -> None:
    options = {"crop": ["--box", "0,0,9,9"], "rotate": ["--degrees", "90"], "resize": ["--fit", "48"]}
    done = run(command, photo, "-o", f"{tmp_path}/{name}", "-q", *options.get(command, []))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / name).iterdir()] == ["photo.jpg"]


def test_in_a_folder_a_photo_is_named_as_what_it_is(tmp_path: Path) -> None:
    """Phones' HEIC files are often called .jpg."""
    for name, source in (("one.jpg", "tmap.heic"), ("two.jpeg", "tmap.avif"), ("three.heic", "tmap.heic")):
        (tmp_path / name).write_bytes((FIXTURES / "heif" / source).read_bytes())
    (tmp_path / "four.heic").write_bytes((FIXTURES / "jpeg/standard.jpg").read_bytes())
    photos = sorted(tmp_path.iterdir())
    done = run("rotate", *photos, "-o", tmp_path / "out", "--degrees", "90", "-q")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "four.jpg",
        "one.heic",
        "three.heic",
        "two.avif",
    ]


def test_an_error_names_the_photo_once(tmp_path: Path, photo: Path) -> None:
    line = failure("resize", photo, "-o", tmp_path / "out.jpg", "--size", "900000x900000")
    assert line.startswith(f"gainmap: {photo}: pixels: expected at most")
    line = failure("crop", photo, "-o", tmp_path / "out.jpg", "--box", "0,0,900,900")
    assert line.count(str(photo)) == 1 and "inside 96 x 64" in line
    line = failure("crop", photo, "-o", tmp_path / "out.jpg", "--box", "40,10,40,60")
    assert line.endswith("--box: expected left < right and top < bottom, got (40, 10, 40, 60)")


@pytest.mark.parametrize(("kind", "of_map"), [("neural", ""), ("standard", r", of the map \d+")])
def test_a_lowered_quality_is_told_only_of_a_map_that_is_there(tmp_path: Path, kind: str, of_map: str) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(files.made(standard=kind == "standard", neural=kind == "neural"))
    options = ("--strip", "all", "--chroma", "4:2:0", "--effort", 1)
    run("transcode", source, "-o", tmp_path / "low.jpg", "--quality", 50, *options)
    most = (tmp_path / "low.jpg").stat().st_size
    done = run("transcode", source, "-o", tmp_path / "new.jpg", "--quality", 90, *options, "--max-bytes", most)
    assert re.search(
        rf"^  quality \d+{of_map}: at 90 the file has [\d,]+ bytes, --max-bytes is {most:,}$", done.stdout, re.M
    )


def test_one_bad_file_stops_no_other(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "bad.jpg").write_bytes(photo.read_bytes()[:200])
    missing, bad = tmp_path / "missing.jpg", tmp_path / "bad.jpg"
    done = run("rotate", missing, bad, photo, "-o", tmp_path / "out", "--degrees", "180", "-q")
    assert done.returncode == 1
    first, second, *_, last = done.stderr.splitlines()
    assert first == f"gainmap: {missing}: No such file or directory"
    assert second.startswith(f"gainmap: {bad}: JPEG"), "named once"
    assert last == "gainmap: 2 of 3 files failed"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize(
    "command",
    [
        ("transcode",),
        ("transcode", "--to", "avif"),
        ("crop", "--box", "0,0,50,30"),
        ("rotate", "--degrees", "90"),
        ("flip",),
        ("resize", "--size", "48x"),
    ],
    ids=" ".join,
)
def test_damaged_photos_are_named(command: tuple[str, ...], photo: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(photo.read_bytes()[: photo.stat().st_size // 2])
    arguments = ("-o", tmp_path / "out", "-q", *command[1:])
    done = run(command[0], photo, cut, *arguments)
    assert done.returncode == 0
    damaged = [line for line in done.stderr.splitlines() if ": damaged: " in line]
    assert damaged and all(line.startswith(f"gainmap: warning: {cut}: damaged: ") for line in damaged)
    assert done.stderr.count("its end (EOI) is missing") == 1
    done = run(command[0], photo, cut, *arguments, "--overwrite", "--strict")
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "gainmap: 1 of 2 files damaged"
    assert run(command[0], photo, *arguments, "--overwrite", "--strict").returncode == 0


def test_a_name_of_another_container_is_not_written(photo: Path, tmp_path: Path) -> None:
    line = failure("rotate", photo, "-o", tmp_path / "turned.heic", "--degrees", "90")
    assert "turned.heic" in line and ".jpg, .jpeg, .jpe or .jfif" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]
    assert "no such folder" in failure("flip", photo, "-o", tmp_path / "nowhere/x.jpg")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("transcode", "a.jpg", "-o", "b.png"), "expected a folder, or a name ending in .jpg, .jpeg, .jpe"),
        (("crop", "a.jpg", "-o", "b.jpg", "--box", "1,2,3"), "expected LEFT,TOP,RIGHT,BOTTOM, got '1,2,3'"),
        (("resize", "a.jpg", "-o", "b.jpg", "--size", "x"), "expected WIDTHxHEIGHT, got 'x'"),
        (("rotate", "a.jpg", "-o", "b.jpg", "--degrees", "45"), "--degrees"),
        (("flip", "a.jpg"), "--output"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], problem: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert problem in " ".join(done.stderr.split())
