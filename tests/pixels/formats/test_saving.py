"""HDR pictures for other programs: others read the pixels, and what is said of colour; SDR white is 203 nits."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import OpenImageIO as oiio
import pillow_heif
import pytest
from PIL import Image, ImageCms

from gainmap_codec.errors import MissingDependencyError
from gainmap_codec.pixels.color.icc_profile import pq_icc_profile
from gainmap_codec.pixels.color.light import PQ_PEAK, convert, pq_psnr
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene

WHITE = 0.580689  # PQ code of 203 cd/m², by the formula of ST 2084 in float64
PQ_FILES = (".png", ".tiff", ".avif", ".heic", ".jxl")


@pytest.fixture(scope="module")
def scene() -> HdrImage:
    return HdrImage(render_scene(96, 64))


def saved(image: HdrImage, folder: Path, suffix: str, **options: int) -> Path:
    path = folder / f"picture{suffix}"
    image.save(path, **options)
    return path


def pq_codes(path: Path) -> np.ndarray:
    """PQ codes in 0…1, by a library that did not write them."""
    if path.suffix == ".avif":
        with Image.open(path) as picture:
            return np.asarray(picture) / 255  # 8 bits are all that Pillow gives
    if path.suffix == ".heic":
        heif = pillow_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        return np.asarray(heif) / 1023
    if path.suffix == ".jxl":
        return imagecodecs.jpegxl_decode(path.read_bytes()) / 65535
    buffer = oiio.ImageBuf(str(path))
    assert not buffer.has_error, buffer.geterror()
    return np.asarray(buffer.get_pixels(oiio.UINT16)) / 65535


@pytest.mark.parametrize("suffix", PQ_FILES)
def test_others_read_the_pixels(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    codes = pq_codes(saved(scene, tmp_path, suffix))
    error = np.abs(codes - scene.to_pq())
    bits = {".png": 16, ".tiff": 16}.get(suffix)
    if bits:
        assert error.max() <= 0.6 / 65535
    else:
        assert error.mean() < 0.01 and np.percentile(error, 99) < 0.06


@pytest.mark.parametrize("suffix", PQ_FILES)
def test_sdr_white_is_203_nits(suffix: str, tmp_path: Path) -> None:
    codes = pq_codes(saved(HdrImage(np.ones((64, 64, 3), np.float32), "display-p3"), tmp_path, suffix))
    np.testing.assert_allclose(codes, WHITE, atol=0.6 / 255 if suffix == ".avif" else 1.1 / 1023)


@pytest.mark.parametrize("suffix", [".exr", ".hdr"])
def test_sdr_white_is_1_in_linear_files(suffix: str, tmp_path: Path) -> None:
    path = saved(HdrImage(np.ones((16, 16, 3), np.float32)), tmp_path, suffix)
    np.testing.assert_allclose(np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT)), 1, rtol=0.01)


@pytest.mark.parametrize("suffix", [".avif", ".heic", ".tiff", ".tif", ".png", ".hdr", ".exr", ".npy"])
def test_our_reader_finds_the_same_light(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    back = read_hdr(saved(scene, tmp_path, suffix)).convert("bt2020").pixels
    clipped = np.maximum(convert(scene.pixels, "bt2020", "srgb"), 0) if suffix == ".hdr" else None
    wanted = scene.pixels if clipped is None else convert(clipped, "srgb", "bt2020")
    assert pq_psnr(back, wanted) > (45 if suffix == ".avif" else 36 if suffix == ".heic" else 55)


def test_radiance_in_opencv(scene: HdrImage, tmp_path: Path) -> None:
    read = np.asarray(cv2.imread(str(saved(scene, tmp_path, ".hdr")), cv2.IMREAD_UNCHANGED))[..., ::-1]
    wanted = np.maximum(scene.convert("srgb").pixels, 0)
    np.testing.assert_allclose(read, wanted, atol=float(wanted.max()) / 128)
    assert np.abs(read - wanted).max(axis=2).mean() < 0.01 * wanted.max(axis=2).mean()


def test_jpeg_xl_without_loss(scene: HdrImage, tmp_path: Path) -> None:
    codes = pq_codes(saved(scene, tmp_path, ".jxl", quality=100))
    np.testing.assert_allclose(codes, scene.to_pq(), atol=0.6 / 65535)


def test_pillow_heif_is_told_of_pq(scene: HdrImage, tmp_path: Path) -> None:
    heif = pillow_heif.open_heif(saved(scene, tmp_path, ".heic"), convert_hdr_to_8bit=False)
    said = heif.info["nclx_profile"]
    assert heif.info["bit_depth"] == 10
    fields = ("color_primaries", "transfer_characteristics", "matrix_coefficients", "full_range_flag")
    assert [said[field] for field in fields] == [9, 16, 9, 1]


@pytest.mark.parametrize("suffix", [".jxl", ".png"])
def test_openimageio_is_told_of_pq(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    spec: Any = oiio.ImageBuf(str(saved(scene, tmp_path, suffix))).spec()
    assert tuple(spec["CICP"]) == (9, 16, 0, 1)


@pytest.mark.parametrize("suffix", [".avif", ".jxl", ".png"])
def test_ffmpeg_is_told_of_pq(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed (Debian: ffmpeg)")
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(saved(scene, tmp_path, suffix))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    stream: dict[str, Any] = (json.loads(done.stdout or "{}").get("streams") or [{}])[0]
    if done.returncode or stream.get("pix_fmt", "unknown") == "unknown":
        pytest.skip(f"this ffmpeg cannot read {suffix}")
    if suffix == ".png" and "color_transfer" not in stream:
        pytest.skip("this ffmpeg knows no cICP")
    assert (stream["color_primaries"], stream["color_transfer"]) == ("bt2020", "smpte2084")
    assert stream["pix_fmt"] == {".avif": "yuv444p10le", ".jxl": "rgb48le", ".png": "rgb48be"}[suffix]


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_exiftool_is_told_of_pq(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    command = ["exiftool", "-n", "-j", str(saved(scene, tmp_path, suffix))]
    (tags,) = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    assert (tags["ColorPrimaries"], tags["TransferCharacteristics"], tags["MatrixCoefficients"]) == (9, 16, 9)
    assert tags["ImagePixelDepth"] == "10 10 10"


def test_littlecms_reads_the_tiff_by_its_profile(scene: HdrImage, tmp_path: Path) -> None:
    """The profile's own curve and primaries lead to the same light: to sRGB, 10 000 nits as white."""
    with Image.open(saved(scene, tmp_path, ".tiff")) as picture:
        profile = picture.info["icc_profile"]
    assert profile == pq_icc_profile()
    assert b"cicp" in profile[:300] and profile[profile.rindex(b"cicp") + 8 :][:4] == bytes([9, 16, 0, 1])
    light = np.array([[[PQ_PEAK, PQ_PEAK, PQ_PEAK], [5, 5, 5], [2, 8, 3]]], np.float32)  # inside sRGB
    codes = np.rint(HdrImage(light, "srgb").to_pq() * 255).astype(np.uint8)
    made = ImageCms.profileToProfile(
        Image.fromarray(codes), ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    expected = HdrImage(light / np.float32(PQ_PEAK), "srgb").pixels
    expected = np.where(expected < 0.0031308, expected * 12.92, 1.055 * expected ** (1 / 2.4) - 0.055) * 255
    np.testing.assert_allclose(np.asarray(made), expected, atol=4)


def test_jpeg_xl_without_openimageio_says_what_to_install(
    scene: HdrImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'gainmap-codec\[jxl\]'"):
        scene.save(tmp_path / "picture.jxl")
    assert list(tmp_path.iterdir()) == []


def test_bad_quality_and_unknown_names_are_refused(scene: HdrImage, tmp_path: Path) -> None:
    for quality in (0, 101):
        with pytest.raises(ValueError, match="quality: expected 1…100"):
            scene.save(tmp_path / "picture.avif", quality=quality)
    with pytest.raises(ValueError, match=r"expected one of the extensions .*\.jxl, got \.webp"):
        scene.save(tmp_path / "picture.webp")
    with pytest.raises(ValueError, match=r"a\.jpg: expected one of the extensions \.exr, \.png, .*, got \.jpg"):
        scene.save(tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []
