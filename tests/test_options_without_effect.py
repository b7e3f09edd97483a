"""Options are obeyed, refused, or said to change nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.edit.recoding import chroma_like
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.pixels.formats.coded_image import Chroma
from support.paths import FIXTURES

BASE = FIXTURES / "jpeg/base-16x16.jpg"
PHOTO = FIXTURES / "jpeg/both.jpg"
HDR = np.full((16, 16, 3), 2, np.float32)


KEPT = "the neural gain map is kept (encode makes a new one)"
NO_FIT = [
    ({"target_bytes": 500}, f"target_bytes changes nothing: {KEPT}"),
    ({"preset": "tiny"}, f"preset changes nothing: {KEPT}"),
    ({"effort": 9}, f"effort changes nothing: {KEPT}"),
    (
        {"preset": "best", "carry": "standard", "target_bytes": 500, "effort": 1},
        "preset, target_bytes and effort change nothing: no new neural gain map is made",
    ),
]


@pytest.mark.parametrize(("options", "line"), NO_FIT)
def test_options_of_a_neural_map_that_is_not_made(options: dict[str, object], line: str) -> None:
    assert lines_about_nothing(lambda: gm.transcode(PHOTO, **options)) == [line]  # type: ignore[arg-type]


def test_options_of_a_map_that_encode_does_not_make() -> None:
    made = lines_about_nothing(lambda: gm.encode(HDR, carry="standard", preset="tiny"))
    assert made == ["preset changes nothing: no neural gain map is made"]
    made = lines_about_nothing(lambda: gm.encode(HDR, carry="neural", preset="tiny", map_scale=2, map_bits=8))
    assert made == ["map_scale and map_bits change nothing: no standard gain map is made"]


def test_options_of_a_standard_map_that_is_not_there() -> None:
    made = lines_about_nothing(lambda: gm.transcode(PHOTO, carry="neural", map_quality=80))
    assert made == ["map_quality changes nothing: there is no standard gain map"]


def lines_about_nothing(call: Callable[[], object]) -> list[str]:
    """What is told of options that change nothing."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    return [line for each in told if "nothing" in (line := str(each.message))]


@pytest.mark.parametrize("chroma", ["4:2:0", "4:4:4"])
def test_jpeg_xl_says_that_its_chroma_is_whole(chroma: Chroma) -> None:
    """Also where a size in bytes or a preset, for other containers, would have it at half the size."""
    line = "the base has chroma in 4:4:4 instead of 4:2:0: in JPEG XL, we code no other"
    expected = [line] * 3 if chroma == "4:2:0" else []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gm.encode(HDR, carry="standard", container="jxl", base_chroma=chroma)
        gm.transcode(PHOTO, container="jxl", chroma=chroma)
        gm.resize(PHOTO, size=(8, None), container="jxl", chroma=chroma)
        gm.transcode(PHOTO, container="jxl", preset="web", carry="standard")
        gm.transcode(PHOTO, container="heic", chroma=chroma)
    assert [text for each in told if "chroma" in (text := str(each.message))] == expected


def test_a_target_goes_with_a_neural_map() -> None:
    with pytest.raises(ValueError, match="carry: expected neural or both beside target_bytes, a neural map's"):
        gm.encode(HDR, carry="standard", target_bytes=500)


def test_an_effort_goes_with_a_neural_map() -> None:
    with pytest.raises(ValueError, match="carry: expected neural or both beside effort 9, of a fit, got standard"):
        gm.encode(HDR, carry="standard", effort=9)


@pytest.mark.parametrize("make", [gm.encode, gm.transcode])
def test_published_networks_are_fitted_as_published(make: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError, match="effort: expected 5 for paper-gain, fitted as it was published, got 1"):
        make(PHOTO, preset="paper-gain", effort=1)


def test_chroma_of_a_base_that_could_stay_is_obeyed() -> None:
    kept = gm.encode(HDR, sdr=BASE, carry="standard")
    chroma = chroma_like(parse_file(kept, "it", Limits()).base)
    wanted: Chroma = "4:4:4" if chroma == "4:2:0" else "4:2:0"
    new = gm.encode(HDR, sdr=BASE, carry="standard", base_chroma=wanted)
    assert chroma_like(parse_file(new, "it", Limits()).base) == wanted


def test_colour_space_of_a_base_that_is_given() -> None:
    with pytest.warns(gm.GainMapWarning, match="base_color_space changes nothing"):
        gm.encode(HDR, sdr=BASE, carry="standard", base_color_space="display-p3")


def test_color_space_of_what_has_its_own(tmp_path: Path) -> None:
    arguments = ["decode", str(PHOTO), "-o", str(tmp_path / "it.png"), "--color-space", "srgb"]
    result = CliRunner().invoke(gainmap, arguments)
    assert result.exit_code == 2 and "expected an OpenEXR file to write beside it, got .png" in result.output


def test_hlg_of_what_is_not_written_in_it(tmp_path: Path) -> None:
    arguments = ["decode", str(PHOTO), "-o", str(tmp_path / "it.exr"), "--transfer", "hlg"]
    result = CliRunner().invoke(gainmap, arguments)
    assert result.exit_code == 2 and "AVIF, HEIC or JPEG XL file to write beside hlg, got .exr" in result.output


def test_fit_takes_one_number() -> None:
    new = parse_file(gm.resize(gm.encode(HDR, sdr=BASE, carry="standard"), fit=8, quality=50), "it", Limits()).base
    assert (new.width, new.height) == (8, 8)
