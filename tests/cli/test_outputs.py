"""No command overwrites a file unasked: every one that writes, on what photographers have in their folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gainmap_codec.cli.main import gainmap
from support.command_line import failure, run
from support.paths import FIXTURES

STANDARD = (FIXTURES / "jpeg/standard.jpg").read_bytes()
COMMANDS = {
    "encode": ("photo.jpg", "-o", "TARGET", "--carry", "standard"),
    "decode": ("photo.jpg", "-o", "TARGET"),
    "transcode": ("photo.jpg", "-o", "TARGET"),
    "crop": ("photo.jpg", "-o", "TARGET", "--box", "0,0,8,8"),
    "rotate": ("photo.jpg", "-o", "TARGET", "--degrees", "90"),
    "flip": ("photo.jpg", "-o", "TARGET"),
    "resize": ("photo.jpg", "-o", "TARGET", "--size", "8x"),
    "extract": ("photo.jpg", "-o", "out"),
    "swap": ("photo.jpg", "-o", "TARGET"),
    "view": ("photo.jpg", "-o", "TARGET"),
    "web": ("photo.jpg", "-o", "out", "--widths", "8", "--to", "jpeg"),
    "demo": ("photo.jpg", "--out", "out"),
    "batch": ("photo.jpg", "-o", "out", "--jobs", "1"),
}
TARGETS = {
    "decode": "there.png",
    "extract": "out/base.jpg",
    "swap": "there.avif",
    "view": "there.html",
    "web": "out/photo-8.jpg",
    "demo": "out/photo.jpg",
    "batch": "out/photo.jpg",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(STANDARD)
    Path("out").mkdir()


def contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_every_command_that_writes_is_here() -> None:
    assert COMMANDS.keys() == gainmap.commands.keys() - {"inspect", "conformance", "assemble"}


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_in_the_way_stops_every_command(command: str) -> None:
    target = TARGETS.get(command, "there.jpg")
    arguments = [command, *(target if argument == "TARGET" else argument for argument in COMMANDS[command])]
    Path(target).write_bytes(b"another photo")
    before = contents()
    refused = CliRunner().invoke(gainmap, arguments)
    assert isinstance(refused.exception, FileExistsError)
    assert f"photo.jpg would become {target}, which is there already" in str(refused.exception)
    assert contents() == before
    done = CliRunner().invoke(gainmap, [*arguments, "--overwrite", "--quiet"])
    assert done.exit_code == 0, done.output
    assert Path(target).read_bytes() != b"another photo"


@pytest.mark.parametrize("command", ["encode", "transcode", "crop", "rotate", "flip", "resize"])
def test_a_photo_is_not_its_own_output_unless_asked(command: str) -> None:
    arguments = [command, *("photo.jpg" if argument == "TARGET" else argument for argument in COMMANDS[command])]
    refused = CliRunner().invoke(gainmap, arguments)
    assert isinstance(refused.exception, FileExistsError)
    assert "photo.jpg, which is photo.jpg itself" in str(refused.exception)
    assert Path("photo.jpg").read_bytes() == STANDARD
    assert CliRunner().invoke(gainmap, [*arguments, "--overwrite"]).exit_code == 0
    assert Path("photo.jpg").read_bytes() != STANDARD or command == "transcode"


@pytest.mark.parametrize(
    "names", [("IMG_1.heic", "IMG_1.jpg"), ("IMG_1.HEIC", "IMG_1.JPG"), ("img_1.heic", "IMG_1.jpg")]
)
@pytest.mark.parametrize("folder", [".", "new"])
def test_an_iphones_folder(names: tuple[str, str], folder: str) -> None:
    heic, jpeg = names
    Path(heic).write_bytes((FIXTURES / "heif/tmap.heic").read_bytes())
    Path(jpeg).write_bytes(STANDARD)
    before = contents()
    for extra in ((), ("--overwrite",)):
        line = failure("transcode", heic, jpeg, "-o", folder, "--to", "jpeg", *extra)
        assert heic in line and jpeg in line and line.endswith("nothing is done")
        assert heic in failure("batch", heic, jpeg, "-o", "new", "--to", "jpeg", *extra)
    assert contents() == before and not Path("new").exists()


def test_edits_next_to_their_sources() -> None:
    Path("other.jpg").write_bytes(STANDARD)
    done = run("crop", "photo.jpg", "other.jpg", "-o", ".", "--box", "0,0,8,8")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"gainmap: {name} would become {name}, which is {name} itself: nothing is done (--overwrite replaces it)"
        for name in ("photo.jpg", "other.jpg")
    ]
    assert Path("photo.jpg").read_bytes() == Path("other.jpg").read_bytes() == STANDARD


def test_a_report_replaces_reports_alone() -> None:
    Path("done.csv").write_text("my,own,table\n")
    arguments = ("batch", "photo.jpg", "-o", "out", "--jobs", "1", "--report", "done.csv")
    assert "done.csv, which is there already" in failure(*arguments)
    assert not list(Path("out").iterdir())
    Path("done.csv").unlink()
    for _ in range(2):
        assert run(*arguments).returncode == 0
