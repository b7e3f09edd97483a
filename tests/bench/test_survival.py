"""The survival matrix: rows for every edit, programs that are missing, and what Debian's programs are known to do."""

from __future__ import annotations

import shutil

import pytest

from gainmap_bench.experiments import survival
from gainmap_bench.experiments.survival import EDITS, Edit, survival_rows
from support import pipeline_files as files


def rows(monkeypatch: pytest.MonkeyPatch, *edits: Edit) -> list[str]:
    monkeypatch.setattr(survival, "EDITS", edits)
    return list(survival_rows([("both.jpg", files.both())]))[2:]


def named(name: str) -> Edit:
    return next(edit for edit in EDITS if edit.name == name)


def test_a_missing_program_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = rows(monkeypatch, Edit("nothing", ("jpeg",), ("no-such-program", "IN", "OUT")))
    assert row == "| both.jpg | nothing | n/a | n/a | n/a | the program is not installed |"


def test_a_program_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, loud = rows(
        monkeypatch, Edit("silent", ("jpeg",), ("true",)), Edit("loud", ("jpeg",), ("sh", "-c", "echo no >&2; exit 1"))
    )
    assert "writes nothing" in silent
    assert "fails: no |" in loud


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("exiftool, copyright", "kept | kept | kept | HDR from the neural map |"),
        ("exiv2, copyright", "kept | kept | kept | HDR from the neural map |"),
        (
            "jpegtran -copy all -rotate 90",
            "coded again | lost, index left behind | kept | HDR from the neural map; payload",
        ),
        ("ffmpeg -c copy", "kept | kept | kept | HDR from the neural map |"),
        ("Pillow, quality 90", "coded again | lost | lost | SDR |"),
    ],
)
def test_what_programs_do(monkeypatch: pytest.MonkeyPatch, name: str, wanted: str) -> None:
    edit = named(name)
    if not callable(edit.command) and shutil.which(edit.command[0]) is None:
        pytest.skip(f"{edit.command[0]} is not installed")
    (row,) = rows(monkeypatch, edit)
    assert wanted in row
