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
from gainmap_codec.pillow.metadata import writer_options
from support import pipeline_files as files


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


@pytest.mark.parametrize("name", ["exif", "xmp"])
def test_what_is_too_long_for_a_jpeg_does_not_cost_the_picture(name: str) -> None:
    image = opened()
    image.info[name] = bytes(70_000)
    notes: list[str] = []
    assert name not in writer_options(image, "JPEG", notes)
    assert notes[0].startswith(f"{name.upper()} is not kept: expected at most 65") and notes[0].endswith("got 70000")
    with pytest.warns(gm.GainMapWarning, match="is not kept"):
        assert name not in written(image, "JPEG")
