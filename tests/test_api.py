"""`encode`, `decode`, `inspect`: one test per promise of their docstrings. Fits are short, quality is no matter."""

from __future__ import annotations

import io
import json
import re
import warnings
from dataclasses import FrozenInstanceError, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.codec import inspection
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import Carry, EncodeOptions, Prefer, TranscodeOptions
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import image_header, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.files.records import CodedImage, GainMapMetadata
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import ColorSpace, convert, pq_psnr
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.jpeg_records import digest_of_jpeg

pytestmark = pytest.mark.usefixtures("short_fits")

WIDTH, HEIGHT = 96, 64
SCENE = gm.HdrImage(render_scene(WIDTH, HEIGHT))
SRGB = SCENE.convert("srgb")
SDR = encode_base(tone_map(SRGB.pixels, headroom=SCENE.measured_headroom()))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="urn:dc" dc:rights="mine"/></rdf:RDF></x:xmpmeta>'
)


def exif_with(orientation: int) -> bytes:
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((orientation, 0, 0, 0, 0, 0, 0))


@pytest.fixture(scope="module")
def both() -> bytes:
    return gm.encode(SCENE)


@pytest.fixture(scope="module")
def neural() -> bytes:
    return gm.encode(SCENE, carry="neural")


@pytest.fixture(scope="module")
def standard() -> bytes:
    return gm.encode(SCENE, carry="standard")


@pytest.fixture(scope="module")
def photo() -> bytes:
    """An SDR JPEG as a camera might write it: progressive, chroma at half size, with all kinds of metadata."""
    out = io.BytesIO()
    Image.fromarray(SDR).save(
        out,
        "JPEG",
        quality=88,
        progressive=True,
        subsampling=2,
        exif=b"Exif\0\0" + exif_with(1),
        xmp=XMP,
        icc_profile=icc_profile_for("display-p3"),
        comment=b"a comment",
    )
    return out.getvalue()


def coded_segments(jpeg: bytes) -> list[bytes]:
    image = parse_segments(jpeg, gm.Limits())
    return [image.raw(segment) for segment in (*image.header, *image.tail) if not segment.is_metadata]


def with_base(file: bytes, codes: NDArray[np.uint8], quality: int = 80) -> bytes:
    """The file with another picture as its base, as an editor that keeps unknown segments would leave it."""
    jpeg = encode_jpeg(codes, quality=quality)
    header = image_header(parse_segments(jpeg, gm.Limits()), gm.Limits())
    base = CodedImage(jpeg, header.width, header.height, header.channels)
    return serialize_jpeg(replace(parse_jpeg(file, gm.Limits()), base=base))


def base_of(file: bytes) -> NDArray[np.uint8]:
    return decode_jpeg(parse_jpeg(file, gm.Limits()).base.data)


# What a file carries


def test_neural_carries_nothing_of_the_standard(neural: bytes) -> None:
    for mark in (b"MPF\0", b"urn:iso:std:iso:ts:21496", b"hdr-gain-map", b"hdrgm", b"photos/1.0/container"):
        assert mark not in neural
    file = parse_jpeg(neural, gm.Limits())
    assert file.gain_map is None
    assert file.others == ()
    assert file.payload is not None and file.payload.startswith(b"\xf6A")


def test_standard_carries_no_payload(standard: bytes) -> None:
    file = parse_jpeg(standard, gm.Limits())
    assert file.payload is None
    assert file.gain_map is not None
    assert (file.gain_map.image.width, file.gain_map.image.height) == (96, 64)  # its gains are as sharp as it is
    assert b"gainmap-nn" not in standard[: parse_segments(standard, gm.Limits()).end]


def test_both_carries_both(both: bytes, standard: bytes) -> None:
    file, alone = (parse_jpeg(data, gm.Limits()) for data in (both, standard))
    assert file.payload is not None
    assert file.gain_map == alone.gain_map
    assert file.warnings == ()


def test_the_payload_tells_what_its_maps_reached(both: bytes) -> None:
    report = encode_with_report(SCENE, None, EncodeOptions())
    assert report.data == both
    assert report.payload_bytes == len(parse_jpeg(both, gm.Limits()).payload or b"")
    info = gm.inspect(both).payload
    assert info is not None
    measures: tuple[tuple[Prefer, float, float | None], ...] = (
        ("neural", info.neural_psnr, report.neural_psnr),
        ("standard", info.standard_psnr or 0.0, report.standard_psnr),
    )
    for prefer, told, reported in measures:
        measured = pq_psnr(gm.decode(both, prefer=prefer).pixels, SCENE.pixels)
        assert reported == pytest.approx(measured, abs=0.01)
        assert told <= measured < told + 0.26


