"""HEIC and AVIF files as we write them: the rules of strict readers, what comes back, and what is refused."""

from __future__ import annotations

import io
import itertools
import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gainmap_codec as gm
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.gain_map import auxiliary_maps
from gainmap_codec.files.heif.items import Item, Reference, item_data
from gainmap_codec.files.heif.picture_properties import orientation_of, transforms_for
from gainmap_codec.files.heif.records import HeifExtras
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import AppleMetadata, Container, Crop, GainMapFile, StoredGainMap
from gainmap_codec.files.tags.rdf import resources
from gainmap_codec.files.tags.xmp_packet import parse_packet
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_upright
from support.cases import ONE_CHANNEL
from support.heif_records import (
    ALTERNATE,
    PACKET,
    PAYLOAD,
    body_of,
    map_of,
    opened,
    ramp,
    read,
    record,
    rewritten,
)
from support.paths import FIXTURES


@pytest.mark.parametrize(("container", "channels"), [*itertools.product(("heic", "avif"), (1, 3))])
def test_the_boxes_keep_the_rules(container: Container, channels: int) -> None:
    file, boxes, meta = opened(serialize_heif(record(container, channels=channels)))
    assert [box.kind for box in boxes] == [b"ftyp", b"meta", b"mdat"]
    assert boxes[-1].stop == len(file.data)
    kinds = [item.kind for item in meta.items.values()]
    coded = b"hvc1" if container == "heic" else b"av01"
    assert kinds == [coded, b"tmap", coded, b"Exif", b"mime", b"uri "]
    base, tmap, gain_map, exif, xmp, payload = meta.items.values()
    assert meta.primary == base.id
    assert [item.hidden for item in meta.items.values()] == [False, False, True, True, True, True]
    assert set(meta.references) == {
        Reference(b"dimg", tmap.id, (base.id, gain_map.id)),
        *(Reference(b"cdsc", item.id, (base.id,)) for item in (exif, xmp, payload)),
    }
    (group,) = meta.groups
    assert (group.kind, group.entities) == (b"altr", (tmap.id, base.id))
    assert payload.id > max(group.id, xmp.id, *(item.id for item in (base, tmap, gain_map, exif)))
    assert group.id not in meta.items
    assert not payload.properties


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_the_properties_keep_the_rules(container: Container) -> None:
    file, _, meta = opened(serialize_heif(record(container)))
    base, tmap, gain_map, *_ = meta.items.values()
    turns = ["irot"]
    for item in (base, gain_map):
        essential = {p.kind.decode() for p in item.properties if p.essential}
        assert essential == {"hvcC" if container == "heic" else "av1C", *turns}
        assert {"ispe", "pixi", "colr"} <= {p.kind.decode() for p in item.properties}
        assert orientation_of(item) == 6
    assert base.property(b"irot") == gain_map.property(b"irot")
    assert tmap.property(b"ispe") == base.property(b"ispe")
    assert {p.kind for p in tmap.properties} == {b"ispe", b"colr", b"pixi"}
    colors = {name: body_of(item, b"colr").hex() for name, item in zip("btm", (base, tmap, gain_map), strict=True)}
    assert colors == {"b": b"nclx".hex() + "0001000d000680", "t": b"nclx".hex() + "000c0010000680"} | {
        "m": b"nclx".hex() + "00020002000680"
    }
    assert item_data(file, meta, tmap.id) == b"\0" + serialize_iso21496(ONE_CHANNEL)
    assert len(item_data(file, meta, tmap.id)) == 62


def test_metadata_come_before_the_pictures_and_the_base_last() -> None:
    _, _, meta = opened(serialize_heif(record("avif")))
    starts = {item.kind + bytes([item.hidden]): meta.places[item.id].extents[0][0] for item in meta.items.values()}
    order = [kind for kind, _ in sorted(starts.items(), key=lambda pair: pair[1])]
    assert order == [b"tmap\0", b"Exif\1", b"mime\1", b"uri \1", b"av01\1", b"av01\0"]


def test_the_same_record_gives_the_same_bytes() -> None:
    file = record("avif")
    assert serialize_heif(file) == serialize_heif(replace(file))


