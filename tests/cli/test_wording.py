"""What the library says in Python's names is said in options on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.cli.wording import OPTIONS, as_typed, error_as_typed
from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from support.command_line import failure
from support.paths import FIXTURES

PHOTO = str(FIXTURES / "jpeg/both.jpg")


def test_every_option_is_one() -> None:
    known = {name for command in gainmap.commands.values() for each in command.params for name in each.opts}
    assert set(OPTIONS.values()) <= known


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("map_bits: expected 8 in JPEG, got 9", "--map-bits: expected 8 in JPEG, got 9"),
        ("size and fit: expected one of them, got both", "--size and --fit: expected one of them, got both"),
        ('a.jpg: carry="apple": expected JPEG', "a.jpg: --carry apple: expected JPEG"),
        (
            "preset, target_bytes and effort change nothing: x",
            "--preset, --target-bytes and --effort change nothing: x",
        ),
        ("container: expected one of jpeg, got 1", "--to: expected one of jpeg, got 1"),
        ('parts take 9, which strip="all" leaves out', "parts take 9, which --strip all leaves out"),
        ("carry: expected both beside target_psnr, got x", "--carry: expected both beside --target-psnr, got x"),
        ("pixels: got 9 (raise Limits.pixels to accept)", "pixels: got 9 (only Python can allow more: Limits.pixels)"),
        ("in/max_bytes.jpg: base.jpg: expected SOI", "in/max_bytes.jpg: base.jpg: expected SOI"),
        ("box base: quality of the base: got none", "box base: quality of the base: got none"),
    ],
)
def test_arguments_become_options(line: str, typed: str) -> None:
    assert error_as_typed(ValueError(line)) == typed == error_as_typed(ValueError(typed))


@pytest.mark.parametrize("where", [*(name for name in OPTIONS if "_" not in name), "box iloc"])
def test_what_is_said_of_a_file_stays(where: str) -> None:
    line = f"a.avif: {where}: expected version 0, got 1"
    of_format = FormatError(f"a.avif: {where}", "expected version 0, got 1")
    for error in (of_format, UnsupportedError(line), GainMapError(line)):
        assert error_as_typed(error) == line == as_typed(line)
    quoted = FormatError("XMP", 'expected a number, got map_scale: size="big"')
    assert error_as_typed(quoted) == str(quoted)


@pytest.mark.parametrize("command", ["inspect", "transcode"])
def test_a_cut_file_has_no_options(command: str, tmp_path: Path) -> None:
    whole = gm.transcode(PHOTO, container="avif", carry="standard")
    (tmp_path / "cut.avif").write_bytes(whole[:-200])
    more = ("-o", tmp_path / "new.avif") if command == "transcode" else ()
    assert "--" not in failure(command, tmp_path / "cut.avif", *more)


def test_errors_limits_and_warnings_are_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def told(*options: str) -> str:
        return CliRunner().invoke(gainmap, ["transcode", PHOTO, "-o", str(tmp_path / "x.avif"), *options]).output

    assert "Error: --map-bits: expected one of auto, 8, 10, 12, got 9\n" in told("--map-bits", "9")
    assert f"gainmap: {PHOTO}: --max-bytes: expected at least " in told("--max-bytes", "9")
    assert "gainmap: warning: --target-bytes changes nothing: " in told("--target-bytes", "9", "--carry", "standard")

    def refuse(self: Limits, name: str, value: int) -> None:
        raise LimitError(f"{name}: expected at most 1, got {value} (raise Limits.{name} to accept)")

    monkeypatch.setattr(Limits, "check", refuse)
    assert told("--overwrite").endswith(" (only Python can allow more: Limits.file_bytes)\n")
