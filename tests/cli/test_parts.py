"""`gainmap extract | assemble`: which files there are, what an edit of them does, what is refused."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from support import pipeline_files as files
from support.command_line import failure, run
from support.paths import FIXTURES, ROOT

pytestmark = pytest.mark.filterwarnings("ignore:the C2PA manifest:gainmap_codec.GainMapWarning")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(files.both())
    return path


@pytest.fixture
def folder(photo: Path, tmp_path: Path) -> Path:
    done = run("extract", photo, "-o", tmp_path / "new" / "parts", "-q")
    assert done.returncode == 0, done.stderr
    return tmp_path / "new" / "parts"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_apart_and_together_it_is_the_same_photo(photo: Path, folder: Path, tmp_path: Path) -> None:
    assert names(folder) == ["base.jpg", "map.jpg", "metadata.json", "payload.gnn"]
    done = run("assemble", folder, "-o", tmp_path / "again.jpg")
    assert done.returncode == 0, done.stderr
    first, *notes = done.stdout.splitlines()
    assert first == f"{tmp_path}/again.jpg: {(tmp_path / 'again.jpg').stat().st_size:,} bytes"
    assert [line.split(":")[0] for line in notes] == ["  base", "  standard gain map", "  neural gain map"]
    old, new = (gm.decode(path, prefer="standard").pixels for path in (photo, tmp_path / "again.jpg"))
    assert np.array_equal(old, new)


def test_each_part_is_named_with_its_size(photo: Path, tmp_path: Path) -> None:
    done = run("extract", photo, "-o", tmp_path / "out")
    lines = [f"{path}: {path.stat().st_size:,} bytes" for path in sorted((tmp_path / "out").iterdir())]
    assert (done.returncode, done.stdout.splitlines()) == (0, lines)


def test_numbers_can_be_edited(folder: Path, tmp_path: Path) -> None:
    path = folder / "metadata.json"
    metadata = json.loads(path.read_text("utf-8"))
    assert metadata["alternate_hdr_headroom"] == {"value": 3.0, "stored": [3, 1]}
    metadata["alternate_hdr_headroom"] = 2.5
    path.write_text(json.dumps(metadata), "utf-8")
    assert run("assemble", folder, "-o", tmp_path / "new.jpg", "-q").returncode == 0
    found = gm.extract(tmp_path / "new.jpg").metadata
    assert isinstance(found, gm.GainMapMetadata) and found.alternate_hdr_headroom == gm.Fraction(5, 2)


def test_a_map_can_be_painted(folder: Path, tmp_path: Path) -> None:
    (folder / "map.jpg").unlink()
    Image.new("L", (9, 6), 128).save(folder / "map.png")
    (folder / "payload.gnn").unlink()
    assert run("assemble", folder, "-o", tmp_path / "new.avif", "-q").returncode == 0
    codes = gm.extract(tmp_path / "new.avif").gain_map_codes
    assert codes is not None and codes.shape == (6, 9)
    assert np.abs(codes.astype(int) - 128).max() <= 1


def test_nothing_is_replaced_unasked(photo: Path, folder: Path, tmp_path: Path) -> None:
    line = failure("extract", photo, "-o", folder)
    assert f"{folder}/base.jpg, which is there already" in line
    other = FIXTURES / "heif/tmap.heic"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    line = failure("extract", other, "-o", folder)
    assert line == f"gainmap: {folder}/base.jpg is there already: nothing is done (--overwrite replaces all parts)"
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "notes.txt").write_text("mine", "utf-8")
    assert run("extract", other, "-o", folder, "--overwrite", "-q").returncode == 0
    assert names(folder) == ["base.heic", "map.heic", "metadata.json", "notes.txt"]
    assert "--overwrite" in failure("assemble", folder, "-o", photo)


def test_a_part_is_no_photo_for_its_own_folder(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    line = failure("extract", folder / "map.jpg", "-o", folder, "--overwrite")
    assert f"{folder}/map.jpg: expected another folder for its parts" in line
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


_STRICT_VERBS = """
decode -o a.png
encode --carry standard -o a.jpg
transcode -o a.jpg
crop --box 0,0,8,8 -o a.jpg
resize --size 8x8 -o a.jpg
rotate --degrees 90 -o a.jpg
flip -o a.jpg
swap -o a.avif
extract -o parts
web -o .
batch -o out
"""


@pytest.mark.parametrize("line", _STRICT_VERBS.strip().splitlines())
def test_a_damaged_neural_map_counts_under_strict(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    payload = parse_file(data, "", Limits()).payload or b"missing"
    Path("photo.jpg").write_bytes(data.replace(payload, payload[:-1] + bytes([payload[-1] ^ 1])))
    command, *options = line.split()
    done = run(command, "photo.jpg", *options, "-q", "--strict")
    assert "the neural gain map is damaged: expected bytes of the checksum" in done.stderr
    assert done.returncode == 1 and done.stderr.splitlines()[-1].endswith("damaged")


def test_damage_is_told_and_counts_under_strict(tmp_path: Path) -> None:
    photo, parts = FIXTURES / "invalid/no-eoi.jpg", tmp_path / "parts"
    done = run("extract", photo, "-o", parts, "-q")
    assert done.returncode == 0
    assert f"gainmap: warning: {photo}: damaged: the base image is cut off" in done.stderr
    done = run("extract", photo, "-o", parts, "-q", "--overwrite", "--strict")
    assert (done.returncode, names(parts)) == (1, ["base.jpg", "map.jpg", "metadata.json"])
    assert run("swap", photo, "-o", tmp_path / "a.avif", "-q", "--strict").returncode == 1
    assert (tmp_path / "a.avif").exists()


def test_a_photo_without_a_gain_map(tmp_path: Path) -> None:
    (tmp_path / "sdr.jpg").write_bytes(files.plain())
    assert run("extract", tmp_path / "sdr.jpg", "-o", tmp_path / "out", "-q").returncode == 0
    assert names(tmp_path / "out") == ["base.jpg"]
    assert run("assemble", tmp_path / "out", "-o", tmp_path / "new.jpg", "-q").returncode == 0
    assert gm.inspect(tmp_path / "new.jpg").gain_map is None


def test_folders_that_hold_no_photo(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jpg"
    assert "No such file or directory" in failure("assemble", tmp_path / "nowhere", "-o", out)
    (tmp_path / "empty").mkdir()
    assert "expected a picture named base (base.jpg), got none" in failure("assemble", tmp_path / "empty", "-o", out)
    (folder / "base.png").write_bytes(b"")
    assert "expected one picture named base, got base.jpg and base.png" in failure("assemble", folder, "-o", out)
    (folder / "base.jpg").unlink()
    assert "expected a picture that Pillow can open" in failure("assemble", folder, "-o", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "metadata.json: expected JSON, got an error: Expecting value at line 1, column 1"),
        ('{"kind": "ISO 21496-1",}', "metadata.json: expected JSON, got an error: "),
        ("[" * 100_000, "metadata.json: expected JSON, got something else"),
        (" " * (1 << 20) + "{}", "metadata.json: expected a gain map's numbers, got more than 1,048,576 bytes"),
        ('{"kind": "Apple"}', "metadata.json: metadata: expected headroom, got none"),
        ('{"kind": "Apple", "headroom": 1e999}', "metadata.json: metadata: headroom: expected a number, got inf"),
    ],
)
def test_broken_numbers_are_told_in_one_line(folder: Path, tmp_path: Path, text: str, line: str) -> None:
    (folder / "metadata.json").write_text(text, "utf-8")
    assert line in failure("assemble", folder, "-o", tmp_path / "out.jpg")


def test_a_missing_part_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "metadata.json").unlink()
    assert "got a gain map without metadata" in failure("assemble", folder, "-o", tmp_path / "out.jpg")
    assert "No such file" in failure("extract", tmp_path / "nowhere.jpg", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_alternates_profile_is_a_file_too(tmp_path: Path) -> None:
    numbers = {
        "kind": "ISO 21496-1",
        "base_hdr_headroom": 0,
        "alternate_hdr_headroom": 2,
        "use_base_colour_space": False,
    }
    channel = {"gain_map_min": 0, "gain_map_max": 2, "gamma": 1, "base_offset": 0, "alternate_offset": 0}
    profile = gm.extract(files.both()).icc_profile
    data = gm.assemble(
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        {**numbers, "channels": [channel]},
        container="avif",
        alternate_icc_profile=profile,
    )
    (tmp_path / "a.avif").write_bytes(data)
    assert run("extract", tmp_path / "a.avif", "-o", tmp_path / "out", "-q").returncode == 0
    assert (tmp_path / "out" / "alternate.icc").read_bytes() == profile
    assert run("assemble", tmp_path / "out", "-o", tmp_path / "b.avif", "-q").returncode == 0
    assert gm.extract(tmp_path / "b.avif").alternate_icc_profile == profile


def test_hdr_and_sdr_change_places(photo: Path, tmp_path: Path) -> None:
    hdr, sdr = tmp_path / "hdr.avif", tmp_path / "sdr.jpg"
    done = run("swap", photo, "-o", hdr)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{hdr}: ") and "the base is HDR" in done.stdout
    assert gm.inspect(hdr).base_is_hdr
    assert run("swap", hdr, "-o", sdr, "-q").returncode == 0
    assert not gm.inspect(sdr).base_is_hdr
    told = f"gainmap: {photo}: expected AVIF, HEIC or JPEG XL to write an HDR base"
    assert told in failure("swap", photo, "-o", tmp_path / "x.jpg")
    assert "--overwrite" in failure("swap", sdr, "-o", hdr)
    assert not (tmp_path / "x.jpg").exists()


def test_the_commands_of_the_page_are_understood() -> None:
    page = (ROOT / "docs" / "parts.md").read_text("utf-8")
    lines = re.findall(r"(?:`|^    )gainmap (\w+ [^`\n]+)", page, re.MULTILINE)
    assert len(lines) > 15
    for line in lines:
        command, *arguments = shlex.split(line)
        with gainmap.commands[command].make_context(command, arguments):
            pass  # raises click.UsageError for what it does not understand
