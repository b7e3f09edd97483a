"""Rendering on a torch device agrees with NumPy's; with CUDA where there is some, else on the CPU."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.options import choose_device
from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.device.render import DeviceRenderer
from gainmap_codec.pixels.color.light import conversion_matrix, convert, pq_encode
from gainmap_codec.pixels.raster.geometry import turned
from gainmap_codec.pixels.scene import render_scene
from support.device_cases import (
    CROPPED_AND_TURNED,
    FLIPPED,
    TOLERANCE,
    Case,
    by_numpy,
    case,
    cases,
    difference,
    golden_case,
    on_device,
)
from support.golden import Golden, goldens
from support.networks import random_network


@pytest.fixture
def torch_on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever device is asked for, `decode` takes torch's way, on the CPU."""
    monkeypatch.setattr("gainmap_codec.codec.options.choose_device", lambda device: "cpu:0")


def test_every_fixture_and_domain_agrees(device: str) -> None:
    worst = [(difference(on_device(each, device), by_numpy(each)), each.network) for each in cases()]
    assert len(worst) == 33
    assert [(error, network) for error, network in worst if not error <= TOLERANCE] == []


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: f"{golden.name} at {golden.headroom}")
def test_golden_payloads(golden: Golden, device: str) -> None:
    golden.check(on_device(golden_case(golden), device))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (200, 301), (256, 384)])
@pytest.mark.parametrize("coordinates", [(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), CROPPED_AND_TURNED, FLIPPED])
def test_every_size_agrees(size: tuple[int, int], coordinates: tuple[float, ...], device: str) -> None:
    """Whole blocks, cut pixels, fewer pixels than cells, and a level of more cells than there are rows."""
    each = case(*size, domain="log2_gain", coordinates=coordinates)
    assert difference(on_device(each, device), by_numpy(each)) <= TOLERANCE


def test_windows_of_hundreds_of_pixels_agree(device: str) -> None:
    each = case(500, 400, grid=(2, 1))
    assert difference(on_device(each, device), by_numpy(each)) <= TOLERANCE


