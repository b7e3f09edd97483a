"""What a dropped file is, told by its first bytes (node runs it)."""

from __future__ import annotations

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from support.paths import FIXTURES
from support.viewer import evaluate

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")


def kind_of(data: bytes) -> str | None:
    found: str | None = evaluate("picture_kinds.js", f"({{ kindOf }}) => kindOf(Uint8Array.from({list(data[:400])}))")
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jpeg/both.jpg", "JPEG"),
        ("jxl/both.jxl", "JPEG XL"),
        ("heif/tmap.avif", "AVIF"),
        ("heif/apple-auxiliary.heic", "HEIC"),
    ],
)
def test_of_photos(name: str, kind: str) -> None:
    assert kind_of((FIXTURES / name).read_bytes()) == kind


@pytest.mark.parametrize(("suffix", "kind"), [("exr", "OpenEXR"), ("hdr", "Radiance HDR"), ("tiff", "TIFF")])
def test_of_hdr_pictures(suffix: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{suffix}"
    gm.HdrImage(np.full((8, 8, 3), 2, np.float32)).save(path)
    assert kind_of(path.read_bytes()) == kind


def test_of_jpeg_xr() -> None:
    assert kind_of(b"II\xbc\x01\x08\0\0\0") == "JPEG XR"


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in ((b"IHDR", bytes(13)), *chunks, (b"IDAT", b"x")))


def test_of_png_what_its_code_points_say() -> None:
    assert kind_of(png((b"cICP", bytes((9, 16, 0, 1))))) == "PNG in PQ or HLG"
    assert kind_of(png((b"gAMA", bytes(4)), (b"cICP", bytes((9, 18, 0, 1))))) == "PNG in PQ or HLG"
    assert kind_of(png((b"cICP", bytes((1, 13, 0, 1))))) is None
    assert kind_of(png()) is None


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"GIF89a", b"\0\0\0\x18ftypmp42", png()[:20], b"\x89PNG\r\n\x1a\n" + b"\xff" * 40]
)
def test_of_other_files_nothing(data: bytes) -> None:
    assert kind_of(data) is None
