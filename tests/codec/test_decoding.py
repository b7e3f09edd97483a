"""One chooser: which rendition is taken, and what is told of those that are not."""

from __future__ import annotations

import pytest

from gainmap_codec.codec.decoding import Render, best_rendition, decode_with_notes, preference
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import DecodeOptions, Prefer
from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.pixels.hdr_image import RenderedFrom
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