@pytest.mark.parametrize(("container", "bits", "channels"), [*itertools.product(("heic", "avif"), (8, 10), (1, 3))])
def test_everything_comes_back(container: Container, bits: int, channels: int) -> None:
    file = record(container, bits, channels)
    back = rewritten(file)
    assert back.warnings == back.refused == ()
    for name in ("container", "payload", "exif", "xmp", "orientation"):
        assert getattr(back, name) == getattr(file, name), name
    assert map_of(back).metadata == ONE_CHANNEL
    assert map_of(back).image.nclx == ALTERNATE
    for ours, theirs in ((file.base, back.base), (map_of(file).image, map_of(back).image)):
        np.testing.assert_array_equal(decode_coded_image(ours), decode_coded_image(theirs))
    assert read(file.base.data).base_digest == back.base_digest


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(orientation: int) -> None:
    assert orientation_of(Item(1, b"av01", properties=transforms_for(orientation))) == orientation
    assert rewritten(record("avif", orientation=orientation)).orientation == orientation


def test_profiles_and_crops() -> None:
    profile, alternate = icc_profile_for("display-p3"), icc_profile_for("bt2020")
    file = record("avif")
    base = replace(file.base, icc_profile=profile, width=50, height=31, crop=Crop(7, 20, 96, 64))
    stored = replace(map_of(file), image=replace(map_of(file).image, icc_profile=alternate, nclx=None))
    back = rewritten(replace(file, base=base, gain_map=stored))
    assert (back.base.icc_profile, back.base.crop, back.base.width, back.base.height) == (
        profile,
        base.crop,
        50,
        31,
    )
    assert (map_of(back).image.icc_profile, map_of(back).image.nclx) == (alternate, None)
    np.testing.assert_array_equal(decode_coded_image(back.base), decode_coded_image(file.base)[20:51, 7:57])


def test_the_alternate_has_the_primaries_of_the_base_where_nobody_says_others() -> None:
    file = record("avif")
    silent = replace(map_of(file), image=replace(map_of(file).image, nclx=None))
    base = replace(file.base, nclx=Nclx(9, 13, 6, True))
    back = rewritten(replace(file, base=base, gain_map=silent))
    assert map_of(back).image.nclx == Nclx(9, 16, 6, True)


def test_xmp_of_a_jpeg_loses_what_only_tells_of_its_gain_map() -> None:
    jpeg = gm.encode(ramp(16, 16).astype(np.float32) / 60, carry="standard", xmp=PACKET)
    packet = read(jpeg).xmp
    assert packet is not None and b"photos/1.0/container" in packet
    found = rewritten(record("avif", xmp=packet)).xmp
    assert found is not None
    assert b"rights" in found and b"photos/1.0/container" not in found and b"hdr-gain-map" not in found


APPLE = AppleMetadata(5.5, 131072, "xmp")


def apple_file(container: Container) -> GainMapFile:
    """A new file with one of Apple's own gain maps."""
    file = record(container)
    stored = StoredGainMap(replace(map_of(file).image, nclx=None), APPLE, "apple")
    return replace(file, gain_map=stored)


def test_apple_gain_maps_stay_as_they_are() -> None:
    data = (FIXTURES / "heif/apple-auxiliary.heic").read_bytes()
    file = read(data)
    back = rewritten(replace(file, payload=PAYLOAD))
    assert back.gain_map == file.gain_map
    assert isinstance(map_of(back).metadata, AppleMetadata)
    again = rewritten(replace(file, extras=None))
    assert (map_of(again).metadata, again.base_digest) == (map_of(file).metadata, file.base_digest)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_new_apple_gain_map_is_read_as_it_was_written(container: Container) -> None:
    file = apple_file(container)
    again = rewritten(file)
    assert (map_of(again).metadata, map_of(again).carrier) == (APPLE, "apple")
    codes, wanted = (decode_coded_image(map_of(each).image) for each in (again, file))
    assert np.array_equal(codes, wanted)
    assert (again.payload, again.orientation, again.exif, again.xmp) == (PAYLOAD, 6, file.exif, file.xmp)


