"""The demonstration: encode a picture with both kinds of gain map, decode it, show what each is worth."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, TypeVar

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.cli.common import FOLDER, PATH, device, overwrite, progress_bar, quiet, say, seed, warn
from gainmap_codec.cli.comparison import Rendition, comparison_sheet
from gainmap_codec.codec.decoding import decode_with_notes
from gainmap_codec.codec.encoding import EncodeReport, encode_with_report
from gainmap_codec.codec.options import DecodeOptions, EncodeOptions, Prefer
from gainmap_codec.errors import NoGainMapError, printable
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, pq_psnr
from gainmap_codec.pixels.formats.outputs import check_outputs, write_atomically
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import grade_scene, render_scene

ProgressBar = Callable[[], AbstractContextManager[Callable[[float], None] | None]]
Say = Callable[[str], None]
Warn = Callable[[Iterable[str]], None]
T = TypeVar("T")

_REPEATS = 3
_TABLE = "{:<30}{:>9}{:>9}{:>10}{:>10}{:>10}"
_BASELINE = EncodeOptions(carry="standard", map_scale=4, map_quality=85, map_channels=1)
_WRITTEN = EncodeOptions(carry="standard")


@click.command(short_help="Try all of it on a bundled scene.")
@click.argument("source", metavar="[IN]", type=PATH, required=False)
@click.option("--out", type=FOLDER, default="demo", show_default=True, help="Folder for the results.")
@device
@seed
@overwrite
@quiet
def demo(source: Path | None, out: Path, *, device: str, seed: int, overwrite: bool, quiet: bool) -> None:
    """Try the gain maps on the photo IN, or on a bundled scene, and draw how they differ.

    \b
    Examples:
      gainmap demo
      gainmap demo photo.jpg --out results
    """
    run_demo(
        source,
        out,
        device=device,
        seed=seed,
        overwrite=overwrite,
        progress_bar=lambda: progress_bar(quiet, out),
        say=lambda line: None if quiet else say(printable(line)),
        warn=warn,
    )


def run_demo(
    source: Path | None,
    out: Path,
    *,
    device: str,
    seed: int,
    overwrite: bool,
    progress_bar: ProgressBar,
    say: Say,
    warn: Warn,
) -> None:
    """Encode `source`, decode it in every way, print a table and write files that one can look at.

    Writes ``<name>.exr`` (the HDR picture), ``<name>.jpg`` (the encoded file) and ``comparison.png``; of the scene
    ``scene.png``, the SDR picture, as well.

    Args:
        source: A gain-map file; None takes the bundled scene.
        out: Folder for the results; made if missing.
        device: As for `encode`.
        seed: Of the fit.
        overwrite: Files that are there may be replaced.
        progress_bar: Opens what is told the share of the fit that is done, 0…1, or gives None.
        say: Takes the lines of the report.
        warn: Takes what is odd about `source`, and what was lost.
    Raises:
        GainMapError: `source` cannot be read, or has no gain map.
        OSError: A file cannot be read or written, or is there already.
    """
    name = "scene" if source is None else source.stem
    names = [f"{name}.exr", *["scene.png"][: source is None], f"{name}.jpg", "comparison.png"]
    sources = [] if source is None else [source]
    check_outputs([(sources, out / file) for file in names], overwrite=overwrite, makes_folders=True)
    picture = _scene() if source is None else _Picture(source, None)
    reference = picture.hdr if isinstance(picture.hdr, HdrImage) else _reference(picture.hdr)
    out.mkdir(parents=True, exist_ok=True)  # before the fit: it takes a while
    height, width = reference.pixels.shape[:2]
    say(f"{name}: {width} x {height}, {_brightness(reference.measured_headroom())}")
    with progress_bar() as progress:
        start = perf_counter()
        report = encode_with_report(*picture, EncodeOptions(device=device, seed=seed), progress=progress)
    kind: Prefer = "neural" if report.payload_bytes else "standard"
    best = _measure(report, kind, reference, perf_counter() - start)
    warn(dict.fromkeys([*reference.warnings, *report.warnings]))
    baseline = _standard(picture, reference, _BASELINE)
    written = _standard(picture, reference, _WRITTEN)
    base = decode_with_notes(report.data, DecodeOptions(prefer="base"))
    _print_table(say, reference, base, baseline, written, best)
    reference.save(out / f"{name}.exr")
    if picture.sdr is not None:
        write_atomically(out / "scene.png", _png(picture.sdr))
    write_atomically(out / f"{name}.jpg", report.data)
    write_atomically(out / "comparison.png", _sheet(name, reference, base, baseline, best))
    say(f"Written to {out}/: {', '.join(names)} (look at it)")


class _Picture(NamedTuple):
    """What is encoded; of a photo, which brings its own SDR picture, its path alone."""

    hdr: HdrImage | Path
    sdr: NDArray[np.uint8] | None


def _scene() -> _Picture:
    """The bundled scene, and the SDR picture that a photographer might have made of it."""
    light = render_scene()
    return _Picture(HdrImage(light), grade_scene(light))


def _png(codes: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True, eq=False)
class _Result:
    """One file, and the rendition of it that is looked at."""

    report: EncodeReport
    image: HdrImage
    psnr: float
    encode_seconds: float
    decode_seconds: float


def _reference(path: Path) -> HdrImage:
    image = decode_with_notes(path, DecodeOptions())
    if image.rendered_from == "base":
        raise NoGainMapError(f"{path}: expected a photo with a gain map, got one without")
    return image


def _measure(report: EncodeReport, prefer: Prefer, reference: HdrImage, encode_seconds: float) -> _Result:
    image, decode_seconds = _timed(lambda: decode_with_notes(report.data, DecodeOptions(prefer=prefer)))
    return _Result(report, image, pq_psnr(image.pixels, reference.pixels), encode_seconds, decode_seconds)


def _standard(picture: _Picture, reference: HdrImage, options: EncodeOptions) -> _Result:
    start = perf_counter()
    report = encode_with_report(*picture, options)
    return _measure(report, "standard", reference, perf_counter() - start)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the median time of a few runs in seconds."""
    seconds = []
    for _ in range(_REPEATS):
        start = perf_counter()
        result = work()
        seconds.append(perf_counter() - start)
    return result, median(seconds)


