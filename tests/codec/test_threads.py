"""The number of processors and threads changes how long things take, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import gainmap_codec as gm
from support.jpeg_files import iso, standard

Verb = Callable[[bytes], object]

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


def test_warnings_are_told_in_the_thread_of_their_own_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is read meanwhile; and the filters of the process stay as they are."""
    odd, plain = iso(standard(), 45, (-1).to_bytes(4, "big", signed=True)), standard()
    verbs: tuple[Verb, ...] = (gm.inspect, gm.decode, gm.transcode, lambda data: gm.flip(data, "vertical"))
    alone = {(verb, data): told_by(verb, data, monkeypatch) for verb in verbs for data in (odd, plain)}
    assert any("offsets below 0" in line for line in alone[gm.decode, odd])
    assert alone[gm.transcode, plain] == []
    filters, shown, before = list(warnings.filters), warnings.showwarning, sys.stdout
    told: dict[int, list[str]] = defaultdict(list)
    monkeypatch.setattr(warnings, "warn", lambda text, *_, **__: told[threading.get_ident()].append(str(text)))

    def run(job: tuple[Verb, bytes]) -> bool:
        told[threading.get_ident()].clear()
        job[0](job[1])
        return told[threading.get_ident()] == alone[job]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, list(alone) * 50))
    assert (warnings.filters, warnings.showwarning, sys.stdout) == (filters, shown, before)


def told_by(verb: Verb, data: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(warnings, "warn", lambda text, *_, **__: lines.append(str(text)))
        verb(data)
    return lines
