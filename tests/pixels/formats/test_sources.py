"""Sources of every kind."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from gainmap_codec.errors import LimitError, Limits
from gainmap_codec.pixels.formats.sources import read_source


def test_sources_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    assert read_source(path) == read_source(str(path)) == (b"abc", str(path))
    assert read_source(bytearray(b"abc")) == (b"abc", "bytes")
    assert read_source(io.BytesIO(b"abc")) == (b"abc", "file object")
    with pytest.raises(TypeError, match="expected a path, bytes or a binary file, got int"):
        read_source(5)  # type: ignore[arg-type]


def test_a_file_is_read_from_where_it_stands() -> None:
    stream = io.BytesIO(b"abcdef")
    stream.seek(2)
    assert read_source(stream, argument="sdr") == (b"cdef", "sdr")
    assert read_source(memoryview(b"abc")[::2], argument="sdr") == (b"ac", "sdr")


def test_text_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    with path.open() as file, pytest.raises(TypeError, match=r'expected a file opened as binary \("rb"\), got one'):
        read_source(file)  # type: ignore[arg-type]


def test_a_file_without_a_path_has_no_name(tmp_path: Path) -> None:
    with tempfile.SpooledTemporaryFile() as upload:  # its name is None
        assert read_source(cast(BinaryIO, upload))[1] == "file object"
    path = tmp_path / "ü.bin"
    path.write_bytes(b"abc")
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as number, open(os.fsencode(path), "rb") as name:  # noqa: PTH123
        assert (read_source(number, argument="hdr")[1], read_source(name)[1]) == ("hdr", str(path))


def test_a_pipe_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    data = bytes(range(256)) * 4096  # more than a pipe holds: it comes in parts

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        assert read_source(pipe)[0] == data
    thread.join()


def test_a_pipe_that_does_not_wait_is_refused() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as pipe, pytest.raises(BlockingIOError, match="waits for its data"):
        read_source(pipe)
    os.close(writing)


def test_a_source_over_the_limit_is_not_read_to_its_end() -> None:
    stream = io.BytesIO(bytes(1000))
    for source in (bytes(1000), stream):
        with pytest.raises(LimitError, match="file_bytes: expected at most 10"):
            read_source(source, Limits(file_bytes=10))
    assert stream.tell() == 11


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="expected a file, got a folder: batch converts folders"):
        read_source(tmp_path)
