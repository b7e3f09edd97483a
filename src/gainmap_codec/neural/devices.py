"""Torch devices by name."""

from __future__ import annotations

import torch

CPU = torch.device("cpu")


def take_own_stream(name: str) -> None:
    """Have this thread's work on a CUDA device wait for no other thread's."""
    torch.cuda.set_stream(torch.cuda.Stream(name))  # type: ignore[no-untyped-call]


def torch_device(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "cuda:N": options know no other.

    Raises:
        ValueError: Torch finds no such device.
    """
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise ValueError(f"device: expected {name}, got {count or 'no'} CUDA device{'s' * (count > 1)}")
    return device
