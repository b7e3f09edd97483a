"""Other programs read our JPEG files; HDR pixels are judged in test_readers.py and test_chromium.py."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.records import GainMapMetadata
from gainmap_codec.pixels.formats.images import decode_jpeg
from gainmap_codec.pixels.scene import render_scene

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3"/></rdf:RDF></x:xmpmeta>'
)


def needs(program: str, package: str) -> pytest.MarkDecorator:
    reason = f"{program} is not installed (apt-get install {package})"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


@pytest.fixture(scope="module", params=[1, 3])
def jpeg(request: pytest.FixtureRequest) -> bytes:
    scene = gm.HdrImage(render_scene(192, 128))
    return gm.encode(scene, carry="standard", xmp=XMP, map_channels=request.param)


def base_of(jpeg: bytes) -> NDArray[np.uint8]:
    return decode_jpeg(parse_jpeg(jpeg, gm.Limits()).base.data)


def metadata_of(jpeg: bytes) -> GainMapMetadata:
    stored = parse_jpeg(jpeg, gm.Limits()).gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    return stored.metadata


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "file.jpg"
    path.write_bytes(data)
    return path


def test_pillow_imagecodecs_and_libvips_show_the_base(jpeg: bytes) -> None:
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"  # not a picture of two frames
        np.testing.assert_array_equal(np.asarray(image), base_of(jpeg))
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(jpeg), base_of(jpeg))
    np.testing.assert_array_equal(pyvips.Image.jpegload_buffer(jpeg).numpy(), base_of(jpeg))


def test_libvips_reads_the_numbers_of_the_map(jpeg: bytes) -> None:
    image, metadata = pyvips.Image.uhdrload_buffer(jpeg), metadata_of(jpeg)
    channels = metadata.channels if len(metadata.channels) == 3 else metadata.channels * 3
    for name, field in (("gainmap-max-content-boost", "gain_map_max"), ("gainmap-min-content-boost", "gain_map_min")):
        ours = [2 ** float(getattr(channel, field)) for channel in channels]
        np.testing.assert_allclose(image.get(name), ours, rtol=1e-4)
    assert image.get("gainmap-hdr-capacity-max") == pytest.approx(2 ** float(metadata.alternate_hdr_headroom), rel=1e-4)


@needs("exiftool", "libimage-exiftool-perl")
def test_exiftool_finds_nothing_wrong_and_the_map(jpeg: bytes, tmp_path: Path) -> None:
    path = saved(tmp_path, jpeg)
    command = ["exiftool", "-s3", "-validate", "-warning", "-error", "-a", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # A wrapper would cost bytes in every file, and libultrahdr of 2023 refused it.
    # exiftool before 13.05 does not know the segment of ISO 21496-1.
    assert set(said[1:]) <= {"[minor] XMP is missing xpacket wrapper", "[minor] Unknown APP2 segment"}, said
    assert subprocess.run(["exiftool", "-s3", "-Rating", str(path)], capture_output=True, text=True).stdout == "3\n"
    cut_out = subprocess.run(["exiftool", "-b", "-MPImage2", str(path)], check=True, capture_output=True).stdout
    stored = parse_jpeg(jpeg, gm.Limits()).gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    assert cut_out == jpeg[-len(cut_out) :]
    np.testing.assert_array_equal(decode_jpeg(cut_out), decode_jpeg(stored.image.data))
    path.write_bytes(cut_out)
    command = ["exiftool", "-j", "-n", "-XMP-hdrgm:all", str(path)]
    (tags,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert tags["HDRCapacityMax"] == pytest.approx(float(stored.metadata.alternate_hdr_headroom), rel=1e-6)
    wanted = [float(channel.gain_map_max) for channel in metadata_of(jpeg).channels]
    found = tags["GainMapMax"] if isinstance(tags["GainMapMax"], list) else [tags["GainMapMax"]]
    assert [float(value) for value in found] == pytest.approx(wanted, rel=1e-6)


@needs("ffmpeg", "ffmpeg")
def test_ffmpeg_shows_the_base(jpeg: bytes, tmp_path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-i", str(saved(tmp_path, jpeg)), "-frames:v", "1", "-f", "rawvideo"]
    raw = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    off = np.abs(np.frombuffer(raw, np.uint8).reshape(base_of(jpeg).shape).astype(int) - base_of(jpeg))
    assert off.mean() < 1.5 and np.percentile(off, 99) <= 5  # an inverse DCT and a conversion of its own


@pytest.mark.skipif(find_spec("gainmap_audit") is None, reason="gainmap-audit is not installed (the extra readers)")
def test_gainmap_audit_finds_the_map(jpeg: bytes, tmp_path: Path) -> None:
    program = "import sys; from gainmap_audit.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "check", str(saved(tmp_path, jpeg)), "--json"]
    (found,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["files"]
    assert found["error"] is None
    stored = parse_jpeg(jpeg, gm.Limits()).gain_map
    assert stored is not None and found["gain_map"]["length"] in (None, len(stored.image.data))
    assert found["state"] == "ultrahdr"
