"""Gain-map files put together: of what was taken apart, to the bit; and of pictures and numbers of any other origin."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import AssembleOptions
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.assemble import assemble_with_report
from gainmap_codec.edit.extract import extract_parts
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.errors import Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.map_metadata.plain import metadata_from_dict, metadata_to_dict
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.records import AppleMetadata, Container
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from support import pipeline_files as files
from support.cases import ONE_CHANNEL, THREE_CHANNELS
from support.paths import FIXTURES

BASE = files.pictures()[0]
MAP = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (16, 1))
LARGE = 3_000_000  # pixels; of larger photos the parts are compared, not what they give
NUMBERS = "invalid/iso-negative-offset.jpg"  # which may be read, and not written
BROKEN = ("invalid/payload-", "invalid/tmap-broken-map")  # payloads and maps that nobody can use


def put_together(parts: gm.Parts, **changes: Any) -> TranscodeReport:
    """By way of plain values, as a folder holds them."""
    numbers = parts.metadata and metadata_to_dict(parts.metadata, parts.alternate_color)
    options: dict[str, Any] = {
        "container": parts.container,
        "payload": parts.payload,
        "alternate_icc_profile": parts.alternate_icc_profile,
    }
    return assemble_with_report(parts.base, parts.gain_map, numbers, AssembleOptions(**options | changes))


def photos() -> list[Path]:
    found = [path for path in sorted(FIXTURES.rglob("*.*")) if path.suffix in (".jpg", ".heic", ".avif")]
    return [path for path in found if not str(path.relative_to(FIXTURES)).startswith((NUMBERS, *BROKEN))]


def check_round_trip(path: Path) -> None:
    """Every field of the record, and the pixels, come back."""
    try:
        old = open_file(path.read_bytes(), path.name, Limits())
    except gm.GainMapError:
        return
    report = put_together(extract_parts(path, Limits()))
    new = open_file(report.data, "new", Limits())
    for name in ("container", "base_digest", "exif", "orientation", "payload"):
        assert getattr(new.file, name) == getattr(old.file, name), name
    assert new.file.base.icc_profile == old.file.base.icc_profile
    assert new.file.base.nclx == old.file.base.nclx
    check_gain_map(old, new)


def check_gain_map(old: OpenedFile, new: OpenedFile) -> None:
    before, after = old.file.gain_map, new.file.gain_map
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    if isinstance(before.metadata, AppleMetadata):
        assert after.metadata == replace(before.metadata, source="xmp")
    else:
        assert after.metadata == replace(before.metadata, reserved_flags=0)
    assert np.array_equal(decode_coded_image(after.image), decode_coded_image(before.image))
    if old.file.base.width * old.file.base.height < LARGE:
        assert np.array_equal(render(new, "standard", STORED), render(old, "standard", STORED))


@pytest.mark.parametrize("path", photos(), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_fixtures_come_back_as_they_were(path: Path) -> None:
    check_round_trip(path)


def test_real_photos_come_back_as_they_were(data_dir: Path) -> None:
    suffixes = (".jpg", ".jpeg", ".heic", ".avif", ".mpo")
    found = [path for path in sorted(data_dir.rglob("*")) if path.suffix.lower() in suffixes]
    assert len(found) > 50
    for path in found:
        check_round_trip(path)


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
def test_arrays_are_coded(container: Container) -> None:
    data = gm.assemble(BASE, MAP, ONE_CHANNEL, container=container, quality=100, map_quality=100)
    file = open_file(data, "a", Limits()).file
    assert file.gain_map is not None and file.gain_map.metadata == ONE_CHANNEL
    assert (file.base.width, file.base.height, file.gain_map.image.channels) == (files.WIDTH, files.HEIGHT, 1)
    image = gm.decode(data)
    expected = apply_gain_map(open_file(data, "a", Limits()).color.linearize(BASE), MAP, ONE_CHANNEL, headroom=2.0)
    got = image.convert("srgb").pixels
    assert np.abs(np.log2((got + 1 / 64) / (expected + 1 / 64))).mean() < 0.03


def test_libultrahdr_shows_an_assembled_jpeg_as_we_do() -> None:
    data = gm.assemble(BASE, np.repeat(np.repeat(MAP, 4, 0), 4, 1), ONE_CHANNEL, container="jpeg", quality=98)
    shown = imagecodecs.ultrahdr_decode(data, dtype=np.float16, transfer=imagecodecs.ULTRAHDR.CT.LINEAR)
    ours = gm.decode(data, color_space="srgb").pixels
    assert pq_psnr(np.asarray(shown[..., :3], np.float32), ours) > 45


def test_ten_bits_of_an_array_stay() -> None:
    base, gain_map = (each.astype(np.uint16) * 257 + 64 for each in (BASE.clip(0, 254), MAP.clip(0, 254)))
    data = gm.assemble(base, gain_map, ONE_CHANNEL, container="heic", quality=100, map_quality=100)
    parts = extract_parts(data, Limits())
    assert pillow_heif.open_heif(io.BytesIO(parts.base), convert_hdr_to_8bit=False).info["bit_depth"] == 10
    assert np.abs(parts.base_codes.astype(int) - base).mean() < 3 * 64
    again = gm.assemble(parts.base_codes, gain_map, ONE_CHANNEL, container="heic", quality=100)
    assert np.abs(extract_parts(again, Limits()).base_codes.astype(int) - base).mean() < 5 * 64
    eight = extract_parts(gm.assemble(base, None, None, container="jpeg", quality=100), Limits())
    assert np.abs(eight.base_codes.astype(int) - BASE).mean() < 2


def test_a_channel_may_be_an_axis() -> None:
    data = gm.assemble(BASE, MAP[..., np.newaxis], ONE_CHANNEL, container="jpeg")
    assert data == gm.assemble(BASE, MAP, ONE_CHANNEL, container="jpeg")


def test_tensors_are_arrays_too() -> None:
    torch = pytest.importorskip("torch")
    data = gm.assemble(torch.tensor(BASE), torch.tensor(MAP), ONE_CHANNEL, container="jpeg")
    assert data == gm.assemble(BASE, MAP, ONE_CHANNEL, container="jpeg")


def test_a_map_is_as_deep_as_its_avif_base() -> None:
    base = np.full((32, 32, 3), 1 << 15, np.uint16)
    file = open_file(gm.assemble(base, MAP, ONE_CHANNEL, container="avif"), "a", Limits()).file
    assert file.gain_map is not None and (file.base.bits, file.gain_map.image.bits) == (10, 10)


def test_other_pictures_are_coded(tmp_path: Path) -> None:
    Image.fromarray(BASE).save(tmp_path / "base.png", icc_profile=icc_profile_for("display-p3"))
    Image.fromarray(MAP).save(tmp_path / "map.png")
    data = gm.assemble(tmp_path / "base.png", tmp_path / "map.png", ONE_CHANNEL, container="jpeg", map_quality=100)
    parts = extract_parts(data, Limits())
    assert parts.icc_profile == icc_profile_for("display-p3")
    assert parts.gain_map_codes is not None and parts.gain_map_codes.shape == MAP.shape
    assert np.abs(parts.gain_map_codes.astype(int) - MAP).max() <= 2


def test_into_another_container_the_numbers_stay(tmp_path: Path) -> None:
    parts = extract_parts(files.made(standard=True), Limits())
    report = put_together(parts, container="avif", payload=None)
    assert any(line.startswith("base: coded again") for line in report.notes)
    new = extract_parts(report.data, Limits())
    assert new.metadata == parts.metadata
    assert new.gain_map_codes is not None and parts.gain_map_codes is not None
    assert np.abs(new.gain_map_codes.astype(int) - parts.gain_map_codes).mean() < 1


def test_a_quality_that_is_given_is_obeyed() -> None:
    parts = extract_parts(files.made(standard=True), Limits())
    small = put_together(parts, quality=20, map_quality=20, payload=None).data
    assert len(small) < 0.7 * len(put_together(parts, payload=None).data)


def test_metadata_that_are_given_win() -> None:
    parts = extract_parts(files.made(standard=True), Limits())
    given = put_together(parts, exif=files.gps_exif(3), xmp=b"", icc_profile=icc_profile_for("bt2020"))
    new = extract_parts(given.data, Limits())
    assert (new.exif, new.orientation, new.xmp) == (files.gps_exif(3), 3, None)
    assert new.icc_profile == icc_profile_for("bt2020")


@pytest.mark.parametrize("name", ["jpeg/both.jpg", "heif/tmap.heic", "heif/tmap-turned.avif"])
def test_an_orientation_turns_base_and_map_alike(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    old, new = gm.decode(data, orientation="stored"), put_together(extract_parts(data, Limits()), orientation=8).data
    assert gm.inspect(new).orientation == 8
    assert np.array_equal(gm.decode(new, orientation="stored").pixels, old.pixels)


def test_a_base_coded_again_keeps_its_payload_and_says_so() -> None:
    parts = extract_parts(files.both(), Limits())
    report = put_together(parts, quality=90)
    assert any("how near it comes to the HDR picture is not known" in line for line in report.warnings)
    made = parse_payload(parse_file(report.data, "", Limits()).payload or b"")
    assert (made.neural_psnr, made.standard_psnr) == (0, 0)
    assert open_file(report.data, "a", Limits()).bound_by == "strict"


def test_a_payload_of_another_picture_is_refused() -> None:
    payload = extract_parts(files.both(), Limits()).payload
    with pytest.raises(ValueError, match="payload: expected the neural gain map of this base, got another's"):
        gm.assemble(np.zeros((8, 8, 3), np.uint8), None, None, container="jpeg", payload=payload)
    with pytest.raises(gm.FormatError, match="neural payload"):
        gm.assemble(BASE, None, None, container="jpeg", payload=b"\xf6A nonsense")


def test_maps_and_numbers_go_together() -> None:
    with pytest.raises(ValueError, match="expected both or neither, got a gain map without metadata"):
        gm.assemble(BASE, MAP, None, container="jpeg")
    with pytest.raises(ValueError, match="expected both or neither, got metadata without a gain map"):
        gm.assemble(BASE, None, ONE_CHANNEL, container="jpeg")


def test_the_alternates_primaries_are_asked_for() -> None:
    numbers = replace(THREE_CHANNELS, use_base_colour_space=False)
    with pytest.warns(gm.GainMapWarning, match="nothing tells the alternate's"):
        gm.assemble(BASE, MAP, numbers, container="avif")
    data = gm.assemble(BASE, MAP, numbers, container="avif", alternate_color=(9, 16, 9, True))
    assert extract_parts(data, Limits()).alternate_color == Nclx(9, 16, 9, True)
    told = metadata_to_dict(numbers, Nclx(12, 16, 12, True))
    assert (
        metadata_from_dict(told)[1]
        == extract_parts(gm.assemble(BASE, MAP, told, container="avif"), Limits()).alternate_color
    )


def test_an_hdr_base_goes_in_as_a_file_and_not_into_a_jpeg() -> None:
    parts = extract_parts((FIXTURES / "heif/tmap-hdr-base.avif").read_bytes(), Limits())
    assert gm.inspect(put_together(parts).data).base_is_hdr
    with pytest.raises(gm.UnsupportedError, match="JPEG: expected an SDR base, got an HDR one"):
        put_together(parts, container="jpeg")


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8\xff", b"junk", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_pictures_that_are_none_are_refused(picture: bytes) -> None:
    with pytest.raises(gm.GainMapError, match="expected"):
        gm.assemble(picture, None, None, container="jpeg")
    with pytest.raises(gm.GainMapError, match="expected"):
        gm.assemble(BASE, picture, ONE_CHANNEL, container="jpeg")


@pytest.mark.parametrize(
    ("codes", "line"),
    [
        (np.zeros((4, 4, 3), np.float32), "base: expected uint8 or uint16 code values"),
        (np.zeros((4, 4, 4), np.uint8), r"base: expected .* got uint8 \(4, 4, 4\)"),
        (np.zeros((0, 4), np.uint8), r"base: expected .* got uint8 \(0, 4\)"),
    ],
)
def test_arrays_of_another_kind_are_refused(codes: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        gm.assemble(codes, None, None, container="jpeg")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"container": "png"}, "container: expected one of jpeg, heic, avif, jxl, got 'png'"),
        ({"orientation": 9}, "orientation: expected 1…8, got 9"),
        ({"quality": 0}, "quality: expected 1…100, got 0"),
        ({"map_quality": 101}, "map_quality: expected 1…100, got 101"),
    ],
)
def test_options_have_bounds(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        gm.assemble(BASE, None, None, **{"container": "jpeg"} | changes)


def test_messages_name_the_argument() -> None:
    numbers = {"kind": "Apple", "headroom": 4.0}
    for base, gain_map, line in (
        (b"abc", MAP, "base: expected a picture that Pillow can open"),
        (BASE, b"abc", "gain_map: expected a picture that Pillow can open"),
        (5, MAP, "base: expected a Pillow image"),
        (BASE, [[1]], "gain_map: expected a Pillow image"),
        (BASE, Image.new("F", (4, 4)), "gain_map: expected a picture of 8 or 16 bits"),
    ):
        with pytest.raises((gm.FormatError, TypeError, ValueError), match=f"^{line}"):
            gm.assemble(base, gain_map, numbers, container="jpeg")  # type: ignore[arg-type]


def test_metadata_of_another_type_are_named() -> None:
    wrong: tuple[Any, ...] = (3, "{}", [])
    for metadata in wrong:
        with pytest.raises(TypeError, match=r"^metadata: expected a record or a dictionary, got"):
            gm.assemble(BASE, MAP, metadata, container="jpeg")


def test_alpha_of_a_gain_map_is_told() -> None:
    with pytest.warns(gm.GainMapWarning, match="gain_map: its transparency is left out"):
        gm.assemble(BASE, Image.new("LA", (4, 4)), {"kind": "Apple", "headroom": 4.0}, container="jpeg")


def test_numbers_of_numpy_are_numbers() -> None:
    plain, numpys = ({"kind": "Apple", "headroom": headroom} for headroom in (4.0, np.float32(4)))
    options: dict[str, Any] = {"container": "avif", "quality": np.int64(70), "map_quality": np.uint8(60)}
    assert gm.assemble(BASE, MAP, numpys, **options) == gm.assemble(
        BASE, MAP, plain, container="avif", quality=70, map_quality=60
    )
