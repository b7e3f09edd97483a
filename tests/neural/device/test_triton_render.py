"""The fused kernel without a GPU: by Triton's interpreter against NumPy, and compiled for an H100."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

INTERPRETED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import torch
from support.device_cases import CROPPED_AND_TURNED, FLIPPED, by_numpy, case, cases, difference
from support.device_cases import golden_case, on_device, picture
from support.golden import goldens
from gainmap_codec.neural.device import render as device_render
from gainmap_codec.neural.device import triton_render as triton_kernel
from gainmap_codec.neural.device.grid import GridNetwork
from gainmap_codec.neural.device.pixels import GridResidual
from gainmap_codec.neural.device.triton_means import means_fused
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.geometry import turned

kernels = 0
def fused(*arguments):
    global kernels
    kernels += 1
    triton_kernel.render_fused(*arguments)

plain, device_render.render_strips = device_render.render_strips, fused
for each in cases():
    print(each.network.domain, difference(on_device(each, "cpu"), by_numpy(each)))
each = case(19, 30)
whole = on_device(each, "cpu")
half = on_device(each, "cpu", dtype=torch.float16)
assert half.dtype == np.float16 and np.allclose(half, whole, rtol=1e-3, atol=1e-6)
for orientation in range(1, 9):
    found = on_device(each, "cpu", orientation=orientation, window=(3, 2, 11, 13))
    print("turned", difference(found, turned(whole, orientation)[3:14, 2:15]))
for golden in goldens():
    if golden.network.family == "multiscale":
        golden.check(on_device(golden_case(golden), "cpu"))
print("kernels", kernels)

size, window = (26000, 30000), (25990, 29980, 10, 20)  # 2.3 GB of code values, of which few are ever touched
codes = torch.zeros((*size, 3), dtype=torch.uint8)
codes[-10:, -20:] = torch.from_numpy(picture(10, 20))
each = case(1, 1)
options = {"headroom": 2.0, "from_bt2020": np.eye(3), "window": window}
render = device_render.DeviceRenderer(each.network, size, each.color, codes.device, **options)
residual = GridResidual(torch.rand(64, 96, 3), render._network._down, render._network._along)
found = render.pixels(codes, residual)
expected = torch.empty_like(found)
plain(render._stage, codes, residual, expected)
print("far", difference(found.numpy(), expected.numpy()) + (found.std().item() < 0.1))

for size, fields in (
    ((40, 53), {}),
    ((90, 60), {"coordinates": CROPPED_AND_TURNED}),
    ((7, 99), {"coordinates": FLIPPED}),
):
    each = case(*size, grid=(30, 20), **fields)
    grid = WorkingGrid.over((30, 20), *size, each.network.coordinates)
    network, codes = GridNetwork(each.network, grid, 255, torch.device("cpu")), torch.from_numpy(each.codes)
    expected = network._average(codes)
    means = torch.full_like(expected, -1)
    means_fused(codes.transpose(0, 1) if grid.is_turned else codes, *network._down, *network._across, means)
    print("means", (means - expected).abs().max().item())
"""

COMPILED = """
import re
import subprocess
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
import triton
from support.device_cases import CROPPED_AND_TURNED, case, on_device
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction
from gainmap_codec.neural.device import render as device_render
from gainmap_codec.neural.device import triton_render as triton_kernel
from gainmap_codec.neural.device.grid import GridNetwork
from gainmap_codec.neural.device.triton_means import means_fused

class Pretended:  # a driver of an H100 that launches nothing
    get_current_target = staticmethod(lambda: GPUTarget("cuda", 90, 32))
    get_current_device = staticmethod(lambda: 0)
    get_current_stream = staticmethod(lambda device: 0)

found = {}
def launch(kernel, grid):
    def run(*arguments, **options):
        made = kernel.run(*arguments, grid=grid, warmup=True, **options)
        found[id(made)] = kernel.fn.__name__, made
    return run

def average(network, codes):
    grid = network._grid
    means = torch.zeros(grid.rows.count, grid.columns.count, 3)
    means_fused(codes.transpose(0, 1) if grid.is_turned else codes, *network._down, *network._across, means)
    return means

triton.runtime.driver.set_active(Pretended())
JITFunction.__getitem__ = launch
GridNetwork._average = average
device_render.render_strips = triton_kernel.render_fused
for size in ((1, 1), (16, 16), (21, 150), (400, 160)):
    on_device(case(*size, outputs=1), "cpu")
    on_device(case(*size, outputs=1, coordinates=CROPPED_AND_TURNED), "cpu", orientation=6, headroom=1.0)
on_device(case(8, 9, domain="pq_gamma"), "cpu")
on_device(case(8, 9, 10, domain="pq_gamma"), "cpu", headroom=1.0, dtype=torch.float16)

tools, binary = Path(triton.__file__).parent / "backends/nvidia/bin", Path(sys.argv[2], "kernel.cubin")
for name, made in found.values():
    binary.write_bytes(made.asm["cubin"])
    usage = subprocess.check_output([tools / "cuobjdump", "-res-usage", binary], text=True, stderr=subprocess.STDOUT)
    registers, stack = (int(re.search(rf"{what}:(\\d+)", usage).group(1)) for what in ("REG", "STACK"))
    code = subprocess.check_output([tools / "nvdisasm", "-c", binary], text=True)
    instructions = len(re.findall(r"^\\s+/\\*[0-9a-f]{4,}\\*/", code, re.M))
    loads, stores, barriers = (made.asm["ptx"].count(what) for what in ("ld.global.b8", "st.global", "bar.sync"))
    print(name, loads, stores, barriers, stack, registers, instructions)
"""


def run(script: str, *arguments: object, **environment: str) -> list[str]:
    """Lines that a script prints in a process of its own: Triton reads its environment as it is imported."""
    pytest.importorskip("triton", reason='Triton is not installed (extra "gpu")')
    command = [sys.executable, "-c", script, str(ROOT / "tests"), *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_the_interpreted_kernel_agrees_with_numpy() -> None:
    lines = run(INTERPRETED, TRITON_INTERPRET="1")
    differences, kernels, far, means = lines[:-5], lines[-5], lines[-4], lines[-3:]
    assert len(differences) == 33 + 8
    assert [line for line in [*differences, far] if not float(line.split()[1]) <= 0.25 / 4095] == []
    assert kernels == "kernels 65"
    assert [line for line in means if not float(line.removeprefix("means ")) <= 1e-4] == []  # of a code value


def test_the_kernels_compile_for_an_h100(tmp_path: Path) -> None:
    """What is interpreted need not compile, nor once for all sizes: they are launched, all but the launch itself.

    Each code value is loaded once, no thread waits for another, and eight blocks fit a multiprocessor. `pytest -s`
    shows the instructions of eight pixels, which docs/performance.md reckons with.
    """
    kernels = [line.split() for line in run(COMPILED, tmp_path, TRITON_CACHE_DIR=str(tmp_path))]
    loads_stores_barriers_stack = [(name, *map(int, numbers[:4])) for name, *numbers in kernels]
    assert loads_stores_barriers_stack == [
        ("_means", 3, 3, 0, 0),
        ("_render", 24, 24, 0, 0),  # log2_gain, whatever the size, the turn and the headroom
        ("_render", 24, 24, 0, 0),  # pq_gamma
        ("_means", 0, 3, 0, 0),  # of 10 bits, whose loads have another name
        ("_render", 0, 24, 0, 0),
    ]
    for name, *_, registers, instructions in kernels:
        print(f"{name}: {registers} registers, {instructions} instructions")
        assert int(registers) <= 64
