"""The stored files are what their manifest says, and what the package makes of them."""

from __future__ import annotations

import hashlib
import json
import tomllib
import warnings
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_codec.files.map_metadata.iso21496 import parse_iso21496
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from support import generate
from support.cases import ISO_CASES
from support.paths import FIXTURES

ROWS = {row["file"]: row for row in tomllib.loads((FIXTURES / generate.MANIFEST).read_text())["fixture"]}
_SUFFIXES = (".jpg", ".avif", ".heic", ".jxl", ".jxr")
PICTURES = [file for file in ROWS if file.endswith(_SUFFIXES) and not file.startswith("flat/")]
PAYLOADS = [file for file in ROWS if file.startswith("payload/") and file.endswith(".bin")]


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_lists_every_file() -> None:
    assert files_in(FIXTURES) - {generate.MANIFEST} == set(ROWS)


@pytest.mark.parametrize("file", ROWS)
def test_the_manifest_is_true(file: str) -> None:
    data = (FIXTURES / file).read_bytes()
    row = ROWS[file]
    assert (len(data), hashlib.sha256(data).hexdigest()) == (row["bytes"], row["sha256"])
    assert len(data) < 30_000
    assert row["source"] and row["licence"] == "MIT" and row["exercises"]


def test_frozen_files_are_as_they_were() -> None:
    """Golden files of a frozen format are only ever read: whatever the code does, it has to read these bytes."""
    lines = Path(generate.__file__).with_name("frozen.sha256").read_text().splitlines()
    changed = [file for digest, file in map(str.split, lines) if hashlib.sha256(read(file)).hexdigest() != digest]
    assert changed == []


def read(file: str) -> bytes:
    return (FIXTURES / file).read_bytes()


def test_the_generator_writes_the_same_bytes_again(tmp_path: Path) -> None:
    for _ in range(2):
        generate.generate(tmp_path)
    written = files_in(tmp_path)
    assert written == set(ROWS) - set(generate.INPUTS) | {generate.MANIFEST}
    for file in written:
        assert (tmp_path / file).read_bytes() == (FIXTURES / file).read_bytes(), file


@pytest.mark.parametrize("file", PICTURES)
def test_a_picture_ends_as_its_row_says(file: str) -> None:
    row = ROWS[file]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = str(gm.decode(FIXTURES / file).rendered_from)
        except gm.GainMapError as error:
            outcome = type(error).__name__
    assert outcome == row["expected"]
    assert all(issubclass(warning.category, gm.GainMapWarning) for warning in caught)
    texts = [str(warning.message) for warning in caught]
    assert any(row["warning"] in text for text in texts) if row["warning"] else not texts


@pytest.mark.parametrize("file", PAYLOADS)
def test_a_payload_parses_to_its_json_and_back(file: str) -> None:
    data = (FIXTURES / file).read_bytes()
    record = parse_payload(data)
    assert json.loads(generate.dump_payload(record)) == json.loads((FIXTURES / file).with_suffix(".json").read_text())
    assert serialize_payload(record) == data


@pytest.mark.parametrize("name", ISO_CASES)
def test_an_iso_blob_parses_to_its_record(name: str) -> None:
    assert parse_iso21496((FIXTURES / f"iso21496/{name}.bin").read_bytes()) == ISO_CASES[name][0]
