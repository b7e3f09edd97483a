"""Files within so many bytes: `max_bytes`, and smaller pictures that are no larger files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file, sampling_of
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.scene import render_scene
from support.xmp_packets import packet

CONTAINERS: tuple[Container, ...] = ("jpeg", "heic", "avif")


def edited(source: bytes | Path, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(**options))


def noisy() -> gm.HdrImage:
    """The scene with grain, whose bytes grow over a wide range of qualities as a photo's do."""
    scene = render_scene(384, 256)
    grain = np.random.default_rng(1).normal(1, 0.15, scene.shape[:2])[..., np.newaxis]
    return gm.HdrImage((scene * np.maximum(grain, 0)).astype(np.float32))


@pytest.fixture(scope="module")
def photos() -> dict[Container, bytes]:
    made = {kind: gm.encode(noisy(), container=kind, carry="standard", map_scale=2) for kind in CONTAINERS}
    return {kind: data for kind, data in made.items()}


@pytest.mark.parametrize(
    ("container", "share"), [("jpeg", 0.6), ("jpeg", 0.4), ("jpeg", 0.2), ("heic", 0.4), ("avif", 0.7), ("avif", 0.3)]
)
def test_a_file_keeps_within_its_bytes_and_uses_them(
    container: Container, share: float, photos: dict[Container, bytes]
) -> None:
    most = round(len(photos[container]) * share)
    report = edited(photos[container], max_bytes=most)
    assert 0.9 * most < len(report.data) <= most
    assert gm.decode(report.data).headroom == gm.decode(photos[container]).headroom
    assert f"max_bytes is {most:,}" in report.notes[0]
    assert report.data == edited(photos[container], max_bytes=most).data


def test_more_bytes_are_better(photos: dict[Container, bytes]) -> None:
    exact = np.asarray(Image.open(io.BytesIO(photos["jpeg"]))).astype(np.float32)
    errors = []
    for most in (15_000, 30_000, 60_000):
        shown = Image.open(io.BytesIO(edited(photos["jpeg"], max_bytes=most).data))
        errors.append(float(np.square(np.asarray(shown) - exact).mean()))
    assert errors[0] > errors[1] > errors[2]


def test_what_fits_stays_as_it_is(photos: dict[Container, bytes]) -> None:
    assert edited(photos["jpeg"], max_bytes=len(photos["jpeg"])).data == photos["jpeg"]
    fitting = edited(photos["jpeg"], max_bytes=10**6, quality=80)
    assert fitting.data == edited(photos["jpeg"], quality=80).data


def test_a_quality_beside_it_is_the_highest(photos: dict[Container, bytes]) -> None:
    report = edited(photos["jpeg"], max_bytes=len(photos["jpeg"]), quality=50, map_quality=40)
    assert report.data == edited(photos["jpeg"], quality=50, map_quality=40).data


def test_few_bytes_take_chroma_too(photos: dict[Container, bytes]) -> None:
    def chroma(**options: Any) -> str:
        return sampling_of(parse_file(edited(photos["jpeg"], **options).data, "", gm.Limits()).base)

    assert chroma(max_bytes=100_000) == "4:4:4"
    assert chroma(max_bytes=15_000) == "4:2:0"
    assert chroma(max_bytes=25_000, chroma="4:4:4") == "4:4:4"


def test_what_cannot_be_reached_is_told_with_the_least(photos: dict[Container, bytes]) -> None:
    with pytest.raises(ValueError, match=r"^max_bytes: expected at least ([\d,]+) for this .*smaller picture") as told:
        edited(photos["jpeg"], max_bytes=1000)
    least = int(str(told.value).split()[4].replace(",", ""))
    assert len(edited(photos["jpeg"], max_bytes=least).data) == least
    xmp = packet(f'dc:source="{"x" * 30_000}"')
    described = gm.encode(noisy(), carry="standard", xmp=xmp)
    with pytest.raises(ValueError, match=r'metadata and other parts take 3\d,\d\d\d, which strip="all" leaves out$'):
        edited(described, max_bytes=1000)


def test_few_codings(photos: dict[Container, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    bases = []

    def counting(codes: Any, *given: Any, **options: Any) -> Any:
        bases.append(codes.shape[1] == 384)
        return code_picture(codes, *given, **options)

    monkeypatch.setattr("gainmap_codec.edit.recoding.code_picture", counting)
    for most in (5000, 20_000, 50_000, 90_000):
        bases.clear()
        edited(photos["jpeg"], max_bytes=most)
        assert sum(bases) <= 9


def coarse() -> bytes:
    """A photo of a low quality, whose next coding at 92 would be larger."""
    return gm.transcode(gm.encode(noisy(), carry="standard"), quality=35)


def test_a_smaller_picture_is_no_larger_file() -> None:
    source = coarse()
    report = edited(source, size=(360, None))
    assert 0.8 * len(source) < len(report.data) <= len(source)
    assert f"its source has {len(source):,}" in report.notes[0]
    assert not any("larger file" in line for line in report.warnings)


def test_a_quality_that_makes_it_larger_is_obeyed_and_told() -> None:
    source = coarse()
    report = edited(source, size=(360, None), quality=95)
    told = f"the smaller picture is a larger file: {len(report.data):,} bytes, its source has {len(source):,}"
    assert told in report.warnings and len(report.data) > len(source)
    other = edited(source, size=(360, None), container="heic", quality=95)
    assert any(line.startswith("the smaller picture is a larger file") for line in other.warnings)


def test_photos_within_their_bytes(data_dir: Path) -> None:
    photo = data_dir / "files/hdr-gainmap/output_uhdr_1.jpg"
    for most in (400_000, 200_000, 90_000):
        data = edited(photo, max_bytes=most).data
        assert 0.9 * most < len(data) <= most
