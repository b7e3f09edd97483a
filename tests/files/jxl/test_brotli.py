"""Brotli: what comes back, and what is refused."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jxl.brotli import compressed, decompressed


@pytest.mark.parametrize("data", [b"", b"a", bytes(100_000)])
def test_bytes_come_back(data: bytes) -> None:
    assert decompressed(compressed(data), len(data) + 1, "data") == data
    assert decompressed(compressed(data), max(len(data), 1), "data") == data


@pytest.mark.parametrize("data", [b"", b"\0", compressed(bytes(1000))[:-1], compressed(bytes(1001))])
def test_what_is_broken_or_too_much(data: bytes) -> None:
    with pytest.raises(FormatError, match="data: expected Brotli data of at most 1000 bytes"):
        decompressed(data, 1000, "data")
