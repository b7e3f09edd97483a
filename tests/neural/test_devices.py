"""Devices by name: which there are, and how those that are not are told."""

from __future__ import annotations

import pytest
import torch

import gainmap_codec as gm
from gainmap_codec.neural.devices import torch_device
from support.small_pair import HDR


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "meta", ""])
def test_names_of_no_device(name: str) -> None:
    with pytest.raises(ValueError, match=f"^device: expected cpu, cuda or cuda:N, got '{name}'$"):
        torch_device(name)


@pytest.mark.usefixtures("short_fits")
def test_auto_is_the_cpu_whatever_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the bytes of a fit would depend on whether torch had been loaded before it."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert gm.encode(HDR, device="auto") == gm.encode(HDR, device="cpu")


def test_without_cuda_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match=r"^device: expected cuda, got no CUDA device$"):
        gm.encode(HDR, preset="paper-gamma", device="cuda")


@pytest.mark.usefixtures("short_fits")
def test_a_gpu_that_is_of_no_use_is_told() -> None:
    with pytest.warns(gm.GainMapWarning, match="^device cuda changes nothing: all but the published networks"):
        gm.encode(HDR, preset="tiny", device="cuda")


def test_devices_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert torch_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(ValueError, match=r"^device: expected cuda:2, got 2 CUDA devices$"):
        torch_device("cuda:2")
