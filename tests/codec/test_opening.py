"""A source is opened once: its record, its payload, and what ties them."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gainmap_codec.codec.opening import base_codes, open_file, open_source
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import Container
from support import pipeline_files as files
from support.paths import FIXTURES

LIMITS = Limits()


def test_paths_bytes_and_files_open_alike() -> None:
    path = FIXTURES / "jpeg/both.jpg"
    data = path.read_bytes()
    for source in (path, str(path), data, io.BytesIO(data)):
        opened = open_source(source, LIMITS)
        assert opened.data == data
        assert opened.bound_by == "strict" and opened.neural is opened.payload is not None


def test_a_missing_path_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.jpg", LIMITS)


def test_the_file_is_named_in_errors() -> None:
    with pytest.raises(FormatError, match=r"holiday\.jpg"):
        open_file(b"nonsense", "holiday.jpg", LIMITS)


def test_a_base_that_was_decoded_beside_the_payload_is_the_same() -> None:
    data = files.both()
    beside, alone = open_file(data, "a", LIMITS, is_rendered=True), open_file(data, "a", LIMITS)
    assert beside.decoded is not None and alone.decoded is None
    np.testing.assert_array_equal(beside.codes, alone.codes)
    np.testing.assert_array_equal(base_codes(alone.file.base), alone.codes)


def test_a_payload_of_another_base_does_not_serve() -> None:
    other = open_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a", LIMITS).file
    payload = open_file(files.both(), "b", LIMITS).file.payload
    opened = open_file(serialize_file(replace(other, payload=payload), []), "c", LIMITS)
    assert opened.payload is not None and opened.neural is None and opened.bound_by is None
    assert opened.warnings == ("the neural gain map belongs to another base (edited or cropped since?) and is ignored",)


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif", "jxl"])
def test_no_damage_of_a_payload_is_silent(container: Container) -> None:
    data = transcode_with_report(files.both(), TranscodeOptions(container=container)).data
    at = data.index(open_file(data, "", LIMITS).file.payload or b"missing")
    before = 60 if container == "jxl" else 20 if container == "jpeg" else 0  # kind, label and UUID of its box
    for place in (*range(at - before, at + 4), at + 40):
        opened = open_file(data[:place] + bytes([data[place] ^ 32]) + data[place + 1 :], "", LIMITS)
        assert opened.neural is not None or any("neural gain map" in line for line in opened.warnings), place
        assert opened.neural is not None or opened.file.damage, place


def test_a_payload_without_references_and_one_that_lies_outside_the_file() -> None:
    data = transcode_with_report(files.both(), TranscodeOptions(container="avif")).data
    assert open_file(data.replace(b"cdsc", b"cdsd"), "", LIMITS).neural is not None
    payload = open_file(data, "", LIMITS).file.payload or b"missing"
    place = data.index(payload).to_bytes(4, "big") + len(payload).to_bytes(4, "big")
    assert data.count(place) == 1
    lines = open_file(data.replace(place, b"\x70" + place[1:]), "", LIMITS).file.damage
    assert [line for line in lines if line.startswith("neural gain map ignored: file: it ends too early")]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (0, "the neural gain map is damaged and is ignored"),
        (5, r"the neural gain map is damaged: expected bytes of the checksum \w{4}, got .*; it is ignored"),
    ],
)
def test_a_damaged_payload_is_told_in_one_line(at: int, told: str) -> None:
    data = files.both()
    payload = open_file(data, "", LIMITS).file.payload or b"missing"
    bad = data.replace(payload, payload[:at] + bytes([payload[at] ^ 0x55]) + payload[at + 1 :])
    opened = open_file(bad, "", LIMITS)
    (line,) = opened.warnings
    assert opened.file.damage == (line,) and re.fullmatch(told, line)


def test_a_photo_that_is_cut_off_was_not_edited() -> None:
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    opened = open_file(data[: open_file(data, "", LIMITS).file.base.data.rindex(b"\xff\xd9") - 30], "", LIMITS)
    assert opened.neural is None and opened.file.damage
    assert opened.warnings[-1] == "the neural gain map does not fit what is left of the picture and is ignored"
    assert not any("another base" in line for line in opened.warnings)


def test_maths_happen_in_the_base_unless_the_map_says_otherwise() -> None:
    opened = open_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a", LIMITS)
    assert opened.maths_color is opened.color
