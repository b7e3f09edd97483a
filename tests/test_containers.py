"""What holds for JPEG, HEIC, AVIF and JPEG XL alike: one list of tests, run for each container."""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.codec import opening
from gainmap_codec.codec.options import Carry, Prefer, TranscodeOptions
from gainmap_codec.edit import recoding
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.edit.turn import FlipAxis
from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.code_points import Primaries, Transfer
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import ABILITIES, CodedImage, Container, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, pq_psnr
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.scene import render_scene
from support.container_files import (
    CONTAINERS,
    ORIENTATION,
    UNKNOWN,
    parsed,
    photo,
    record,
    serialized,
    with_unknown_parts,
)
from support.heif_files import places_of
from support.jpeg_records import full_record
from support.jxl_files import boxes
from support.paths import FIXTURES
from support.pipeline_files import gps_exif

Pixels = NDArray[np.float32]
RENDITIONS: tuple[Prefer, ...] = ("neural", "standard", "base")
SMALL: dict[Container, tuple[str, ...]] = {
    "jpeg": ("both.jpg", "iso-compact.jpg", "apple-maker-note.jpg"),
    "heic": ("payload.heic", "apple-maker-note.heic", "grid.heic"),
    "avif": ("payload.avif", "adobe-auxiliary.avif", "tmap-hdr-base.avif"),
    "jxl": ("both.jxl", "parts.jxl", "jhgm.jxl"),
}
VERBS: dict[str, Callable[[BinaryIO], bytes]] = {
    "transcode": gm.transcode,
    "rotate": lambda file: gm.rotate(file, 90),
    "flip": lambda file: gm.flip(file, "vertical"),
    "crop": lambda file: gm.crop(file, (0, 0, 8, 8)),
    "resize": lambda file: gm.resize(file, (32, None)),
    "encode": lambda file: gm.encode(file, carry="standard"),
}
"""Those that make a file."""
PAIRS = list(product(CONTAINERS, CONTAINERS))
BASE_ITEMS = {1, 21, 22, 23, 24}
"""Of the small HEIC and AVIF files: the base, and its tiles."""


@pytest.fixture(params=CONTAINERS)
def container(request: pytest.FixtureRequest) -> Container:
    found: Container = request.param
    return found


pytestmark = pytest.mark.usefixtures("quiet", "short_fits")


@cache
def small(container: Container) -> tuple[bytes, ...]:
    """Files of one to three kilobytes, with each kind of gain map; one JPEG with every kind of segment."""
    folder = "heif" if container in ("heic", "avif") else container
    files = tuple((FIXTURES / folder / name).read_bytes() for name in SMALL[container])
    return (*files, serialized(full_record())) if container == "jpeg" else files


def pixels(data: bytes, prefer: Prefer) -> Pixels:
    image = gm.decode(data, prefer=prefer)
    assert image.rendered_from == prefer
    return image.pixels


