"""Arrays and tensors of every library become arrays (H, W, 3), or a sentence says why not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gainmap_codec.pixels.in_memory import array_of, rgb_of

CODES = np.arange(24, dtype=np.float32).reshape(2, 4, 3)


def test_arrays_are_taken_as_they_are() -> None:
    assert array_of(CODES, "hdr") is CODES
    for nothing in ("a path", b"bytes", [1, 2], None, 5):
        assert array_of(nothing, "hdr") is None


def test_arrays_of_other_libraries_by_their_own_word() -> None:
    class Foreign:
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return CODES

    class Refusing:
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            raise TypeError("it is on a GPU")

    np.testing.assert_array_equal(array_of(Foreign(), "hdr"), CODES)
    with pytest.raises(TypeError, match="sdr: expected an array that NumPy can read, got a Refusing: it is on a GPU"):
        array_of(Refusing(), "sdr")


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16", "uint8"])
def test_tensors_of_every_type(kind: str) -> None:
    torch = pytest.importorskip("torch")
    array = array_of(torch.from_numpy(CODES).to(getattr(torch, kind)), "hdr")
    np.testing.assert_array_equal(array, CODES)


def test_tensors_that_are_turned_or_learn() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(CODES.transpose(2, 0, 1).copy()).requires_grad_().permute(1, 2, 0)
    np.testing.assert_array_equal(array_of(tensor, "hdr"), CODES)
    with pytest.raises(TypeError, match=r"hdr: expected an array that NumPy can read, got a Tensor: .*Sparse"):
        array_of(torch.from_numpy(CODES).to_sparse(), "hdr")


def test_torch_is_not_loaded_for_an_array(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    array_of(CODES, "hdr")
    assert "torch" not in sys.modules


def test_grey_is_repeated_and_alpha_dropped() -> None:
    notes: list[str] = []
    grey = CODES[..., 1]
    for array in (grey, grey[..., np.newaxis]):
        np.testing.assert_array_equal(rgb_of(array, "hdr", notes), np.dstack([grey] * 3))
    assert notes == []
    np.testing.assert_array_equal(rgb_of(np.dstack([CODES, grey]), "sdr", notes), CODES)
    assert notes == ["sdr: its transparency is left out"]


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ((), r"got \(\)$"),
        ((5,), r"got \(5,\)$"),
        ((5, 6, 2), r"got \(5, 6, 2\)$"),
        ((0, 5, 3), r"got \(0, 5, 3\)$"),
        ((3, 0, 0), r"got \(3, 0, 0\)$"),
        ((3, 8, 9), r"got \(3, 8, 9\): channels come last \(permute or transpose to \(1, 2, 0\)\)$"),
        ((1, 8, 9), r"got \(1, 8, 9\): channels come last"),
        ((2, 8, 9, 3), r"got \(2, 8, 9, 3\): one picture at a time$"),
    ],
)
def test_other_shapes_are_refused_with_what_may_have_been_meant(shape: tuple[int, ...], line: str) -> None:
    with pytest.raises(ValueError, match=r"^hdr: expected shape \(H, W, 3\), " + line):
        rgb_of(np.zeros(shape), "hdr", [])
