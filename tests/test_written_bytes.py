"""No change of the code changes a byte that we write: digests of what our writers make of every fixture."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from support.paths import FIXTURES
from support.written_bytes import pictures, table, written

TABLE = table()
PAYLOADS = sorted(path.relative_to(FIXTURES).as_posix() for path in FIXTURES.glob("payload/*/*.bin"))


def test_the_table_has_every_fixture_that_opens() -> None:
    assert list(TABLE) == pictures()
    assert len(TABLE) > 100


@pytest.mark.parametrize("file", TABLE)
def test_the_bytes_are_those_of_the_table(file: str) -> None:
    assert written(file) == TABLE[file]


@pytest.mark.parametrize("file", PAYLOADS)
def test_a_payload_is_written_as_it_was_read(file: str) -> None:
    data = (FIXTURES / file).read_bytes()
    assert serialize_payload(parse_payload(data, Limits())) == data
