"""Every command on good and bad files: exit code 0, 1 or 2, at most one line of errors, and nothing but text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gainmap_codec.cli import main as cli
from support.paths import FIXTURES

FILES = [
    "jpeg/both.jpg",
    "jpeg/apple-maker-note.jpg",
    "heif/tmap-hdr-base.avif",
    "heif/grid.heic",
    "heif/base-10-bit.avif",
    "invalid/payload-bad-crc.jpg",
    "invalid/truncated-base.jpg",
    "invalid/icc-count-lies.jpg",
    "invalid/tmap-of-itself.avif",
    "invalid/no-meta.avif",
    "manifest.toml",
    "nothing-there.jpg",
]
COMMANDS = [
    ("encode", "IN", "-o", "OUT.avif", "--carry", "standard"),
    ("encode", "IN", "-o", "OUT.jpg", "--sdr", "IN", "--carry", "standard"),
    ("decode", "IN", "-o", "OUT.exr"),
    ("decode", "IN", "-o", "OUT.avif", "--strip", "gps"),
    ("decode", "IN", "-o", "OUT.png", "--region", "0", "0", "4", "4"),
    ("decode", "IN", "-o", "OUT.npy", "--region", "0", "0", "4000", "4"),
    ("inspect", "IN"),
    ("inspect", "IN", "--json"),
    ("conformance", "IN"),
    ("demo", "IN", "--out", "NOTHING.jpg/x"),
    ("transcode", "IN", "-o", "OUT.jpg"),
    ("transcode", "IN", "-o", "OUT.heic", "--strip", "gps", "--carry", "standard"),
    ("transcode", "IN", "-o", "FOLDER"),
    ("crop", "IN", "-o", "FOLDER", "--box", "1,1,9,8", "--strip", "all"),
    ("crop", "IN", "-o", "FOLDER", "--box", "0,0,90000,8"),
    ("rotate", "IN", "-o", "FOLDER", "--degrees", "270"),
    ("flip", "IN", "-o", "FOLDER"),
    ("resize", "IN", "-o", "FOLDER", "--size", "x9"),
    ("resize", "IN", "-o", "FOLDER", "--fit", "9x9"),
    ("extract", "IN", "-o", "FOLDER", "--overwrite"),
    ("assemble", "IN", "-o", "OUT.jpg"),
    ("swap", "IN", "-o", "OUT.avif"),
    ("view", "IN", "-o", "OUT.html"),
    ("web", "IN", "-o", "FOLDER", "--widths", "9", "--overwrite"),
    ("batch", "IN", "-o", "FOLDER", "--cluster", "gopher://x"),
]


def test_every_command_is_here() -> None:
    assert {command for command, *_ in COMMANDS} == set(cli.gainmap.commands)


def run(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Exit code and output of the program in this process, which is what makes hundreds of runs quick."""
    monkeypatch.setattr("sys.argv", ["gainmap", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    shown = capfd.readouterr()
    return int(stop.value.code or 0), shown.out, shown.err


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    check(command, FILES, tmp_path, monkeypatch, capfd)


@pytest.mark.slow
@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_on_every_fixture(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = sorted(path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.*") if path.is_file())
    check(command, paths, tmp_path, monkeypatch, capfd)


def check(
    command: tuple[str, ...],
    files: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Run a command on each file, each time among nothing but what it needs."""
    codes = set()
    for index, file in enumerate(files):
        place = folder / str(index)
        (place / "FOLDER").mkdir(parents=True)
        (place / "NOTHING.jpg").touch()
        monkeypatch.chdir(place)
        arguments = [str(FIXTURES / file) if argument == "IN" else argument for argument in command]
        code, out, errors = run(arguments, monkeypatch, capfd)
        lines = [line for line in errors.splitlines() if line.startswith(("gainmap:", "Error:"))]
        failures = [line for line in lines if not line.startswith("gainmap: warning: ")]
        assert code in (0, 1, 2), (file, errors)
        assert len(failures) == (code != 0), (file, errors)
        assert code == 2 or len(lines) == len(errors.splitlines()), (file, errors)
        assert "Traceback" not in errors, (file, errors)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", out + errors), (file, out, errors)
        assert code == 0 or not any(path.suffix == ".tmp" for path in place.rglob("*")), file
        codes.add(code)
    assert 2 not in codes, "these are wrong files, not wrong usage"


@pytest.mark.parametrize("command", sorted(cli.gainmap.commands))
def test_wrong_usage(command: str) -> None:
    done = CliRunner().invoke(cli.gainmap, [command, "--no-such-option"])
    assert done.exit_code == 2 and "No such option" in done.output