def losses(call: Callable[[], bytes]) -> tuple[bytes, list[str]]:
    """What a verb gives, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = call()
    return data, [str(warning.message) for warning in caught]


# Reading and writing


def test_all_parts_come_back(container: Container) -> None:
    written, found = record(container), parsed(photo(container))
    assert (found.container, found.orientation, found.warnings) == (container, ORIENTATION, ())
    assert (found.exif, found.payload, found.base_digest) == (written.exif, written.payload, written.base_digest)
    assert (found.base.icc_profile, found.base.bits) == (written.base.icc_profile, 8)
    assert b'dc:rights="mine"' in (found.xmp or b"")
    assert_same_map(written, found)
    np.testing.assert_array_equal(decode_coded_image(found.base), decode_coded_image(written.base))


def assert_same_map(one: GainMapFile, other: GainMapFile) -> None:
    """Of the same numbers, with the same pixels."""
    assert one.gain_map is not None and other.gain_map is not None
    assert (one.gain_map.carrier, one.gain_map.metadata) == (other.gain_map.carrier, other.gain_map.metadata)
    codes = decode_coded_image(one.gain_map.image), decode_coded_image(other.gain_map.image)
    np.testing.assert_array_equal(*codes)


def test_what_was_read_is_written_byte_for_byte(container: Container) -> None:
    assert serialized(parsed(photo(container))) == photo(container)
    assert losses(lambda: gm.transcode(photo(container))) == (photo(container), [])


def test_a_file_can_be_given_in_every_way(container: Container, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("files") / "photo"
    path.write_bytes(photo(container))
    expected = gm.decode(photo(container)).pixels
    for source in (path, str(path), io.BytesIO(photo(container)), memoryview(photo(container))):
        np.testing.assert_array_equal(gm.decode(source).pixels, expected)


def test_inspect_tells_all_parts(container: Container) -> None:
    told = gm.inspect(photo(container)).to_dict()
    assert (told["container"], told["orientation"]) == (container, ORIENTATION)
    assert told["gain_map"] is not None and told["warnings"] == []


# From one container to another


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_transcoding_keeps_all_parts(source: Container, target: Container) -> None:
    data, told = losses(lambda: gm.transcode(photo(source), container=target))
    old, new = parsed(photo(source)), parsed(data)
    assert (new.container, new.orientation, new.exif) == (target, ORIENTATION, old.exif)
    if new.base.codec in ("jpeg", old.base.codec):
        assert new.base.icc_profile == old.base.icc_profile
    else:  # code points say the same, and libavif tone-maps no file with a profile
        assert new.base.icc_profile is None and new.base.nclx is not None
        assert new.base.nclx[:2] == (Primaries.DISPLAY_P3, Transfer.SRGB)
    assert b'dc:rights="mine"' in (new.xmp or b"")
    assert old.gain_map is not None and new.gain_map is not None
    assert new.gain_map.metadata == old.gain_map.metadata
    assert (new.gain_map.image.width, new.gain_map.image.height) == (24, 16)
    assert new.payload is not None  # the old one, or, where that has become poorer, a new one
    assert told == []
    for prefer in RENDITIONS:
        assert pq_psnr(pixels(data, prefer), pixels(photo(source), prefer)) > 35


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_unknown_parts_are_kept_or_told_of(source: Container, target: Container) -> None:
    for name, data in with_unknown_parts(source).items():
        written, told = losses(partial(gm.transcode, data, container=target))
        assert UNKNOWN in written or told, name
        if source == target:
            assert UNKNOWN in written, name


# Editing


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotate(container: Container, degrees: int) -> None:
    turned = gm.rotate(photo(container), degrees)
    for prefer in RENDITIONS:
        expected = np.rot90(pixels(photo(container), prefer), -degrees // 90)
        np.testing.assert_allclose(pixels(turned, prefer), expected, rtol=1e-3, atol=1e-4)
    assert_only_turned(photo(container), turned)


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_flip(container: Container, axis: FlipAxis) -> None:
    turned = gm.flip(photo(container), axis)
    for prefer in RENDITIONS:
        expected = np.flip(pixels(photo(container), prefer), 1 if axis == "horizontal" else 0)
        np.testing.assert_allclose(pixels(turned, prefer), expected, rtol=1e-3, atol=1e-4)
    assert_only_turned(photo(container), turned)


def assert_only_turned(before: bytes, after: bytes) -> None:
    old, new = parsed(before), parsed(after)
    assert new.orientation != old.orientation
    assert (new.base_digest, new.payload, new.base.icc_profile) == (old.base_digest, old.payload, old.base.icc_profile)
    assert_same_map(old, new)


def test_four_turns_give_the_same_bytes(container: Container) -> None:
    data = photo(container)
    for _ in range(4):
        data = gm.rotate(data, 90)
    assert data == photo(container)
    assert gm.flip(gm.flip(data, "vertical"), "vertical") == data


def test_crop(container: Container) -> None:
    """Of the upright picture, 64 x 96."""
    cut = gm.crop(photo(container), (5, 8, 59, 90), quality=100, map_quality=100)
    inner = (slice(8, -8), slice(8, -8))  # a neural map sees other surroundings at the edges
    for prefer in RENDITIONS:
        expected = pixels(photo(container), prefer)[8:90, 5:59]
        found = pixels(cut, prefer)
        assert found.shape == expected.shape
        assert pq_psnr(np.ascontiguousarray(found[inner]), np.ascontiguousarray(expected[inner])) > 40
    assert_edited(photo(container), cut)


def test_resize(container: Container) -> None:
    half = gm.resize(photo(container), (32, None), quality=100, map_quality=100)
    for prefer in RENDITIONS:
        whole = pixels(photo(container), prefer)
        expected = whole.reshape(48, 2, 32, 2, 3).mean(axis=(1, 3), dtype=np.float32)
        assert pq_psnr(pixels(half, prefer), expected) > 28
    assert_edited(photo(container), half)


def assert_edited(before: bytes, after: bytes) -> None:
    old, new = parsed(before), parsed(after)
    assert (new.container, new.orientation) == (old.container, old.orientation)
    assert new.base.icc_profile == old.base.icc_profile
    assert b'dc:rights="mine"' in (new.xmp or b"") and new.exif is not None
    assert old.gain_map is not None and new.gain_map is not None
    assert new.gain_map.metadata == old.gain_map.metadata
    assert new.payload is not None  # the old one, or, where that has become poorer, a new one


# Files that are HDR by themselves


SHOWN: dict[str, Callable[[Pixels], Pixels]] = {
    "transcode": lambda pixels: pixels,
    "rotate": lambda pixels: np.rot90(pixels, -1),
    "flip": lambda pixels: pixels[::-1],
    "crop": lambda pixels: pixels[:8, :8],
    "resize": lambda pixels: pixels.reshape(48, 2, 32, 2, 3).mean(axis=(1, 3), dtype=np.float32),
}
"""What verbs make of a picture of 64 x 96."""


@cache
def hdr_photo(container: Container) -> bytes:
    options: dict[str, Any] = {"quality": 98, "map_scale": 1, "map_channels": 3, "map_quality": 95}
    return gm.encode(gm.HdrImage(render_scene(64, 96)), container=container, base="hdr", **options)


@pytest.mark.parametrize("verb", SHOWN)
@pytest.mark.parametrize("container", [name for name in CONTAINERS if ABILITIES[name].is_deep])
def test_a_file_that_is_hdr_by_itself_stays_so(container: Container, verb: str) -> None:
    data = hdr_photo(container)
    new = VERBS[verb](io.BytesIO(data))
    old, told = gm.inspect(data), gm.inspect(new)
    assert (told.container, told.base_is_hdr, told.headroom) == (container, True, old.headroom)
    for headroom in (0.0, 1.0, None):
        found, whole = (gm.decode(each, headroom=headroom).pixels for each in (new, data))
        assert pq_psnr(found, np.ascontiguousarray(SHOWN[verb](whole))) > 30


# Files that break off, and disks that fail


def open_all_ways(data: bytes) -> None:
    """Decode, inspect and turn: a result or one clear `GainMapError`, nothing else."""
    for verb in (gm.decode, gm.inspect, lambda data: gm.rotate(data, 90)):
        try:
            result = verb(data)
        except GainMapError as error:
            assert str(error) and "\n" not in str(error)
        else:
            if not isinstance(result, bytes):
                assert not any("\n" in line for line in result.warnings)
            if isinstance(result, gm.HdrImage):
                assert np.isfinite(result.pixels).all()


def test_a_file_cut_at_any_byte(container: Container) -> None:
    for data in small(container):
        for size in range(0, len(data), 1 if len(data) < 5000 else 997):
            open_parser(data[:size])
            if size % 9 == 0:
                open_all_ways(data[:size])


def open_parser(data: bytes) -> None:
    try:
        file = parse_file(data, "a file", Limits())
    except GainMapError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert not any("\n" in line for line in file.warnings)


WHICH = st.tuples(st.sampled_from(CONTAINERS), st.integers(0, 3))
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=6)
FIELDS = st.sampled_from([b"\0", b"\xff", b"\x7f\xff\xff\xff", bytes(4), b"\0\0\0\1", b"\xff" * 8])


def one_of(which: tuple[Container, int]) -> bytes:
    files = small(which[0])
    return files[which[1] % len(files)]


@settings(max_examples=500)
@given(WHICH, FLIPS)
def test_flipped_bits(which: tuple[Container, int], flips: list[tuple[float, int]]) -> None:
    data = bytearray(one_of(which))
    for part, bit in flips:
        data[int(part * len(data))] ^= 1 << bit
    open_all_ways(bytes(data))


@settings(max_examples=400)
@given(WHICH, st.floats(0, 1), FIELDS | st.binary(min_size=1, max_size=12))
def test_an_overwritten_field(which: tuple[Container, int], part: float, value: bytes) -> None:
    data = one_of(which)
    start = int(part * len(data))
    open_all_ways(data[:start] + value + data[start + len(value) :])


@settings(max_examples=200)
@given(WHICH, st.floats(0, 1), st.floats(0, 1), st.binary(max_size=20))
def test_spliced_files(which: tuple[Container, int], start: float, stop: float, middle: bytes) -> None:
    data = one_of(which)
    open_all_ways(data[: int(start * len(data))] + middle + data[int(stop * len(data)) :])


def test_a_broken_gain_map_never_costs_the_base(container: Container) -> None:
    """A byte of all that is not the base is flipped, one after the other: the base's pixels stay."""
    for data in small(container):
        base = gm.decode(data, prefer="base").pixels
        spoilt = sorted(gain_map_bytes(data))
        assert len(spoilt) > 60
        for position in spoilt[:: max(1, len(spoilt) // 100)]:
            garbled = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
            np.testing.assert_array_equal(gm.decode(garbled, prefer="base").pixels, base)
            gm.decode(garbled)


def test_a_file_cut_behind_its_base_shows_it(container: Container) -> None:
    data = photo(container)
    base = gm.decode(data, prefer="base").pixels
    for size in range(end_of_base(data), len(data), 97):
        np.testing.assert_array_equal(gm.decode(data[:size], prefer="base").pixels, base)


@pytest.mark.parametrize("verb", ["transcode", "rotate", "crop"])
def test_numbers_that_are_read_and_not_written(container: Container, verb: str) -> None:
    """Offsets below 0: the map may be lost, but a broken file is no mistake of the caller's."""
    gain_map = record(container).gain_map
    assert gain_map is not None and isinstance(gain_map.metadata, GainMapMetadata)
    offset = struct.pack(">iI", *gain_map.metadata.channels[0].base_offset)
    data = photo(container).replace(offset, struct.pack(">iI", -1, 64))
    assert data != photo(container)
    assert parsed(VERBS[verb](io.BytesIO(data))).container == container


def end_of_base(data: bytes) -> int:
    """Where the base of a file ends, which begins with it, but for what is told of it."""
    file = parsed(data)
    if file.container == "jpeg":
        return len(file.base.data)
    if file.container != "jxl":
        return max(places_of(data)[1]) + 1
    place, end = 0, 0
    for kind, body in boxes(data):
        place += 8 + len(body)
        end = place if kind in (b"jxlc", b"jxlp") else end
    return end


def gain_map_bytes(data: bytes) -> set[int]:
    """Positions of bytes that belong to no base: behind it, or in the other items of HEIC and AVIF."""
    if parsed(data).container in ("jpeg", "jxl"):
        return set(range(end_of_base(data), len(data)))
    return {byte for item, place in places_of(data).items() if item not in BASE_ITEMS for byte in place}


class FailingFile(io.BytesIO):
    """A file whose n-th read fails."""

    def __init__(self, data: bytes, reads: int) -> None:
        super().__init__(data)
        self._left = reads

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise OSError("the disk is gone")
        return super().read(size)


@pytest.mark.parametrize("verb", [*VERBS.values(), gm.decode, gm.inspect], ids=[*VERBS, "decode", "inspect"])
def test_a_read_that_fails_is_an_oserror(container: Container, verb: Callable[[BinaryIO], object]) -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        verb(FailingFile(photo(container), 0))
    for reads in range(1, 20):
        try:
            verb(FailingFile(photo(container), reads))
            break
        except OSError as error:
            assert str(error) == "the disk is gone"
    else:
        raise AssertionError("a file is read in a few reads")


# Limits


BASE_LIMITS = {"file_bytes": 100, "pixels": 6143}
_HEIF_LIMITS = {"boxes": 5, "items": 1, "links": 1}
OWN_LIMITS: dict[Container, dict[str, int]] = {
    "jpeg": {"segments": 3, "scans": 0},
    "heic": _HEIF_LIMITS,
    "avif": _HEIF_LIMITS,
    "jxl": {"boxes": 5},
}
PART_LIMITS = {"xmp_bytes": 10, "payload_bytes": 10, "weights": 10, "latents": 1}


def test_limits_of_the_base_are_errors(container: Container) -> None:
    for name, most in {**BASE_LIMITS, **OWN_LIMITS[container]}.items():
        for verb in (gm.decode, gm.inspect, gm.transcode):
            with pytest.raises(gm.LimitError, match=rf"raise Limits\.{name} to accept"):
                verb(photo(container), limits=Limits(**{name: most}))


def test_limits_of_other_parts_cost_these_parts(container: Container) -> None:
    for name, most in PART_LIMITS.items():
        image = gm.decode(photo(container), limits=Limits(**{name: most}))
        assert any(f"Limits.{name}" in line for line in image.warnings), name
        assert image.pixels.shape == (96, 64, 3)


def test_a_file_at_its_limits_is_read(container: Container) -> None:
    data = photo(container)
    tight = Limits(pixels=96 * 64, file_bytes=len(data), payload_bytes=len(parsed(data).payload or b""))
    assert gm.decode(data, limits=tight).warnings == ()


# Records that are changed


def test_a_record_without_gain_maps_is_a_plain_picture(container: Container) -> None:
    plain = serialized(replace(record(container), gain_map=None, payload=None))
    found = parsed(plain)
    assert (found.gain_map, found.payload, found.warnings, found.refused) == (None, None, (), ())
    assert gm.decode(plain).rendered_from == "base"
    np.testing.assert_array_equal(pixels(plain, "base"), pixels(photo(container), "base"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_back(container: Container, orientation: int) -> None:
    found = parsed(serialized(replace(record(container), orientation=orientation, exif=gps_exif(orientation))))
    assert (found.orientation, found.exif) == (orientation, gps_exif(orientation))


@pytest.mark.parametrize("verb", ["transcode", "crop", "resize", "encode", "decode"])
def test_errors_of_broken_pixels_name_the_file(
    container: Container, verb: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Decoders know no file; to another container, each verb decodes the base."""

    def broken(image: CodedImage) -> AnyCodes:
        raise FormatError("a picture", "expected a whole one, got none")

    monkeypatch.setattr(opening, "decode_coded_image", broken)
    path = tmp_path / "photo"
    path.write_bytes(photo(container))
    other: Container = "jpeg" if container == "avif" else "avif"
    verbs: dict[str, Callable[[Any], object]] = {
        **VERBS,
        "decode": gm.decode,
        "transcode": partial(gm.transcode, container=other),
    }
    with pytest.raises(FormatError, match=f"^{re.escape(str(path))}: a picture: expected a whole one, got none$"):
        verbs[verb](path)


@pytest.mark.parametrize("carry", ["standard", "both", "apple"])
def test_a_broken_map_is_told_of_once(carry: Carry, monkeypatch: pytest.MonkeyPatch) -> None:
    """By verbs that try it for the new map, and again for the rendition that another is made of."""

    def broken(image: CodedImage) -> AnyCodes:
        if image.width < parsed(photo("jpeg")).base.width:
            raise FormatError("a picture", "expected a whole one, got none")
        return decode_coded_image(image)

    for module in (opening, recoding):
        monkeypatch.setattr(module, "decode_coded_image", broken)
    options = TranscodeOptions(container="heic", carry=carry, quality=90)
    told = [line for line in transcode_with_report(photo("jpeg"), options).warnings if "a picture: expected" in line]
    assert told == ["the standard gain map cannot be used: a picture: expected a whole one, got none"]
