"""HDR pictures for other programs: others read the pixels, and what is said of colour; SDR white is 203 nits."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pillow_heif
import pytest
from PIL import Image, ImageCms

from gainmap_codec.errors import GainMapWarning, Limits, UnsupportedError
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.icc_profile import pq_icc_profile
from gainmap_codec.pixels.color.light import PQ_PEAK, convert, pq_psnr
from gainmap_codec.pixels.exif_tags import exif_bytes
from gainmap_codec.pixels.formats import saving
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.scene import render_scene

WHITE = 0.580689  # PQ code of 203 cd/m², by the formula of ST 2084 in float64
PQ_FILES = (".png", ".tiff", ".avif", ".heic", ".jxl")


@pytest.fixture(scope="module")
def scene() -> HdrImage:
    return HdrImage(render_scene(96, 64))


def saved(image: HdrImage, folder: Path, suffix: str, **options: Any) -> Path:
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


def test_ffmpeg_finds_the_same_light_in_hlg(scene: HdrImage, tmp_path: Path) -> None:
    """Its zscale knows the system gamma of BT.2100; `npl` is the luminance of 1."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed (Debian: ffmpeg)")
    image = HdrImage(np.minimum(scene.pixels, 2.5))
    path = saved(image, tmp_path, ".avif", transfer="hlg", quality=100)
    to_light = "zscale=transfer=linear:npl=203:agamma=false:matrix=gbr:range=full,format=gbrpf32le"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", to_light, "-f", "rawvideo", "-"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"this ffmpeg cannot: {done.stderr.decode()[:200]}")
    green, blue, red = np.frombuffer(done.stdout, np.float32).reshape(3, *image.pixels.shape[:2])
    assert pq_psnr(np.stack([red, green, blue], axis=2), image.pixels) > 60


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_hlg_is_said_and_read_again(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    image = HdrImage(np.minimum(scene.pixels, 2.5))
    path = saved(image, tmp_path, suffix, transfer="hlg")
    base = parse_file(path.read_bytes(), "it", Limits()).base
    assert (base.nclx, base.bits) == ((9, 18, 9, True), 10)
    assert pq_psnr(read_hdr(path).convert("bt2020").pixels, image.pixels) > (45 if suffix == ".avif" else 36)


def test_sdr_white_is_at_75_per_cent_of_hlg(tmp_path: Path) -> None:
    white = HdrImage(np.ones((64, 64, 3), np.float32), "display-p3")
    heif = pillow_heif.open_heif(
        saved(white, tmp_path, ".heic", transfer="hlg"), convert_hdr_to_8bit=False, hdr_to_16bit=False
    )
    assert heif.info["nclx_profile"]["transfer_characteristics"] == 18
    np.testing.assert_allclose(np.asarray(heif) / 1023, 0.75, atol=1.1 / 1023)


def test_what_is_brighter_than_hlg_is_told(scene: HdrImage, tmp_path: Path) -> None:
    with pytest.warns(GainMapWarning, match="brighter than HLG can say, 1,000 nits of white, is clipped"):
        saved(scene, tmp_path, ".avif", transfer="hlg")


def test_hlg_is_for_avif_heic_and_jpeg_xl(scene: HdrImage, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected an AVIF, HEIC or JPEG XL file to write beside hlg, got \.png"):
        saved(scene, tmp_path, ".png", transfer="hlg")
    with pytest.raises(ValueError, match="transfer: expected pq or hlg, got 'log'"):
        saved(scene, tmp_path, ".avif", transfer="log")
    assert not list(tmp_path.iterdir())


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


def test_jpeg_xl_in_hlg(scene: HdrImage, tmp_path: Path) -> None:
    path = tmp_path / "picture.jxl"
    dimmed = HdrImage(np.minimum(scene.pixels, 2), scene.color_space)
    dimmed.save(path, quality=100, transfer="hlg")
    spec: Any = oiio.ImageBuf(str(path)).spec()
    assert tuple(spec["CICP"]) == (9, 18, 0, 1)


def test_bad_quality_and_unknown_names_are_refused(scene: HdrImage, tmp_path: Path) -> None:
    for quality in (0, 101):
        with pytest.raises(ValueError, match="quality: expected 1…100"):
            scene.save(tmp_path / "picture.avif", quality=quality)
    for wrong in ("92", 92.5, True, None):
        with pytest.raises(TypeError, match=f"quality: expected a whole number, got {wrong!r}"):
            scene.save(tmp_path / "picture.avif", quality=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected one of the extensions .*\.jxl, .*, got \.webp"):
        scene.save(tmp_path / "picture.webp")
    with pytest.raises(ValueError, match=r"a\.jpg: expected one of the extensions .*\.exr, \.png, .*, got \.jpg"):
        scene.save(tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


def camera_exif(order: str = "MM") -> bytes:
    """EXIF with texts, a camera's note, a place, and tags that say how some other picture is laid out."""
    exif = Image.Exif()
    exif.endian = "<" if order == "II" else ">"
    exif[271], exif[33432], exif[274] = "Maker", "(c) me", 1
    exif[256], exif[700], exif[50706] = 7, b"no", b"\1\4\0\0"
    exif.get_ifd(0x8769)[36867] = "2026:01:02 03:04:05"
    exif.get_ifd(0x8769)[37500] = b"a note of the camera"
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes().removeprefix(b"Exif\0\0")


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">mine'
    b"</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def with_metadata(image: HdrImage, exif: bytes | None = None, xmp: bytes | None = XMP) -> HdrImage:
    return replace(image, metadata=PictureMetadata(camera_exif() if exif is None else exif or None, xmp))


def boxes(data: bytes) -> dict[bytes, bytes]:
    found, position = {}, 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        found[data[position + 4 : position + 8]] = data[position + 8 : position + (size or len(data))]
        position += size or len(data)
    return found


@pytest.mark.parametrize("suffix", [".png", ".avif", ".heic"])
def test_pillow_finds_exif_and_xmp(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    path = saved(with_metadata(scene), tmp_path, suffix)
    data = io.BytesIO(path.read_bytes())
    info = (pillow_heif.open_heif(data) if suffix == ".heic" else Image.open(data)).info
    assert info["exif"].removeprefix(b"Exif\0\0") == camera_exif()
    assert info["xmp"] == XMP


@pytest.mark.parametrize("order", ["II", "MM"])
def test_a_tiff_holds_exif_as_its_own_tags(order: str, scene: HdrImage, tmp_path: Path) -> None:
    exif = camera_exif(order)
    path = saved(with_metadata(scene, exif), tmp_path, ".tiff")
    assert path.read_bytes()[8:].startswith(exif[8:]), "nothing was moved that the camera's note may point to"
    with Image.open(path) as picture:
        tags = picture.getexif()
        assert (tags[271], tags[33432], tags[256], tags[700]) == ("Maker", "(c) me", 96, XMP)
        assert 50706 not in tags
        assert tags.get_ifd(0x8769)[37500] == b"a note of the camera"
        assert tags.get_ifd(0x8825)[1] == "N"
    np.testing.assert_allclose(imagecodecs.tiff_decode(path.read_bytes()) / 65535, scene.to_pq(), atol=0.6 / 65535)
    assert np.abs(pq_codes(path) - scene.to_pq()).max() <= 0.6 / 65535


def test_a_tiff_of_many_strips(tmp_path: Path) -> None:
    image = HdrImage(render_scene(1200, 100))
    path = saved(image, tmp_path, ".tiff")
    with Image.open(path) as picture:
        assert len(picture.getexif()[273]) == 3
    assert np.abs(pq_codes(path) - image.to_pq()).max() <= 0.6 / 65535


def test_a_tiff_goes_without_exif_that_cannot_be_read(scene: HdrImage, tmp_path: Path) -> None:
    with pytest.warns(GainMapWarning, match="EXIF is left out, it cannot be read"):
        path = saved(with_metadata(scene, b"II*\0\xff\xff\0\0"), tmp_path, ".tiff")
    assert np.abs(pq_codes(path) - scene.to_pq()).max() <= 0.6 / 65535


@pytest.mark.parametrize("field", [b"\x01\x0f\0\x63", b"\x01\x0f\0\x02\0\x0f\0\0", b"\x01\x0f\0\x02\0\0\0\0"])
def test_a_damaged_tag_does_not_cost_the_tiff(field: bytes, scene: HdrImage, tmp_path: Path) -> None:
    """An unknown kind, a megabyte of text that is not there, and none: Pillow would take the file for no picture."""
    exif = camera_exif()
    start = exif.index(b"\x01\x0f\0\x02")
    damaged = exif[:start] + field + exif[start + len(field) :]
    with pytest.warns(GainMapWarning, match="damaged tags of EXIF are left out: 1"):
        path = saved(with_metadata(scene, damaged), tmp_path, ".tiff")
    with Image.open(path) as picture:
        assert (picture.size, picture.getexif()[33432]) == ((96, 64), "(c) me")


def test_jpeg_xl_holds_exif_and_xmp_in_boxes(scene: HdrImage, tmp_path: Path) -> None:
    path = saved(with_metadata(scene), tmp_path, ".jxl", quality=100)
    found = boxes(path.read_bytes())
    assert (found[b"Exif"], found[b"xml "]) == (bytes(4) + camera_exif(), XMP)
    np.testing.assert_allclose(pq_codes(path), scene.to_pq(), atol=0.6 / 65535)
    spec: Any = oiio.ImageBuf(str(path)).spec()
    assert tuple(spec["CICP"]) == (9, 16, 0, 1)


def test_openexr_holds_xmp_and_what_exif_has_a_name_for(scene: HdrImage, tmp_path: Path) -> None:
    with pytest.warns(GainMapWarning, match="of EXIF, only owner, cameraMake, capDate is kept: .exr has"):
        path = saved(with_metadata(scene), tmp_path, ".exr")
    header = OpenEXR.File(str(path), header_only=True).header()
    assert (header["owner"], header["cameraMake"]) == ("(c) me", "Maker")
    assert (header["capDate"], header["xmp"]) == ("2026:01:02 03:04:05", XMP.decode())
    with pytest.warns(GainMapWarning, match=r"^EXIF is not kept: \.exr has no place for it"):
        saved(with_metadata(scene, exif_bytes({"FNumber": 2.8})), tmp_path, ".exr")


@pytest.mark.parametrize("suffix", [".npy", ".hdr"])
def test_formats_without_a_place_say_so(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    with pytest.warns(GainMapWarning) as told:
        saved(with_metadata(scene), tmp_path, suffix)
    lines = [f"{name} is not kept: {suffix} has no place for it" for name in ("EXIF", "XMP")]
    assert [str(warning.message) for warning in told] == lines


def test_what_the_source_lost_is_told_where_it_is_saved(scene: HdrImage, tmp_path: Path) -> None:
    with pytest.warns(GainMapWarning, match="^a comment: not kept$"):
        replace(scene, metadata=PictureMetadata(lost=("a comment: not kept",))).save(tmp_path / "picture.png")


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".avif", ".heic", ".jxl"])
def test_exiftool_finds_exif_and_xmp(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    command = ["exiftool", "-n", "-j", str(saved(with_metadata(scene), tmp_path, suffix))]
    (tags,) = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    assert (tags["Make"], tags["Copyright"], tags["Rights"]) == ("Maker", "(c) me", "mine")
    assert "Error" not in tags


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_a_picture_that_is_not_upright_is_turned_by_its_file(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    turned = with_metadata(scene, with_orientation(camera_exif(), 6, []))
    file = parse_file(saved(turned, tmp_path, suffix).read_bytes(), "turned", Limits())
    assert file.orientation == 6


@pytest.mark.parametrize("suffix", [".png", ".avif", ".heic", ".exr"])
@pytest.mark.filterwarnings("ignore:of EXIF")
def test_our_reader_finds_exif_and_xmp(suffix: str, scene: HdrImage, tmp_path: Path) -> None:
    found = read_hdr(saved(with_metadata(scene), tmp_path, suffix)).metadata
    assert found.xmp == XMP
    assert found.exif == (None if suffix == ".exr" else camera_exif())
    assert found.lost == ()


def test_a_tiff_has_exif_among_its_tags(scene: HdrImage, tmp_path: Path) -> None:
    """All but how its pixels are stored; a camera's note cannot be moved."""
    found = read_hdr(saved(with_metadata(scene), tmp_path, ".tiff")).metadata
    assert found.xmp == XMP and found.exif is not None
    assert found.lost == ("the maker note in EXIF is not kept: its offsets count from the beginning of the old file",)
    info = Image.Exif()
    info.load(found.exif)
    assert {tag: value for tag, value in info.items() if tag not in (0x8769, 0x8825)} == {271: "Maker", 33432: "(c) me"}
    assert info.get_ifd(0x8769) == {36867: "2026:01:02 03:04:05"}
    assert info.get_ifd(0x8825) == {1: "N"}


def test_a_png_may_have_them_behind_its_pixels(scene: HdrImage, tmp_path: Path) -> None:
    """As exiftool writes XMP; what is cut off is no chunk."""
    png = saved(with_metadata(scene), tmp_path, ".png").read_bytes()
    start, stop = png.index(b"eXIf") - 4, png.index(b"IDAT") - 4
    moved = png[:start] + png[stop:-12] + png[start:stop] + png[-12:]
    assert read_hdr(moved).metadata == PictureMetadata(camera_exif(), XMP)
    cut = png[:start] + png[stop:-12] + png[start : stop - 20]
    assert read_hdr(cut).metadata == PictureMetadata(camera_exif())


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_a_file_that_does_not_read_back_as_meant_is_not_written(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(file: GainMapFile, notes: list[str]) -> bytes:
        return serialize_file(replace(file, orientation=3), notes)

    monkeypatch.setattr(saving, "serialize_file", turned)
    with pytest.raises(UnsupportedError, match="the new file: expected the orientation 1, got 3"):
        HdrImage(np.full((16, 16, 3), 2, np.float32)).save(tmp_path / f"a.{suffix}")
    assert not any(tmp_path.iterdir())
