"""What small files with large headers cost: each is read in a process of its own, whose peak is measured.

`pytest tests/test_memory.py -s` prints the figures of docs/reliability.md.
"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.jpeg_files import standard
from support.paths import FIXTURES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")

SIDE = 8192
INSPECT_BYTES = 64 << 20
DECODE_BYTES_A_PIXEL = 16

MEASURE = """
import sys, warnings
import gainmap_codec as gm

def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

warnings.simplefilter("ignore")
verb, path, *known = sys.argv[1:]
for file in known:  # libraries and tables are there before
    gm.inspect(file), gm.decode(file)
before = peak()
getattr(gm, verb)(path)
print(peak() - before)
"""


def jpeg(mode: str, **options: Any) -> bytes:
    """A JPEG of 16 x 16 whose header says 8192 x 8192."""
    stream = io.BytesIO()
    Image.new(mode, (16, 16)).save(stream, "JPEG", **options)
    data = stream.getvalue()
    frame = data.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    return data[: frame + 5] + struct.pack(">HH", SIDE, SIDE) + data[frame + 9 :]


def turned_jpeg() -> bytes:
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    data = jpeg("RGB")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def large_map() -> bytes:
    data = standard()
    frame = data.rindex(b"\xff\xc0")
    return data[: frame + 5] + struct.pack(">HH", SIDE, SIDE) + data[frame + 9 :]


FILES: dict[str, Callable[[], bytes]] = {
    "baseline.jpg": lambda: jpeg("RGB"),
    "progressive.jpg": lambda: jpeg("RGB", progressive=True),
    "grey.jpg": lambda: jpeg("L"),
    "turned.jpg": turned_jpeg,
    "large-map.jpg": large_map,
    **{name: (FIXTURES / "flat" / name).read_bytes for name in ("8-bit.avif", "10-bit.avif", "8-bit.heic")},
}


@pytest.mark.parametrize("name", FILES)
def test_peak_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    assert path.stat().st_size < 20_000
    peaks = {verb: measured(verb, path) for verb in ("inspect", "decode")}
    a_pixel = peaks["decode"] / SIDE**2
    print(f"\n{name}: inspect {peaks['inspect'] / 1e6:.1f} MB, decode {a_pixel:.1f} bytes a pixel")
    assert peaks["inspect"] <= INSPECT_BYTES
    assert a_pixel <= DECODE_BYTES_A_PIXEL


def measured(verb: str, path: Path) -> int:
    known = [str(FIXTURES / file) for file in ("jpeg/standard.jpg", "heif/tmap.avif", "heif/tmap.heic")]
    command = [sys.executable, "-c", MEASURE, verb, str(path), *known]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