def _print_table(
    say: Say, reference: HdrImage, base: HdrImage, baseline: _Result, written: _Result, best: _Result
) -> None:
    say("")
    say(_TABLE.format("HDR from", "bytes", "growth", "PQ-PSNR", "encode", "decode"))
    say(_TABLE.format("", "", "of file", "dB", "s", "s"))
    say(_TABLE.format("nothing (the base)", "0", "0", f"{pq_psnr(base.pixels, reference.pixels):.2f}", "", ""))
    for name, result in (("1/4-scale JPEG map, q85", baseline), ("the standard map", written)):
        growth = len(result.report.data) - result.report.base_bytes
        say(_row(name, result.report.map_bytes, growth, result))
    report = best.report
    if report.payload_bytes:
        name = f"the neural map ({report.preset})"
        say(_row(name, report.payload_bytes, len(report.data) - len(written.report.data), best))
    say("")
    held = "the standard and the neural map" if report.payload_bytes else "the standard map"
    say(f"The file holds {held}: {len(report.data):,} bytes.")
    if report.payload_bytes:
        say(f"Fitting the network took {report.fit_seconds:.1f} s.")
    say(f"import gainmap_codec takes {_import_seconds():.2f} s.")


def _row(name: str, stored_bytes: int, growth: int, result: _Result) -> str:
    times = f"{result.encode_seconds:.2f}", f"{result.decode_seconds:.3f}"
    return _TABLE.format(name, f"{stored_bytes:,}", f"{growth:,}", f"{result.psnr:.2f}", *times)


def _brightness(headroom: float) -> str:
    return f"{headroom:.2f} stops above SDR white ({SDR_WHITE_NITS * 2**headroom:,.0f} nits)"


def _import_seconds() -> float:
    """Median time of importing the package in fresh interpreters."""
    code = "from time import perf_counter as now; t = now(); import gainmap_codec; print(now() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        for _ in range(_REPEATS)
    ]
    return median(float(run.stdout) for run in runs)


def _sheet(name: str, reference: HdrImage, base: HdrImage, baseline: _Result, best: _Result) -> bytes:
    stops = max(round(reference.measured_headroom()), 1)
    return comparison_sheet(
        f"{name}: {_brightness(reference.measured_headroom())}",
        Rendition("as old readers show it", base.pixels),
        (
            Rendition("HDR reference", reference.pixels),
            _rendition("neural" if best.report.payload_bytes else "the standard map", best),
            _rendition("JPEG map, q85", baseline),
        ),
        stops=stops,
    )


def _rendition(name: str, result: _Result) -> Rendition:
    stored_bytes = result.report.payload_bytes or result.report.map_bytes
    return Rendition(f"{name}: {stored_bytes:,} bytes, {result.psnr:.1f} dB", result.image.pixels)
