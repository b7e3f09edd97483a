"""`transcode(carry="apple")`: Apple's own gain maps out of every kind of file, and what the new files say."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.mpf import MPF_ID, parse_mpf
from gainmap_codec.files.jpeg.segments import APP2, segments_of
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP, headroom_of_maker_note, parse_maker_note
from gainmap_codec.files.records import AppleMetadata, Container, Fraction, GainMapFile, GainMapMetadata, StoredGainMap
from gainmap_codec.files.tags.exif import maker_note
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support import pipeline_files as files
from support.paths import FIXTURES

pytestmark = pytest.mark.usefixtures("quiet")

WRITTEN: tuple[Container, ...] = ("jpeg", "heic")
APPLE_HEIC = (FIXTURES / "heif/apple-auxiliary.heic").read_bytes()


def record(data: bytes) -> GainMapFile:
    return parse_file(data, "test", gm.Limits())


def report(source: Any, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(carry="apple", **options))


def apple_of(data: bytes) -> tuple[StoredGainMap, AppleMetadata]:
    """The gain map of a file that has one of Apple's own, and no other."""
    file = record(data)
    stored = file.gain_map
    assert stored is not None and isinstance(stored.metadata, AppleMetadata) and stored.carrier == "apple"
    assert file.spare_gain_map is None and file.payload is None and not file.warnings
    return stored, stored.metadata


def light(data: bytes, prefer: Any = "auto") -> Any:
    return gm.decode(data, prefer=prefer).pixels


@cache
def bare(container: Container, channels: int = 1) -> bytes:
    """A photo whose ISO 21496-1 map has no offsets and a headroom of 3 stops."""
    base, hdr = files.pictures()
    tinted = hdr * np.asarray([1, 0.6, 0.3], np.float32) if channels == 3 else hdr
    data = gm.encode(tinted, base, container=container, carry="standard", map_scale=2, map_channels=channels)
    file = record(data)
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    zero = Fraction(0, 1)
    numbers = tuple(
        replace(each, gain_map_min=zero, gain_map_max=Fraction(3, 1), base_offset=zero, alternate_offset=zero)
        for each in file.gain_map.metadata.channels
    )
    metadata = replace(file.gain_map.metadata, channels=numbers, alternate_hdr_headroom=Fraction(3, 1))
    return serialize_file(replace(file, gain_map=replace(file.gain_map, metadata=metadata)), [])


# From ISO 21496-1


@pytest.mark.parametrize("container", WRITTEN)
def test_a_map_of_one_channel_without_offsets_becomes_apples_pixel_by_pixel(container: Container) -> None:
    found = report(bare(container))
    stored, metadata = apple_of(found.data)
    old = record(bare(container)).gain_map
    assert old is not None
    assert (stored.image.width, stored.image.height) == (old.image.width, old.image.height) == (48, 32)
    assert (stored.image.channels, stored.image.bits, metadata.headroom) == (1, 8, 8)
    assert record(found.data).base_digest == record(bare(container)).base_digest, "the base stays"
    assert pq_psnr(light(found.data), light(bare(container))) > 48, "codes of a map coded a second time"
    assert "base: kept bit for bit" in found.notes and not found.warnings


def test_codes_that_are_not_coded_again_are_within_half_a_code() -> None:
    """At quality 100 in JPEG a map of equal pixels is exact, so that only the conversion is left."""
    file = record(bare("jpeg"))
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    for code in (0, 3, 60, 128, 254, 255):
        flat = gm.assemble(file.base.data, np.full((32, 48), code, np.uint8), file.gain_map.metadata, container="jpeg")
        stored, metadata = apple_of(report(flat, map_quality=100).data)
        made = decode_coded_image(stored.image)
        assert made.min() == made.max()
        factor = 2 ** (3 * code / 255)
        share = (factor - 1) / (metadata.headroom - 1)
        exact = 12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055
        assert abs(made[0, 0] - 255 * exact) <= 0.501


@pytest.mark.parametrize("container", WRITTEN)
@pytest.mark.parametrize("source", ["jpeg", "heic", "avif"])
def test_offsets_and_three_channels_are_fitted_and_told(source: Container, container: Container) -> None:
    base, hdr = files.pictures()
    one = gm.encode(hdr, base, container=source, carry="standard", map_scale=2)
    found = report(one, container=container)
    apple_of(found.data)
    (line,) = (note for note in found.notes if "made anew" in note)
    said = float(line.split("made anew, ")[1].split(" dB")[0])
    assert said > 30 and pq_psnr(light(found.data), light(one)) == pytest.approx(said, abs=0.6)
    three = report(bare(source, channels=3), container=container)
    assert any(line.startswith("Apple's gain map has one channel for the three") for line in three.warnings)
    assert apple_of(three.data)[0].image.width == 48, "at the scale of the map before"


