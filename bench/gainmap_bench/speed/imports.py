"""What importing the package costs a fresh interpreter, beside importing NumPy alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory

_CODE = "import {module}; from resource import *; use = getrusage(RUSAGE_SELF); print(use.ru_utime + use.ru_stime)"
_MODULES = ("sys", "numpy", "gainmap_codec")


def import_rows(runs: int) -> list[str]:
    """Markdown rows: module, median CPU seconds over fresh interpreters, the same beyond NumPy's.

    Bytecode is compiled before it is timed, as installing a wheel does.
    """
    with installed() as environment:
        for module in _MODULES:
            _cpu_seconds(module, environment)
        rounds = [[_cpu_seconds(module, environment) for module in _MODULES] for _ in range(runs)]
    bare, numpy, ours = (median(times) for times in zip(*rounds, strict=True))
    return [
        "| import | CPU s | beyond the one before |",
        "| --- | --- | --- |",
        f"| nothing | {bare:.3f} | |",
        f"| numpy | {numpy:.3f} | {numpy - bare:.3f} |",
        f"| gainmap_codec | {ours:.3f} | {ours - numpy:.3f} |",
    ]


@contextmanager
def installed() -> Iterator[dict[str, str]]:
    """Environment variables of interpreters that keep the bytecode of what they compile, as installing does."""
    with TemporaryDirectory() as cache:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        yield environment | {"PYTHONPYCACHEPREFIX": cache}


def _cpu_seconds(module: str, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", _CODE.format(module=module)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
