"""What a worker does with one photo: what it tells, what it does again, and within which limits."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.batch.planning import STATE, plan
from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.batch.work import convert_photo
from gainmap_codec.codec.options import BatchOptions
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import CodedImage
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support import pipeline_files as files
from support.batches import make_shots, outputs
from support.paths import FIXTURES

pytestmark = pytest.mark.usefixtures("short_fits")


def job_for(source: Path, out: Path, **options: Any) -> Job:
    (job,) = plan([source], out, BatchOptions(**options), overwrite=True)
    return job


# What is told


def test_what_a_photo_became(photos: Path, tmp_path: Path) -> None:
    photo = convert_photo(job_for(photos / "2025/both.jpg", tmp_path / "out", container="avif"))
    assert (photo.status, photo.problem, photo.hdr_from) == ("converted", "", "neural")
    assert (photo.width, photo.height) == (files.WIDTH, files.HEIGHT)
    assert photo.bytes_before == len(files.both())
    assert photo.bytes_after == (tmp_path / "out/both.avif").stat().st_size
    assert photo.psnr is not None and photo.psnr > 30
    assert any("comment" in line for line in photo.warnings)
    kept = convert_photo(job_for(photos / "2025/both.jpg", tmp_path / "out"))
    assert kept.psnr is None, "no picture was coded again"


def test_the_number_of_a_neural_map_is_told_only_of_the_base_that_it_was_made_for(photos: Path, tmp_path: Path) -> None:
    source = photos / "one.jpg"
    for data, psnr in ((files.made(neural=True), 47.25), (files.with_base_coded_again(files.made(neural=True)), None)):
        source.write_bytes(data)
        assert convert_photo(job_for(source, tmp_path / "out")).neural_psnr == psnr


def test_a_rendition_that_is_made_of_the_same_pictures_is_not_measured(photos: Path, tmp_path: Path) -> None:
    """A neural map was added, but the standard map, which came as it was, is the better one and is what is shown."""
    source = photos / "one.jpg"
    source.write_bytes(files.made(standard=True))
    photo = convert_photo(job_for(source, tmp_path / "out", carry="both"))
    new = gm.inspect(tmp_path / "out/one.jpg")
    assert new.payload and new.hdr_from == "standard"
    assert (photo.status, photo.psnr) == ("converted", None)
    assert photo.neural_psnr == new.payload.neural_psnr > 0, "what the new map is worth is told all the same"


def test_a_base_that_is_kept_is_decoded_once(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the fit, for its HDR rendition, and for measuring what became of that."""
    decoded = []

    def count(picture: CodedImage) -> AnyCodes:
        decoded.append(picture.data)
        return decode_coded_image(picture)

    for module in ("opening", "readback"):
        monkeypatch.setattr(f"gainmap_codec.codec.{module}.decode_coded_image", count)
    source = FIXTURES / "jpeg/standard.jpg"
    photo = convert_photo(job_for(source, tmp_path / "out", carry="neural"))
    assert photo.status == "converted" and photo.psnr is not None
    assert decoded.count(parse_file(source.read_bytes(), "", Limits()).base.data) == 1


def test_a_smaller_photo_is_measured_against_the_source_at_its_size(photos: Path, tmp_path: Path) -> None:
    for fit, psnr in (((48, 48), 35), ((4000, 4000), None)):
        job = job_for(photos / "one.jpg", tmp_path / "out", fit=fit, quality=95 if psnr else None)
        photo = convert_photo(job)
        assert photo.status == "converted", photo.problem
        assert (photo.width, photo.height) == ((48, 32) if psnr else (files.WIDTH, files.HEIGHT))
        assert photo.psnr is None if psnr is None else photo.psnr is not None and photo.psnr > psnr


@pytest.mark.parametrize(
    ("file", "hdr_from"), [("heif/tmap-hdr-base.avif", "standard"), ("heif/base-10-bit.avif", "base")]
)
def test_where_the_hdr_of_an_hdr_base_comes_from(file: str, hdr_from: str, tmp_path: Path) -> None:
    photo = convert_photo(job_for(FIXTURES / file, tmp_path))
    assert (photo.status, photo.hdr_from) == ("converted", hdr_from)


def test_a_missing_photo_is_one_that_failed(photos: Path, tmp_path: Path) -> None:
    assert convert_photo(job_for(photos / "missing.jpg", tmp_path / "out")).problem == "No such file or directory"
    assert convert_photo(job_for(photos / "one.jpg", tmp_path / "out")).status == "converted"


def test_a_broken_photo_is_told_in_a_line(photos: Path, tmp_path: Path) -> None:
    photo = convert_photo(job_for(photos / "2025/may/bad.jpg", tmp_path / "out"))
    assert (photo.status, photo.bytes_before, photo.hdr_from) == ("failed", 100, None)
    assert photo.problem.startswith("JPEG"), "the photo's name stands before it wherever it is told"