def test_gains_below_1_are_told_of() -> None:
    base, hdr = files.pictures()
    hdr = hdr.copy()
    hdr[:32] = 0.01
    found = report(gm.encode(hdr, base, carry="standard"))
    assert any("is darker than SDR and is shown as SDR" in line for line in found.warnings)


# From Apple's own, from a network, from a base that is HDR


@pytest.mark.parametrize("source", [files.APPLE, APPLE_HEIC], ids=["jpeg", "heic"])
def test_apples_own_map_stays_bit_for_bit(source: bytes) -> None:
    found = report(source)
    assert apple_of(found.data)[0].metadata == record(source).gain_map.metadata  # type: ignore[union-attr]
    assert record(found.data).base_digest == record(source).base_digest
    assert np.array_equal(light(found.data), light(source))
    assert "gain map: Apple's own, kept bit for bit" in found.notes


def test_in_another_container_its_codes_are_coded_again() -> None:
    for source, container in ((files.APPLE, "heic"), (APPLE_HEIC, "jpeg")):
        found = report(source, container=container, map_quality=100)
        (new, metadata), old = apple_of(found.data), record(source).gain_map
        assert old is not None and isinstance(old.metadata, AppleMetadata)
        assert metadata.headroom == old.metadata.headroom
        difference = np.abs(decode_coded_image(new.image).astype(int) - decode_coded_image(old.image))
        assert difference.max() <= 3 and difference.mean() < 0.5


def test_a_new_base_does_not_touch_it() -> None:
    found = report(APPLE_HEIC, quality=60)
    assert "gain map: Apple's own, kept bit for bit" in found.notes
    apple_of(found.data)


def test_an_iphones_two_maps_become_apples_one(data_dir: Path) -> None:
    photo = data_dir / "files/crabbyavif/yuv420_image_with_yuv400_gainmap.heic"
    found = report(photo)
    stored, metadata = apple_of(found.data)
    spare = record(photo.read_bytes()).spare_gain_map
    assert spare is not None and metadata == spare.metadata
    assert np.array_equal(decode_coded_image(stored.image), decode_coded_image(spare.image))
    assert "gain map: Apple's own, kept bit for bit, and the one of ISO 21496-1 left out" in found.notes
    assert b"tmap" not in found.data[:64], "nor does the file claim to have it"
    assert not found.warnings


