"""What errors and limits say."""

from __future__ import annotations

import errno
import pickle

import pytest

import gainmap_codec as gm
from gainmap_codec.errors import (
    FormatError,
    GainMapError,
    LimitError,
    Limits,
    MissingDependencyError,
    UnsupportedError,
    error_line,
    printable,
)
from gainmap_codec.files.heif.items import Item
from support.heif_files import auxiliary_file


def test_a_format_error_says_where() -> None:
    assert str(FormatError("box tmap", "expected 4 bytes, got 2", offset=212)) == (
        "box tmap at byte 212: expected 4 bytes, got 2"
    )
    assert str(FormatError("box tmap", "expected 4 bytes, got 2")) == "box tmap: expected 4 bytes, got 2"


def test_a_limit_says_how_to_raise_it() -> None:
    Limits(boxes=3).check("boxes", 3)
    with pytest.raises(LimitError, match=r"boxes: expected at most 3, got 4 \(raise Limits.boxes to accept\)"):
        Limits(boxes=3).check("boxes", 4)


def test_a_missing_package_is_an_import_error_too() -> None:
    assert issubclass(MissingDependencyError, ImportError) and issubclass(MissingDependencyError, GainMapError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.jpg"), "a.jpg: No such file or directory"),
        (BlockingIOError(errno.EAGAIN, "another batch is writing there"), "another batch is writing there"),
        (OSError("no\nnumber"), "no number"),
        (GainMapError("two\nlines  of it"), "two\\nlines of it"),
        (ValueError("quality: expected 1…100, got 0"), "quality: expected 1…100, got 0"),
        (MemoryError(), "not enough memory for this picture"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_an_error_is_one_line(error: BaseException, line: str) -> None:
    assert error_line(error) == line


def test_a_path_that_is_told_of_already_is_not_told_again() -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "a.jpg")
    assert error_line(error, below="a.jpg") == "No such file or directory"
    assert error_line(error, below="b.jpg") == "a.jpg: No such file or directory"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Größe, 写真 − 1…2, 🙂", "plain, Größe, 写真 − 1…2, 🙂"),
        ("wide\u3000and\xa0narrow spaces", "wide\u3000and\xa0narrow spaces"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b2J \x7f \x00", "\\x9b2J \\x7f \\x00"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_what_would_steer_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    assert str(FormatError(text, "expected a, got b")) == f"{shown}: expected a, got b"
    assert str(pickle.loads(pickle.dumps(UnsupportedError(text)))) == shown


def test_texts_of_a_file_are_escaped_in_warnings_and_errors() -> None:
    """A gain map of a type that clears the screen, in a box that does the same."""
    draft = auxiliary_file("urn:com:photo:aux:hdrgainmap", b"<a \x1b[2J")
    data = draft.with_item(Item(9, b"\x1b[2J"), b"some bytes").build()
    with pytest.warns(gm.GainMapWarning) as told:
        gm.transcode(data, container="jpeg")
    with pytest.raises(gm.GainMapError) as error:
        gm.inspect(data.replace(b"av01", b"\x1b[2J"))
    texts = [str(warning.message) for warning in told] + [str(error.value)]
    assert all(text.isprintable() for text in texts), texts
    assert any("\\x1b[2J" in text for text in texts)