def test_strips_leave_no_seams(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    each = case(130, 97, outputs=3)
    whole = on_device(each, device)
    for name in ("grid._POINTS", "grid._PIXELS", "pixels._STRIP"):
        monkeypatch.setattr(f"gainmap_codec.neural.device.{name}", 700)
    np.testing.assert_allclose(on_device(each, device), whole, rtol=1e-5)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("coordinates", [(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), CROPPED_AND_TURNED])
def test_a_window_of_a_turned_picture(orientation: int, coordinates: tuple[float, ...], device: str) -> None:
    each = case(60, 90, coordinates=coordinates)
    expected = convert(turned(by_numpy(each), orientation)[20:57, 3:51], "bt2020", "display-p3")
    matrix = conversion_matrix("bt2020", "display-p3")
    found = on_device(each, device, orientation=orientation, window=(20, 3, 37, 48), from_bt2020=matrix)
    assert difference(found, expected) <= TOLERANCE


def test_hlg(device: str) -> None:
    each = case(50, 70)
    each = each._replace(color=replace(each.color, system_gamma=1.2))
    assert difference(on_device(each, device), by_numpy(each)) <= TOLERANCE


def test_half_floats(device: str) -> None:
    each = case(50, 70)
    found = on_device(each, device, dtype=torch.float16)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, on_device(each, device), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("preset", ["paper-gain", "paper-gamma"])
def test_a_published_network_agrees(preset: Preset, device: str, short_fits: None) -> None:
    """Within one code of 10 bits: twelve octaves of colour multiply the rounding of the base's PQ by ten thousand."""
    opened = open_file(gm.encode(render_scene(192, 128), preset=preset, carry="neural"), "scene", Limits())
    assert opened.neural
    network = opened.neural
    for coordinates in (network.coordinates, CROPPED_AND_TURNED):
        each = Case(replace(network, coordinates=coordinates), opened.codes, opened.color, 1.5)
        worst = np.abs(pq_encode(on_device(each, device)) - pq_encode(by_numpy(each))).max(axis=2) * 1023
        assert np.mean(worst <= 1) >= 0.999
        assert worst.max() <= 4


@pytest.mark.parametrize("preset", ["balanced", "paper-gain"])
def test_nothing_is_left_on_the_cpu(preset: Preset) -> None:
    """Tensors of the device "meta" have shapes alone; torch refuses those of the CPU beside them."""
    each = case(60, 90, coordinates=CROPPED_AND_TURNED)
    network = each.network if preset == "balanced" else random_network(preset)
    meta, matrix = torch.device("meta"), np.eye(3)
    render = DeviceRenderer(network, (60, 90), each.color, meta, headroom=2.0, from_bt2020=matrix, orientation=6)
    found = render(torch.empty((60, 90, 3), dtype=torch.uint8, device=meta))
    assert (found.device, tuple(found.shape), found.dtype) == (meta, (90, 60, 3), torch.float32)


class _Calls(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """What a GPU would launch, all that is no view; and the numbers of the largest tensor of floats made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func.is_view or "_unsafe_view" in str(func):
            return made
        if "empty" not in str(func):
            self.count += 1
            if made.is_floating_point() and made is not args[0]:
                self.largest = max(self.largest, made.numel())
        return made


def test_a_network_is_few_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a photo's usual network, averages apart, which are one kernel. docs/performance.md reckons with them."""
    each = case(256, 384, outputs=1, latents=4, details=3, color_octaves=0)
    codes = torch.from_numpy(each.codes)
    render = DeviceRenderer(each.network, (256, 384), each.color, codes.device, headroom=1, from_bt2020=np.eye(3))
    means = torch.zeros(64, 96, 3)
    monkeypatch.setattr("gainmap_codec.neural.device.grid.GridNetwork._average", lambda self, codes: means)
    with _Calls() as calls:
        render.residual(codes)
    print(calls.count, "launches")
    assert calls.count <= 62


@pytest.mark.parametrize("preset", ["balanced", "paper-gamma"])
def test_no_float_of_every_pixel_stands_in_memory(preset: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    """But the result's: strips hold as many as they were told, times features."""
    for name in ("grid._POINTS", "grid._PIXELS", "pixels._STRIP"):
        monkeypatch.setattr(f"gainmap_codec.neural.device.{name}", 1000)
    each = case(300, 400, grid=(30, 40))
    network = each.network if preset == "balanced" else random_network(preset)
    codes = torch.from_numpy(each.codes)
    render = DeviceRenderer(network, (300, 400), each.color, codes.device, headroom=1, from_bt2020=np.eye(3))
    with _Calls() as calls:
        render(codes)
    assert 3000 <= calls.largest <= 120 * 1000


# decode


@pytest.fixture(scope="module")
def photo() -> bytes:
    return gm.encode(render_scene(90, 60), preset="tiny", carry="neural")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_decode_puts_a_region_where_it_is_wanted(photo: bytes, dtype: str, torch_on_cpu: None) -> None:
    options: dict[str, Any] = {"region": (10, 5, 30, 20), "dtype": dtype, "color_space": "srgb", "headroom": 1.0}
    whole = np.zeros((24, 40, 3), dtype)
    image = gm.decode(photo, out=whole[2:22, 35:5:-1], **options)
    assert image.rendered_from == "neural"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gainmap_codec.codec.options.choose_device", lambda device: "cpu")
        expected = gm.decode(photo, **options).pixels
    np.testing.assert_allclose(whole[2:22, 35:5:-1], expected, atol=2e-3 if dtype == "float16" else 1e-4)
    assert not whole[:2].any() and not whole[:, :6].any()


def test_decode_on_cuda(photo: bytes) -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    assert difference(gm.decode(photo, device="cuda").pixels, gm.decode(photo, device="cpu").pixels) <= TOLERANCE


@pytest.mark.parametrize(
    ("device", "line"),
    [
        ("cuda:99", r"device: expected cuda:99, got \S+ CUDA devices?"),
        ("cuda:-1", "device: expected auto, cpu, cuda or cuda:N, got 'cuda:-1'"),
        ("gpu", "device: expected auto, cpu, cuda or cuda:N, got 'gpu'"),
    ],
)
def test_a_device_that_is_not_there_is_told_before_any_work(device: str, line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}$"):
        gm.decode(io.BytesIO(b"no picture"), device=device)
    with pytest.raises(ValueError, match=f"^{line}$"):
        choose_device(device)


def test_the_command_line_tells_it_as_wrong_usage(tmp_path: Path) -> None:
    target = tmp_path / "out.exr"
    command = ["decode", str(tmp_path / "missing.jpg"), "-o", str(target), "--device", "cuda:99"]
    done = subprocess.run(
        [sys.executable, "-c", "from gainmap_codec.cli.main import main; main()", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"^Error: --device: expected cuda:99, got \S+ CUDA devices?$", done.stderr, re.MULTILINE)
    assert not target.exists()