@pytest.mark.parametrize("container", WRITTEN)
def test_a_network_becomes_apples(container: Container) -> None:
    found = report(files.made(neural=True), container=container)
    stored, _ = apple_of(found.data)
    assert (stored.image.width, stored.image.height) == (files.WIDTH // 2, files.HEIGHT // 2), "as iPhones have it"
    assert "neural gain map: left out, as asked" in found.notes


@pytest.mark.parametrize("container", WRITTEN)
def test_a_networks_gain_without_offsets_becomes_apples(container: Container) -> None:
    source = files.with_one_gain(base_offset=0.0, alternate_offset=0.0, residual_scale=0.25, residual_shift=1.0)
    found = report(source, container=container, quality=100, map_quality=100)
    stored = apple_of(found.data)[0]
    assert (stored.image.width, stored.image.height) == (48, 32), "the grid of the network"
    assert "gain map: the neural map's own gain, as one of Apple's own" in found.notes
    assert pq_psnr(light(found.data), light(source)) > 40


def test_an_hdr_base_changes_places_for_jpeg_and_is_refused_in_heic() -> None:
    hdr = gm.swap(bare("heic"))
    assert pq_psnr(light(report(hdr, container="jpeg").data), light(hdr)) > 30
    with pytest.raises(gm.UnsupportedError, match='carry="apple": expected an SDR base for Apple'):
        report(hdr)


def test_what_cannot_be() -> None:
    with pytest.raises(gm.NoGainMapError, match='carry="apple"'):
        report(files.plain())
    with pytest.raises(ValueError, match='carry="apple": expected JPEG or HEIC, got AVIF'):
        report(bare("jpeg"), container="avif")
    with pytest.raises(gm.UnsupportedError, match='carry="apple": expected JPEG or HEIC to write, got AVIF'):
        report(bare("avif"))
    with pytest.raises(ValueError, match='carry="apple": expected map_channels 1 or auto'):
        report(bare("jpeg"), map_channels=3)


# Parts, sizes, bytes


@pytest.mark.parametrize("container", WRITTEN)
@pytest.mark.parametrize("source", ["iso", "apple"])
def test_part_scale_and_size(source: str, container: Container) -> None:
    data = bare(container) if source == "iso" else gm.transcode(bare(container), carry="apple")
    part = report(data, box=(16, 0, 80, 64), map_scale=4)
    stored, _ = apple_of(part.data)
    assert (stored.image.width, stored.image.height) == (16, 16)
    whole = gm.decode(data, region=(16, 0, 64, 64)).pixels
    assert pq_psnr(light(part.data), whole) > 33
    small = report(data, size=(48, 32))
    assert apple_of(small.data)[0].image.width == 24


def test_a_size_in_bytes_counts_the_maker_note() -> None:
    photo = gm.transcode(bare("jpeg"), quality=100)
    with_exif = gm.encode(photo, carry="standard", exif={"Artist": "Me"})
    most = len(report(with_exif).data) - 500
    assert len(report(with_exif, max_bytes=most).data) <= most


# What the files say


def test_libheif_finds_the_map() -> None:
    heif: Any = pillow_heif.open_heif(io.BytesIO(gm.transcode(bare("jpeg"), container="heic", carry="apple")))
    (number,) = heif.info["aux"][APPLE_GAIN_MAP]
    assert heif.get_aux_image(number).size == (48, 32)


def test_pillow_finds_the_map_of_a_jpeg(data_dir: Path) -> None:
    """It is the second picture of a file whose base says nothing of it, as in an iPhone's JPEG."""
    data = gm.transcode(bare("jpeg"), carry="apple")
    image: Any = Image.open(io.BytesIO(data))
    iphone: Any = Image.open(io.BytesIO((data_dir / "files/libavif/apple_gainmap_new.jpg").read_bytes()))
    assert (image.format, image.n_frames) == (iphone.format, iphone.n_frames) == ("MPO", 2)
    image.seek(1)
    assert (image.size, image.mode) == ((48, 32), "L")
    base = segments_of(record(data).base)
    (index,) = (base.body(each) for each in base.header if each.marker == APP2 and base.body(each).startswith(MPF_ID))
    assert [hex(entry.attribute) for entry in parse_mpf(index[4:], gm.Limits())] == ["0x30000", "0x0"]
    assert b"hdrgm" not in data and b"21496" not in data and b"GContainer" not in data


@pytest.mark.parametrize("container", WRITTEN)
def test_exif_tells_the_headroom_to_older_readers(container: Container) -> None:
    photo = gm.encode(bare("jpeg"), carry="standard", exif={"Artist": "Me"})
    exif = record(gm.transcode(photo, container=container, carry="apple")).exif
    numbers = parse_maker_note(maker_note(exif or b"") or b"")
    metadata = apple_of(gm.transcode(photo, container=container, carry="apple"))[1]
    assert 2 ** headroom_of_maker_note(numbers[33], numbers[48]) == pytest.approx(metadata.headroom, rel=1e-4)
    for made in (bare("jpeg"), gm.transcode(photo, carry="apple", strip="all")):
        exif = record(gm.transcode(made, container=container, carry="apple")).exif
        assert maker_note(exif or b"") is not None, "EXIF is made for it where there is none"


def test_another_cameras_note_stays_and_a_line_says_so() -> None:
    photo = gm.encode(bare("jpeg"), carry="standard", exif={"MakerNote": b"Nikon\0and more"})
    found = report(photo)
    assert maker_note(record(found.data).exif or b"") == b"Nikon\0and more"
    assert any("maker note: expected Apple's, got another maker's" in line for line in found.warnings)


# encode


@pytest.mark.parametrize("container", WRITTEN)
def test_encode_writes_them_too(container: Container) -> None:
    base, hdr = files.pictures()
    made = gm.encode_with_report(hdr, base, container=container, carry="apple", exif={"Artist": "Me"})
    stored, metadata = apple_of(made.data)
    assert (stored.image.width, stored.image.height) == (48, 32)
    assert np.log2(metadata.headroom) == pytest.approx(gm.HdrImage(hdr).target_headroom(), abs=1e-5)
    shown = gm.decode(made.data)
    wanted = gm.HdrImage(hdr, "srgb").convert("bt2020").pixels
    assert made.standard_psnr == pytest.approx(pq_psnr(shown.pixels, wanted), abs=0.01)
    assert pq_psnr(shown.pixels, wanted) > 30
    assert maker_note(record(made.data).exif or b"") is not None
    assert made.neural_psnr is None


def test_encode_refuses_what_cannot_be() -> None:
    base, hdr = files.pictures()
    for options, line in (
        ({"container": "avif"}, "expected JPEG or HEIC"),
        ({"map_channels": 3}, "expected map_channels 1 or auto"),
        ({"target_bytes": 900}, "expected neural or both beside target_bytes, a neural map's"),
        ({"effort": 7}, "expected neural or both beside effort 7"),
    ):
        with pytest.raises(ValueError, match=line):
            gm.encode(hdr, base, carry="apple", **options)
