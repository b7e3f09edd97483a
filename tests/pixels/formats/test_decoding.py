"""Errors of decoding and coding libraries become ours, in one line."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.errors import FormatError, LimitError, UnsupportedError
from gainmap_codec.pixels.formats.decoding import coding, decoding, image_from_file, primaries_and_white


@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyError, OSError])
def test_whatever_a_decoder_raises_names_the_file_in_one_line(error: type[Exception]) -> None:
    with (
        pytest.raises(FormatError, match=r"^a\.png: broken PNG file: .*it\b.*broke") as caught,
        decoding("a.png", "PNG"),
    ):
        raise error("it\n  broke")
    assert "\n" not in str(caught.value)


def test_an_error_without_words_names_its_class() -> None:
    with pytest.raises(FormatError, match="broken PNG file: RuntimeError"), decoding("a.png", "PNG"):
        raise RuntimeError


def test_our_own_errors_pass() -> None:
    with pytest.raises(LimitError, match=r"^too large$"), decoding("a.png", "PNG"):
        raise LimitError("too large")
    with pytest.raises(LimitError, match=r"^too large$"), coding("AV1"):
        raise LimitError("too large")


def test_what_an_encoder_raises_is_unsupported_but_for_memory() -> None:
    with pytest.raises(UnsupportedError, match="AV1: the picture cannot be coded: no"), coding("AV1"):
        raise RuntimeError("no")
    with pytest.raises(MemoryError), coding("AV1"):
        raise MemoryError


def test_bad_pixels_of_a_file_are_its_fault() -> None:
    with pytest.raises(FormatError, match=r"^a\.exr: HdrImage pixels: expected finite values, got nan"):
        image_from_file(np.full((2, 2, 3), np.nan), "srgb", "a.exr")
    assert image_from_file(np.ones((2, 2, 3)), "srgb", "a.exr", ("a note",)).warnings == ("a note",)


def test_primaries_are_four_pairs() -> None:
    assert primaries_and_white(range(8)) == (((0, 1), (2, 3), (4, 5)), (6, 7))
    with pytest.raises(ValueError, match="reshape"):
        primaries_and_white([1, 2, 3])
