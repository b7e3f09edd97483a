"""``gainmap inspect`` and ``gainmap conformance`` of one file, of several and of folders: lines and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from support.command_line import failure
from support.paths import FIXTURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in ("jpeg/both.jpg", "heif/tmap.heic", "invalid/no-meta.avif"):
        place = tmp_path / "photos" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIXTURES / file, place)
    (tmp_path / "photos/notes.txt").write_text("no picture")
    return tmp_path / "photos"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(gainmap, [str(argument) for argument in arguments])


def test_how_bright_it_is_stands_beside_what_the_file_says() -> None:
    lines = run("inspect", FIXTURES / "jpeg/standard.jpg").output.splitlines()
    found = gm.inspect(FIXTURES / "jpeg/standard.jpg", brightness=True).brightness
    assert found is not None
    brightest = f"{found.peak_stops:.2f} stops above SDR white"
    most = f"{found.percentile_stops:.2f} stops above it, {found.percentile_nits:,.0f} nits"
    rest = f"99.9 % of the pixels reach no more than {most}"
    assert lines[2] == f"Brightest: {brightest}, {found.peak_nits:,.0f} nits; {rest}"
    assert lines[3] == "The file says: up to 2.00 stops above SDR white, 812 nits"


def test_an_sdr_picture_has_no_line_of_brightness() -> None:
    assert "Brightest" not in run("inspect", FIXTURES / "jpeg/base-16x16.jpg").output


def test_several_files(folder: Path) -> None:
    done = run("inspect", folder / "heif/tmap.heic", folder / "jpeg")
    assert done.exit_code == 0
    assert f"{folder / 'heif/tmap.heic'}\nHEIC, 64 x 64, sRGB" in done.output
    assert f"{folder / 'jpeg/both.jpg'}\nJPEG, 16 x 16, sRGB" in done.output


def test_a_file_that_fails_is_told_and_the_others_done(folder: Path) -> None:
    done = run("inspect", folder)
    assert done.exit_code == 1
    assert "HEIC, 64 x 64" in done.stdout and "JPEG, 16 x 16" in done.stdout
    first, last = done.stderr.splitlines()
    assert first.startswith(f"gainmap: {folder / 'invalid/no-meta.avif'}: ") and "box meta" in first
    assert last == "gainmap: 1 of 3 files failed"


def test_hdr_pictures_in_folders(folder: Path) -> None:
    """Told of by inspect, of which SDR white has to be known; conformance is about gain maps."""
    shutil.copyfile(FIXTURES / "jxr/half.jxr", folder / "shot.jxr")
    (folder / "sdr.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run("inspect", folder)
    assert f"{folder / 'shot.jxr'}\nJPEG XR, 24 x 16, sRGB\n" in done.stdout
    assert "SDR white is not told in it and counts as 203 nits; encode --sdr-white takes another" in done.stdout
    assert "1 of 4 files failed" in done.stderr
    assert "shot.jxr" not in run("conformance", folder).stdout


@pytest.mark.parametrize("command", ["inspect", "conformance"])
def test_files_that_their_names_alone_tell_to_be_photos(command: str, tmp_path: Path) -> None:
    """Empty ones, cut ones, text, and links to files that are gone; macOS adds hidden ones of other data."""
    for name, data in {"empty.jxl": b"", "cut.JPG": b"\xff", "text.mpo": b"text", "._a.jpg": b"data"}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "gone.heic").symlink_to(tmp_path / "nothing")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder.jpg").mkdir()
    done = run(command, tmp_path, "--json")
    assert done.exit_code == 1
    rows = {Path(row["file"]).name: row.get("error") or row["problem"] for row in json.loads(done.stdout)}
    assert sorted(rows) == ["cut.JPG", "empty.jxl", "gone.heic", "text.mpo"]
    assert rows["empty.jxl"].endswith("got an empty file")
    assert rows["gone.heic"].endswith("No such file or directory")
    assert rows["text.mpo"].endswith("got one that begins with b'text'")


def test_names_of_hdr_pictures_are_told_by_inspect_alone(folder: Path) -> None:
    (folder / "text.jxr").write_text("text")
    assert f"{folder / 'text.jxr'}: expected a picture in OpenEXR, " in run("inspect", folder).stderr
    assert "text.jxr" not in run("conformance", folder).stdout


def test_a_photo_that_is_cut_off(tmp_path: Path) -> None:
    path, data = tmp_path / "cut.jxl", (FIXTURES / "jxl/standard.jxl").read_bytes()
    path.write_bytes(data[:-20])
    row = json.loads(run("conformance", path, "--json").stdout)[0]
    assert row["problem"] == "the file is cut off: the last 20 bytes of its other data are missing"
    assert row["hdr_from"] == "standard"
    assert run("conformance", path).exit_code == 1
    path.write_bytes(data[: data.index(b"jhgm") - 28])  # the gain map behind the base is gone without a trace
    told = "No HDR: no gain map was found; it may have been in the part that is missing"
    assert told in run("inspect", path).stdout.splitlines()


@pytest.mark.parametrize(
    ("command", "formats"),
    [
        ("conformance", "JPEG, HEIC, AVIF or JPEG XL"),
        ("inspect", "JPEG, HEIC, AVIF, JPEG XL, JPEG XR, OpenEXR or Radiance"),
        ("view", "JPEG, HEIC, AVIF, JPEG XL, JPEG XR, OpenEXR or Radiance"),
    ],
)
def test_a_folder_without_photos(command: str, formats: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    line = failure(command, tmp_path)
    assert line == f"gainmap: {tmp_path}: no {formats} files in this folder"


def test_json_of_one_file_is_an_object_and_of_several_a_list(folder: Path) -> None:
    one = json.loads(run("inspect", folder / "jpeg/both.jpg", "--json").stdout)
    assert one["container"] == "jpeg" and one["brightness"]["peak_nits"] > 203
    several = json.loads(run("inspect", folder, "--json").stdout)
    assert [Path(each["file"]).name for each in several] == ["tmap.heic", "no-meta.avif", "both.jpg"]
    assert "box meta" in several[1]["error"]
    assert several[2] == {"file": str(folder / "jpeg/both.jpg"), **one}


def test_conformance_of_files(folder: Path) -> None:
    done = run("conformance", folder / "jpeg/both.jpg", folder / "heif")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.output.splitlines()] == ["file", "both.jpg", "tmap.heic", "2"]
    rows = json.loads(run("conformance", folder, "--json").stdout)
    assert [row["file"] for row in rows] == ["heif/tmap.heic", "invalid/no-meta.avif", "jpeg/both.jpg"]
    assert (rows[0]["container"], rows[0]["metadata"], rows[0]["headroom"]) == ("heic", "iso21496", 2.0)
    assert rows[1]["container"] is None and "box meta" in rows[1]["problem"]
    assert run("conformance", folder / "none").exit_code == 1
