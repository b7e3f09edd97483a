"""The parts of a file: every byte once, and each under its name."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.structure import Section, sections_of
from support.paths import FIXTURES

FILES = sorted(path for path in FIXTURES.glob("*/*") if path.suffix in (".jpg", ".heic", ".avif", ".jxl"))


def parts(data: bytes) -> tuple[Section, ...]:
    return sections_of(data, parse_file(data, "", Limits()), Limits())


def test_every_byte_is_named_once() -> None:
    read = 0
    for path in FILES:
        data = path.read_bytes()
        try:
            found = parts(data)
        except GainMapError:
            continue  # what cannot be parsed has no parts
        read += 1
        assert (found[0].start, found[-1].stop) == (0, len(data)), path
        assert all(one.stop == behind.start for one, behind in pairwise(found)), path
    assert read > 70


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("jpeg/both.jpg", {"standard gain map": 908, "base image": 700}),
        ("heif/payload.avif", {"standard gain map": 38, "ISO 21496-1 metadata": 62}),
        (
            "jxl/both.jxl",
            {"base image": 709, "standard gain map": 592, "neural gain map": 271, "kind of file (ftyp)": 20},
        ),
        ("heif/apple-auxiliary.heic", {"standard gain map": 129, "XMP": 314, "kind of file (ftyp)": 28}),
    ],
)
def test_names(name: str, wanted: dict[str, int]) -> None:
    sums: Counter[str] = Counter()
    for part in parts((FIXTURES / name).read_bytes()):
        sums[part.name] += part.stop - part.start
    assert {key: sums[key] for key in wanted} == wanted


def test_parts_are_where_they_are_said_to_be() -> None:
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    found = {part.name: data[part.start : part.stop] for part in parts(data)}
    assert found["standard gain map"].startswith(b"\xff\xd8") and found["standard gain map"].endswith(b"\xff\xd9")
    segment = found["neural gain map"]
    assert segment.startswith(b"\xff\xeb") and len(segment) == 2 + int.from_bytes(segment[2:4], "big")
    assert b"gainmap-nn" in segment
    assert found["XMP"].startswith(b"\xff\xe1") and b"x:xmpmeta" in found["XMP"]


def test_bytes_behind_the_pictures() -> None:
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    assert parts(data + b"video")[-1] == Section(len(data), len(data) + 5, "other bytes")
