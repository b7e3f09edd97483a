"""Devices by name: which there are, and how those that are not are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import gainmap_codec as gm
from gainmap_codec.codec.options import BatchOptions, DecodeOptions, EncodeOptions, TranscodeOptions
from gainmap_codec.neural.devices import torch_device
from support import pipeline_files as files
from support.command_line import run
from support.small_pair import HDR


@pytest.mark.parametrize(
    "name", ["banana", "gpu", "cuda:x", "cuda:1000", "cuda:\N{ARABIC-INDIC DIGIT ONE}", "meta", ""]
)
@pytest.mark.parametrize("record", [EncodeOptions, DecodeOptions, TranscodeOptions, BatchOptions])
def test_names_of_no_device(record: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"^device: expected auto, cpu, cuda or cuda:N, got '{name}'$"):
        record(device=name)


@pytest.mark.parametrize("record", [EncodeOptions, DecodeOptions, TranscodeOptions])
def test_a_device_is_a_name(record: Any) -> None:
    with pytest.raises(TypeError, match=r"^device: expected a name such as auto, cpu or cuda:0, got 0$"):
        record(device=0)


@pytest.mark.parametrize(
    "command",
    ["encode", "transcode", "resize --size 8x", "crop --box 0,0,8,8", "decode", "batch", "web"],
)
def test_an_unknown_device_is_wrong_usage_in_every_command(command: str, tmp_path: Path) -> None:
    source, new = tmp_path / "a.jpg", tmp_path / ("new" if command in ("batch", "web") else "new.avif")
    source.write_bytes(files.made(standard=True))
    found = run(*command.split(), source, "-o", new, "--device", "banana")
    assert found.returncode == 2 and not new.exists()
    assert "--device: expected auto, cpu, cuda or cuda:N, got 'banana'" in found.stderr


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
