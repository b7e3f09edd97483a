"""Tensors are chosen and told as `decode` does; tests/test_verbs.py compares the two for every preference."""

from __future__ import annotations

import inspect
import sys

import pytest

import gainmap_codec as gm
from gainmap_codec import tensors
from support.paths import FIXTURES

torch = pytest.importorskip("torch")


def test_the_options_are_those_of_decode_but_for_out_and_metadata() -> None:
    theirs, ours = (inspect.signature(verb).parameters for verb in (gm.decode, tensors.decode))
    assert set(theirs) - set(ours) == {"out", "strip"}
    assert all(ours[name].default == theirs[name].default for name in set(ours) - {"device"})


def test_a_tensor_of_the_type_that_was_asked_for() -> None:
    pixels = tensors.decode(FIXTURES / "jpeg/standard.jpg", device="cpu", dtype="float16", region=(2, 3, 4, 5))
    assert (tuple(pixels.shape), pixels.dtype, pixels.is_contiguous()) == ((5, 4, 3), torch.float16, True)
    assert "torch" in sys.modules


def test_a_wrong_option_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ValueError, match="headroom: expected a number of stops >= 0"):
        tensors.decode("nowhere.jpg", device="cpu", headroom=-1)