def test_a_jpeg_that_is_cut_in_its_header_counts_as_damaged(photos: Path, tmp_path: Path) -> None:
    data = (photos / "one.jpg").read_bytes()
    (photos / "one.jpg").write_bytes(data[: data.index(b"\xff\xda")])
    photo = convert_photo(job_for(photos / "one.jpg", tmp_path / "out"))
    assert photo.status == "failed" and "cut off before its pixels begin" in photo.problem
    assert photo.damage == ("the picture is cut off before its pixels begin",)
    (photos / "one.jpg").write_bytes(b"\xff\xd8\xff\xd9" + data)
    assert convert_photo(job_for(photos / "one.jpg", tmp_path / "out")).damage == ()


def test_a_name_that_says_another_container(photos: Path, tmp_path: Path) -> None:
    (photos / "lie.heic").write_bytes(files.made(standard=True))
    job = replace(job_for(photos / "lie.heic", tmp_path / "out"), target=str(tmp_path / "out/lie.heic"))
    photo = convert_photo(job)  # so are those of URLs, whose first bytes nobody reads beforehand
    assert photo.status == "failed" and ".jpg, .jpeg, .jpe or .jfif" in photo.problem
    assert outputs(tmp_path / "out") == {}


def test_no_hdr_where_a_map_was_asked_for(photos: Path, tmp_path: Path) -> None:
    photo = convert_photo(job_for(photos / "2025/may/sdr.JPG", tmp_path / "out", carry="standard"))
    assert (photo.status, photo.hdr_from) == ("failed", "none")
    assert "gain map" in photo.problem


