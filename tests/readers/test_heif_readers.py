"""Other programs read our HEIC and AVIF files; each test skips, with the reason, where its reader is missing."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, pq_encode
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.raster.geometry import to_stored, to_upright
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene

SCENE = gm.HdrImage(render_scene(192, 128))
PAYLOAD = b"\xf6A" + bytes(range(197)) * 2
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq>'
    b"<rdf:li>somebody</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
)
KINDS: dict[str, dict[str, Any]] = {
    "heic": {"container": "heic"},
    "heic-420": {"container": "heic", "base_chroma": "4:2:0"},
    "heic-10": {"container": "heic", "base_bits": 10},
    "heic-hdr": {"container": "heic", "base": "hdr"},
    "heic-rgb": {"container": "heic", "map_channels": 3, "icc_profile": icc_profile_for("display-p3")},
    "avif": {"container": "avif"},
    "avif-420": {"container": "avif", "base_chroma": "4:2:0"},
    "avif-10": {"container": "avif", "base_bits": 10},
    "avif-hdr": {"container": "avif", "base": "hdr"},
    "avif-rgb": {"container": "avif", "map_channels": 3, "icc_profile": icc_profile_for("display-p3")},
}
HEIC, AVIF = ([name for name in KINDS if name.startswith(start)] for start in ("heic", "avif"))
CUT_OFF = {"avif-10": 2.71, "avif-hdr": 2.79, "heic-hdr": 2.79}
"""Of Y and Cb of 10 bits Pillow's libavif, and of BT.2020 libheif, cut off two, up to 0.75 codes, before they make RGB.
Blue is Y + 1.772 Cb, of BT.2020 Y + 1.8814 Cb, and both results are rounded, to 8 and to 10 bits:
0.75 · 2.772 + 0.5 + 0.13, and 0.75 · 2.8814 + 0.63."""
ORIENTATION = 6


def needs(program: str, package: str) -> pytest.MarkDecorator:
    reason = f"{program} is not installed (apt-get install {package})"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files with everything that we write: map, payload, EXIF, XMP, a turn, an ICC profile or code points."""
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((ORIENTATION, 0, 0, 0, 0, 0, 0))
    sdr = to_stored(encode_base(tone_map(SCENE.convert("srgb").pixels, headroom=3.2)), ORIENTATION)
    found = {}
    for name, options in KINDS.items():
        hdr = SCENE if "base" not in options else hdr_file(tmp_path_factory.mktemp("hdr"), name[:4], exif)
        data = gm.encode(hdr, sdr, carry="standard", exif=exif, xmp=PACKET, **options)
        found[name] = serialize_file(replace(read(data), payload=PAYLOAD), [])
    return found


def hdr_file(folder: Path, container: str, exif: bytes) -> Path:
    """A picture in PQ of the container, turned as its EXIF says; it becomes a base bit for bit."""
    path = folder / f"hdr.{container}"
    stored = np.ascontiguousarray(to_stored(SCENE.pixels, ORIENTATION))
    gm.HdrImage(stored, metadata=PictureMetadata(exif)).save(path)
    return path


def read(data: bytes) -> GainMapFile:
    return parse_file(data, "", gm.Limits())


def base_of(data: bytes) -> NDArray[Any]:
    """The base's code values, upright, of 8 bits."""
    file = read(data)
    codes = to_upright(decode_coded_image(file.base), file.orientation).astype(np.float64)
    return codes / ((1 << file.base.bits) - 1) * 255


def assert_base(pixels: NDArray[Any], data: bytes, allowed: float, *, chroma: bool = True) -> None:
    """Pixels of 8 bits are those of the base; where chroma is small, and enlarged in another way than ours, roughly."""
    off = np.abs(pixels - base_of(data))
    assert off.max() <= allowed if chroma else (off.mean() < 2.5 and np.percentile(off, 75) <= 2)


