"""What errors and limits say."""

from __future__ import annotations

import errno

import pytest

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, MissingDependencyError, error_line


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
        (GainMapError("two\nlines  of it"), "two lines of it"),
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
