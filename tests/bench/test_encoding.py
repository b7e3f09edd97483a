"""What encoding takes is told for each picture and preset, and for a batch of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gainmap_bench.speed import encoding
from gainmap_bench.speed.encoding import encode_rows
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES


def test_a_row_for_each_picture_and_preset(monkeypatch: pytest.MonkeyPatch, short_fits: None) -> None:
    monkeypatch.setattr(encoding, "IPHONE", (96, 72))
    monkeypatch.setattr(encoding, "render_scene", lambda: render_scene(96, 64))
    monkeypatch.setattr(encoding, "batch_seconds", lambda photos: len(photos) / 2)
    photos = FIXTURES / "jpeg/standard.jpg", FIXTURES / "heif/apple-auxiliary.heic"
    _, _, *rows, empty, batch = encode_rows(photos, 1)
    found = [row.strip("| ").split(" | ") for row in rows]
    assert [row[0] for row in found] == [
        *("standard, balanced", "standard, tiny", "apple-auxiliary, balanced", "apple-auxiliary, tiny"),
        *("apple-auxiliary, 24 MP, balanced", "apple-auxiliary, 24 MP, tiny", "scene, 96 x 64"),
    ]
    for row in found:
        seconds, cpu, size, payload, *decibels = (float(cell.replace(",", "")) for cell in row[1:])
        assert seconds > 0 and cpu > 0 and size > payload > 20
        assert all(20 < each < 100 for each in decibels)
    assert empty == "" and "1.00 CPU s a photo" in batch


def test_seconds_of_a_batch_are_those_of_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two runs the lesser, which finds all bytecode compiled."""
    used = iter((0.0, 9.0, 9.0, 14.0))

    def run(command: list[str], *, env: dict[str, str], **_: object) -> None:
        assert sorted(path.name for path in Path(command[4]).iterdir()) == ["0.jpg", "1.jpg"]
        assert env["PYTHONPYCACHEPREFIX"] and "PYTHONDONTWRITEBYTECODE" not in env
        assert command[1:4] == ["-m", "gainmap_codec", "batch"] and command[-2:] == ["--carry", "both"]

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setattr(encoding, "_children", lambda: next(used))
    assert encoding.batch_seconds([FIXTURES / "jpeg/standard.jpg"] * 2) == 2.5
