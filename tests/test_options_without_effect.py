"""Options are obeyed, refused, or said to change nothing."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    "options", [{"target_bytes": 500}, {"preset": "tiny"}, {"effort": 9}, {"preset": "best", "carry": "standard"}]
)
def test_options_of_a_neural_map_that_is_not_made(options: dict[str, object]) -> None:
    with pytest.warns(gm.GainMapWarning, match="preset, target_bytes, effort. change nothing: none is made"):
        gm.transcode(PHOTO, **options)  # type: ignore[arg-type]


def test_a_target_goes_with_a_neural_map() -> None:
    with pytest.raises(ValueError, match="carry: expected neural or both beside a target"):
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
