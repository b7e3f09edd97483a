"""The command line's ``gainmap batch``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter

import click

from gainmap_codec.batch.driver import convert
from gainmap_codec.batch.records import BatchReport, PhotoRecord
from gainmap_codec.batch.report import SUFFIXES, format_summary, is_report, serialize_report, warning_lines
from gainmap_codec.cli.common import (
    INTERRUPTED,
    Folder,
    WholeNumber,
    base_bits,
    base_color_space,
    complain,
    complain_of_failures,
    exit_for,
    output,
    overwrite,
    quiet,
    say,
    sdr_white,
    strict,
    warn,
    warn_of,
)
from gainmap_codec.cli.edit import edit_options
from gainmap_codec.cli.progress import Line, is_watched
from gainmap_codec.cli.wording import as_typed
from gainmap_codec.codec.options import BatchOptions
from gainmap_codec.pixels.formats.outputs import check_outputs, write_atomically

_SMOOTHING = 0.1  # the rate of late: a rerun skips many at first
_FORM = "[{bar:24}] {percentage:3.0f}%  {n:,} of {total:,} photos, {rate_noinv:.1f} photos/s, {remaining} left"

Show = Callable[[PhotoRecord | None, int], None]


@click.command(short_help="Convert whole folders; may be interrupted.")
@click.argument("sources", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=Folder(readable=False),
    required=True,
    help="The folder to write to; made where it is missing.",
)
@partial(
    edit_options,
    to="The format to write. Default: the format of each IN; of HDR pictures, JPEG.",
    record=BatchOptions,
    more=(base_bits, base_color_space, sdr_white),
)
@click.option("--jobs", type=WholeNumber(min=1), help="How many photos at a time. Default: one per processor.")
@click.option(
    "--cluster", metavar="ADDRESS", help="Address of a Dask scheduler whose workers do the work; local starts one here."
)
@output(SUFFIXES, name="--report", required=False, help="Write a .json or .csv file with a line for each photo.")
@click.option(
    "--keep-suffix",
    is_flag=True,
    help="Keep the old suffix in new names, as in IMG_1.HEIC.jpg, for folders that have an IMG_1.JPG as well.",
)
@click.option(
    "--update", is_flag=True, help="Replace only what this batch made from the same photos with other options."
)
@overwrite
@strict
@quiet
def batch(
    sources: tuple[str, ...],
    output: str,
    *,
    options: BatchOptions,
    jobs: int | None,
    cluster: str | None,
    report: Path | None,
    keep_suffix: bool,
    update: bool,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Convert the photos IN, and those in the folders IN, as transcode does.

    HDR pictures become photos, as encode makes them: .jxr (screenshots), .exr and .hdr files in folders, and TIFF, PNG
    and npy files if you name them. --base-bits, --base-color-space and --sdr-white are only for HDR pictures.

    Folders keep their structure below DIR; if there are several, each gets a folder of its own name there. A photo that
    DIR has already, made from the same bytes with the same options, is skipped: so the same command goes on after any
    interruption. A photo that was edited since is converted again. If any other file is in the way, the command stops
    before it does anything. If a photo fails, that is reported, the others are converted, and the exit code is 1. A
    photo that is cut off is named, and counts as damaged.

    IN and DIR may be URLs: s3://, gs://, ... (the extra "scale").

    \b
    Examples:
      gainmap batch photos -o photos-avif --to avif
      gainmap batch 2024 2025 extra.heic -o everyone --to jpeg --report done.csv
      gainmap batch screenshots -o shots --to jpeg --carry standard
      gainmap batch photos -o small --fit 1600x1600 --quality 80 --jobs 4
      gainmap batch photos -o out --cluster local
      gainmap batch s3://photos/in -o s3://photos/out --cluster tcp://head:8786
    """
    if report:
        own = report.is_file() and is_report(report.read_bytes(), report.suffix.lower())
        check_outputs([(tuple(map(Path, sources)), report)], overwrite=overwrite or own)
    told, interrupted = _Told(), False
    with _own_words(), _progress(quiet) as show:
        try:
            done = convert(
                sources,
                output,
                jobs=jobs,
                cluster=cluster,
                progress=told.listener(show),
                keep_suffix=keep_suffix,
                update=update,
                overwrite=overwrite,
                **{field.name: getattr(options, field.name) for field in fields(options) if field.name != "box"},
            )
        except KeyboardInterrupt:
            done, interrupted = told.report(), True
    warn(warning_lines(done))
    if report:
        write_atomically(report, serialize_report(done, report.suffix.lower()))
    if not quiet and done.photos:
        say(format_summary(done))
    failed = len(done.having("failed"))
    if interrupted:
        complain_of_failures(failed, len(done.photos), "photos")
        good = f"{len(done.photos) - failed} of {told.count} photos done"
        complain(f"interrupted, {good}; the same command goes on from here")
        raise click.exceptions.Exit(INTERRUPTED)
    exit_for(failed, len(done.damaged), len(done.photos), strict=strict, kind="photos")


@contextmanager
def _own_words() -> Iterator[None]:
    """Errors name the option as it is called here."""
    try:
        yield
    except ValueError as error:
        error.args = tuple(str(each).replace("(keep_suffix ", "(--keep-suffix ") for each in error.args)
        raise


class _Told:
    """What is known of a batch when it is interrupted."""

    def __init__(self) -> None:
        self.start = perf_counter()
        self.photos: list[PhotoRecord] = []
        self.count = 0

    def listener(self, show: Show) -> Show:
        """What `convert` is to tell of its progress: it is noted, and shown."""

        def listen(photo: PhotoRecord | None, count: int) -> None:
            self.count = count
            if photo:
                self.photos.append(photo)
            show(photo, count)

        return listen

    def report(self) -> BatchReport:
        """Of the photos done so far."""
        return BatchReport(tuple(self.photos), perf_counter() - self.start)


@contextmanager
def _progress(quiet: bool) -> Iterator[Show]:
    """What to tell of each photo: a bar with rate and time left where somebody watches, and a line for each failure."""
    with _line() if is_watched(quiet) else nullcontext() as line:

        def show(photo: PhotoRecord | None, count: int) -> None:
            if line:
                _advance(line, photo, count)
            if photo and (photo.problem or photo.damage):
                with line.aside() if line else nullcontext():
                    warn_of(photo.source, (), photo.damage)
                    if photo.problem:
                        complain(f"{photo.source}: {as_typed(photo.problem)}")

        yield show


def _line() -> Line:
    return Line(_FORM, monotonic(), title="looking for photos", smoothing=_SMOOTHING)


def _advance(line: Line, photo: PhotoRecord | None, count: int) -> None:
    """Note that a photo is done, or None before the first, of so many."""
    line.total = count
    line.title = f"{count:,} photos, none of them done yet"
    line.done += photo is not None
