"""EXIF and XMP of pictures that Pillow writes, without their HDR."""

from __future__ import annotations

import io
import warnings

import piexif
import pillow_heif
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.xmp_segments import joined_xmp
from gainmap_codec.pillow.metadata import writer_options
from support import pipeline_files as files
from support.xmp_packets import packet


def opened() -> Image.Image:
    """A photo that was drawn on, so that its HDR goes, whatever the format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = pillow.open(files.made(standard=True, orientation=6))
    del image.info["gainmap_codec"]
    return image


def written(image: Image.Image, format: str, **options: str) -> dict[str, bytes]:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.HdrLostWarning)
        pillow.save(image, stream, format=format, **options)  # type: ignore[arg-type]
    heif = pillow_heif.open_heif(stream) if format == "HEIF" else Image.open(stream)
    return dict(heif.info) | ({"exif": heif.getexif().tobytes()} if format == "TIFF" else {})  # type: ignore[union-attr]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
def test_exif_and_xmp_are_written(format: str) -> None:
    info = written(opened(), format)
    tags = piexif.load(b"Exif\0\0" + info["exif"].removeprefix(b"Exif\0\0"))
    assert tags["0th"].get(piexif.ImageIFD.Orientation, 1) == 1  # in AVIF Pillow says it by irot
    assert tags["GPS"][piexif.GPSIFD.GPSLatitudeRef] == b"N"
    assert b'dc:rights="mine"' in info["xmp"] and b"hdr-gain-map" not in info["xmp"]


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_places_are_stripped_of_both(format: str) -> None:
    info = written(opened(), format, strip="gps")
    assert files.LATITUDE not in info["exif"] and b"GPS" not in info["xmp"] and b"mine" in info["xmp"]
    assert {"exif", "xmp"}.isdisjoint(written(opened(), format, strip="all"))


def test_formats_without_a_place_say_so() -> None:
    with pytest.warns(gm.GainMapWarning) as told:
        written(opened(), "BMP")
    lines = [str(warning.message) for warning in told]
    assert lines == [f"{name} is not kept: BMP has no place for it" for name in ("EXIF", "XMP")]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("exif", "EXIF of 70000 bytes does not fit a JPEG: only its orientation is written"),
        ("xmp", "XMP is left out: XMP packet: expected well-formed XML, got an error"),
    ],
)
def test_what_is_too_long_for_a_jpeg_does_not_cost_the_picture(name: str, line: str) -> None:
    image = opened()
    image.info[name] = bytes(70_000)
    notes: list[str] = []
    assert len(writer_options(image, "JPEG", notes).get(name, b"")) < 100
    assert notes[0].startswith(line)
    with pytest.warns(gm.GainMapWarning, match=line):
        written(image, "JPEG")


def test_long_xmp_goes_on_in_an_extension() -> None:
    image = opened()
    image.info["xmp"] = packet(f'dc:a="{"x" * 70_000}"')
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.HdrLostWarning)
        pillow.save(image, stream, format="JPEG")
    file = parse_file(stream.getvalue(), "file", Limits())
    assert b"x" * 70_000 in (joined_xmp(file.xmp, file.base) or b"")