def output(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout + done.stderr


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / f"{name}.{name[:4]}"
    path.write_bytes(data)
    return path


@pytest.mark.skipif(find_spec("gainmap_audit") is None, reason="gainmap-audit is not installed (the extra readers)")
@pytest.mark.parametrize("name", KINDS)
def test_gainmap_audit_finds_the_map(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, name, files[name])
    command = "import sys; from gainmap_audit.cli import main; sys.exit(main())"
    (found,) = json.loads(output(sys.executable, "-c", command, "check", path, "--json"))["files"]
    assert (found["state"], found["error"]) == ("iso-heif", None)
    assert (found["gain_map"]["source"], found["gain_map"]["item_id"]) == ("tmap-item", 3)


@pytest.mark.parametrize("name", HEIC)
def test_pillow_heif_shows_the_base(files: dict[str, bytes], name: str) -> None:
    found = pillow_heif.open_heif(io.BytesIO(files[name]))
    assert len(found) == 1  # the map is hidden
    assert found.info["xmp"] == PACKET
    assert found.info["exif"].removeprefix(b"Exif\0\0")[:4] == b"MM\0*"
    assert PAYLOAD in [block["data"] for block in found.info["metadata"]]
    pixels = np.asarray(found.to_pillow().convert("RGB"))
    assert pixels.shape == (*SCENE.pixels.shape[:2], 3)
    assert_base(pixels, files[name], CUT_OFF.get(name, 1))


def test_pillow_heif_keeps_the_payload_when_it_saves(files: dict[str, bytes]) -> None:
    """It drops the map, and finds no URI worth keeping: the payload is told by its first bytes."""
    stream = io.BytesIO()
    pillow_heif.open_heif(io.BytesIO(files["heic"])).save(stream, quality=90)
    assert read(stream.getvalue()).payload == PAYLOAD


@pytest.mark.parametrize("name", AVIF)
def test_pillow_shows_the_base(files: dict[str, bytes], name: str) -> None:
    with Image.open(io.BytesIO(files[name])) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert image.info["xmp"] == PACKET
        assert image.getexif().get(0x0112) == ORIENTATION
        turned = to_upright(np.asarray(image.convert("RGB")), ORIENTATION)
    assert_base(turned, files[name], CUT_OFF.get(name, 1))


@pytest.mark.parametrize("name", AVIF)
def test_imagecodecs_shows_the_base(files: dict[str, bytes], name: str) -> None:
    file = read(files[name])
    np.testing.assert_array_equal(imagecodecs.avif_decode(files[name]), decode_coded_image(file.base))


@pytest.mark.parametrize("name", KINDS)
def test_libvips_shows_the_base(files: dict[str, bytes], name: str) -> None:
    image = pyvips.Image.heifload_buffer(files[name])
    assert image.get("heif-bitdepth") == read(files[name]).base.bits
    assert image.get("xmp-data") == PACKET
    try:
        pixels = image.numpy()[..., :3]
    except pyvips.Error as error:
        if "not been built in: HEVC" not in str(error):
            raise
        pytest.skip("this libvips has no HEVC")
    assert_base(pixels * (255 / np.iinfo(pixels.dtype).max), files[name], 1, chroma="420" not in name)


@needs("heif-info", "libheif-examples")
@pytest.mark.parametrize("name", KINDS)
def test_libheif_lists_one_picture(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    """libheif 1.15 and later."""
    text = output("heif-info", saved(tmp_path, name, files[name]))
    height, width = SCENE.pixels.shape[:2]
    assert f"image: {width}x{height} (id=1), primary" in text
    assert text.count("image: ") == 1
    assert "tmap" in text.split("image:")[0]


@needs("heif-info", "libheif-examples")
@pytest.mark.parametrize("name", ["heic-hdr", "avif-hdr"])
def test_libheif_is_told_how_bright_it_is(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    """As of the base's pixels, in code values: coding moves the brightest by a few."""
    text = output("heif-info", "-d", saved(tmp_path, name, files[name]))
    told = int(text.split("max_content_light_level: ")[1].split()[0]) / SDR_WHITE_NITS
    code = float(pq_encode(np.array(told, np.float32))) * 255
    assert code == pytest.approx(base_of(files[name]).max(), abs=4)


@needs("heif-convert", "libheif-examples")
@pytest.mark.parametrize("name", KINDS)
def test_libheif_shows_the_base(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    output("heif-convert", saved(tmp_path, name, files[name]), tmp_path / "out.png")
    pixels = imagecodecs.png_decode((tmp_path / "out.png").read_bytes())[..., :3]
    assert_base(pixels * (255 / np.iinfo(pixels.dtype).max), files[name], 2, chroma="420" not in name)


@needs("exiftool", "libimage-exiftool-perl")
@pytest.mark.parametrize("name", KINDS)
def test_exiftool_finds_nothing_wrong(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, name, files[name])
    (tags,) = json.loads(output("exiftool", "-j", "-n", "-validate", "-warning", "-error", "-a", "-all", path))
    assert tags["Validate"] in ("0 0 0", "OK"), tags
    assert "Warning" not in tags and "Error" not in tags
    height, width = to_stored(SCENE.pixels, ORIENTATION).shape[:2]
    assert (tags["ImageWidth"], tags["ImageHeight"]) == (width, height)
    assert (tags["Creator"], tags["Orientation"]) == ("somebody", ORIENTATION)
    assert tags["Rotation"] in (1, 90, 270)


@needs("exiftool", "libimage-exiftool-perl")
def test_a_base_whose_profile_exiftool_has_emptied(files: dict[str, bytes], tmp_path: Path) -> None:
    """With -all= a profile of no bytes is left behind, which libavif refuses."""
    path = tmp_path / "bare.avif"
    path.write_bytes(files["avif-rgb"])
    output("exiftool", "-q", "-overwrite_original", "-all=", path)
    before, after = (parse_file(data, "f", gm.Limits()).base for data in (files["avif-rgb"], path.read_bytes()))
    assert before.icc_profile and after.icc_profile is None
    np.testing.assert_array_equal(decode_coded_image(after), decode_coded_image(before))


@needs("exiftool", "libimage-exiftool-perl")
@pytest.mark.parametrize("name", KINDS)
def test_exiftool_keeps_everything_when_it_edits(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, name, files[name])
    output("exiftool", "-q", "-overwrite_original", "-Artist=a new one", "-XMP:Title=a title", path)
    before, after = read(files[name]), read(path.read_bytes())
    assert after.exif != before.exif and b"a title" in (after.xmp or b"")
    for field in ("base_digest", "gain_map", "payload", "orientation", "refused"):
        assert getattr(after, field) == getattr(before, field), field


@needs("ffprobe", "ffmpeg")
@pytest.mark.parametrize("name", KINDS)
def test_ffmpeg_shows_the_base(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    """The stored raster: ffmpeg takes irot for nothing in still pictures."""
    path = saved(tmp_path, name, files[name])
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", path], capture_output=True)
    if probe.returncode:
        pytest.skip("this ffmpeg does not read HEIC" if name.startswith("heic") else "this ffmpeg does not read AVIF")
    (stream,) = json.loads(probe.stdout)["streams"]
    file = read(files[name])
    assert (stream["codec_name"], stream["width"], stream["height"]) == (file.base.codec, *sides(file))
    pixel_format = "gbrp" if file.base.bits == 8 else "gbrp10le"
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-noautorotate", "-i", path, "-f", "rawvideo", "-pix_fmt", pixel_format, "-"],
        capture_output=True,
        check=True,
    ).stdout
    planes = np.frombuffer(raw, np.uint8 if file.base.bits == 8 else "<u2").reshape(3, file.base.height, -1)
    pixels = np.stack([planes[2], planes[0], planes[1]], axis=2)
    # swscale converts and enlarges chroma in its own way.
    allowed = (3 if "420" not in name else 24) << (file.base.bits - 8)
    assert np.abs(pixels.astype(np.int32) - decode_coded_image(file.base)).mean() <= allowed / 3
    if "420" not in name:
        assert np.percentile(np.abs(pixels.astype(np.int32) - decode_coded_image(file.base)), 99) <= allowed


def sides(file: GainMapFile) -> tuple[int, int]:
    return file.base.width, file.base.height
