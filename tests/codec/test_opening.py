"""A source is opened once: its record, its payload, and what ties them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gainmap_codec.codec.opening import base_codes, open_file, open_source
from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.container import serialize_file
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


def test_maths_happen_in_the_base_unless_the_map_says_otherwise() -> None:
    opened = open_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a", LIMITS)
    assert opened.maths_color is opened.color
