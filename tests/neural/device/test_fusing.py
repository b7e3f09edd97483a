"""Triton's kernels are taken only where they can be had."""

from __future__ import annotations

import pytest
import torch

from gainmap_codec.neural.device.fusing import can_fuse


def test_triton_without_cuda_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """As where Triton finds no C compiler: whatever it raises, plain torch serves."""
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    pytest.importorskip("triton", reason='Triton is not installed (extra "gpu")')
    can_fuse.cache_clear()
    assert not can_fuse()
    assert "Triton cannot be used, plain torch serves" in caplog.text
