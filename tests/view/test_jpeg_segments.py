"""The page's JavaScript finds in JPEG files what the Python reader finds (node runs it)."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.metadata import ISO_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2, parse_segments
from gainmap_codec.files.map_metadata.iso21496 import parse_iso21496
from gainmap_codec.files.records import GainMapMetadata
from gainmap_codec.pixels.formats.sources import photos_in
from support.jpeg_files import without_segments
from support.node import answers_of
from support.paths import FIXTURES, ROOT
from support.viewer import base64_of

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

FILES = sorted((FIXTURES / "jpeg").glob("*.jpg"))


def read(*files: bytes) -> list[Any]:
    """What the modules say of each file; None where it is no JPEG."""
    return answers_of("jpeg_reader.mjs", [base64_of(data) for data in files])


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def numbers(metadata: GainMapMetadata) -> dict[str, Any]:
    """The metadata as JavaScript has them."""
    channels = [metadata.channels[n % len(metadata.channels)] for n in range(3)]
    names = ("gain_map_min", "gain_map_max", "gamma", "base_offset", "alternate_offset")
    found: dict[str, Any] = {
        key: [float(getattr(each, name)) for each in channels]
        for key, name in zip(("min", "max", "gamma", "baseOffset", "alternateOffset"), names, strict=True)
    }
    found |= {"baseHeadroom": float(metadata.base_hdr_headroom), "usesBaseColors": metadata.use_base_colour_space}
    return found | {"alternateHeadroom": float(metadata.alternate_hdr_headroom)}


def assert_same(data: bytes, found: dict[str, Any]) -> None:
    image = parse_segments(data, Limits())
    assert found["header"] == [list(segment) for segment in image.header]
    assert (found["scan"], found["isWhole"]) == (image.tail[0].start, image.complete)
    assert found["end"] == (image.end if image.complete else found["end"])
    file = parse_file(data, "", Limits())
    assert found["icc"] == (file.base.icc_profile and digest(file.base.icc_profile))
    assert found["xmp"] == (file.xmp or b"").decode()
    stored = file.gain_map
    if stored is None or not isinstance(stored.metadata, GainMapMetadata):
        assert found["map"] is None
        return
    assert found["map"]["picture"] == digest(stored.image.data)
    assert found["map"]["xmp"] or found["map"]["metadata"]
    if found["map"]["metadata"]:
        assert found["map"]["metadata"] == numbers(stored.metadata)


def test_every_fixture() -> None:
    files = [path.read_bytes() for path in FILES]
    for data, found in zip(files, read(*files), strict=True):
        assert_same(data, found)


def test_real_files(data_dir: Path) -> None:
    files = [path.read_bytes() for path in photos_in(data_dir) if path.suffix.lower() in (".jpg", ".jpeg")]
    small = [data for data in files if len(data) < 2_000_000 and not gm.inspect(data).warnings]
    assert len(small) > 20
    for data, found in zip(small, read(*small), strict=True):
        assert_same(data, found)


@pytest.mark.parametrize("gone", [(APP2, MPF_ID), (APP1, b"http://ns.adobe.com/xap/1.0/\0")], ids=["no MPF", "no XMP"])
def test_the_map_is_found_by_other_signs(gone: tuple[int, bytes]) -> None:
    """The directory where there is no index; the index, or a search, where there is no directory."""
    data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    whole, cut, bare = read(
        data, without_segments(data, *gone), without_segments(without_segments(data, APP2, MPF_ID), APP2, ISO_ID)
    )
    assert whole["behind"] == cut["behind"] == bare["behind"] and len(cut["behind"]) == 1


def test_metadata_in_all_layouts() -> None:
    """The published layout, libultrahdr's own and that of drafts, and numbers at the edge."""
    blobs = [path.read_bytes() for path in sorted((FIXTURES / "iso21496").glob("*.bin"))]
    script = (
        f"import {{ parseIso21496 }} from '{ROOT}/src/gainmap_codec/view/static/iso21496.js';"
        f"const blobs = {json.dumps([list(blob) for blob in blobs])};"
        "console.log(JSON.stringify(blobs.map((blob) => parseIso21496(Uint8Array.from(blob)))));"
    )
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [numbers(parse_iso21496(blob)) for blob in blobs]


def test_damaged_files_end_in_an_answer() -> None:
    """Cut and changed files are read, or are none: what both readers take for a picture ends its header alike."""
    random = Random(5)
    files = []
    for path in FILES:
        data = path.read_bytes()
        files += [data[: random.randrange(len(data))] for _ in range(20)]
        for _ in range(40):
            place = random.randrange(len(data))
            files.append(data[:place] + bytes((random.randrange(256),)) + data[place + 1 :])
    for data, found in zip(files, read(*files), strict=True):
        try:
            image = parse_segments(data, Limits())
        except GainMapError:
            continue
        assert found is not None and found["scan"] == image.tail[0].start
