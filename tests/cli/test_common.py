"""What the commands share: which outputs are refused, how errors and warnings look."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

import gainmap_codec as gm
from gainmap_codec.cli import common
from gainmap_codec.errors import listed


def test_outputs_are_refused_before_any_work(tmp_path: Path) -> None:
    common.check_suffix(tmp_path / "PAGE.HTML", (".html", ".htm"))
    with pytest.raises(click.BadParameter, match=r"expected a name ending in \.html or \.htm, got 'page\.jpg'"):
        common.check_suffix(tmp_path / "page.jpg", (".html", ".htm"))


def test_every_suffix_names_a_container() -> None:
    jpeg, heic = (".jpg", ".jpeg", ".jpe", ".jfif"), (".heic", ".heif", ".hif", ".heics", ".heifs")
    known = {"jpeg": jpeg, "heic": heic, "avif": (".avif", ".avifs"), "jxl": (".jxl",)}
    assert {suffix: kind for kind, suffixes in known.items() for suffix in suffixes} == common.CONTAINERS
    assert listed(jpeg) == ".jpg, .jpeg, .jpe or .jfif"
    assert listed([".npy"]) == ".npy"


def test_the_name_of_a_file_stands_once(capsys: pytest.CaptureFixture[str]) -> None:
    common.complain_of(Path("a.jpg"), FileNotFoundError(2, "No such file or directory", "a.jpg"))
    common.complain_of(Path("a.jpg"), gm.FormatError("a.jpg: JPEG", "expected SOI, got b'x'"))
    common.complain_of(Path("a.jpg"), MemoryError())
    assert capsys.readouterr().err.splitlines() == [
        "gainmap: a.jpg: No such file or directory",
        "gainmap: a.jpg: JPEG: expected SOI, got b'x'",
        "gainmap: a.jpg: not enough memory for this picture",
    ]


def test_warnings_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    common.warn(["alpha\nis dropped"])
    common.warn(["alpha is dropped"], Path("a.jpg"))
    assert capsys.readouterr().err.splitlines() == [
        "gainmap: warning: alpha is dropped",
        "gainmap: warning: a.jpg: alpha is dropped",
    ]


def test_nothing_that_is_printed_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    common.say("a \x1b[31mred\x9b name\nin ü lines")
    common.complain("and \x1b]0;title\x07 \udcff")
    shown = capsys.readouterr()
    assert shown.out == "a \\x1b[31mred\\x9b name\nin ü lines\n"
    assert shown.err == "gainmap: and \\x1b]0;title\\x07 \\udcff\n"


def test_failures_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert common.complain_of_failures(0, 3) == 0
    assert common.complain_of_failures(2, 3, "photos") == 2
    assert capsys.readouterr().err == "gainmap: 2 of 3 photos failed\n"


def test_json_escapes_by_itself_what_would_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"names": ["\x1b[31m", "\x9b2J", "Größe", "caf\udce9", "\u202e", "a\nb"]}
    common.say_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert "Größe" in text and all(line.isprintable() for line in text.splitlines())


def test_a_name_of_several_lines_stays_in_one(capsys: pytest.CaptureFixture[str]) -> None:
    common.say_of(Path("a\nb.jpg"), "5 bytes")
    assert capsys.readouterr().out == "a\\nb.jpg: 5 bytes\n"