def test_libheif_finds_a_new_apple_gain_map() -> None:
    data = serialize_heif(apple_file("heic"))
    heif: Any = pillow_heif.open_heif(io.BytesIO(data))
    (number,) = heif.info["aux"][APPLE_GAIN_MAP]
    found = heif.get_aux_image(number)
    image = map_of(read(data)).image
    assert (found.size, found.mode) == ((image.height, image.width), "L"), "turned as the base is"
    ours = to_upright(decode_coded_image(image), 6)
    assert np.array_equal(np.asarray(found)[: ours.shape[0], : ours.shape[1]], ours)


def apple_layout(data: bytes) -> dict[str, Any]:
    """How a HEIC file holds one of Apple's own gain maps, without what depends on the picture."""
    file, _, meta = opened(data)
    (number,) = auxiliary_maps(meta, meta.primary)
    kinds = {meta.primary: "base", number: "map"}
    (described,) = [r.source for r in meta.references if r.kind == b"cdsc" and r.targets == (number,)]
    kinds[described] = "XMP of the map"
    gain_map, packet = meta.items[number], meta.items[described]
    properties = {
        (p.kind, p.essential)
        for p in gain_map.properties
        if p.kind not in (b"hvcC", b"clap", b"irot", b"colr")  # of tiles, of odd sizes, of turns; new iPhones' alone
    }
    told = {
        (child.tag, child.text if child.tag.endswith("Version") else bool(child.text))
        for resource in resources(parse_packet(item_data(file, meta, described), gm.Limits()))
        for element in resource
        for child in element
    }
    return {
        "hidden": (gain_map.hidden, packet.hidden),
        "packet": (packet.kind, packet.content_type, packet.properties),
        "properties": properties,
        "auxC": gain_map.property(b"auxC"),
        "pixi": gain_map.property(b"pixi"),
        "references": {
            (r.kind, kinds.get(r.source), tuple(kinds.get(each) for each in r.targets))
            for r in meta.references
            if (r.source == number and r.kind != b"dimg") or number in r.targets
        },
        "XMP": told,
    }


def test_a_new_apple_gain_map_lies_as_in_an_iphones_file(data_dir: Path) -> None:
    """Of an iPhone on iOS 18, whose file has a tmap item beside it, which is left out of the comparison."""
    photo = (data_dir / "files/crabbyavif/yuv420_image_with_yuv400_gainmap.heic").read_bytes()
    theirs = apple_layout(photo)
    theirs["references"] = {r for r in theirs["references"] if r[0] != b"dimg"}
    assert apple_layout(serialize_heif(apple_file("heic"))) == theirs


def differences(one: GainMapFile, other: GainMapFile) -> set[str]:
    return {field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)}


def check_round_trip(data: bytes) -> None:
    """Parsed, written and parsed again: the same record; written again: the same bytes."""
    file = read(data)
    written = serialize_heif(file)
    back = read(written)
    allowed = {"extras"}  # numbers its items anew, so do warnings that name them
    allowed |= {"refused", "warnings"} if file.warnings else set()
    if file.gain_map and file.gain_map.carrier == "hdrgm":  # gets a tmap item, which is preferred from then on
        found, spare = map_of(back), back.spare_gain_map
        assert spare is not None and (found.carrier, spare.carrier) == ("iso21496", "hdrgm")
        assert found.metadata == file.gain_map.metadata
        assert found.image.data == file.gain_map.image.data
        allowed |= {"gain_map", "spare_gain_map"}
    assert differences(file, back) <= allowed
    assert len(back.refused) == len(file.refused)
    assert serialize_heif(back) == written
    if file.extras and back.extras:
        assert isinstance(file.extras, HeifExtras) and isinstance(back.extras, HeifExtras)
        first, second = (
            sorted((item.kind, item.name, item.properties, content) for item, content in extras.items)
            for extras in (file.extras, back.extras)
        )
        assert first == second
        for name in ("brands", "tmap_properties", "map_properties", "meta_boxes", "first_boxes", "last_boxes"):
            if name != "brands" and "gain_map" not in allowed:
                assert getattr(file.extras, name) == getattr(back.extras, name), name