def test_encode_with_report_takes_what_encode_takes() -> None:
    plain, reporting = (dict(signature(verb).parameters) for verb in (gm.encode, gm.encode_with_report))
    assert reporting.pop("progress").default is None
    assert plain == reporting


def test_every_argument_reaches_the_file_by_either_verb() -> None:
    shares: list[float] = []
    options: dict[str, Any] = {"preset": "tiny", "quality": 71, "container": "avif", "seed": 3, "effort": 1}
    options["exif"] = exif_with(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is warned of
        report = gm.encode_with_report(SCENE, SDR, **options, progress=shares.append)
    assert report.data == gm.encode(SCENE, SDR, **options)
    assert shares[-1] == 1
    assert report.preset == "tiny"
    assert report.neural_psnr is not None
    assert report.standard_psnr is not None
    assert len(report.data) > report.base_bytes + report.map_bytes + report.payload_bytes
    assert len(repr(report)) < 500


def test_report_sizes_add_up(standard: bytes) -> None:
    report = encode_with_report(SCENE, None, EncodeOptions(carry="standard"))
    file = parse_jpeg(report.data, gm.Limits())
    assert report.data == standard
    assert file.gain_map is not None
    assert report.map_bytes == len(file.gain_map.image.data)
    assert report.base_bytes == len(serialize_jpeg(replace(file, gain_map=None)))
    assert report.base_bytes + report.map_bytes < len(report.data)
    assert (report.payload_bytes, report.neural_psnr) == (0, None)


def test_map_options_reach_the_map() -> None:
    data = gm.encode(SCENE, carry="standard", map_scale=2, map_channels=3, map_quality=60)
    gain_map = gm.inspect(data).gain_map
    assert gain_map is not None
    assert (gain_map.width, gain_map.height, gain_map.channels) == (48, 32, 3)
    finer = gm.inspect(gm.encode(SCENE, carry="standard", map_scale=2, map_channels=3, map_quality=95)).gain_map
    assert finer is not None and finer.bytes > gain_map.bytes


# Which rendition is decoded


@pytest.mark.parametrize("prefer", ["neural", "standard", "base"])
def test_prefer(both: bytes, prefer: Prefer) -> None:
    assert gm.decode(both, prefer=prefer).rendered_from == prefer


def test_auto_takes_the_better_map() -> None:
    coarse, fine = (gm.encode(SCENE, map_scale=scale, map_channels=3, map_quality=95) for scale in (16, 1))
    for file, better in ((coarse, "neural"), (fine, "standard")):
        payload = gm.inspect(file).payload
        assert payload is not None
        assert (payload.neural_psnr > (payload.standard_psnr or 0.0)) == (better == "neural")
        assert gm.decode(file).rendered_from == better
        assert gm.inspect(file).hdr_from == better


def test_what_cannot_be_had_falls_back_with_a_warning(neural: bytes, standard: bytes, photo: bytes) -> None:
    cases: tuple[tuple[bytes, Prefer, str], ...] = (
        (neural, "standard", "neural"),
        (standard, "neural", "standard"),
        (photo, "neural", "base"),
        (photo, "standard", "base"),
    )
    for file, prefer, got in cases:
        with pytest.warns(gm.GainMapWarning, match=f"no usable {prefer} gain map: made from the {got}"):
            image = gm.decode(file, prefer=prefer)
        assert image.rendered_from == got
        assert image.warnings


def test_a_plain_jpeg_is_its_base_without_a_word(photo: bytes) -> None:
    image = gm.decode(photo)
    assert (image.rendered_from, image.headroom, image.warnings) == ("base", 0.0, ())


def test_a_damaged_payload_falls_back(both: bytes) -> None:
    payload = parse_jpeg(both, gm.Limits()).payload
    assert payload is not None
    at = both.index(payload) + len(payload) - 20
    damaged = both[:at] + bytes((both[at] ^ 1,)) + both[at + 1 :]
    with pytest.warns(gm.GainMapWarning, match=r"neural gain map is damaged: expected .* checksum .*; it is ignored"):
        image = gm.decode(damaged)
    assert image.rendered_from == "standard"
    assert gm.inspect(damaged).payload is None


def test_a_payload_of_another_format_falls_back(both: bytes) -> None:
    at = both.index(parse_jpeg(both, gm.Limits()).payload or b"missing")
    with pytest.warns(gm.GainMapWarning, match="expected format 1, got format 9"):
        image = gm.decode(both[: at + 1] + b"\x49" + both[at + 2 :])
    assert image.rendered_from == "standard"


def test_stale_payload_is_refused(neural: bytes) -> None:
    cropped = with_base(neural, base_of(neural)[:, : WIDTH - 8])
    with pytest.warns(gm.GainMapWarning, match="belongs to another base"):
        image = gm.decode(cropped)
    assert image.rendered_from == "base"
    payload = gm.inspect(cropped).payload
    assert payload is not None and payload.bound_by is None
    assert gm.inspect(cropped).hdr_from == "base"


def test_soft_binding_after_coding_again(neural: bytes) -> None:
    recoded = with_base(neural, base_of(neural), quality=80)
    with pytest.warns(gm.GainMapWarning, match="coded again after its neural gain map was made"):
        image = gm.decode(recoded)
    assert image.rendered_from == "neural"
    payload = gm.inspect(recoded).payload
    assert payload is not None and payload.bound_by == "soft"
    assert pq_psnr(image.pixels, gm.decode(neural).pixels) > 30


def test_inspect_leaves_large_bases_undecoded(neural: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header may promise any size: what only pixels can tell is left to `decode`."""
    recoded = with_base(neural, base_of(neural), quality=80)
    height, width = base_of(neural).shape[:2]
    monkeypatch.setattr(inspection, "_INSPECTED_PIXELS", height * width)
    payload = gm.inspect(recoded).payload
    assert payload is not None and payload.bound_by == "soft"
    monkeypatch.setattr(inspection, "_INSPECTED_PIXELS", height * width - 1)
    info = gm.inspect(recoded)
    assert info.payload is not None and info.payload.bound_by == "unchecked"
    assert info.warnings == ("the base was coded again: decoding shows whether its neural map still fits",)


@pytest.mark.parametrize("orientation", ["sideways", None])
def test_unknown_orientation(neural: bytes, orientation: str | None) -> None:
    with pytest.raises(ValueError, match="orientation: expected one of upright, stored"):
        gm.decode(neural, orientation=orientation)  # type: ignore[arg-type]


def test_binding_is_strict_as_written(both: bytes) -> None:
    payload = gm.inspect(both).payload
    assert payload is not None and payload.bound_by == "strict"
    assert payload.binding.strict == digest_of_jpeg(both)


# How it is decoded


def test_fields_of_the_result(both: bytes) -> None:
    image = gm.decode(both)
    assert image.pixels.shape == (HEIGHT, WIDTH, 3)
    assert image.pixels.dtype == np.float32
    assert image.color_space == "bt2020"
    assert image.headroom == pytest.approx(SCENE.measured_headroom(), abs=0.002)
    assert image.warnings == ()
    with pytest.raises(FrozenInstanceError):
        image.headroom = 1.0  # type: ignore[misc]


def test_hdr_comes_back(both: bytes) -> None:
    base = pq_psnr(gm.decode(both, prefer="base").pixels, SCENE.pixels)
    for prefer in ("neural", "standard"):
        assert pq_psnr(gm.decode(both, prefer=prefer).pixels, SCENE.pixels) > max(base + 3, 34)


def test_headroom_zero_is_the_base(both: bytes) -> None:
    base = gm.decode(both, prefer="base", color_space="srgb").pixels
    for prefer in ("neural", "standard"):
        image = gm.decode(both, headroom=0, prefer=prefer, color_space="srgb")
        assert image.headroom == 0
        np.testing.assert_allclose(image.pixels, base, atol=2e-5)


def test_more_headroom_than_the_picture_has_shows_all_of_it(both: bytes) -> None:
    for prefer in ("neural", "standard"):
        whole = gm.decode(both, prefer=prefer)
        large = gm.decode(both, prefer=prefer, headroom=9.0)
        assert large.headroom == whole.headroom
        np.testing.assert_array_equal(large.pixels, whole.pixels)


@pytest.mark.parametrize(("prefer", "maths"), [("neural", "bt2020"), ("standard", "srgb")])
def test_headroom_scales_the_log2_ratio(both: bytes, prefer: Prefer, maths: ColorSpace) -> None:
    """ISO 21496-1 clause 6: (base + k) · ((HDR + k) / (base + k))^W − k, in the maths' primaries."""
    stored = gm.inspect(both).gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    k = 1 / 64 if prefer == "neural" else float(stored.metadata.channels[0].base_offset)
    base, whole = (gm.decode(both, prefer=kind, color_space=maths) for kind in ("base", prefer))
    assert whole.headroom is not None
    for weight in (0.25, 0.5, 0.8):
        image = gm.decode(both, prefer=prefer, color_space=maths, headroom=weight * whole.headroom)
        assert image.headroom == pytest.approx(weight * whole.headroom)
        b, h = base.pixels.astype(np.float64), whole.pixels.astype(np.float64)
        expected = (b + k) * ((h + k) / (b + k)) ** weight - k
        shown = (h > 1e-4) & (expected > 1e-4)  # light below zero is cut off
        assert shown.mean() > 0.9
        np.testing.assert_allclose(image.pixels[shown], expected[shown], rtol=2e-4, atol=2e-5)


def test_color_space_of_the_result(both: bytes) -> None:
    image = gm.decode(both)
    for space in ("srgb", "display-p3"):
        other = gm.decode(both, color_space=space)
        assert other.color_space == space
        np.testing.assert_allclose(other.pixels, convert(image.pixels, "bt2020", space), atol=1e-5)


@pytest.mark.parametrize("prefer", ["neural", "standard", "base"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 6, 7])
def test_a_region_is_that_part_of_the_picture(both: bytes, prefer: Prefer, orientation: int) -> None:
    parsed = parse_jpeg(both, gm.Limits())
    data = serialize_jpeg(replace(parsed, exif=exif_with(orientation)))
    whole = gm.decode(data, prefer=prefer, color_space="srgb", headroom=1).pixels
    part = gm.decode(data, prefer=prefer, color_space="srgb", headroom=1, region=(5, 7, 40, 31)).pixels
    assert part.shape == (31, 40, 3)
    np.testing.assert_allclose(part, whole[7:38, 5:45], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("region", [(-1, 0, 5, 5), (90, 0, 7, 5), (0, 60, 5, 5)])
def test_a_region_lies_in_the_picture(standard: bytes, region: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="region: expected x, y, width, height within 96 x 64"):
        gm.decode(standard, region=region)


@pytest.mark.parametrize("region", [(4, 4, 0, 5), (4, 4, 5, -1)])
def test_an_empty_region_is_told_as_that(standard: bytes, region: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="region: expected a width and a height of at least 1, got"):
        gm.decode(standard, region=region)


@pytest.mark.parametrize("prefer", ["neural", "standard"])
def test_pixels_go_where_they_are_wanted(both: bytes, prefer: Prefer) -> None:
    expected = gm.decode(both, prefer=prefer)
    out = np.empty((HEIGHT, WIDTH, 3), np.float16)
    image = gm.decode(both, prefer=prefer, dtype="float16", out=out)
    assert image.pixels is out
    np.testing.assert_allclose(out, expected.pixels, rtol=1e-3, atol=1e-6)
    every_second = np.zeros((2 * HEIGHT, WIDTH, 3), np.float32)[::2]
    gm.decode(both, prefer=prefer, out=every_second)
    np.testing.assert_array_equal(every_second, expected.pixels)
    assert image.convert("srgb").pixels.dtype == np.float32


def test_out_has_to_fit(standard: bytes) -> None:
    with pytest.raises(
        ValueError, match=r"out: expected a writeable float32 array \(64, 96, 3\), got float16 \(64, 96, 3\)"
    ):
        gm.decode(standard, out=np.empty((HEIGHT, WIDTH, 3), np.float16))
    with pytest.raises(ValueError, match="dtype: expected one of float32, float16"):
        gm.decode(standard, dtype="float64")  # type: ignore[arg-type]


def test_sources(both: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(both)
    expected = gm.decode(both)
    with path.open("rb") as file:
        for source in (path, str(path), file, io.BytesIO(both), bytearray(both)):
            np.testing.assert_array_equal(gm.decode(source).pixels, expected.pixels)
    assert gm.inspect(path) == gm.inspect(both)


# The base


@pytest.mark.parametrize("carry", ["neural", "standard", "both"])
def test_an_sdr_jpeg_is_kept_bit_for_bit(photo: bytes, carry: Carry) -> None:
    data = gm.encode(SCENE, photo, carry=carry)
    assert digest_of_jpeg(data) == digest_of_jpeg(photo)
    assert coded_segments(data) == coded_segments(photo)
    if carry == "neural":  # nothing needs to stand between the tables and the scan
        assert data.endswith(photo[photo.index(b"\xff\xdb") :])
    np.testing.assert_array_equal(base_of(data), decode_jpeg(photo))
    assert b"a comment" in data


def test_sdr_as_path_bytes_file_and_array(photo: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sdr.jpg"
    path.write_bytes(photo)
    expected = gm.encode(SCENE, photo, carry="standard")
    assert gm.encode(SCENE, path, carry="standard") == expected
    assert gm.encode(SCENE, io.BytesIO(photo), carry="standard") == expected
    png = io.BytesIO()
    Image.fromarray(SDR).save(png, "PNG")
    assert gm.encode(SCENE, SDR, carry="standard") == gm.encode(SCENE, png.getvalue(), carry="standard")


def test_quality_codes_the_base_again(photo: bytes) -> None:
    data = gm.encode(SCENE, photo, carry="standard", quality=40)
    assert digest_of_jpeg(data) != digest_of_jpeg(photo)
    file = parse_jpeg(data, gm.Limits())
    assert len(file.base.data) < len(photo)
    assert file.xmp is not None and b"mine" in file.xmp
    assert file.base.icc_profile == icc_profile_for("display-p3")
    default, best = (len(gm.encode(SCENE, carry="standard", quality=quality)) for quality in (None, 100))
    assert default < best


def test_new_bases_have_full_chroma_and_quality_92(standard: bytes) -> None:
    codes = encode_base(tone_map(SRGB.pixels, headroom=SCENE.measured_headroom()))
    assert digest_of_jpeg(standard) == digest_of_jpeg(encode_jpeg(codes, quality=92))
    image = parse_segments(standard, gm.Limits())
    frame = next(image.body(segment) for segment in image.header if segment.marker == 0xC0)
    assert [frame[7 + 3 * channel] for channel in range(3)] == [0x11] * 3


@pytest.mark.parametrize("name", ["exif", "xmp", "icc_profile"])
def test_metadata_is_taken_replaced_or_dropped(photo: bytes, name: str) -> None:
    own: dict[str, Any] = {"exif": exif_with(1), "xmp": XMP, "icc_profile": icc_profile_for("display-p3")}
    other = {"exif": exif_with(3), "xmp": XMP.replace(b"mine", b"yours"), "icc_profile": icc_profile_for("srgb")}

    def stored(value: Any) -> bytes | None:
        file = parse_jpeg(gm.encode(SCENE, photo, carry="neural", **{name: value}), gm.Limits())
        return {"exif": file.exif, "xmp": file.xmp, "icc_profile": file.base.icc_profile}[name]

    def bare(packet: bytes | None) -> bytes | None:
        return re.findall(rb"rights=\"(\w+)\"", packet)[0] if packet and name == "xmp" else packet

    assert bare(stored(None)) == bare(own[name])
    assert bare(stored(other[name])) == bare(other[name])
    assert stored(b"") is None


def test_metadata_of_the_photo_live_beside_a_standard_map(photo: bytes) -> None:
    file = parse_jpeg(gm.encode(SCENE, photo), gm.Limits())
    assert file.exif == exif_with(1)
    assert file.xmp is not None and b"mine" in file.xmp and b"GainMap" in file.xmp
    assert gm.inspect(gm.encode(SCENE, photo, icc_profile=b"", carry="standard")).color_space == "srgb"


@pytest.mark.parametrize("carry", ["neural", "standard"])
def test_upright_hdr_over_a_base_on_its_side(carry: Carry) -> None:
    sideways = encode_jpeg(to_stored(SDR, 6), quality=95)
    data = gm.encode(SCENE, sideways, exif=exif_with(6), carry=carry)
    info = gm.inspect(data)
    assert (info.width, info.height, info.orientation) == (HEIGHT, WIDTH, 6)
    image = gm.decode(data)
    assert image.pixels.shape == SCENE.pixels.shape
    assert pq_psnr(image.pixels, SCENE.pixels) > 32


def test_hdr_in_the_stored_raster_of_a_turned_base_is_taken_with_a_warning() -> None:
    sideways = encode_jpeg(to_stored(SDR, 6), quality=95)
    stored = gm.HdrImage(to_stored(SCENE.pixels, 6))
    with pytest.warns(gm.GainMapWarning, match="taken as stored"):
        data = gm.encode(stored, sideways, exif=exif_with(6), carry="standard")
    assert pq_psnr(gm.decode(data).pixels, SCENE.pixels) > 32


def test_display_p3_base(both: bytes) -> None:
    data = gm.encode(SCENE, base_color_space="display-p3")
    info = gm.inspect(data)
    assert info.color_space == "display-p3"
    assert info.icc_bytes == len(icc_profile_for("display-p3"))
    assert gm.inspect(both).color_space == "srgb"
    assert gm.decode(data, prefer="base", color_space="srgb").pixels.min() < -0.01, "P3 colours survive in the base"
    assert gm.decode(data, prefer="base", color_space="display-p3").pixels.min() > -1e-5
    for prefer in ("neural", "standard"):
        assert pq_psnr(gm.decode(data, prefer=prefer).pixels, SCENE.pixels) > 32


def test_colours_beyond_the_base_live_in_the_network_only() -> None:
    pixels = np.full((32, 48, 3), 0.2, np.float32)
    pixels[:, 16:32] = (0.02, 3.0, 0.02)  # a green that sRGB does not have
    pixels[:, 32:] = 2.0
    data = gm.encode(gm.HdrImage(pixels))
    info = gm.inspect(data)
    assert info.gain_map is not None and isinstance(info.gain_map.metadata, GainMapMetadata)
    assert info.gain_map.metadata.use_base_colour_space
    standard, neural = (
        gm.decode(data, prefer=prefer, color_space="srgb").pixels[16, 24] for prefer in ("standard", "neural")
    )
    assert standard.min() > -1e-3
    np.testing.assert_allclose(neural, convert(pixels[16, 24], "bt2020", "srgb"), rtol=0.25, atol=0.25)
    assert neural[0] < -1.0


def test_pillow_image_with_a_profile() -> None:
    image = Image.fromarray(SDR)
    image.info["icc_profile"] = icc_profile_for("display-p3")
    data = gm.encode(SCENE, image, carry="standard")
    assert gm.inspect(data).color_space == "display-p3"
    assert digest_of_jpeg(data) == digest_of_jpeg(encode_jpeg(SDR, quality=92))


def test_a_gain_map_file_brings_its_own_base() -> None:
    sideways = encode_jpeg(to_stored(SDR, 6), quality=95)
    source = gm.encode(SCENE, sideways, carry="standard", exif=exif_with(6))
    data = gm.encode(source, carry="neural")
    assert digest_of_jpeg(data) == digest_of_jpeg(sideways)
    assert gm.inspect(data).orientation == 6
    wanted, got = gm.decode(source), gm.decode(data)
    assert got.headroom == pytest.approx(wanted.headroom, abs=0.002)
    assert pq_psnr(got.pixels, wanted.pixels) > 32


def test_a_gain_map_file_with_another_base(both: bytes) -> None:
    darker = encode_jpeg((SDR * 0.8).astype(np.uint8), quality=90)
    data = gm.encode(both, darker, carry="standard")
    assert digest_of_jpeg(data) == digest_of_jpeg(darker)
    assert pq_psnr(gm.decode(data).pixels, gm.decode(both).pixels) > 32


def test_bytes_behind_the_images_are_kept_and_padding_is_not(standard: bytes) -> None:
    assert gm.encode(standard + b"bytes", carry="standard").endswith(b"bytes")
    assert gm.inspect(gm.encode(standard + bytes(500), carry="standard")).other_parts == ()
    with pytest.warns(gm.GainMapWarning, match="bytes of an unknown kind, 5 bytes: not carried into an AVIF file"):
        gm.encode(standard + b"bytes", carry="standard", container="avif")


# The HDR rendition


def test_the_sdr_view_is_the_base_that_encode_makes() -> None:
    file = parse_jpeg(gm.encode(SCENE, carry="standard", quality=100), gm.Limits())
    view = np.asarray(SCENE.to_sdr())
    np.testing.assert_array_equal(view, SDR)
    assert np.abs(decode_jpeg(file.base.data).astype(int) - view).max() <= 6


def test_metadata_come_along_to_an_sdr_picture(photo: bytes, tmp_path: Path) -> None:
    data = gm.encode(SCENE, photo, carry="standard")
    picture = gm.decode(data, prefer="base", color_space="display-p3").to_sdr(color_space="display-p3")
    np.testing.assert_allclose(np.asarray(picture).astype(int), decode_jpeg(photo), atol=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is lost: it never had HDR
        pillow.save(picture, tmp_path / "sdr.jpg")
    saved = parse_jpeg((tmp_path / "sdr.jpg").read_bytes(), gm.Limits())
    assert saved.base.icc_profile == icc_profile_for("display-p3")
    assert saved.exif is not None and saved.xmp is not None and b"mine" in saved.xmp


def test_an_array_is_linear_srgb() -> None:
    image = gm.encode(SRGB, carry="standard")
    assert gm.encode(SRGB.pixels, carry="standard") == image
    assert gm.encode(SRGB.pixels.astype(np.float64), carry="standard") == image


@pytest.mark.parametrize("name", ["hdr.exr", "hdr.png", "hdr.npy"])
def test_hdr_files(name: str, tmp_path: Path) -> None:
    SCENE.save(tmp_path / name)
    image = gm.decode(gm.encode(tmp_path / name, carry="standard"))
    assert pq_psnr(image.pixels, SCENE.pixels) > 34
    assert gm.encode((tmp_path / name).read_bytes(), carry="standard") == gm.encode(tmp_path / name, carry="standard")


def test_headroom_of_the_hdr_image_is_kept() -> None:
    data = gm.encode(replace(SCENE, headroom=4.0))
    for prefer in ("neural", "standard"):
        assert gm.decode(data, prefer=prefer).headroom == pytest.approx(4.0, abs=0.002)
    measured = gm.inspect(gm.encode(SCENE, carry="standard")).headroom
    assert measured == pytest.approx(SCENE.measured_headroom(), abs=0.002)


def test_hdr_no_brighter_than_sdr_is_said() -> None:
    with pytest.warns(gm.GainMapWarning, match="not brighter than SDR white"):
        data = gm.encode(gm.HdrImage(np.minimum(SCENE.pixels, 1)))
    assert gm.inspect(data).headroom == 0


# The fit


def test_same_seed_same_bytes(neural: bytes) -> None:
    assert gm.encode(SCENE, carry="neural", seed=0) == neural
    assert gm.encode(SCENE, carry="neural", seed=1) != neural


@pytest.mark.parametrize("preset", ["paper-gain", "paper-gamma"])
def test_published_presets(preset: Preset) -> None:
    data = gm.encode(SCENE, carry="neural", preset=preset)
    info = gm.inspect(data).payload
    assert info is not None
    assert info.preset == preset
    assert info.weights == 120 * 16 + 16 * 16 + 16 * 3
    image = gm.decode(data)
    assert image.rendered_from == "neural"
    assert np.isfinite(image.pixels).all()


@pytest.mark.parametrize("target", [500, 800])
def test_target_bytes_is_kept(target: int) -> None:
    report = encode_with_report(SCENE, None, EncodeOptions(carry="neural", target_bytes=target))
    assert 0.7 * target < report.payload_bytes <= target
    assert report.warnings == ()
    assert gm.decode(report.data).rendered_from == "neural"


def test_target_bytes_missed() -> None:  # header and binding alone take 34
    report = encode_with_report(SCENE, None, EncodeOptions(carry="neural", target_bytes=30))
    line, far_off = report.warnings
    assert re.match(r"target_bytes: expected at most 30, got \d+", line) and "far off" in far_off
    assert str(report.payload_bytes) in line
    assert gm.decode(report.data).rendered_from == "neural"
    with pytest.warns(gm.GainMapWarning, match="target_bytes|far off") as caught:
        gm.encode(SCENE, carry="neural", target_bytes=30)
    assert [str(warning.message) for warning in caught] == [line, far_off]


def test_target_psnr_reached_in_fewer_bytes(neural: bytes) -> None:
    report = encode_with_report(SCENE, None, EncodeOptions(carry="neural", target_psnr=28.0))
    assert report.neural_psnr is not None and report.neural_psnr >= 28
    assert report.payload_bytes < len(parse_jpeg(neural, gm.Limits()).payload or b"")
    assert report.warnings == ()


def test_target_psnr_missed() -> None:
    report = encode_with_report(SCENE, None, EncodeOptions(carry="neural", target_psnr=90.0))
    (line,) = report.warnings
    assert re.match(r"target_psnr: expected 90\.00 dB, got \d\d\.\d\d dB", line)
    assert f"{report.neural_psnr:.2f} dB" in line


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    encode_with_report(SCENE, None, EncodeOptions(carry="neural"), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3


# Inspection


def test_inspection(both: bytes) -> None:
    info = gm.inspect(both)
    file = parse_jpeg(both, gm.Limits())
    assert (info.container, info.width, info.height, info.orientation) == ("jpeg", WIDTH, HEIGHT, 1)
    assert info.file_bytes == len(both)
    told = transcode_with_report(both, TranscodeOptions()).notes[-1]
    assert told.startswith(f"written: base {info.base_bytes:,} bytes, ")
    assert info.gain_map is not None and file.gain_map is not None
    assert info.gain_map.metadata == file.gain_map.metadata
    assert info.gain_map.bytes == len(file.gain_map.image.data)
    assert info.payload is not None and file.payload is not None
    network = parse_payload(file.payload)
    assert info.payload.bytes == len(file.payload)
    assert (info.payload.preset, info.payload.domain) == ("balanced", network.domain)
    assert info.payload.weights == sum(len(layer.weights) for layer in network.layers)
    assert info.hdr_from == gm.decode(both).rendered_from
    assert info.warnings == ()


def test_to_dict_is_json(both: bytes) -> None:
    plain = gm.inspect(both).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    gain_map = plain["gain_map"]
    stored, floats = gain_map["stored"], gain_map["metadata"]
    numerator, denominator = stored["alternate_hdr_headroom"]
    assert floats["alternate_hdr_headroom"] == numerator / denominator
    numerator, denominator = stored["channels"][0]["base_offset"]
    assert floats["channels"][0]["base_offset"] == numerator / denominator
    assert len(plain["payload"]["binding"]["soft"]) == 2 * 13


def test_to_dict_has_null_for_what_is_missing(neural: bytes, standard: bytes) -> None:
    assert gm.inspect(neural).to_dict()["gain_map"] is None
    assert json.loads(json.dumps(gm.inspect(neural).to_dict()))["hdr_from"] == "neural"
    assert gm.inspect(standard).to_dict()["payload"] is None


# Mistakes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"container": "png"}, "container: expected one of jpeg, heic, avif, jxl, got 'png'"),
        ({"carry": "all"}, "carry: expected one of both, neural, standard"),
        ({"preset": "huge"}, "preset: expected one of"),
        ({"quality": 0}, "quality: expected 1…100, got 0"),
        ({"map_quality": 101}, "map_quality: expected 1…100"),
        ({"map_scale": 0}, "map_scale: expected 1…128"),
        ({"map_channels": 2}, "map_channels: expected one of auto, 1, 3"),
        ({"target_bytes": 500, "target_psnr": 40.0}, "expected one of them"),
        ({"speed": 11}, "speed: expected 0…10, got 11"),
        ({"base_color_space": "bt2020"}, "base_color_space: expected srgb or display-p3, got 'bt2020'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gm.encode(SCENE, **options)


def test_unknown_options() -> None:
    with pytest.raises(TypeError, match="colour"):
        gm.encode(SCENE, colour=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        EncodeOptions(colour=3)  # type: ignore[call-arg]


def test_sizes_differ() -> None:
    with pytest.raises(ValueError, match="sdr: expected 96 x 64, the size of hdr, got 90 x 64"):
        gm.encode(SCENE, SDR[:, :90])


def test_pixels_must_be_finite_floats() -> None:
    pixels = SRGB.pixels.copy()
    pixels[3, 5, 1] = np.nan
    with pytest.raises(ValueError, match="expected finite values, got nan at row 3, column 5"):
        gm.encode(pixels)
    with pytest.raises(TypeError, match="expected linear floating point"):
        gm.encode(SDR)
    with pytest.raises(TypeError, match="or a path, bytes or binary file, got int"):
        gm.encode(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a", b"\xff\xd8\xff\xd9"])
def test_broken_files(data: bytes) -> None:
    for verb in (gm.decode, gm.inspect, gm.encode):
        with pytest.raises(gm.FormatError):
            verb(data)


def test_missing_path(tmp_path: Path) -> None:
    for verb in (gm.decode, gm.inspect, gm.encode):
        with pytest.raises(FileNotFoundError):
            verb(tmp_path / "none.jpg")


def test_a_jpeg_without_a_gain_map_is_no_hdr(photo: bytes) -> None:
    with pytest.raises(gm.NoGainMapError, match="expected an HDR picture, got a JPEG without a usable gain map"):
        gm.encode(photo)


def test_limits_hold(both: bytes) -> None:
    for verb in (gm.decode, gm.inspect):
        with pytest.raises(gm.LimitError, match=r"pixels: expected at most 6000, got 6144 \(raise Limits.pixels"):
            verb(both, limits=gm.Limits(pixels=6000))
        with pytest.raises(gm.LimitError, match="file_bytes"):
            verb(both, limits=gm.Limits(file_bytes=1000))
    with pytest.warns(gm.GainMapWarning, match="weights: expected at most 1000"):
        image = gm.decode(both, limits=gm.Limits(weights=1000))
    assert image.rendered_from == "standard"


@pytest.mark.parametrize(
    "options", [{"headroom": -1.0}, {"headroom": float("nan")}, {"prefer": "best"}, {"color_space": "adobe"}]
)
def test_bad_decode_options(both: bytes, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"headroom|expected one of"):
        gm.decode(both, **options)


def test_a_payload_that_travels_with_coordinates_still_renders(neural: bytes) -> None:
    """A flipped base with its network's x negated, as a later `flip` would write it."""
    file = parse_jpeg(neural, gm.Limits())
    network = parse_payload(file.payload or b"")
    flipped = with_base(neural, np.ascontiguousarray(base_of(neural)[:, ::-1]), quality=95)
    base = parse_jpeg(flipped, gm.Limits())

    moved = replace(
        network,
        coordinates=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        binding=replace(network.binding, strict=base.base_digest, soft=soft_fingerprint(base_of(flipped))),
    )
    image = gm.decode(serialize_jpeg(replace(base, payload=serialize_payload(moved))))
    assert image.rendered_from == "neural"
    assert image.warnings == ()
    assert pq_psnr(image.pixels[:, ::-1], gm.decode(neural).pixels) > 35
