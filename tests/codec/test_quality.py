"""The numbers that the project promises: bytes, PQ-PSNR, and what rounding costs. Rules: docs/codec.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.encoding import EncodeReport, _dimmed, encode_with_report
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import HdrSource, make_pair
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.published.config import PUBLISHED
from gainmap_codec.neural.published.fit import blank_network, fit_published
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.scene import render_scene

PAIRS = {
    "hdr-gainmap": ("hdr-gainmap/input_hdr.avif", "hdr-gainmap/input_sdr.jpg"),
    "Desk": ("openexr-images/Desk.exr", None),
    "StillLife": ("openexr-images/StillLife.exr", None),
    "Tree": ("openexr-images/Tree.exr", None),
}


def jpeg_map(hdr: HdrSource, sdr: Path | None = None) -> EncodeReport:
    """The ordinary map that ours is compared with: one channel, a quarter of the base's size, JPEG quality 85."""
    return encode_with_report(hdr, sdr, EncodeOptions(carry="standard", map_scale=4, map_quality=85, map_channels=1))


def neural(hdr: HdrSource, sdr: Path | None = None) -> EncodeReport:
    return encode_with_report(hdr, sdr, EncodeOptions(carry="neural"))


@pytest.fixture(scope="module")
def scene() -> gm.HdrImage:
    return gm.HdrImage(render_scene())


@pytest.fixture(scope="module")
def fitted(scene: gm.HdrImage) -> EncodeReport:
    return neural(scene)


def test_better_than_a_jpeg_map_in_a_third_of_its_bytes(scene: gm.HdrImage, fitted: EncodeReport) -> None:
    ordinary = jpeg_map(scene)
    assert fitted.payload_bytes <= 2500
    assert fitted.payload_bytes * 3 <= ordinary.map_bytes
    assert fitted.neural_psnr is not None and ordinary.standard_psnr is not None
    assert fitted.neural_psnr > ordinary.standard_psnr


def test_what_is_reported_is_what_is_decoded(scene: gm.HdrImage, fitted: EncodeReport) -> None:
    assert fitted.payload_bytes == len(parse_jpeg(fitted.data, gm.Limits()).payload or b"")
    image = gm.decode(fitted.data)
    assert image.rendered_from == "neural"
    assert fitted.neural_psnr == pytest.approx(pq_psnr(image.pixels, scene.pixels), abs=0.01)


@pytest.mark.parametrize("preset", PUBLISHED)
def test_rounding_costs_a_published_network_little(scene: gm.HdrImage, preset: Preset) -> None:
    """Against the same weights before they were rounded: of seeds 0…3, `paper-gain` loses 0.07 to 0.25 dB."""
    pair = make_pair(scene, None, EncodeOptions(), [])
    blank = replace(blank_network(preset, PUBLISHED[preset]), alternate_hdr_headroom=pair.headroom)
    assert fit_published(blank, PUBLISHED[preset], pair).quantization_loss <= 0.3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*transparency is left out:gainmap_codec.GainMapWarning")
def test_real_pairs(data_dir: Path) -> None:
    """Better than the JPEG map on each pair in fewer bytes, and in a third of them on the mean."""
    ours, theirs = [], []
    for name, files in PAIRS.items():
        hdr, sdr = (data_dir / "pairs" / file if file else None for file in files)
        assert hdr is not None
        network, ordinary = neural(hdr, sdr), jpeg_map(hdr, sdr)
        found = f"{name}: {network.neural_psnr} dB, {network.payload_bytes} bytes; JPEG map {ordinary.standard_psnr}"
        assert network.neural_psnr is not None and ordinary.standard_psnr is not None
        assert network.neural_psnr > ordinary.standard_psnr, found
        assert network.payload_bytes < ordinary.map_bytes, found
        assert network.payload_bytes <= 2500, found
        ours.append(network.payload_bytes)
        theirs.append(ordinary.map_bytes)
    assert 3 * mean(ours) <= mean(theirs)


def dots(light: float) -> gm.HdrImage:
    """A soft light of 1.2 times SDR white in a dark picture, and one pixel in 4,000 that is brighter."""
    x = np.linspace(-1, 1, 128, dtype=np.float32)
    soft = 0.1 + 1.1 * np.exp(-3 * (x[:, None] ** 2 + x**2))
    soft[32::64, 32::64] = light
    return gm.HdrImage(np.repeat(soft[..., np.newaxis], 3, axis=2))


def test_highlights_that_a_neural_map_dims_are_told_of() -> None:
    report = encode_with_report(dots(30.0), None, EncodeOptions(carry="neural", preset="tiny"))
    peak = float(gm.decode(report.data, color_space="bt2020").pixels.max())
    assert peak < 30 / 2**0.5
    nits = f"{203 * peak:,.0f} nits instead of 6,090"
    assert report.dimmed == f"its brightest pixel has {nits}"


def test_highlights_that_stay_are_not() -> None:
    assert encode_with_report(dots(1.0), None, EncodeOptions(carry="neural", preset="tiny")).dimmed is None
    assert encode_with_report(dots(1.0), None, EncodeOptions(carry="standard")).dimmed is None


def test_a_flat_picture_that_is_dimmed_and_light_above_pq_are_told_of_truly() -> None:
    assert _dimmed(50.0, 0.0) == "its brightest pixel has 0 nits instead of 10,000"
    assert _dimmed(0.000005, 0.0) is None and _dimmed(1.0, 0.0) is None  # what is no brighter than SDR white
    assert _dimmed(228.0, 60.0) is None  # as bright as any HDR file can say
    assert _dimmed(228.0, 10.0) == "its brightest pixel has 2,030 nits instead of 10,000"


def test_where_both_maps_are_without_error_auto_takes_the_smaller_one() -> None:
    """A black picture's: the neural map's bytes are fewer."""
    black = gm.HdrImage(np.zeros((64, 64, 3), np.float32))
    report = encode_with_report(black, np.zeros((64, 64, 3), np.uint8), EncodeOptions(carry="neural", preset="auto"))
    assert report.payload_bytes and report.map_bytes == 0
    assert not any("auto" in line for line in report.warnings)


def test_the_bytes_of_a_coded_picture_are_told() -> None:
    report = encode_with_report(dots(1.0), None, EncodeOptions(carry="neural", preset="tiny", target_psnr=60.0))
    network = parse_payload(report.file.payload or b"", gm.Limits())
    assert network.picture and report.picture_bytes == len(network.picture.frame) < report.payload_bytes
    plain = encode_with_report(dots(1.0), None, EncodeOptions(carry="neural", preset="tiny"))
    assert plain.picture_bytes == 0