@pytest.mark.parametrize("path", sorted((FIXTURES / "heif").iterdir()), ids=lambda path: path.name)
def test_fixtures_round_trip(path: Path) -> None:
    check_round_trip(path.read_bytes())


REAL = [
    "crabbyavif/gainmap_oriented.avif",
    "crabbyavif/tmap_primary_item.avif",
    "crabbyavif/yuv420_image_with_yuv400_gainmap.heic",
    "gainmap-audit/apple_hdr_sample.heic",
    "sdwebimage/TestHDR1-portrait.heic",
]


def test_real_files_round_trip(data_dir: Path) -> None:
    paths = sorted(path for path in data_dir.rglob("*") if path.suffix in (".avif", ".heic", ".heif"))
    assert {data_dir / "files" / name for name in REAL} <= set(paths)
    unreadable = []
    for path in paths:
        if path.name == "truncated.heic":  # its second picture is nowhere, and cannot be kept
            continue
        try:
            check_round_trip(path.read_bytes())
        except gm.GainMapError:
            unreadable.append(path.name)
    assert unreadable == ["corrupted.heic"]


@pytest.mark.parametrize("name", REAL[2:])
def test_real_files_keep_the_bytes_of_every_item(data_dir: Path, name: str) -> None:
    data = (data_dir / "files" / name).read_bytes()
    before, after = (opened(part) for part in (data, serialize_heif(read(data))))
    contents = []
    for file, _, meta in (before, after):
        kept = [item for item in meta.items.values() if item.kind != b"Exif"]  # ours begins with another offset
        contents.append(sorted((item.kind, item_data(file, meta, item.id)) for item in kept))
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"container": "avif"}, "base: expected av1 in AVIF, got hevc"),
        ({"payload": b"\xf6A" + bytes(1 << 22)}, "payload: expected at most 4194304 bytes, got 4194306"),
        ({"payload": b"XYZ"}, "payload: expected a neural payload, got bytes that start 58 59"),
        ({"base.bits": 10}, "base: expected bits 8, as its data are coded, got 10"),
        ({"base.channels": 1}, "base: expected channels 3, as its data are coded, got 1"),
        ({"base.width": 95}, r"base: expected size \(96, 64\), as its data are coded, got \(95, 64\)"),
        ({"base.crop": Crop(90, 0, 96, 64)}, r"base: expected a crop inside \(96, 64\)"),
        ({"map.width": 95}, "gain map: expected size"),
        ({"gain_map.metadata": replace(ONE_CHANNEL, channels=())}, "expected 1 or 3 channels, got 0"),
    ],
)
def test_records_that_cannot_be_written(change: dict[str, Any], problem: str) -> None:
    file = record("heic")
    ((name, value),) = change.items()
    if name.startswith("base."):
        file = replace(file, base=replace(file.base, **{name[5:]: value}))
    elif name.startswith("map."):
        image = replace(map_of(file).image, **{name[4:]: value})
        file = replace(file, gain_map=replace(map_of(file), image=image))
    elif name.startswith("gain_map."):
        file = replace(file, gain_map=replace(map_of(file), **{name[9:]: value}))
    else:
        file = replace(file, **{name: value})
    with pytest.raises(ValueError, match=problem) as caught:
        serialize_heif(file)
    assert "\n" not in str(caught.value)


def test_pictures_of_another_codec_than_the_base_are_refused() -> None:
    jpeg = code_picture(ramp(8, 8, 1), "jpeg", quality=90, bits=8)
    stored = StoredGainMap(jpeg, ONE_CHANNEL, "iso21496")
    with pytest.raises(ValueError, match="gain map: expected av1 in AVIF, got jpeg"):
        serialize_heif(record("avif", gain_map=stored))


SEED = serialize_heif(record("avif"))


@settings(max_examples=150)
@given(st.data())
def test_damaged_files_are_written_again_or_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, min(len(SEED), 1500) - 1))
    broken = SEED[:position] + bytes([data.draw(st.integers(0, 255))]) + SEED[position + 1 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        try:
            file = read(broken)
        except gm.GainMapError:
            return
        try:
            assert read(serialize_heif(file)).base_digest == file.base_digest
        except (ValueError, gm.GainMapError) as error:
            assert "\n" not in str(error)
