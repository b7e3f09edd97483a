"""Files dropped on the page: its JavaScript reads of JPEGs what the Python reader reads (node runs it)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.view.contents import shown_file
from support.node import answers_of
from support.paths import FIXTURES, ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

JPEGS = sorted((FIXTURES / "jpeg").glob("*.jpg"))


def read(*files: bytes) -> list[dict[str, Any]]:
    return answers_of("dropped_files.mjs", [base64.b64encode(data).decode() for data in files])


def assert_same(found: dict[str, Any], source: Path) -> None:
    """Size, colours, payload, and the standard map's numbers, against what a page of the same file is told."""
    wanted = shown_file(source, gm.Limits())
    assert (found["width"], found["height"]) == (wanted["width"], wanted["height"])
    curves = np.frombuffer(base64.b64decode(wanted["curves"]), "<f4")
    assert found["curves"] == pytest.approx(curves, abs=1e-4)
    assert found["toBt2020"] == pytest.approx(wanted["toBt2020"], abs=1e-3)
    assert found["payload"] == (wanted["neural"] and wanted["neural"]["payload"])
    if wanted["standard"] is None:
        assert found["standard"] is None
        return
    for name, numbers in wanted["standard"]["metadata"].items():
        assert found["standard"]["metadata"][name] == pytest.approx(numbers, rel=1e-6, abs=1e-9), name
    for name in ("width", "height", "carrier"):
        assert found["standard"][name] == wanted["standard"][name], name


def test_every_fixture() -> None:
    for found, path in zip(read(*(path.read_bytes() for path in JPEGS)), JPEGS, strict=True):
        assert_same(found, path)


def test_three_channels_turned_pictures_and_other_colours(tmp_path: Path) -> None:
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    scene = gm.HdrImage(render_scene(96, 64))
    stored = to_stored(encode_base(tone_map(scene.convert("srgb").pixels, headroom=3.0)), 6)
    files = [
        gm.encode(scene, carry="standard", map_channels=3, base_color_space="display-p3"),
        gm.encode(scene, stored, carry="standard", exif=exif),
    ]
    paths = [tmp_path / f"{n}.jpg" for n in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    found = read(*(path.read_bytes() for path in paths))
    for answer, path in zip(found, paths, strict=True):
        assert_same(answer, path)
    assert (found[1]["width"], found[1]["height"]) == (96, 64)


def test_what_cannot_be_used_is_said() -> None:
    names = ("invalid/payload-bad-crc.jpg", "invalid/iso-max-below-min.jpg", "jpeg/base-16x16.jpg")
    damaged, swapped, plain = read(*((FIXTURES / name).read_bytes() for name in names))
    assert damaged["payload"]  # its CRC is checked where it is decoded
    assert swapped["standard"] is None and "cannot be used" in swapped["notes"][0]
    assert plain["standard"] is None and "no gain map" in plain["description"]


def test_an_empty_file_is_called_so() -> None:
    module = json.dumps(str(ROOT / "src/gainmap_codec/view/static/dropped_file.js"))
    code = f"(await import({module})).droppedPhoto({{ size: 0 }}).catch((error) => console.log(error.message))"
    done = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "expected a picture, got an empty file\n", done.stderr


def test_damaged_files_end_in_an_answer() -> None:
    """Bytes changed, and files cut off: no hang, and no complaint in the words of JavaScript."""
    random = Random(5)
    files = []
    for path in JPEGS:
        data = path.read_bytes()
        for _ in range(40):
            garbled = bytearray(data)
            for _ in range(random.choice((1, 5, 40))):
                garbled[random.randrange(len(data))] = random.randrange(256)
            files.append(bytes(garbled[: random.choice((len(data), random.randrange(len(data))))]))
    files += [path.read_bytes() for path in sorted((FIXTURES / "invalid").glob("*.jpg"))]
    answers = read(*files)
    assert {answer.get("name", "Error") for answer in answers} == {"Error"}, [
        answer for answer in answers if answer.get("name", "Error") != "Error"
    ]
    assert sum("error" not in answer for answer in answers) > 200
