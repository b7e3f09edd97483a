"""Arrays to a device and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gainmap_codec.neural.device.transfer import download, upload
from support.device_cases import picture


@pytest.mark.parametrize("bits", [8, 10])
def test_there_and_back_in_strips(bits: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainmap_codec.neural.device.transfer._STAGED_BYTES", 1000)
    codes = picture(37, 50, bits)
    codes.flags.writeable = False
    there = upload(codes[:, ::-1], torch.device(device))
    assert (there.dtype, there.is_contiguous()) == (torch.uint8 if bits == 8 else torch.int16, True)
    back = np.zeros((60, 37, 3), codes.dtype)
    download(there.view(torch.uint8 if bits == 8 else torch.uint16), back[55:5:-1].transpose(1, 0, 2))
    np.testing.assert_array_equal(back[55:5:-1], codes[:, ::-1].transpose(1, 0, 2))
