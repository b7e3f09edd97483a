"""The number of processors changes how long things take, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import hashlib
import warnings
import gainmap_codec as gm
from gainmap_codec.neural.fit import presets
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene
from dataclasses import replace

tiny = replace(presets.SHIPPED.multiscale["tiny"], steps=60, rounds=1, refine_steps=20)
presets.SHIPPED = replace(presets.SHIPPED, multiscale={"tiny": tiny})
scene = HdrImage(render_scene(450, 300))
for container in ("jpeg", "avif"):
    data = gm.encode(scene, preset="tiny", container=container)
    print(container, hashlib.sha256(data).hexdigest())
    for kind in ("neural", "standard"):
        print(kind, hashlib.sha256(gm.decode(data, prefer=kind).pixels.tobytes()).hexdigest())
"""


def test_one_thread_and_three_give_the_same_bytes() -> None:
    found = []
    for threads in ("1", "3"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True
        )
        found.append(done.stdout)
    assert len(found[0].splitlines()) == 6
    assert found[0] == found[1]
