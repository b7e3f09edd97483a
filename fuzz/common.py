"""What the fuzz targets share: small limits, what an error must look like, seeds of their own, and the loop."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gainmap_codec"]):
    from gainmap_codec.errors import Limits

LIMITS = Limits(pixels=1 << 16, file_bytes=1 << 20)
"""Small pictures: decoding libraries are not what is fuzzed, and time goes into our own code."""


def check_line(error: BaseException) -> None:
    """An error that was raised on purpose says what is wrong, in one line that a terminal can show."""
    line = str(error)
    assert line and line.isprintable(), (type(error), line)


def check_lines(lines: Iterable[str]) -> None:
    assert not any("\n" in line for line in lines), lines


def plant(seeds: Iterable[bytes]) -> None:
    """Put seeds into the first folder that the command line names, which is the one that libFuzzer writes to."""
    folder = next((Path(word) for word in sys.argv[1:] if Path(word).is_dir()), None)
    for seed in seeds if folder else ():
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def fuzz(target: Callable[[bytes], None], seeds: Iterable[bytes] = ()) -> None:
    """Hand bytes to `target` until libFuzzer's arguments on the command line say that it is enough."""
    plant(seeds)
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
