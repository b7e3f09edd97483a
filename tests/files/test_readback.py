"""A written file must say what its record says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.readback import read_back
from gainmap_codec.files.records import Fraction, GainMapFile, GainMapMetadata
from support.paths import FIXTURES
from support.xmp_packets import packet


def record(name: str) -> GainMapFile:
    return parse_file((FIXTURES / name).read_bytes(), name, Limits())


FILES = sorted(path for folder in ("jpeg", "heif", "jxl") for path in FIXTURES.glob(f"{folder}/*.*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_written_of_a_fixture_is_read_back(path: object) -> None:
    file = record(str(path))
    assert read_back(serialize_file(file, []), file).base_digest == file.base_digest


def other_numbers(file: GainMapFile) -> GainMapFile:
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    numbers = replace(file.gain_map.metadata, alternate_hdr_headroom=Fraction(7, 3))
    return replace(file, gain_map=replace(file.gain_map, metadata=numbers))


CHANGES: dict[str, Callable[[GainMapFile], GainMapFile]] = {
    "the container": lambda file: replace(file, container="heic"),
    "a base of": lambda file: replace(file, base=replace(file.base, width=file.base.width + 1)),
    "a base of the digest": lambda file: replace(file, base=record("heif/base-10-bit.avif").base),
    "the base's ICC profile": lambda file: replace(file, base=replace(file.base, icc_profile=b"a profile")),
    "the base's code points": lambda file: replace(file, base=replace(file.base, nclx=Nclx(9, 16, 9, True))),
    "the orientation": lambda file: replace(file, orientation=6),
    "the neural gain map": lambda file: replace(file, payload=b"another"),
    "EXIF": lambda file: replace(file, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "some XMP": lambda file: replace(file, xmp=packet('dc:a="1"')),
    "a gain map": lambda file: replace(file, gain_map=record("heif/tmap.avif").gain_map),
    "the gain map's numbers": other_numbers,
}
WRITTEN_OF = {"a gain map": "heif/base-16x16.avif", "the gain map's numbers": "heif/tmap.avif"}


@pytest.mark.parametrize("what", CHANGES)
def test_what_differs_is_told(what: str) -> None:
    file = record(WRITTEN_OF.get(what, "heif/payload.avif"))
    changed = CHANGES[what](file)
    if what == "a base of the digest":
        changed = replace(changed, base=replace(changed.base, width=file.base.width, height=file.base.height, bits=8))
    with pytest.raises(UnsupportedError, match=rf"the new file: expected {what}.*, got "):
        read_back(serialize_file(file, []), changed)


def test_what_cannot_be_read_is_told() -> None:
    file = record("jpeg/both.jpg")
    with pytest.raises(UnsupportedError, match=r"the new file: .* what was written cannot be read again"):
        read_back(serialize_file(file, [])[:60], file)


def test_a_map_that_the_record_leaves_out_may_be_there() -> None:
    """One over the caller's limits is carried as it is."""
    file = record("heif/tmap.avif")
    assert read_back(serialize_file(file, []), replace(file, gain_map=None)).gain_map == file.gain_map


@pytest.mark.parametrize(
    "claims",
    [
        'xmlns:c="http://ns.google.com/photos/1.0/camera/" c:MotionPhoto="1" c:MotionPhotoVersion="1"',
        f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{"A" * 32}"',
        'hdrgm:Version="1.0"',
    ],
)
def test_xmp_that_names_only_what_is_gone_may_go(claims: str) -> None:
    file = replace(record("jpeg/base-16x16.jpg"), xmp=packet(claims))
    assert read_back(serialize_file(replace(file, xmp=None), []), file).xmp is None


def test_zeros_between_other_parts_may_go() -> None:
    """What only fills a gap is no part; how many parts are told apart depends on limits."""
    data = (FIXTURES / "jpeg/base-16x16.jpg").read_bytes()
    file = parse_file(data + b"one" + bytes(9) + b"two", "it", Limits())
    assert read_back(data + b"onetwo", file).others[0].data == b"onetwo"
