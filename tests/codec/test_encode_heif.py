"""`encode` to HEIC and AVIF: what holds for JPEG holds there too. Fits are short, quality is no matter."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from click.testing import CliRunner
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import EncodeOptions, Prefer
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import digest_of, parse_file, sampling_of, serialize_file
from gainmap_codec.files.records import Codec, Container, GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation_1
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import pq_psnr, srgb_encode
from gainmap_codec.pixels.formats.coded_image import DEFAULT_SPEED, code_picture, decode_coded_image
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene

pytestmark = pytest.mark.usefixtures("short_fits")

SCENE = gm.HdrImage(render_scene(96, 64))
SDR = encode_base(tone_map(SCENE.convert("srgb").pixels, headroom=SCENE.measured_headroom()))
KINDS = [("heic", 8), ("heic", 10), ("avif", 8), ("avif", 10)]
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="urn:dc" dc:rights="mine"/></rdf:RDF></x:xmpmeta>'
)


def exif_with(value: int) -> bytes:
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((value, 0, 0, 0, 0, 0, 0))


def read(data: bytes) -> GainMapFile:
    return parse_file(data, "", gm.Limits())


def sdr_file(container: Container, turn: int = 1) -> bytes:
    """An SDR picture with a profile, EXIF and XMP, as Pillow and pillow-heif write it."""
    stream = io.BytesIO()
    picture = Image.fromarray(to_stored(SDR, turn))
    options = {"exif": b"Exif\0\0" + exif_with(turn), "xmp": PACKET, "icc_profile": icc_profile_for("display-p3")}
    if container == "heic":
        pillow_heif.from_pillow(picture).save(stream, quality=90, **options)
    else:
        picture.save(stream, "JPEG" if container == "jpeg" else "AVIF", quality=90, **options)
    return stream.getvalue()


@pytest.mark.parametrize(("container", "bits"), KINDS)
def test_as_good_as_its_jpeg_twin(container: Container, bits: int) -> None:
    large = gm.HdrImage(render_scene(384, 256))
    quality = {}
    twins: tuple[tuple[Container, dict[str, Any]], ...] = (("jpeg", {}), (container, {"base_bits": bits}))
    for name, options in twins:
        options |= {"map_scale": 4, "map_quality": 90, "map_channels": 1}
        report = encode_with_report(large, None, EncodeOptions(carry="standard", container=name, **options))
        image = gm.decode(report.data)
        assert (image.rendered_from, image.warnings) == ("standard", ())
        quality[name] = pq_psnr(image.pixels, large.pixels)
        assert report.standard_psnr == pytest.approx(quality[name], abs=0.02)
        assert report.map_bytes > 0 and report.payload_bytes == 0
        assert 0 < len(report.data) - report.base_bytes < report.map_bytes + 1000
    assert quality[container] > quality["jpeg"] - 0.1
    info = gm.inspect(report.data)
    assert (info.container, info.bits, info.color_space, info.icc_bytes) == (container, bits, "srgb", 0)
    assert info.gain_map is not None and info.gain_map.channels == (3 if (container, bits) == ("avif", 10) else 1)


@pytest.mark.parametrize(("container", "bits"), KINDS)
def test_both_maps(container: Container, bits: int) -> None:
    report = encode_with_report(SCENE, None, EncodeOptions(container=container, base_bits=bits))
    file = read(report.data)
    assert file.gain_map is not None and file.payload is not None
    assert file.gain_map.image.nclx is not None and file.gain_map.image.nclx[:2] == (1, 16)
    info = gm.inspect(report.data)
    assert info.payload is not None and info.payload.bound_by == "strict"
    kinds: tuple[tuple[Prefer, float | None], ...]
    kinds = ("neural", report.neural_psnr), ("standard", report.standard_psnr)
    for kind, psnr in kinds:
        image = gm.decode(report.data, prefer=kind)
        assert image.rendered_from == kind
        assert pq_psnr(image.pixels, SCENE.pixels) == pytest.approx(psnr, abs=0.05)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_neural_map_alone(container: Container) -> None:
    data = gm.encode(SCENE, container=container, carry="neural", preset="tiny")
    assert b"tmap" not in data
    assert gm.decode(data).rendered_from == "neural"


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
def test_a_picture_of_the_container_is_kept_bit_for_bit(container: Container) -> None:
    sdr = sdr_file(container)
    file, before = read(gm.encode(SCENE, sdr, carry="standard", container=container)), read(sdr)
    assert file.base_digest == before.base_digest
    assert (file.exif, file.base.icc_profile) == (before.exif, before.base.icc_profile)
    assert b"rights" in (file.xmp or b"")
    anew = read(gm.encode(SCENE, sdr, carry="standard", container=container, quality=60))
    assert anew.base_digest != before.base_digest
    assert (anew.exif, anew.base.icc_profile, anew.orientation) == (
        before.exif,
        before.base.icc_profile,
        file.orientation,
    )


@pytest.mark.parametrize("turn", [1, 5, 6, 8])
@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_jpeg_becomes_another_container(container: Container, turn: int) -> None:
    sdr = sdr_file("jpeg", turn)
    data = gm.encode(SCENE, sdr, carry="standard", container=container, quality=92)
    file, before = read(data), read(sdr)
    assert (file.exif, file.xmp, file.orientation) == (before.exif, before.xmp, turn)
    assert gm.inspect(data).color_space == "display-p3"
    close = np.abs(decode_coded_image(file.base).astype(int) - decode_coded_image(before.base))
    assert close.mean() < 2
    image = gm.decode(data)
    assert image.pixels.shape == SCENE.pixels.shape
    assert pq_psnr(image.pixels, SCENE.pixels) > 30


@pytest.mark.parametrize("source", ["jpeg", "heic", "avif"])
@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
def test_a_gain_map_file_brings_its_own_base(source: Container, container: Container) -> None:
    first = gm.encode(SCENE, sdr_file("jpeg", 6), carry="standard", container=source)
    data = gm.encode(first, carry="standard", container=container, map_scale=1)
    before, after = read(first), read(data)
    assert (before.base_digest == after.base_digest) == (source == container)
    wanted, got = gm.decode(first), gm.decode(data)
    assert got.pixels.shape == wanted.pixels.shape == SCENE.pixels.shape
    assert pq_psnr(got.pixels, wanted.pixels) > 33
    if container == "jpeg" and source != "jpeg":  # turned upright, and EXIF says so
        assert (after.orientation, orientation(after.exif or b"")) == (1, 1)
    else:
        assert after.orientation == 6


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_an_sdr_picture_keeps_its_code_points_in_a_jpeg(codec: Codec) -> None:
    """As a profile, and in no other colours: Pillow hands out such pictures as if they were sRGB."""
    picture = code_picture(SDR, codec, quality=95, nclx=Nclx(12, 13, 6, True))
    data = gm.encode(SCENE, picture.data, carry="standard", quality=95)
    base = read(data).base
    assert base.icc_profile == icc_profile_for("display-p3")
    drift = decode_coded_image(base).astype(int) - decode_coded_image(picture)
    assert np.abs(drift).mean() < 3


def test_an_hdr_picture_is_no_sdr_picture() -> None:
    picture = code_picture(SDR, "hevc", quality=95, nclx=Nclx(9, 16, 9, True))
    with pytest.raises(UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
        gm.encode(SCENE, picture.data, carry="standard")


def test_real_heic_photos_are_hdr_sources(data_dir: Path) -> None:
    photo = data_dir / "files/gainmap-audit/apple_hdr_sample.heic"
    data = gm.encode(photo, carry="standard", container="heic", map_scale=2)
    file = read(data)
    assert file.base_digest == read(photo.read_bytes()).base_digest
    assert file.gain_map is not None and file.gain_map.carrier == "iso21496" and file.spare_gain_map is None
    assert pq_psnr(gm.decode(data).pixels, gm.decode(photo).pixels) > 45


def test_an_hdr_base_is_an_hdr_source_and_no_sdr_picture(data_dir: Path) -> None:
    source = data_dir / "files/libavif/seine_hdr_gainmap_srgb.avif"
    data = gm.encode(source, carry="standard", container="avif")
    assert gm.inspect(data).base_is_hdr is False
    assert pq_psnr(gm.decode(data).pixels, gm.decode(source).pixels) > 35
    with pytest.raises(gm.UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
        gm.encode(source, source, carry="standard", container="avif")


def test_sixteen_bits_become_ten() -> None:
    deep = (SCENE.pixels.clip(0, 1) * 65535).astype(np.uint16)
    data = gm.encode(
        SCENE, bytes(imagecodecs.png_encode(deep)), carry="standard", container="avif", base_bits=10, quality=100
    )
    off = np.abs(decode_coded_image(read(data).base) / 1023 - deep / 65535)
    assert off.mean() < 0.5 / 255


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"base_bits": 10}, "base_bits: expected 8 in JPEG, got 10"),
        ({"container": "heic", "base_bits": 12}, "base_bits: expected 8 or 10 in HEIC, got 12"),
        ({"container": "avif", "base_chroma": "4:2:2"}, "base_chroma: expected one of 4:2:0, 4:4:4"),
    ],
)
def test_options_that_no_container_has(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        gm.encode(SCENE, carry="standard", **options)


@pytest.mark.parametrize("name", ["a.heic", "a.HEIF", "a.avif"])
def test_the_command_line_takes_the_container_from_the_name(tmp_path: Path, name: str) -> None:
    source = tmp_path / "scene.exr"
    SCENE.save(source)
    arguments = ["encode", str(source), "-o", str(tmp_path / name), "--carry", "standard", "--base-bits", "10"]
    result = CliRunner().invoke(gainmap, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    info = gm.inspect(tmp_path / name)
    assert (info.container, info.bits) == ("avif" if name.endswith("avif") else "heic", 10)


def test_exif_without_an_orientation_stays() -> None:
    assert with_orientation_1(exif_with(6)) == exif_with(1)
    for exif in (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", b"nonsense", b""):
        assert with_orientation_1(exif) == exif


@pytest.mark.parametrize(
    ("codes", "codec", "options", "problem"),
    [
        (np.zeros((4, 4, 3), np.uint8), "jp2", {}, "codec: expected one of jpeg, hevc, av1, jxl, got 'jp2'"),
        (np.zeros((4, 4, 3), np.uint16), "jpeg", {"bits": 10}, "bits: expected 8 in JPEG, got 10"),
        (np.zeros((4, 4, 3), np.uint16), "hevc", {"bits": 12}, "bits: expected 8 or 10 in HEVC, got 12"),
        (np.zeros((4, 4, 3), np.uint16), "av1", {"bits": 8}, r"expected uint8 \(H, W\) or \(H, W, 3\), got uint16"),
        (np.zeros((4, 4, 4), np.uint8), "av1", {"bits": 8}, r"expected uint8 .*, got uint8 \(4, 4, 4\)"),
        (np.zeros((0, 4), np.uint8), "av1", {"bits": 8}, "got"),
        (np.zeros((4, 4), np.uint8), "av1", {"bits": 8, "quality": 101}, "quality: expected 1…100, got 101"),
        (np.zeros((4, 4), np.uint8), "av1", {"bits": 8, "speed": 11}, "speed: expected 0…10, got 11"),
        (np.full((4, 4), 1024, np.uint16), "av1", {"bits": 10}, "expected code values below 1024, got 1024"),
    ],
)
def test_pictures_that_cannot_be_coded(codes: np.ndarray, codec: Codec, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        code_picture(codes, codec, **{"quality": 90, **options})


@pytest.mark.parametrize(("codec", "side"), [("jpeg", 65500), ("hevc", 16384), ("av1", 32768)])
def test_pictures_too_large_for_their_decoders_are_refused(codec: Codec, side: int) -> None:
    for shape in ((1, side + 1), (side + 1, 1, 3)):
        size = f"{shape[1]} x {shape[0]}"
        with pytest.raises(UnsupportedError, match=f"{codec.upper()}: expected sides of at most {side} .*, got {size}"):
            code_picture(np.zeros(shape, np.uint8), codec, quality=90)
    if codec != "hevc":  # x265 refuses pictures that are so narrow
        image = code_picture(np.full((1, side), 7, np.uint8), codec, quality=90)
        assert decode_coded_image(image).shape == (1, side)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (15, 17), (33, 65)])
@pytest.mark.parametrize(("codec", "bits"), [("jpeg", 8), ("hevc", 8), ("hevc", 10), ("av1", 8), ("av1", 10)])
def test_small_and_odd_pictures(codec: Codec, bits: int, shape: tuple[int, int]) -> None:
    white = (1 << bits) - 1
    for channels in ((), (3,)):
        codes = np.full((*shape, *channels), white, np.uint8 if bits == 8 else np.uint16)
        image = code_picture(codes, codec, quality=90, bits=bits)
        assert (image.width, image.height) == shape[::-1]
        assert decode_coded_image(image).min() >= white - (2 << (bits - 8))


def test_jpegs_are_those_of_encode_jpeg() -> None:
    image = code_picture(SDR, "jpeg", quality=90)
    assert image.data == encode_jpeg(SDR, quality=90)


@pytest.mark.parametrize("container", ["avif", "heic", "jpeg"])
@pytest.mark.parametrize("color", [Nclx(6, 6, 6, True), Nclx(4, 4, 6, True), Nclx(12, 13, 6, True)])
def test_a_base_keeps_its_colour_in_every_container(container: Container, color: Nclx) -> None:
    codes = np.full((24, 32, 3), (180, 90, 40), np.uint8)
    base = code_picture(codes, "hevc", quality=98, nclx=color)
    sdr = serialize_file(GainMapFile("heic", base, digest_of(base)), [])
    hdr = gm.HdrImage(np.full((24, 32, 3), 2, np.float32))
    data = gm.encode(hdr, sdr, container=container, quality=98, carry="standard")
    new = parse_file(data, "new", Limits()).base
    shown, wanted = (srgb_encode(gm.decode(file, prefer="base").pixels) * 255 for file in (data, sdr))
    assert np.abs(shown - wanted).max() < 3
    assert (new.nclx == color) if container != "jpeg" else (new.icc_profile is not None)


@pytest.mark.parametrize("container", ["avif", "heic", "jpeg"])
@pytest.mark.parametrize("packet", [b"junk", b"<a/>", "ä".encode("utf-16"), b"x" * 70_000])
def test_xmp_that_nobody_can_read_is_left_out_with_a_warning(container: Container, packet: bytes) -> None:
    hdr = gm.HdrImage(np.full((16, 16, 3), 2, np.float32))
    with pytest.warns(gm.GainMapWarning, match="the XMP given is left out"):
        data = gm.encode(hdr, np.full((16, 16, 3), 90, np.uint8), container=container, xmp=packet, carry="standard")
    assert packet not in data and gm.decode(data).rendered_from == "standard"


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_base_is_coded_at_the_speed_asked_for(container: Container) -> None:
    bases = {}
    for speed in (None, DEFAULT_SPEED, 4, 10):
        data = gm.encode(SCENE, container=container, carry="standard", map_scale=8, speed=speed)
        bases[speed] = read(data).base.data
    assert bases[None] == bases[DEFAULT_SPEED] and len(set(bases.values())) == 3


def test_a_jpeg_base_in_420() -> None:
    data = gm.encode(SCENE, carry="standard", base_chroma="4:2:0")
    assert sampling_of(read(data).base) == "4:2:0"
