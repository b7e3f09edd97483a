"""Containers told apart, by bytes and by names; the digest of a base that is not in a file yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.container import (
    check_name,
    digest_of,
    may_have_gain_map,
    named_for,
    parse_file,
    serialize_file,
    sniff,
)
from gainmap_codec.files.records import GainMapFile
from support.paths import FIXTURES

FILES = sorted(path for folder in ("jpeg", "heif", "flat") for path in (FIXTURES / folder).iterdir())
PICTURES = [path for path in FILES if path.suffix in (".jpg", ".heic", ".avif")]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\xff\xd8\0", None),
        (b"\0\0\0\x20ftypheic", "heif"),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_kind(data: bytes, kind: str | None) -> None:
    assert sniff(data) == kind
    assert may_have_gain_map(data) == (kind is not None)


def test_other_files_are_named_in_the_message() -> None:
    expected = r"photo.png: expected a JPEG, HEIC or AVIF file, got one that begins with b'\\x89PNG'"
    with pytest.raises(FormatError, match=expected):
        parse_file(b"\x89PNG\r\n", "photo.png", Limits())


def test_messages_name_the_file_and_the_place_in_it() -> None:
    with pytest.raises(FormatError, match=r"photo\.jpg: JPEG at byte 2: ") as caught:
        parse_file(b"\xff\xd8\xff", "photo.jpg", Limits())
    assert caught.value.offset == 2


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_base_has_the_digest_of_the_files_that_hold_it(path: Path) -> None:
    try:
        file = parse_file(path.read_bytes(), path.name, Limits())
    except GainMapError:
        pytest.skip("a base that is not read")
    assert digest_of(file.base) == file.base_digest
    alone = GainMapFile(file.container, replace(file.base), b"")
    assert parse_file(serialize_file(alone, []), "alone", Limits()).base_digest == file.base_digest


def test_losses_in_writing_become_notes() -> None:
    file = parse_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a photo", Limits())
    notes: list[str] = []
    assert serialize_file(replace(file, xmp=b"<broken"), notes)
    assert len(notes) == 1 and notes[0].startswith("the XMP packet given is left out: ")


def test_names_follow_the_container() -> None:
    assert named_for("a/photo.png", "avif") == "a/photo.avif"
    assert named_for("photo.JPEG", "jpeg") == "photo.JPEG"
    assert named_for("photo.png", None) == "photo.png"
    check_name("photo.HEIF", "heic")
    with pytest.raises(ValueError, match=r"photo.jpg: expected a name that ends in \.heic, .*\.heifs for HEIC"):
        check_name("photo.jpg", "heic")
