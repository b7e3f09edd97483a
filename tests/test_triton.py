"""The fused kernel without a GPU: by Triton's interpreter against NumPy, and compiled for an H100."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

INTERPRETED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import torch
from device_cases import by_numpy, case, cases, difference, on_device
from gainmap_codec.neural import device_render, triton_kernel
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
"""

COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from gainmap_codec.neural.triton_kernel import _COLUMNS, _ROWS, _WARPS, _render

def compiled(domain, channels, result, code, is_whole):
    constants = dict(DOMAIN=domain, IS_WHOLE=is_whole, CHANNELS=channels, ROWS=_ROWS, COLUMNS=_COLUMNS)
    types = dict(out=result, codes=code, curves="*fp32", residual="*fp32", to_maths=("fp32",) * 9)
    types |= dict(from_maths=("fp32",) * 9, weight="fp32", base_offset="fp32", alternate_offset="fp32")
    types |= dict.fromkeys(("down_fraction", "across_fraction"), "*fp32")
    types |= dict.fromkeys(("down_first", "down_second", "across_first", "across_second"), "*i32")
    types |= dict.fromkeys(("height", "width", "entries"), "i32") | dict.fromkeys(constants, "constexpr")
    signature = {name: types.get(name, "i64") for name in _render.arg_names}
    source = ASTSource(_render, signature, constexprs=constants)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": _WARPS}).asm["ptx"]

for case in (("log2_gain", 1, "*fp32", "*u8", True), ("pq_gamma", 3, "*fp16", "*i16", False)):
    ptx = compiled(*case)
    print(len(ptx), ptx.count("st.global"), ptx.count("bar.sync"))
"""


def run(script: str, **environment: str) -> list[str]:
    """Lines that a script prints in a process of its own: Triton reads its environment as it is imported."""
    pytest.importorskip("triton", reason='Triton is not installed (extra "gpu")')
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_the_interpreted_kernel_agrees_with_numpy() -> None:
    *differences, kernels = run(INTERPRETED, TRITON_INTERPRET="1")
    assert len(differences) == 32 + 8
    assert [line for line in differences if not float(line.split()[1]) <= 0.25 / 4095] == []
    assert kernels == "kernels 42"


def test_it_compiles_for_an_h100(tmp_path: Path) -> None:
    """What the interpreter lets pass need not compile. Eight rows of three channels are stored, with no barrier."""
    for line in run(COMPILED, TRITON_CACHE_DIR=str(tmp_path)):
        assert re.fullmatch(r"\d+ 24 0", line)
