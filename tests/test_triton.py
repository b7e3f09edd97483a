"""The fused kernel without a GPU: by Triton's interpreter against NumPy, and compiled for an H100."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INTERPRETED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import torch
from device_cases import CROPPED_AND_TURNED, FLIPPED, by_numpy, case, cases, difference, on_device
from gainmap_codec.neural import device_render, triton_kernel
from gainmap_codec.neural.device_grid import GridNetwork
from gainmap_codec.neural.triton_means import means_fused
from gainmap_codec.pixels.working_grid import WorkingGrid
from gainmap_codec.pixels.geometry import turned

kernels = 0
def fused(*arguments):
    global kernels
    kernels += 1
    triton_kernel.render_fused(*arguments)

device_render.render_strips = fused
for each in cases():
    print(each.network.domain, difference(on_device(each, "cpu"), by_numpy(each)))
each = case(19, 30)
whole = on_device(each, "cpu")
half = on_device(each, "cpu", dtype=torch.float16)
assert half.dtype == np.float16 and np.allclose(half, whole, rtol=1e-3, atol=1e-6)
for orientation in range(1, 9):
    found = on_device(each, "cpu", orientation=orientation, window=(3, 2, 11, 13))
    print("turned", difference(found, turned(whole, orientation)[3:14, 2:15]))
print("kernels", kernels)
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
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from gainmap_codec.neural import triton_kernel, triton_means

tools = Path(triton.__file__).parent / "backends/nvidia/bin"

def compiled(kernel, pixels, constants, **types):
    types |= dict.fromkeys(("down_fraction", "across_fraction", "down_shares", "across_shares"), "*fp32")
    types |= dict.fromkeys(("down_first", "down_second", "across_first", "across_second"), "*i32")
    types |= dict.fromkeys(("height", "width", "entries", "rows", "columns", "down_steps", "across_steps"), "i32")
    types |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(kernel, {name: types.get(name, "i64") for name in kernel.arg_names}, constexprs=constants)
    made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 4}).asm
    binary = Path(sys.argv[2], "kernel.cubin")
    binary.write_bytes(made["cubin"])
    usage = subprocess.check_output([tools / "cuobjdump", "-res-usage", binary], text=True, stderr=subprocess.STDOUT)
    code = subprocess.check_output([tools / "nvdisasm", "-c", binary], text=True)
    registers, stack = (re.search(rf"{name}:(\\d+)", usage).group(1) for name in ("REG", "STACK"))
    instructions = len(re.findall(r"^\\s+/\\*[0-9a-f]{4,}\\*/", code, re.M)) // pixels
    loads = [made["ptx"].count(f"ld.global.{kind}") for kind in ("b8", "b16")]
    print(*loads, made["ptx"].count("st.global"), made["ptx"].count("bar.sync"), stack, registers, instructions)

floats = dict(to_maths=("fp32",) * 9, from_maths=("fp32",) * 9, weight="fp32", base_offset="fp32")
floats |= dict(alternate_offset="fp32", curves="*fp32", residual="*fp32")
for domain, channels, is_whole, out, codes in (
    ("log2_gain", 1, True, "*fp32", "*u8"),
    ("pq_gamma", 3, False, "*fp16", "*i16"),
    ("pq_gamma", 3, True, "*fp32", "*u8"),
):
    constants = dict(DOMAIN=domain, IS_WHOLE=is_whole, CHANNELS=channels, ROWS=8, COLUMNS=128)
    compiled(triton_kernel._render, 8, constants, out=out, codes=codes, **floats)
compiled(triton_means._means, 1, dict(COLUMNS=128), out="*fp32", codes="*u8", down="*i64", across="*i64")
"""


def run(script: str, *arguments: object, **environment: str) -> list[str]:
    """Lines that a script prints in a process of its own: Triton reads its environment as it is imported."""
    pytest.importorskip("triton", reason='Triton is not installed (extra "gpu")')
    command = [sys.executable, "-c", script, str(Path(__file__).parent), *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_the_interpreted_kernel_agrees_with_numpy() -> None:
    lines = run(INTERPRETED, TRITON_INTERPRET="1")
    differences, kernels, means = lines[:-4], lines[-4], lines[-3:]
    assert len(differences) == 32 + 8
    assert [line for line in differences if not float(line.split()[1]) <= 0.25 / 4095] == []
    assert kernels == "kernels 42"
    assert [line for line in means if not float(line.removeprefix("means ")) <= 1e-4] == []  # of a code value


def test_the_kernels_compile_for_an_h100(tmp_path: Path) -> None:
    """What is interpreted need not compile. Each code value is loaded once, and no thread waits for another.

    `pytest -s` shows the instructions a pixel, which docs/performance.md reckons with.
    """
    lines = run(COMPILED, tmp_path, TRITON_CACHE_DIR=str(tmp_path))
    loads_stores_barriers_stack = [tuple(map(int, line.split()))[:5] for line in lines]
    assert loads_stores_barriers_stack == [(24, 0, 24, 0, 0), (0, 24, 24, 0, 0), (24, 0, 24, 0, 0), (3, 0, 3, 0, 0)]
    for line in lines:
        *_, registers, instructions = map(int, line.split())
        print(f"{registers} registers, {instructions} instructions a pixel, or of the averages in all")
        assert registers <= 42  # 12 blocks of 128 threads on a multiprocessor
