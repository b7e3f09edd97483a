"""Who shows a file in HDR: the rules agree with their table in the docs, and with what libultrahdr does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import imagecodecs
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_source
from gainmap_codec.codec.shown_by import READERS, RULES, shown_by
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.sources import photos_in
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES, ROOT

SCENE = gm.HdrImage(render_scene(width=72, height=64))
LARGEST = 1 << 20
"""Bytes of the files that are compared; larger ones are photos of 12 megapixels, whose kinds smaller ones have too."""


def verdicts(source: Path | bytes) -> dict[str, str]:
    return {verdict.reader: verdict.shows for verdict in gm.inspect(source).shown_by}


def encoded(container: Container) -> bytes:
    return gm.encode(SCENE, carry="standard", container=container)


def test_the_table_of_the_docs_is_that_of_the_rules() -> None:
    text = (ROOT / "docs/supported.md").read_text("utf-8").partition("## Who shows it in HDR")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    expected = [
        ["all" if rule.readers == READERS else ", ".join(rule.readers), rule.case, rule.shows, rule.reason]
        for rule in RULES
    ]
    assert [row[:4] for row in rows[2:]] == expected
    assert all(row[4] for row in rows[2:])
    for name in re.findall(r"(?<!\()\[([^]]+)\](?![(:])", text):
        assert f"\n[{name}]: https://" in text, name


def test_every_reader_has_a_verdict_whatever_the_file() -> None:
    """And a reason of one short line."""
    for path in photos_in(FIXTURES):
        try:
            found = shown_by(open_source(path, Limits()))
        except GainMapError:
            continue
        assert [verdict.reader for verdict in found] == list(READERS)
        assert all(0 < len(verdict.reason) <= 75 for verdict in found)


def test_libultrahdr_does_as_the_rules_say(data_dir: Path) -> None:
    """It opens a file, or refuses it; "partly" is of a later version than the one that Python has."""
    compared = 0
    for path in photos_in(data_dir):
        data = path.read_bytes()
        if len(data) > LARGEST:
            continue
        try:
            imagecodecs.ultrahdr_decode(data)
            opens = True
        except RuntimeError:
            opens = False
        try:
            says = verdicts(data)["libultrahdr"] == "yes"
        except gm.FormatError:
            says = False
        assert opens == says, path.name
        compared += 1
    assert compared > 50


def test_our_files() -> None:
    assert set(verdicts(encoded("jpeg")).values()) == {"yes"}
    assert verdicts(encoded("avif")) == {
        "Chrome": "yes",
        "Android": "not known",
        "Safari": "yes",
        "iPhone": "yes",
        "Photoshop and Lightroom": "yes",
        "libultrahdr": "partly",
    }
    assert verdicts(encoded("heic"))["Chrome"] == "no"


def test_a_neural_map_alone_is_shown_by_nobody_else() -> None:
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    alone = serialize_file(replace(parse_file(data, "it", Limits()), gain_map=None), [])
    info = gm.inspect(alone)
    assert info.hdr_from == "neural"
    assert {(verdict.shows, verdict.reason) for verdict in info.shown_by} == {
        ("no", "only gainmap-codec reads its neural gain map")
    }


def test_an_hdr_picture_is_shown_without_a_map() -> None:
    found = verdicts(FIXTURES / "heif/base-10-bit.avif")
    assert (found["Chrome"], found["Safari"], found["libultrahdr"]) == ("yes", "yes", "no")


def test_a_deep_avif_needs_a_deep_map_in_chrome() -> None:
    file = parse_file(encoded("avif"), "it", Limits())
    opened = open_source(encoded("avif"), Limits())
    deep = replace(opened, file=replace(file, base=replace(file.base, bits=10)))
    assert shown_by(deep)[0].shows == "no"


@pytest.mark.parametrize(
    ("file", "reader", "reason"),
    [
        ("jpeg/apple-xmp.jpg", "Android", "does not read maps of this kind"),
        ("heif/adobe-auxiliary.avif", "Chrome", "reads ISO 21496-1 maps alone"),
        ("invalid/map-12-bit.jpg", "Safari", "the gain map cannot be used"),
        ("jpeg/base-16x16.jpg", "iPhone", "no HDR in the file"),
    ],
)
def test_reasons(file: str, reader: str, reason: str) -> None:
    (found,) = (verdict for verdict in gm.inspect(FIXTURES / file).shown_by if verdict.reader == reader)
    assert found.shows == "no" and reason in found.reason


def test_what_the_words_advise_helps() -> None:
    """A JPEG with gain maps of both kinds is shown by all."""
    for file in ("heif/tmap.heic", "jpeg/apple-xmp.jpg"):
        assert set(verdicts(gm.transcode(FIXTURES / file, container="jpeg")).values()) == {"yes"}
