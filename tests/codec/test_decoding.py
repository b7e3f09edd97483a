"""One chooser: which rendition is taken, and what is told of those that are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gainmap_codec.codec.decoding import Render, best_rendition, decode_with_notes, preference
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import DecodeOptions, Prefer
from gainmap_codec.errors import FormatError, GainMapWarning, LimitError, Limits
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.saving import EXTENSIONS
from gainmap_codec.pixels.hdr_image import HdrImage, RenderedFrom
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.scene import render_scene
from support import pipeline_files as files
from support.paths import FIXTURES


@pytest.fixture(scope="module")
def opened() -> OpenedFile:
    return open_file(files.both(), "both", Limits())


@pytest.mark.parametrize(
    ("prefer", "order"),
    [
        ("neural", ["neural", "standard", "base"]),
        ("standard", ["standard", "neural", "base"]),
        ("base", ["base"]),
    ],
)
def test_the_order_of_renditions(opened: OpenedFile, prefer: Prefer, order: list[RenderedFrom]) -> None:
    assert preference(opened, prefer) == order


def broken(*kinds: RenderedFrom) -> Render[str]:
    """A renderer that cannot make some of the renditions."""

    def render(opened: OpenedFile, kind: RenderedFrom, options: DecodeOptions) -> str:
        if kind in kinds:
            raise FormatError(kind, "expected pixels, got none")
        return f"pixels of the {kind}"

    return render


def test_what_cannot_be_had_gives_way_to_the_next(opened: OpenedFile) -> None:
    found = best_rendition(opened, DecodeOptions(prefer="neural"), broken("neural", "standard"))
    assert (found.kind, found.pixels) == ("base", "pixels of the base")
    assert found.refusals == (
        "the neural gain map cannot be used: neural: expected pixels, got none",
        "the standard gain map cannot be used: standard: expected pixels, got none",
    )


def test_a_broken_base_is_an_error(opened: OpenedFile) -> None:
    with pytest.raises(FormatError):
        best_rendition(opened, DecodeOptions(prefer="base"), broken("base"))


def test_a_spare_map_steps_in() -> None:
    data = (FIXTURES / "invalid/tmap-broken-map-apple-spare.heic").read_bytes()
    opened = open_file(data, "spare", Limits())
    image = decode_with_notes(data, DecodeOptions())
    assert opened.file.spare_gain_map is not None and image.rendered_from == "standard"
    assert any("cannot be used" in line for line in image.warnings)


def test_what_was_asked_for_and_is_missing_is_told() -> None:
    image = decode_with_notes(FIXTURES / "jpeg/standard.jpg", DecodeOptions(prefer="neural"))
    assert image.warnings == ("no usable neural gain map: made from the standard gain map",)


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_what_is_saved_can_be_opened(suffix: str, tmp_path: Path) -> None:
    image = HdrImage(render_scene(96, 64))
    image.save(tmp_path / f"it{suffix}")
    found = HdrImage.open(tmp_path / f"it{suffix}")
    assert pq_psnr(found.convert("bt2020").pixels, image.pixels) > 34
    assert found.rendered_from == (None if suffix in (".exr", ".png", ".tiff", ".tif", ".hdr", ".npy") else "base")


@pytest.mark.parametrize("path", ["jpeg/standard.jpg", "jpeg/both.jpg"])
def test_gain_map_files_are_opened_as_they_are_decoded(path: str) -> None:
    opened, decoded = HdrImage.open(FIXTURES / path), decode_with_notes(FIXTURES / path, DecodeOptions())
    np.testing.assert_array_equal(opened.pixels, decoded.pixels)
    assert replace(opened, pixels=decoded.pixels).__dict__ == decoded.__dict__


def test_what_is_odd_about_an_opened_file_is_told_once() -> None:
    with pytest.warns(GainMapWarning) as told:
        image = HdrImage.open(FIXTURES / "invalid/tmap-broken-map-apple-spare.heic")
    assert [str(each.message) for each in told] == list(image.warnings)


def test_an_opened_picture_is_upright(tmp_path: Path) -> None:
    pixels = np.full((4, 6, 3), 2, np.float32)
    exif = with_orientation(None, 6, [])
    HdrImage(pixels, metadata=PictureMetadata(exif=exif)).save(tmp_path / "turned.png")
    found = HdrImage.open(tmp_path / "turned.png")
    assert found.pixels.shape == (6, 4, 3)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"expected a picture in OpenEXR, .* got one that begins with b'GIF8"):
        HdrImage.open(b"GIF89a" + bytes(30))
    HdrImage(np.ones((4, 4, 3), np.float32)).save(tmp_path / "it.exr")
    with pytest.raises(LimitError, match="pixels: expected at most 15, got 16"):
        HdrImage.open(tmp_path / "it.exr", limits=Limits(pixels=15))