def test_any_error_is_one_photos_error(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("our mistake")

    monkeypatch.setattr("gainmap_codec.batch.work.open_file", fail)
    assert convert_photo(job_for(photos / "one.jpg", tmp_path / "out")).problem == "IndexError: our mistake"


def test_a_photo_that_cannot_be_written_is_not_recorded(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out/one.jpg").mkdir(parents=True)
    job = job_for(photos / "one.jpg", tmp_path / "out")
    assert convert_photo(job).problem == f"{job.target}: expected a file or nothing there, got a folder"
    assert not Path(job.record).exists()


def test_threads_of_one_process_do_not_tell_each_others_warnings(photos: Path, tmp_path: Path) -> None:
    """A cluster's worker may have many. 60 photos with warnings and 60 without, by 8 threads."""
    sources = [photos / f"{index:03}.jpg" for index in range(120)]
    for index, source in enumerate(sources):
        source.write_bytes(files.made(standard=True) if index % 2 else (FIXTURES / "jpeg/standard.jpg").read_bytes())
    jobs = [job_for(source, tmp_path / "out") for source in sources]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all is in the records, nothing is warned besides
        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(convert_photo, jobs))
    alone = [convert_photo(job_for(sources[index], tmp_path / "alone")).warnings for index in (0, 1)]
    assert alone[0] == () and alone[1] != ()
    assert [photo.status for photo in done] == ["converted"] * 120
    assert [photo.warnings for photo in done] == alone * 60


# HDR pictures

OPTIONS: list[dict[str, Any]] = [
    {"carry": "standard"},
    {"container": "avif", "base": "hdr"},
    {"container": "heic", "carry": "apple", "quality": 70, "chroma": "4:2:0"},
    {"container": "avif", "carry": "standard", "map_bits": 10, "map_scale": 2, "map_quality": 80, "map_channels": 3},
    {"preset": "web", "effort": 1, "seed": 3, "target_bytes": 600},
    {"container": "avif", "carry": "standard", "base_bits": 10, "base_color_space": "display-p3"},
    {"carry": "standard", "sdr_white": 400},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_screenshot_becomes_what_encode_makes_of_it(options: dict[str, Any], shots: Path, tmp_path: Path) -> None:
    job = job_for(shots / "game/1.jxr", tmp_path / "out", **options)
    photo = convert_photo(job)
    assert (photo.status, photo.problem, photo.hdr_from) == ("converted", "", "base")
    named = {("base_chroma" if name == "chroma" else name): value for name, value in options.items()}
    report = gm.encode_with_report(shots / "game/1.jxr", **named)
    assert Path(job.target).read_bytes() == report.data
    assert (photo.width, photo.height) == (64, 48)
    assert (photo.bytes_before, photo.bytes_after) == ((shots / "game/1.jxr").stat().st_size, len(report.data))
    assert photo.psnr is not None and photo.psnr > 30
    assert photo.warnings == report.warnings
    assert convert_photo(job).status == "skipped"


@pytest.mark.parametrize(
    "options",
    [{"container": "jpeg"}, {"base": "sdr", "carry": "standard"}, {"carry": "standard", "sdr_white": 100.0}],
)
@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_an_hdr_picture_without_a_map_becomes_a_photo(suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    """Where an SDR picture, a map or a container of 8 bits is asked for; else it stays what it is."""
    light = np.full((64, 64, 3), 4, np.float32)
    light[:32] = 0.5
    source = tmp_path / f"picture{suffix}"
    gm.HdrImage(light).save(source)
    job = job_for(source, tmp_path / "out", **options)
    photo = convert_photo(job)
    assert (photo.status, photo.problem, photo.hdr_from) == ("converted", "", "base")
    wanted = options if "container" in options else {"container": suffix[1:], **options}
    assert Path(job.target).read_bytes() == gm.encode(source, **wanted)
    assert gm.inspect(job.target).base_is_hdr is False
    as_it_is = convert_photo(job_for(source, tmp_path / "same"))
    assert (tmp_path / "same" / source.name).read_bytes() == source.read_bytes() or as_it_is.psnr is None


def test_a_screenshot_at_another_size(shots: Path, tmp_path: Path) -> None:
    source = shots / "game/1.jxr"
    small = convert_photo(job_for(source, tmp_path / "small", fit=32, carry="standard", map_scale=1))
    assert (small.width, small.height) == (32, 24)
    assert small.psnr is not None and small.psnr > 35
    light = gm.decode(tmp_path / "small/1.jpg", color_space="srgb").pixels
    assert light[20, 28] * 203 == pytest.approx(8 * 80, rel=0.03), "light was averaged, and no code values"
    stretched = convert_photo(job_for(source, tmp_path / "wide", size=(64, 24), carry="standard"))
    assert any("stretched" in line for line in stretched.warnings)


def test_a_screenshot_keeps_within_bytes(tmp_path: Path) -> None:
    source = tmp_path / "noise.jxr"
    noise = np.random.default_rng(2).uniform(0, 10, (96, 128, 3)).astype(np.float16)
    source.write_bytes(imagecodecs.jpegxr_encode(noise))
    whole = convert_photo(job_for(source, tmp_path / "whole", carry="standard"))
    most = whole.bytes_after * 2 // 3
    less = convert_photo(job_for(source, tmp_path / "less", carry="standard", max_bytes=most))
    assert (less.status, less.problem) == ("converted", "") and most * 0.8 < less.bytes_after <= most
    assert less.psnr is not None and whole.psnr is not None and less.psnr < whole.psnr
    few = convert_photo(job_for(source, tmp_path / "few", carry="standard", max_bytes=100))
    assert few.status == "failed" and few.problem.startswith("max_bytes")


def test_other_hdr_pictures_become_photos_too(tmp_path: Path) -> None:
    image = gm.HdrImage(gm.decode(files.made(standard=True)).pixels)
    for name in ("scene.exr", "scene.hdr", "scene.png", "scene.tiff"):
        image.save(tmp_path / name)
        job = job_for(tmp_path / name, tmp_path / name[6:], carry="standard")
        photo = convert_photo(job)
        assert (photo.status, photo.problem, Path(job.target).name) == ("converted", "", "scene.jpg")


def test_options_of_hdr_pictures_change_no_photo(photos: Path, tmp_path: Path) -> None:
    given = {"sdr_white": 200.0, "base_bits": 8, "base_color_space": "display-p3"}
    photo = convert_photo(job_for(next(photos.rglob("*.jpg")), tmp_path / "out", **given))
    told = "base_bits, base_color_space and sdr_white change nothing: only HDR pictures take them, and this is a photo"
    assert photo.status == "converted" and told in photo.warnings


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    for data, got in ((b"", "an empty file"), (b"text", "one that begins with b'text'")):
        (tmp_path / "shot.jxr").write_bytes(data)
        problem = convert_photo(job_for(tmp_path / "shot.jxr", tmp_path / "out")).problem
        assert problem.startswith("expected a picture in OpenEXR, ") and problem.endswith(f"got {got}")


def test_a_bad_screenshot_is_one_photos_error(shots: Path, tmp_path: Path) -> None:
    data = (shots / "game/0.jxr").read_bytes()
    (shots / "cut.jxr").write_bytes(data[:-200])
    (shots / "sdr.jxr").write_bytes(imagecodecs.jpegxr_encode(np.zeros((16, 16, 3), np.uint8)))
    problems = [convert_photo(job_for(shots / name, tmp_path / "out")).problem for name in ("cut.jxr", "sdr.jxr")]
    assert problems[0].startswith("broken JPEG XR file: expected at least")
    assert problems[1].startswith(
        "expected an HDR JPEG XR (scRGB of floats or fixed point, or PQ of 10 bits), got 8-bit RGB"
    )
    mistaken = convert_photo(job_for(shots / "game/0.jxr", tmp_path / "out", carry="standard", target_bytes=500))
    assert mistaken.problem.startswith("carry: expected neural or both beside target_bytes, a neural map's")
    limited = convert_photo(job_for(shots / "game/0.jxr", tmp_path / "out", limits=gm.Limits(pixels=1000)))
    assert limited.problem.startswith("pixels")
    assert outputs(tmp_path / "out") == {}


# Limits


def test_limits_reach_every_reader(tmp_path: Path) -> None:
    comments = b"\xff\xfe\0\3x" * 5000
    data = files.made(standard=True)
    source = tmp_path / "many-segments.jpg"
    source.write_bytes(data[:2] + comments + data[2:])
    refused = convert_photo(job_for(source, tmp_path / "out"))
    assert refused.status == "failed" and "raise Limits.segments" in refused.problem
    raised = job_for(source, tmp_path / "out", limits=gm.Limits(segments=10_000))
    assert convert_photo(raised).status == "converted"
    assert convert_photo(raised).status == "skipped"
    other = job_for(source, tmp_path / "out", limits=gm.Limits(segments=10_000), container="avif")
    assert convert_photo(other).psnr is not None, "measured on the source as it is"


def test_an_output_that_is_larger_than_sources_may_be_is_skipped_too(tmp_path: Path) -> None:
    source = tmp_path / "one.avif"
    source.write_bytes(gm.transcode(FIXTURES / "jpeg/standard.jpg", container="avif"))
    limits = gm.Limits(file_bytes=source.stat().st_size)
    job = job_for(source, tmp_path / "out", container="jpeg", quality=100, limits=limits)
    assert convert_photo(job).bytes_after > limits.file_bytes
    assert convert_photo(job).status == "skipped"


# What is done again


def test_what_is_done_and_unchanged_is_skipped(photos: Path, tmp_path: Path) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"

    def status(**given: Any) -> str:
        photo = convert_photo(job_for(source, out, **given))
        assert photo.bytes_after == (out / "one.jpg").stat().st_size
        return photo.status

    def both(**given: Any) -> tuple[str, str]:
        return status(**given), status(**given)

    again = ("converted", "skipped")
    assert both() == again
    os.utime(source, (0, 0))
    assert status(limits=gm.Limits(segments=100)) == "skipped", "neither dates nor limits matter"
    source.write_bytes(files.both())
    assert both() == again
    assert both(strip="gps") == again
    assert both(map_scale=8) == again
    (out / "one.jpg").unlink()
    assert both(map_scale=8) == again
    for other in (files.both()[:1000], files.both() * 2):
        (out / "one.jpg").write_bytes(other)
        assert both(map_scale=8) == again
    (record,) = (out / STATE).rglob("*.json")
    size = f'"bytes_after": {(out / "one.jpg").stat().st_size}'
    broken = ("", "[]", "{}", record.read_text()[:300], record.read_text().replace('"psnr"', '"dB"'))
    for text in (*broken, record.read_text().replace(size, '"bytes_after": "many"')):
        record.write_text(text)
        assert both(map_scale=8) == again


def test_what_an_earlier_run_told_is_told_again(photos: Path, tmp_path: Path) -> None:
    job = job_for(photos / "one.jpg", tmp_path / "out", container="avif")
    first, second = convert_photo(job), convert_photo(job)
    assert isinstance(second, PhotoRecord) and second.status == "skipped"
    assert (second.warnings, second.psnr, second.seconds) == (first.warnings, first.psnr, first.seconds)


# URLs


def test_urls(photos: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.put(str(photos), "/library/photos", recursive=True)
    store.pipe_file("/library/photos/avif/old.avif", b"not to be eaten again")
    jobs = plan(["memory://library/photos"], "memory://library/photos/avif", BatchOptions(container="avif"))
    made = {convert_photo(job).target: convert_photo(job).status for job in jobs}
    assert made == {
        "memory://library/photos/avif/2025/both.avif": "skipped",
        "memory://library/photos/avif/2025/may/bad.avif": "failed",
        "memory://library/photos/avif/2025/may/sdr.avif": "skipped",
        "memory://library/photos/avif/one.avif": "skipped",
    }
    with store.open("/library/photos/avif/one.avif", "rb") as file:
        assert gm.inspect(file).container == "avif"
    store.put(str(make_shots(photos / "shots")), "/library/shots", recursive=True)
    shots = plan(["memory://library/shots"], "memory://library/made", BatchOptions(carry="standard"))
    assert [convert_photo(job).problem for job in shots] == ["", ""]
    assert gm.decode(store.cat_file("/library/made/game/1.jpg")).rendered_from == "standard"
    (missing,) = plan(["memory://library/missing.jpg"], "memory://other", BatchOptions())
    assert convert_photo(missing).status == "failed"
    (local,) = plan([f"file://{photos}/one.jpg"], "memory://other", BatchOptions())
    assert convert_photo(local).status == "converted"
