"""ColorVideoVDP, a metric of visible differences, called in an environment of its own.

It needs torchvision, which does not load beside the torch that we pin: ``make bench-jod`` makes the environment, and
renditions go there as files. JOD (just objectionable differences) run down from 10, no visible difference; of two
pictures one JOD apart, three of four viewers prefer the better.

Source: Mantiuk et al., ColorVideoVDP, ACM Transactions on Graphics 43(4), 2024.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from gainmap_bench.experiments import colorvideovdp_process
from gainmap_codec.errors import MissingDependencyError
from gainmap_codec.pixels.color.light import Array

JOD_PYTHON = Path(".venv-jod/bin/python")
"""Where ``make bench-jod`` puts the environment, seen from the checkout."""


@dataclass(frozen=True)
class Display:
    """What renditions are seen on.

    Attributes:
        name: As the metric's description of itself calls it.
        geometry: The model in ColorVideoVDP's list whose size, resolution and viewing distance are taken.
        peak_nits: Brighter light is clipped to this, cd/m².
        contrast: Peak over black.
        ambient_lux: Light that falls on the screen.
        colorspace: Of the renditions, in ColorVideoVDP's words: "BT.2020-linear" or "BT.709-linear".
    """

    name: str
    geometry: str
    peak_nits: float
    contrast: float
    ambient_lux: float
    colorspace: str


HDR_DISPLAY = Display("standard_hdr_pq", "standard_hdr_pq", 1500, 1_000_000, 10, "BT.2020-linear")
"""ColorVideoVDP's model of that name, given linear light: a 30-inch 4K monitor seen from two screen heights."""


class Judgement(NamedTuple):
    """The metric's description of itself, with version and display, and the JOD of each rendition."""

    metric: str
    jods: tuple[float, ...]


def require_environment(python: Path = JOD_PYTHON) -> None:
    """Raise `MissingDependencyError` where there is no interpreter of ColorVideoVDP's environment."""
    if not python.exists():
        raise MissingDependencyError(f"ColorVideoVDP: no environment at {python}: make bench-jod")


def judge(
    reference: Array, tests: Sequence[Array], *, display: Display = HDR_DISPLAY, python: Path = JOD_PYTHON
) -> Judgement:
    """How visible the differences of some renditions from a reference are.

    Args:
        reference: Linear light in cd/m², float32 (H, W, 3).
        tests: The renditions, of the same shape and unit.
        display: What they are seen on.
        python: The interpreter of ColorVideoVDP's environment.
    Raises:
        MissingDependencyError: There is no such environment.
        RuntimeError: The metric failed; the message has the last line that it said.
    """
    require_environment(python)
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "reference.npy", reference)
        for index, test in enumerate(tests):
            np.save(folder / f"test-{index}.npy", test)
        request = {"display": asdict(display), "tests": len(tests)}
        (folder / "request.json").write_text(json.dumps(request), "utf-8")
        command = [str(python.absolute()), colorvideovdp_process.__file__, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["nothing was said"]
            raise RuntimeError(f"ColorVideoVDP: exit status {done.returncode}: {said[-1]}")
        answer = json.loads((folder / "answer.json").read_text("utf-8"))
    jods = tuple(answer["jods"])
    if len(jods) != len(tests):
        raise RuntimeError(f"ColorVideoVDP: {len(tests)} values wanted, {len(jods)} found")
    return Judgement(answer["metric"], jods)
