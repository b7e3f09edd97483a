"""No option of what changes photos is without effect."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gainmap_codec.batch.records import BatchReport
from gainmap_codec.cli import batch as batch_command
from gainmap_codec.cli import edit
from gainmap_codec.cli.main import gainmap
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file, sampling_of
from gainmap_codec.files.records import CodedImage
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support import pipeline_files as files
from support.paths import FIXTURES

AVIF: dict[str, Any] = {"container": "avif"}
FITTED: dict[str, Any] = {"carry": "both"}
EFFECTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "container": ({"container": "avif"}, {}),
    "base": ({"base": "hdr"}, {"container": "avif"}),
    "carry": ({"carry": "standard"}, {}),
    "strip": ({"strip": "all"}, {}),
    "box": ({"box": (0, 0, 48, 32)}, {}),
    "size": ({"size": (48, None)}, {}),
    "fit": ({"fit": (48, 48)}, {}),
    "enlarge": ({"enlarge": True}, {"fit": (192, 192)}),
    "quality": ({"quality": 60}, {}),
    "chroma": ({"chroma": "4:2:0"}, {}),
    "speed": ({"speed": 0}, {"container": "avif"}),
    "map_quality": ({"map_quality": 50}, {}),
    "map_scale": ({"map_scale": 8}, {}),
    "map_channels": ({"map_channels": 3}, {}),
    "map_bits": ({"map_bits": 10}, {"container": "heic"}),
    "max_bytes": ({"max_bytes": 8000}, {"container": "jpeg"}),
    "preset": ({"preset": "web"}, {}),
}
"""What is given, and beside which others."""
OF_FITS = {"target_bytes": 900, "device": "cpu", "seed": 5, "effort": 7}
INSTEAD: dict[str, Any] = {"target_psnr": 45.0}  # of target_bytes
ELSEWHERE = {"limits"}


pytestmark = pytest.mark.usefixtures("short_fits")


def edited(**options: Any) -> bytes:
    return transcode_with_report(files.both(), TranscodeOptions(**options)).data


def test_all_options_are_tried() -> None:
    assert EFFECTS.keys() | OF_FITS.keys() | INSTEAD.keys() | ELSEWHERE == {
        field.name for field in fields(TranscodeOptions)
    }


@pytest.mark.parametrize("option", EFFECTS)
def test_what_is_given_changes_what_is_written(option: str) -> None:
    given, beside = EFFECTS[option]
    assert edited(**given, **beside) != edited(**beside)


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif"])
@pytest.mark.parametrize("chroma", ["4:2:0", "4:4:4"])
def test_chroma_is_that_of_the_base(container: Any, chroma: Any) -> None:
    new = parse_file(edited(container=container, chroma=chroma), "new", TranscodeOptions().limits)
    assert sampling_of(new.base) == chroma


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
@pytest.mark.parametrize("chroma", ["4:2:0", "4:4:4"])
def test_chroma_is_obeyed_where_base_and_alternate_change_places(chroma: Any) -> None:
    source = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes()
    report = transcode_with_report(source, TranscodeOptions(container="jpeg", chroma=chroma, quality=90))
    assert sampling_of(parse_file(report.data, "new", TranscodeOptions().limits).base) == chroma


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_an_sdr_base_in_place_of_an_hdr_one_is_coded_of_pixels_that_were_not_coded_before() -> None:
    source = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes()

    def base(**options: Any) -> CodedImage:
        data = transcode_with_report(source, TranscodeOptions(container="jpeg", **options)).data
        return parse_file(data, "new", TranscodeOptions().limits).base

    once = base(quality=60)
    again = base(quality=60, chroma=sampling_of(once))
    assert np.array_equal(decode_coded_image(once), decode_coded_image(again))
    small = {quality: len(base(quality=quality, size=(40, None)).data) for quality in (40, 92)}
    assert small[40] < small[92]


def test_options_of_a_fit_go_to_the_fit() -> None:
    fit = TranscodeOptions(preset="tiny", **OF_FITS).neural  # type: ignore[arg-type]
    assert (fit.preset, fit.target_bytes, fit.device, fit.seed, fit.effort) == ("tiny", 900, "cpu", 5, 7)
    assert TranscodeOptions(**INSTEAD).neural.target_psnr == 45.0


GIVEN = [
    "--to",
    "avif",
    "--base",
    "sdr",
    "--carry",
    "standard",
    "--strip",
    "gps",
    "--fit",
    "800x600",
    "--enlarge",
    "--quality",
    "71",
    "--chroma",
    "4:2:0",
    "--speed",
    "3",
    "--map-quality",
    "72",
    "--map-scale",
    "auto",
    "--map-channels",
    "3",
    "--max-bytes",
    "100000",
    "--preset",
    "web",
    "--target-bytes",
    "900",
    "--device",
    "cpu",
    "--seed",
    "4",
    "--effort",
    "2",
]
ASKED: dict[str, Any] = {
    "container": "avif",
    "base": "sdr",
    "carry": "standard",
    "strip": "gps",
    "fit": (800, 600),
    "enlarge": True,
    "quality": 71,
    "chroma": "4:2:0",
    "speed": 3,
    "map_quality": 72,
    "map_scale": "auto",
    "map_channels": 3,
    "max_bytes": 100_000,
    "preset": "web",
    "target_bytes": 900,
    "device": "cpu",
    "seed": 4,
    "effort": 2,
}


@pytest.mark.parametrize("command", ["transcode", "crop", "resize", "batch"])
def test_each_option_of_the_command_line_arrives(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, asked = tmp_path / "photo.jpg", list[dict[str, Any]]()
    photo.write_bytes(files.both())

    def transcode(source: object, options: TranscodeOptions, **_: object) -> TranscodeReport:
        asked.append({field.name: getattr(options, field.name) for field in fields(options)})
        return TranscodeReport(b"", "avif", (), ())

    def convert(sources: object, folder: object, **options: Any) -> BatchReport:
        asked.append(options)
        return BatchReport((), 0.0)

    monkeypatch.setattr(edit, "transcode_with_report", transcode)
    monkeypatch.setattr(batch_command, "convert", convert)
    target = tmp_path / ("out" if command == "batch" else "out.avif")
    box = ["--box", "0,0,9,9"] if command == "crop" else []
    done = CliRunner().invoke(gainmap, [command, str(photo), "-o", str(target), "-q", *GIVEN, *box])
    assert done.exit_code == 0, done.output
    assert {name: asked[0][name] for name in ASKED} == ASKED
    assert asked[0].get("box") == ((0, 0, 9, 9) if box else None)


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("--fit 1600", "fit", (1600, 1600)),
        ("--size x900", "size", (None, 900)),
        ("--size 900x", "size", (900, None)),
        ("--map-scale 7", "map_scale", 7),
        ("--map-channels auto", "map_channels", "auto"),
    ],
)
def test_ways_to_write_them(option: str, name: str, value: object) -> None:
    arguments = ["in.jpg", "-o", "out.jpg", *option.split()]
    assert gainmap.commands["resize"].make_context("resize", arguments).params[name] == value


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("--fit 0x5", "fit: expected sides of at least 1, got 0"),
        ("--fit 5x", "expected WIDTHxHEIGHT, or one number for both, got '5x'"),
        ("--map-channels 2", "--map-channels: expected one of 1, 3, auto, got 2"),
        ("--map-scale half", "'half' is not a valid integer"),
        ("", "expected --fit or --size, got neither"),
    ],
)
def test_wrong_usage_is_told(option: str, line: str) -> None:
    done = CliRunner().invoke(gainmap, ["resize", "in.jpg", "-o", "out.jpg", *option.split()])
    assert done.exit_code == 2
    assert line in " ".join(done.output.split())
