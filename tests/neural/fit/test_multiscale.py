"""Fits on a device: all of their tensors are there, steps do not wait for it, and they end as on the CPU."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.devices import CPU
from gainmap_codec.neural.fit.gradient_steps import refine
from gainmap_codec.neural.fit.model import of_each
from gainmap_codec.neural.fit.multiscale import MultiscaleFit
from gainmap_codec.neural.fit.presets import fit_pair, measured, shipped_presets
from gainmap_codec.neural.fit.target import make_targets
from gainmap_codec.pixels.color.light import convert
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.pretend_device import PRETEND, PretendDevice
from support.short_fits import shortened
from support.small_pair import CODES, FIELDS, SCENE, SRGB, Pair

PAIRS = {"three outputs": SCENE, "one output": Pair(CODES, SRGB, base_bt2020(CODES, SRGB) * np.float32(2.5))}


@pytest.fixture(autouse=True)
def generators(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where generators were wanted; the pretended device has none, the CPU's serve instead."""
    wanted, plain = [], torch.Generator

    class Generator(plain):  # type: ignore[misc, valid-type]
        def __new__(cls, device: Any = "cpu") -> torch.Generator:  # type: ignore[misc]
            wanted.append(device)
            return plain("cpu" if device == PRETEND else device)

    monkeypatch.setattr(torch, "Generator", Generator)
    return wanted


SHORT = shortened(probe_steps=10, steps=100, rounds=1, refine_steps=50)
"""Fits of a second."""


def begun(pair: Pair, device: torch.device) -> MultiscaleFit:
    config = replace(shipped_presets().multiscale["balanced"], refine_steps=4)
    blank = replace(empty_record("balanced", "multiscale"), **FIELDS)
    return MultiscaleFit(blank, config, pair, make_targets(pair)[0], 0, device)


def ended(pair: Pair, device: torch.device) -> float:
    """PQ-PSNR of a short fit."""
    fit = begun(pair, device)
    fit.learn(8, noise_from=0.5)
    fit.round_latents()
    fit.improve(2 * fit.config.bytes_per_db, rounds=1)
    return measured(fit.network(), pair).psnr


@pytest.mark.parametrize("kind", PAIRS)
def test_all_tensors_are_on_the_device(kind: str, generators: list[Any]) -> None:
    with PretendDevice() as device:
        found = ended(PAIRS[kind], PRETEND)
    assert generators == [PRETEND]
    assert {"rand", "exp2", "addmm_", "bincount"} <= device.calls.keys(), "each part did its work there"
    assert found == pytest.approx(ended(PAIRS[kind], CPU), abs=0.1)


@pytest.mark.parametrize(
    ("kind", "part", "most"),
    [
        ("one output", "learn", 105),
        ("one output", "learn with noise", 260),
        ("one output", "refine", 180),
        ("three outputs", "learn", 130),
        ("three outputs", "learn with noise", 285),
        ("three outputs", "refine", 205),
    ],
)
def test_steps_do_not_wait(kind: str, part: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is a bounded number of calls, as docs/performance.md has it; none brings a number back or sends one."""
    for module in ("gradient_steps", "multiscale"):
        monkeypatch.setattr(f"gainmap_codec.neural.fit.{module}.BATCH", 128)  # many batches: their order is read rarely
    with PretendDevice() as device:
        fit = begun(PAIRS[kind], PRETEND)
        counts = []
        for steps in (5, 15):
            waits, calls = device.waits, device.calls.total()
            if part == "refine":
                refine(fit.model, fit.points, torch.Generator(), 100, steps)
            else:
                fit.learn(steps, noise_from=0.0 if part == "learn with noise" else 1.0)
            counts.append((device.waits - waits, device.calls.total() - calls))
    assert counts[0][0] == counts[1][0]
    assert (counts[1][1] - counts[0][1]) / 10 <= most


def test_the_pretended_device_is_no_cpu() -> None:
    with PretendDevice():
        there, here = torch.zeros(3, device=PRETEND), torch.zeros(3)
        for mixed in (lambda: there + here, lambda: there @ here, lambda: torch.cat([there, here]), there.numpy):
            with pytest.raises(RuntimeError):
                mixed()


def test_numbers_of_parts_have_the_same_slopes_on_a_device() -> None:
    parts = [torch.zeros(3, 2), torch.zeros(4)]
    found = []
    for device in (CPU, PRETEND):
        with PretendDevice():
            values = torch.tensor([1.0, 2.0]).to(device).requires_grad_(True)
            each = of_each(parts, values)
            each.backward(torch.arange(10.0).to(device))  # type: ignore[no-untyped-call]
            assert values.grad is not None
            found.append((each.tolist(), values.grad.tolist()))
    assert found == [([1.0] * 6 + [2.0] * 4, [15.0, 30.0])] * 2


@pytest.fixture
def cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("kind", PAIRS)
def test_cuda_gives_the_same_bytes_for_the_same_seed(kind: str) -> None:
    first, second = (fit_pair("balanced", PAIRS[kind], FIELDS, device="cuda", seed=3, presets=SHORT) for _ in range(2))
    assert serialize_payload(first.network) == serialize_payload(second.network)


@pytest.mark.slow
@pytest.mark.usefixtures("cuda")
def test_cuda_fits_as_well_as_the_cpu() -> None:
    """Means of three seeds, which differ by up to 0.4 dB among themselves on either device."""
    hdr = render_scene(192, 128)
    pair = Pair(encode_base(tone_map(convert(hdr, "bt2020", "srgb"), headroom=3.2)), SRGB, hdr)
    found = [
        np.mean([fit_pair("tiny", pair, FIELDS, device=device, seed=seed).psnr for seed in range(3)])
        for device in ("cpu", "cuda")
    ]
    assert found[1] == pytest.approx(found[0], abs=0.3)
