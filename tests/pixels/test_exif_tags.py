"""EXIF of dictionaries: what piexif, Pillow and exiftool read of it is what was asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import piexif
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.exif_tags import exif_bytes
from gainmap_codec.pixels.scene import render_scene

NAMED = {
    "Artist": "Zoë",
    "Orientation": 3,
    "DateTimeOriginal": "2026:11:29 10:00:00",
    "FNumber": 2.8,
    "ExposureTime": 1 / 250,
    "ISOSpeedRatings": 200,
    "UserComment": "at home",
    "GPSLatitudeRef": "N",
    "GPSLatitude": (48, 12, 30.5),
}


def tags_of(exif: Any) -> dict[str, dict[int, Any]]:
    found: dict[str, dict[int, Any]] = piexif.load(b"Exif\0\0" + (exif_bytes(exif) or b""))
    return found


def one(tag: str, value: Any) -> Any:
    """What piexif reads of one tag that was asked for."""
    tags = tags_of({tag: value})
    (found,) = [
        value
        for directory in ("0th", "Exif", "GPS", "Interop")
        for number, value in tags[directory].items()
        if piexif.TAGS[directory][number]["name"] == tag
    ]
    return found


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        ("Artist", "Zoë", "Zoë".encode()),
        ("Artist", b"Zo\xeb", b"Zo\xeb"),
        ("Orientation", np.uint8(6), 6),
        ("BitsPerSample", [8, 8, 8], (8, 8, 8)),
        ("FNumber", 2.8, (14, 5)),
        ("FNumber", Decimal("1.7"), (17, 10)),
        ("FNumber", (28, 10), (28, 10)),
        ("ExposureTime", Fraction(1, 8000), (1, 8000)),
        ("ExposureTime", 3000000000, (3000000000, 1)),
        ("SubjectDistance", 40000.123456789, (2_000_006_173, 50_000)),
        ("ExposureBiasValue", -0.5, (-1, 2)),
        ("LensSpecification", (24, 70, 2.8, (4, 1)), ((24, 1), (70, 1), (14, 5), (4, 1))),
        ("GPSLatitude", [[48, 1], [12, 1], [30, 1]], ((48, 1), (12, 1), (30, 1))),
        ("GPSVersionID", (2, 3, 0, 0), (2, 3, 0, 0)),
        ("SceneType", 1, b"\x01"),  # as piexif.load gives it, and piexif.dump refuses it
        ("ExifVersion", "0232", b"0232"),
        ("UserComment", "at home", b"ASCII\0\0\0at home"),
        ("UserComment", "ü", b"UNICODE\0\0\xfc"),
        ("XPTitle", "ü", (0xFC, 0, 0, 0)),
        ("InteroperabilityIndex", "R98", b"R98"),
    ],
)
def test_values(tag: str, value: Any, expected: Any) -> None:
    found = one(tag, value)
    if tag == "SubjectDistance":
        assert found[0] / found[1] == pytest.approx(value, rel=1e-9)
    else:
        assert found == expected


def test_directories() -> None:
    picture, camera, place = {315: "me"}, {"FNumber": (28, 10), 33434: (1, 60)}, {piexif.GPSIFD.GPSLatitudeRef: "N"}
    tags = tags_of({"0th": picture, "Exif": camera, "GPS": place, "1st": {}, "thumbnail": None})
    assert tags["0th"][315] == b"me" and tags["GPS"] == {1: b"N"}
    assert tags["Exif"] == {33437: (28, 10), 33434: (1, 60)}
    assert tags_of({"Exif": camera, "Artist": "me"})["0th"][315] == b"me"


def test_what_piexif_loads_comes_back() -> None:
    small = BytesIO()
    Image.new("RGB", (16, 8), "red").save(small, "JPEG")
    loaded = tags_of({**NAMED, "SceneType": 1, "1st": {259: 6}, "thumbnail": small.getvalue()})
    assert tags_of(loaded) == loaded
    assert loaded["thumbnail"][:2] == b"\xff\xd8"  # type: ignore[index]


def test_bytes_and_nothing() -> None:
    exif = exif_bytes({"Artist": "me"})
    assert exif is not None and exif[:4] == b"MM\0*"
    assert exif_bytes(exif) == exif_bytes(b"Exif\0\0" + exif) == exif
    assert exif_bytes(None) is None
    assert exif_bytes(b"") == exif_bytes({}) == exif_bytes({"0th": {}}) == exif_bytes(Image.Exif()) == b""


def test_exif_of_pillow() -> None:
    exif = Image.Exif()
    exif[315] = "me"
    assert tags_of(exif)["0th"] == {315: b"me"}


@pytest.mark.parametrize(
    ("exif", "message"),
    [
        ({"Artsit": "me"}, "exif: expected the name or number of a tag in EXIF, got 'Artsit'"),
        ({"GPS": {"Artist": "me"}}, "exif: expected the name or number of a tag in GPS, got 'Artist'"),
        ({"0th": 5}, "exif: 0th: expected a dictionary of tags, got 5"),
        ({"Artist": 5}, "exif: Artist: expected text, got 5"),
        ({"Artist": None}, "exif: Artist: expected text, got None"),
        ({"0th": {274: "6"}}, "exif: Orientation: expected a whole number, or several, got '6'"),
        ({"Orientation": 70000}, "exif: Orientation: expected a whole number, or several, got 70000"),
        ({"Orientation": b"6"}, "exif: Orientation: expected a whole number, or several, got b'6'"),
        ({"FNumber": float("nan")}, "exif: FNumber: expected numbers >= 0, or pairs of whole ones, got nan"),
        ({"FNumber": -1}, "exif: FNumber: expected numbers >= 0, or pairs of whole ones, got -1"),
        ({"FNumber": (1, 2, "3")}, "exif: FNumber: expected numbers >= 0, or pairs of whole ones, got (1, 2, '3')"),
        ({"ExposureBiasValue": "1/3"}, "exif: ExposureBiasValue: expected numbers, or pairs of whole ones, got '1/3'"),
        ({"MakerNote": [300]}, "exif: MakerNote: expected bytes, got [300]"),
        ({"thumbnail": b"GIF89a"}, "exif: 1st and thumbnail: expected a JPEG of at most 64 kB, and its tags"),
    ],
)
def test_errors_name_the_tag(exif: dict[Any, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        gm.encode(render_scene(16, 16), carry="standard", exif=exif)
    assert str(caught.value) == message


def test_something_else() -> None:
    with pytest.raises(TypeError, match="exif: expected bytes or a dictionary, got str"):
        gm.encode(render_scene(16, 16), carry="standard", exif="Artist")  # type: ignore[arg-type]


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
def test_encoded_files(container: Container, tmp_path: Path) -> None:
    photo = tmp_path / f"photo.{container}"
    photo.write_bytes(gm.encode(render_scene(48, 32), container=container, carry="standard", exif=NAMED))
    if container == "jpeg":
        with Image.open(photo) as image:
            exif = image.getexif()
        assert (exif[315].encode("latin-1").decode(), exif[274]) == ("Zoë", 3)  # Pillow takes it for Latin-1
        assert exif.get_ifd(34665)[33437] == pytest.approx(2.8)
        assert exif.get_ifd(34853)[2] == (48.0, 12.0, 30.5)
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    done = subprocess.run(["exiftool", "-json", "-n", photo], capture_output=True, check=True, timeout=60)
    (told,) = json.loads(done.stdout)
    assert (told["Artist"], told["FNumber"], told["ExposureTime"], told["ISO"]) == ("Zoë", 2.8, 0.004, 200)
    assert (told["DateTimeOriginal"], told["UserComment"]) == ("2026:11:29 10:00:00", "at home")
    assert told["GPSLatitude"] == pytest.approx(48 + 12 / 60 + 30.5 / 3600)


def test_numbers_of_numpy_are_numbers() -> None:
    of_numpy = {
        "FNumber": np.float32(2.5),
        "ISOSpeedRatings": np.uint16(200),
        "GPSLatitude": np.array([48, 12, 30.5]),
    }
    plain = {"FNumber": 2.5, "ISOSpeedRatings": 200, "GPSLatitude": (48, 12, 30.5)}
    assert tags_of(of_numpy) == tags_of(plain)
