"""`transcode` between containers and gain maps; files of every kind, and what a stranger would try."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.records import AppleMetadata, GainMapFile, GainMapMetadata
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.pixels.color.light import pq_psnr
from support import pipeline_files as files
from support.command_line import run, start
from support.container_files import serialized
from support.paths import FIXTURES

KINDS = {
    "plain": files.plain(),
    "standard": files.made(standard=True),
    "neural": files.made(neural=True),
    "both": files.both(),
    "apple": files.APPLE,
}
CONTAINERS = ("jpeg", "heic", "avif")
APPLE_HEIC = (FIXTURES / "heif/apple-auxiliary.heic").read_bytes()


pytestmark = pytest.mark.usefixtures("quiet", "short_fits")


def record(data: bytes) -> GainMapFile:
    return parse_file(data, "test", gm.Limits())


def report(source: Any, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(**options))


def said(found: TranscodeReport) -> str:
    return "\n".join((*found.notes, *found.warnings))


def drift(one: bytes, other: bytes, prefer: Any = "auto") -> float:
    return pq_psnr(gm.decode(one, prefer=prefer).pixels, gm.decode(other, prefer=prefer).pixels)


def test_progress_is_told_step_by_step() -> None:
    told: list[float] = []
    transcode_with_report(KINDS["both"], TranscodeOptions(container="avif"), progress=told.append)
    assert told == sorted(told) and 0 < told[0] < told[-1] <= 1


# The same container: nothing is coded again


@pytest.mark.parametrize("kind", ["plain", "standard", "neural", "both"])
def test_the_same_container_keeps_every_coded_byte(kind: str) -> None:
    old, new = record(KINDS[kind]), record(gm.transcode(KINDS[kind]))
    assert files.scans(new.base.data) == files.scans(old.base.data)
    assert new.base_digest == old.base_digest
    if old.gain_map is not None and new.gain_map is not None:
        assert files.scans(new.gain_map.image.data) == files.scans(old.gain_map.image.data)
        assert new.gain_map.metadata == old.gain_map.metadata
    assert (new.gain_map is None, new.payload) == (old.gain_map is None, old.payload)


def test_nothing_asked_nothing_changed() -> None:
    """Our own recipe is a fixed point: written once more, the bytes are the same."""
    once = gm.transcode(files.both())
    assert gm.transcode(once) == once


@pytest.mark.parametrize(
    "name", ["tmap.heic", "tmap.avif", "grid.heic", "tmap-turned.avif", "payload.heic", "payload.avif"]
)
def test_the_same_heif_container_keeps_pictures_and_payload(name: str) -> None:
    source = (FIXTURES / "heif" / name).read_bytes()
    old, new = record(source), record(gm.transcode(source))
    assert (new.base, new.base_digest, new.gain_map, new.payload) == (
        old.base,
        old.base_digest,
        old.gain_map,
        old.payload,
    )
    assert new.orientation == old.orientation


@pytest.mark.parametrize(("carry", "has_map", "has_payload"), [("standard", True, False), ("neural", False, True)])
def test_dropping_a_map_drops_nothing_else(carry: Any, has_map: bool, has_payload: bool) -> None:
    found = report(files.both(), carry=carry)
    new = record(found.data)
    assert (new.gain_map is not None, new.payload is not None) == (has_map, has_payload)
    assert files.scans(new.base.data) == files.scans(record(files.both()).base.data)
    assert "left out, as asked" in said(found)


def test_the_standard_quality_goes_with_the_standard_map() -> None:
    payload = record(gm.transcode(files.both(), carry="neural")).payload
    assert parse_payload(payload or b"").standard_psnr == 0
    assert parse_payload(record(files.both()).payload or b"").standard_psnr == 42.5


def test_xmp_numbers_alone_become_both_kinds() -> None:
    source = files.made(standard=True).replace(b"urn:iso:std:iso:ts:21496:-1", b"urn:iso:std:iso:ts:00000:-1")
    old, new = record(source).gain_map, record(gm.transcode(source)).gain_map
    assert old is not None and new is not None
    assert (old.carrier, new.carrier) == ("hdrgm", "iso21496")
    assert new.metadata == old.metadata
    assert b"hdrgm:GainMapMax" in new.image.data
    assert files.scans(new.image.data) == files.scans(old.image.data)


# Apple's maps


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("source", [files.APPLE, APPLE_HEIC], ids=["jpeg", "heic"])
def test_apple_becomes_iso_with_the_same_light(source: bytes, container: Any) -> None:
    found = report(source, container=container, carry="standard", quality=None)
    new = record(found.data).gain_map
    assert new is not None and isinstance(new.metadata, GainMapMetadata)
    (numbers,) = new.metadata.channels
    apple = record(source).gain_map
    assert apple is not None and isinstance(apple.metadata, AppleMetadata)
    assert 2 ** float(numbers.gain_map_max) == pytest.approx(apple.metadata.headroom, rel=1e-6)
    assert (float(numbers.base_offset), float(numbers.gain_map_min)) == (0, 0)
    assert drift(source, found.data) > 33
    assert "Apple's gain map converted" in said(found)


def test_the_conversion_is_exact_at_every_code() -> None:
    from gainmap_codec.pixels.color.light import srgb_decode
    from gainmap_codec.pixels.maps.map_editing import iso_of_apple

    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for headroom in (1.0, 1.7, 4.53, 8.0):
        converted, metadata = iso_of_apple(codes, AppleMetadata(headroom, None, "xmp"), 8)
        most = float(metadata.channels[0].gain_map_max)
        factor = 2 ** (converted / 255 * most)
        wanted = 1 + (headroom - 1) * srgb_decode((codes / 255).astype(np.float32))
        half_a_code = 2 ** (most / 255 / 2)
        assert (np.maximum(factor / wanted, wanted / factor) < half_a_code * 1.0001).all()


def test_apples_own_file_keeps_apples_map_unless_another_is_asked_for() -> None:
    kept = record(gm.transcode(APPLE_HEIC)).gain_map
    assert kept is not None and isinstance(kept.metadata, AppleMetadata)


# Other containers


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_into_every_container(kind: str, container: Any) -> None:
    found = report(KINDS[kind], container=container, quality=95)
    assert found.container == container
    old, new = gm.decode(KINDS[kind]), gm.decode(found.data)
    assert new.rendered_from == old.rendered_from
    assert new.headroom == pytest.approx(old.headroom, abs=1e-6)
    assert drift(KINDS[kind], found.data) > 30


@pytest.mark.parametrize("container", CONTAINERS)
def test_there_and_back(container: Any) -> None:
    there = gm.transcode(files.both(), container=container, quality=95)
    back = gm.transcode(there, container="jpeg", quality=95)
    old, new = record(files.both()), record(back)
    assert old.gain_map is not None and new.gain_map is not None
    assert new.gain_map.metadata == old.gain_map.metadata
    assert new.base.icc_profile == old.base.icc_profile
    assert (new.gain_map.image.width, new.gain_map.image.height) == (24, 16)
    one, other = (parse_payload(file.payload or b"") for file in (old, new))
    assert (one.layers, one.latents, one.details) == (other.layers, other.latents, other.details)
    assert gm.inspect(back).payload.bound_by == "strict"  # type: ignore[union-attr]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_survives(container: Any, turn: int) -> None:
    source = files.made(standard=True, orientation=turn)
    there = gm.transcode(source, container=container, quality=95)
    assert record(there).orientation == turn
    assert orientation(record(there).exif or b"") == turn
    assert record(gm.transcode(there, container="jpeg")).orientation == turn
    assert drift(source, there) > 30


@pytest.mark.parametrize("container", CONTAINERS)
def test_metadata_survive(container: Any) -> None:
    new = record(gm.transcode(files.both(), container=container))
    assert new.exif == files.gps_exif(1)
    assert b'dc:rights="mine"' in (new.xmp or b"")
    assert gm.inspect(gm.transcode(files.both(), container=container)).color_space == "srgb"


def test_other_segments_survive_in_jpeg_and_are_named_elsewhere() -> None:
    same = gm.transcode(files.both())
    for mark in (b"a comment", b"Photoshop 3.0", b"c2pa", b"xmp/extension"):
        assert same.count(mark) == files.both().count(mark) == 1
    again = gm.transcode(files.both(), quality=80)
    assert b"a comment" in again and b"Photoshop 3.0" in again
    found = report(files.both(), container="heic")
    for words in ("a comment", "Photoshop and IPTC", "C2PA manifest is not kept"):
        assert words in said(found)
    assert "signature no longer verifies" in said(report(files.both()))


def test_one_packet_of_xmp_each_time() -> None:
    data = files.made(standard=True)
    for _ in range(3):
        data = gm.transcode(data)
    header = data[: data.index(b"\xff\xda")]
    assert header.count(b"http://ns.adobe.com/xap/1.0/\0") == 1
    assert header.count(b"Container:Directory>") == 2
    assert b"hdrgm" not in (record(gm.transcode(data, container="avif")).xmp or b"")


@pytest.mark.parametrize("name", ["tmap-hdr-base.avif"])
def test_an_hdr_base_changes_places_for_jpeg(name: str) -> None:
    source = (FIXTURES / "heif" / name).read_bytes()
    found = report(source, container="jpeg", quality=100)
    metadata = record(found.data).gain_map.metadata  # type: ignore[union-attr]
    assert isinstance(metadata, GainMapMetadata)
    assert float(metadata.alternate_hdr_headroom) > float(metadata.base_hdr_headroom)
    old, new = gm.decode(source, headroom=0), gm.decode(found.data, headroom=0)
    assert pq_psnr(old.pixels, new.pixels) > 35


# The payload


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_kept_payload_is_measured_again(container: Any) -> None:
    found = report(files.both(), container=container, quality=97)
    old, new = (parse_payload(record(data).payload or b"") for data in (files.both(), found.data))
    assert new.neural_psnr < old.neural_psnr
    assert new.binding.strict == record(found.data).base_digest
    assert "dB against what it gave on the old base" in said(found)


def test_a_base_that_became_another_drops_the_payload_where_a_standard_map_is() -> None:
    found = report(files.both(), quality=1)
    new = record(found.data)
    assert new.payload is None and new.gain_map is not None
    assert "differs too much" in said(found)


def test_or_has_it_fitted_anew_where_it_is_all_there_is() -> None:
    found = report(files.made(neural=True), quality=1)
    assert record(found.data).payload is not None
    assert gm.decode(found.data).rendered_from == "neural"
    assert "fitted in" in said(found)


def test_a_payload_of_another_base_stays_where_it_is_and_goes_elsewhere() -> None:
    foreign = (FIXTURES / "invalid/payload-foreign-base.jpg").read_bytes()
    assert record(gm.transcode(foreign)).payload == record(foreign).payload
    found = report(foreign, container="avif")
    assert record(found.data).payload is None
    assert "the old one cannot be used with this base" in said(found)
    (reason,) = gm.inspect(foreign).warnings  # is told once
    assert found.warnings.count(reason) == 1 and not [w for w in found.warnings if "neural" in w and w != reason]


def test_a_network_becomes_an_ordinary_map() -> None:
    source = files.made(neural=True)
    found = report(source, carry="standard", map_scale=1, map_channels=3, map_quality=100)
    new = record(found.data)
    assert new.payload is None and new.gain_map is not None
    assert files.scans(new.base.data) == files.scans(record(source).base.data)
    assert drift(source, found.data) > 30
    assert Image.open(io.BytesIO(found.data)).size == (96, 64)


def test_an_ordinary_map_becomes_a_network() -> None:
    for carry in ("neural", "both"):
        found = report(files.made(standard=True), carry=carry)
        new = record(found.data)
        assert new.payload is not None
        assert (new.gain_map is not None) == (carry == "both")
        assert parse_payload(new.payload).standard_psnr == (63.75 if carry == "both" else 0)
        assert gm.decode(found.data, prefer="neural").rendered_from == "neural"


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: gm.transcode(data, container="jpeg", carry="neural", quality=10),
        lambda data: gm.crop(data, (7, 5, 40, 48), container="jpeg", carry="neural", quality=10),
        lambda data: gm.resize(data, (48, None), container="jpeg", carry="neural", quality=10),
    ],
    ids=["transcode", "crop", "resize"],
)
@pytest.mark.parametrize("name", ["apple-auxiliary.heic", "tmap-apple-turned.heic"])
def test_a_map_of_one_channel_becomes_a_network_of_one_output(name: str, edit: Any) -> None:
    """However much coding does to the base, whose errors three outputs would be spent on."""
    payload = record(edit((FIXTURES / "heif" / name).read_bytes())).payload
    assert payload is not None
    network = parse_payload(payload)
    assert (network.domain, network.layers[-1].outputs) == ("log2_gain", 1)


@pytest.mark.parametrize("carry", ["standard", "neural", "both"])
def test_no_map_to_make_one_of(carry: Any) -> None:
    with pytest.raises(gm.NoGainMapError, match="got one without"):
        gm.transcode(files.plain(), carry=carry)


# Where the picture was taken


@pytest.mark.parametrize("container", CONTAINERS)
def test_strip_gps(container: Any) -> None:
    new = gm.transcode(files.both(), container=container, strip="gps")
    assert files.LATITUDE in files.both() and b"16,22E" in files.both()
    assert files.LATITUDE[::-1] not in new and files.LATITUDE not in new
    for mark in (b"16,22E", b"48,12.5N", b"GPSL"):
        assert mark not in new
    with Image.open(io.BytesIO(new if container != "heic" else files.both())) as image:
        if container == "jpeg":
            exif = image.getexif()
            assert exif.get_ifd(0x8825) == {}
            assert exif[0x0112] == 1
            assert exif.get_ifd(0x8769)[0xA002] == 96
    assert b'dc:rights="mine"' in (record(new).xmp or b"")


def test_strip_gps_of_a_file_without() -> None:
    assert "none was found" in said(report(files.APPLE, strip="gps"))


@pytest.mark.parametrize("cut", range(10, 150, 7))
def test_damaged_exif_goes_rather_than_tell_the_place(cut: int) -> None:
    file = record(files.both())
    source = serialized(replace(file, exif=files.gps_exif(1)[:cut]))
    new = gm.transcode(source, strip="gps")
    assert b"\x02\x00\x05\x00\x03\x00\x00\x00" not in new


# Whatever comes


@pytest.mark.parametrize("folder", ["jpeg", "heif", "invalid"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_fixture_ends_in_a_file_or_one_error(folder: str, container: Any) -> None:
    for path in sorted((FIXTURES / folder).iterdir()):
        try:
            shown = gm.decode(path)
        except gm.GainMapError:
            with pytest.raises(gm.GainMapError):
                gm.transcode(path, container=container)
            continue
        if shown.pixels.size > 1 << 20:
            continue
        try:
            new = gm.transcode(path, container=container)
        except gm.UnsupportedError:
            continue
        assert gm.decode(new).pixels.shape == shown.pixels.shape, path.name


@pytest.mark.parametrize("length", [0, 2, 20, 200, 2000])
def test_truncated(length: int) -> None:
    try:
        new = gm.transcode(files.both()[:length])
    except gm.GainMapError:
        return
    assert gm.decode(new).pixels.shape == (64, 96, 3)


def test_callers_mistakes() -> None:
    for options in ({"container": "png"}, {"carry": "all"}, {"quality": 0}, {"map_scale": 200}, {"map_channels": 2}):
        with pytest.raises(ValueError, match=next(iter(options))):
            gm.transcode(files.plain(), **options)
    with pytest.raises(TypeError, match="colour"):
        TranscodeOptions(colour=1)  # type: ignore[call-arg]
    with pytest.raises(FileNotFoundError):
        gm.transcode("nowhere.jpg")


# The command line


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(files.both())
    (folder / "bad.jpg").write_bytes(files.both()[:100])
    (folder / "two.jpg").write_bytes(files.made(standard=True))
    return folder


def test_one_bad_file_is_told_and_the_others_are_done(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    sources = [photos / name for name in ("one.jpg", "bad.jpg", "missing.jpg", "two.jpg")]
    done = run("transcode", *sources, "-o", out, "--to", "avif", "--quality", "80")
    assert done.returncode == 1
    assert sorted(path.name for path in out.iterdir()) == ["one.avif", "two.avif"]
    errors = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert [line.split(": ")[1].endswith(name) for line, name in zip(errors, ("bad.jpg", "missing.jpg"), strict=False)]
    assert errors[-1] == "gainmap: 2 of 4 files failed"
    assert gm.inspect(out / "one.avif").payload is not None


def test_two_files_never_become_one(photos: Path, tmp_path: Path) -> None:
    (photos / "one.jpeg").write_bytes(files.made(standard=True))
    out = tmp_path / "out"
    out.mkdir()
    done = run("transcode", photos / "one.jpg", photos / "one.jpeg", "-o", out, "--to", "avif", "-q")
    assert done.returncode == 1
    assert "would both become" in done.stderr
    assert not (out / "one.avif").exists()


def test_the_name_says_the_container(photos: Path, tmp_path: Path) -> None:
    done = run("transcode", photos / "two.jpg", "-o", tmp_path / "two.heic", "--strip", "gps")
    assert (done.returncode, gm.inspect(tmp_path / "two.heic").container) == (0, "heic")
    assert "GPS: removed" in done.stdout
    assert run("transcode", photos / "two.jpg", "-o", tmp_path / "two.png").returncode == 2
    assert run("transcode", photos / "one.jpg", photos / "two.jpg", "-o", tmp_path / "x.jpg").returncode == 2


def test_geometry_on_the_command_line(photos: Path, tmp_path: Path) -> None:
    for arguments, size in (
        (("crop", "--box", "0,0,50,40"), (50, 40)),
        (("rotate", "--degrees", "90"), (64, 96)),
        (("flip", "--axis", "vertical"), (96, 64)),
        (("resize", "--size", "48x"), (48, 32)),
    ):
        done = run(*arguments, photos / "two.jpg", "-o", tmp_path / "out.jpg", "-q", "--overwrite")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        height, width = gm.decode(tmp_path / "out.jpg").pixels.shape[:2]
        assert (width, height) == size
    outside = run("crop", "--box", "0,0,500,40", photos / "one.jpg", "-o", tmp_path / "outside.jpg")
    assert outside.returncode == 1 and "inside 96 x 64, got" in outside.stderr
    assert not (tmp_path / "outside.jpg").exists()
    assert run("resize", "--size", "x", photos / "one.jpg", "-o", tmp_path / "no.jpg").returncode == 2
    assert run("crop", "--box", "1,2,3", photos / "one.jpg", "-o", tmp_path / "no.jpg").returncode == 2
    wrong = run("rotate", "--degrees", "90", photos / "one.jpg", "-o", tmp_path / "out.heic")
    assert wrong.returncode == 1 and not (tmp_path / "out.heic").exists()


def test_interrupted_it_leaves_whole_files_only(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    many = [photos / f"{index}.jpg" for index in range(200)]
    for path in many:
        os.link(photos / "one.jpg", path)
    process = start("transcode", *many, "-o", out, "--to", "avif")
    deadline = time.monotonic() + 60
    while not any(out.glob("*.avif")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    written = sorted(out.iterdir())
    assert 0 < len(written) < 200
    for path in written:
        assert path.suffix == ".avif"
        assert gm.inspect(path).payload is not None


def test_notes_are_json_free_lines(photos: Path, tmp_path: Path) -> None:
    done = run("transcode", photos / "one.jpg", "-o", tmp_path / "again.jpg")
    assert done.stdout.splitlines()[1].strip() == "base: kept bit for bit"
    assert json.loads(run("inspect", tmp_path / "again.jpg", "--json").stdout)["payload"]["bound_by"] == "strict"
