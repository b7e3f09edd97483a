"""The command line's ``gainmap batch``."""

from __future__ import annotations

import errno
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from gainmap_codec.batch.records import BatchReport, PhotoRecord
from gainmap_codec.batch.report import SUFFIXES, format_summary, serialize_report, warning_lines
from gainmap_codec.cli.edit import transcode_options

_INTERRUPTED = 130
_RECENT = 200
_CLEAR = "\r\x1b[K"


def _checked_report(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refused before any work where nothing could be written."""
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(f"a name ending in {' or '.join(SUFFIXES)} wanted, {path.name!r} found")
    if path is not None and not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(path.parent))
    return path


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="DIR", required=True, help="The folder to write to; made where it is missing.")
@click.option("--to", "container", type=click.Choice(["jpeg", "heic", "avif"]), help="Default: each as it is.")
@transcode_options
@click.option("--jobs", type=click.IntRange(min=1), help="Photos at a time. Default: one for each processor.")
@click.option("--cluster", metavar="ADDRESS", help="Of a Dask scheduler, or local: starts one here.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path),
    callback=_checked_report,
    help="A .json or .csv file for what became of each photo.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
def batch(sources: tuple[str, ...], output: str, *, report_file: Path | None, quiet: bool, **options: Any) -> None:
    """Convert the photos IN, and those in the folders IN, as transcode does.

    Folders keep their structure below DIR. What DIR has already, made of the same bytes with the same options, is
    skipped, so that the same command goes on after any interruption. A photo that fails is reported and the others are
    done; the exit code is then 1. IN and DIR may be URLs: s3://, gs://, ... (the extra "scale").

    \b
    Examples:
      gainmap batch photos -o photos-avif --to avif
      gainmap batch 2024 2025 extra.heic -o everyone --to jpeg --report done.csv
      gainmap batch photos -o small --quality 80 --jobs 4
      gainmap batch photos -o out --cluster local
      gainmap batch s3://photos/in -o s3://photos/out --cluster tcp://head:8786
    """
    from gainmap_codec.batch.driver import convert

    start = perf_counter()
    photos: list[PhotoRecord] = []
    count = 0
    with _progress(quiet) as show:

        def progress(photo: PhotoRecord | None, of: int) -> None:
            nonlocal count
            count = of
            if photo:
                photos.append(photo)
            show(photo, of)

        try:
            report, interrupted = convert(sources, output, progress=progress, **options), False
        except KeyboardInterrupt:
            report, interrupted = BatchReport(tuple(photos), perf_counter() - start), True
    for line in warning_lines(report):
        click.echo(f"gainmap: warning: {line}", err=True)
    if report_file:
        _write(report_file, report)
    if not quiet and report.photos:
        click.echo(format_summary(report))
    failed = len(report.having("failed"))
    if failed:
        click.echo(f"gainmap: {failed} of {len(report.photos)} photos failed", err=True)
    if interrupted:
        done = f"{len(photos) - failed} of {count} photos done"
        click.echo(f"gainmap: interrupted, {done}; the same command goes on from here", err=True)
        raise click.exceptions.Exit(_INTERRUPTED)
    if failed:
        raise click.exceptions.Exit(1)


def _write(path: Path, report: BatchReport) -> None:
    from gainmap_codec.pixels.formats.sources import write_atomically

    write_atomically(path, serialize_report(report, path.suffix.lower()))


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[PhotoRecord | None, int], None]]:
    """What to tell of each photo: a bar with rate and time left where somebody watches, and a line for each failure."""
    bar: Any = None
    times = deque([perf_counter()], _RECENT)  # a rerun skips fast at first: what counts is the rate of late

    def show(photo: PhotoRecord | None, count: int) -> None:
        nonlocal bar
        if photo is None:
            if not quiet and sys.stderr.isatty():
                bar = click.progressbar(
                    length=count, label="Converting", file=sys.stderr, show_pos=True, show_eta=False, item_show_func=str
                )
                bar.current_item = "starting"
                bar.render_progress()
            return
        if photo.problem:
            click.echo(f"{_CLEAR if bar else ''}gainmap: {photo.source}: {photo.problem}", err=True)
        if bar:
            times.append(perf_counter())
            rate = (len(times) - 1) / (times[-1] - times[0])
            left = timedelta(seconds=round((count - bar.pos - 1) / rate))
            bar.update(1, f"{rate:.1f} photos/s, {left} left")

    try:
        yield show
    finally:
        if bar:
            bar.render_finish()
            click.echo(err=True)
