"""The noise that initial weights are made of."""

from __future__ import annotations

import numpy as np
import torch

from gainmap_bench.inputs.synthetic import HEIGHT, PEAK, WIDTH, _as_json, noise_pair
from gainmap_codec.neural.published.initial import layer_matrix


def test_a_pair_of_noise() -> None:
    pair, again = (noise_pair(np.random.default_rng(5)) for _ in range(2))
    assert pair.hdr.shape == pair.codes.shape == (HEIGHT, WIDTH, 3)
    assert pair.hdr.dtype == np.float32 and pair.codes.dtype == np.uint8
    assert pair.hdr.min() >= 0 and 1 < pair.hdr.max() <= np.float32(PEAK)
    assert len({*pair.hdr.std(axis=(0, 1))}) == 3, "it has colour"
    np.testing.assert_array_equal(pair.hdr, again.hdr)


def test_weights_are_kept_as_integers_of_their_steps() -> None:
    weight = torch.linspace(-0.3, 0.7, 12).reshape(4, 3)
    (layer,) = _as_json([weight])
    step = 2.0 ** (layer["step_exponent"] / 4)
    torch.testing.assert_close(layer_matrix(layer), weight, atol=0.51 * step, rtol=0)
