"""The forward pass of published networks while they are fitted."""

from __future__ import annotations

import pytest
import torch

from gainmap_codec.neural.published.network import straight_through


def test_straight_through_rounds_forward_and_passes_backward() -> None:
    weight = torch.tensor([0.24, -0.26, 1000.0], requires_grad=True)
    rounded = straight_through(weight, 0.5)
    assert rounded.tolist() == pytest.approx([0.0, -0.5, 63.5])
    rounded.sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None and weight.grad.tolist() == [1, 1, 1]
