"""The command line of the measurements."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gainmap_codec.bench.binding import binding_rows
from gainmap_codec.bench.pairs import pair_rows
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.records import Preset

if TYPE_CHECKING:
    from gainmap_codec.bench.evaluation import BenchPair

_QUICK_SIDE = 128  # px
_PICTURES = (".avif", ".exr", ".hdr", ".heic", ".jpeg", ".jpg", ".npy", ".png", ".tif", ".tiff")


_PRESET = click.Choice(["tiny", "balanced", "best"])


@click.group()
def bench() -> None:
    """Measure what the documents quote."""


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", "presets", multiple=True, default=("balanced",), show_default=True, help="May be repeated.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def pairs(pairs: tuple[str, ...], presets: tuple[str, ...], seed: int) -> None:
    """Neural gain maps against a one-channel 1/4-scale quality-85 JPEG map: PQ-PSNR and bytes, a row a picture."""
    for row in pair_rows([_pair(text) for text in pairs], presets, seed):
        click.echo(row)


@bench.command()
@click.option("--pairs", multiple=True, required=True, metavar="PAIR", help="What to measure; may be repeated.")
@click.argument("more", nargs=-1, metavar="[PAIR...]")
@click.option("--out", default="build/rd", show_default=True, type=click.Path(path_type=Path), help="For the points.")
@click.option(
    "--method", "methods", multiple=True, help="One of avif, heic, jpegxl, jpeg, paper, neural; may be repeated."
)
@click.option("--seed", "seeds", multiple=True, type=int, default=(0,), show_default=True, help="May be repeated.")
@click.option("--quick", is_flag=True, help="Small pictures, few points, short fits: to see that it runs.")
def rd(
    pairs: tuple[str, ...],
    more: tuple[str, ...],
    out: Path,
    methods: tuple[str, ...],
    seeds: tuple[int, ...],
    quick: bool,
) -> None:
    """Rate and distortion of ordinary, published and neural gain maps; needs the extra "bench".

    PAIR is HDR,SDR or an HDR picture that we tone-map or a gain-map photo, whose base is kept; or a folder of such
    pictures. Tables go to standard output, every point to OUT. Points that are there already are not measured again: a
    run that was interrupted goes on, and one with more pairs, methods or seeds adds to it.
    """
    try:
        from gainmap_codec.bench.methods import METHODS, methods_named
        from gainmap_codec.bench.rate_distortion import PictureResult, measure, tables, write_results
    except ImportError as error:
        raise click.ClickException(f"{error}: pip install 'gainmap-codec[bench]'") from error
    defaults = [name for name in METHODS if not (quick and name == "neural")]  # its fits have one length
    try:
        chosen = methods_named(methods or defaults, quick=quick)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    sources = [source for text in (*pairs, *more) for source in _sources(text)]
    out.mkdir(parents=True, exist_ok=True)
    results: list[PictureResult] = []
    with _progress(len(sources) * sum(len(seeds) if method.is_seeded else 1 for method in chosen)) as say:
        for source in sources:
            pair = _load(source, quick)
            if pair is not None:
                results.append(measure(pair, chosen, seeds, out, say))
                write_results(results, out)
    for line in tables(results):
        click.echo(line)


@bench.command()
@click.option("--pairs", multiple=True, required=True, metavar="PHOTO", help="What to measure; may be repeated.")
@click.argument("more", nargs=-1, metavar="[PHOTO...]")
@click.option("--out", default="build/jod", show_default=True, type=click.Path(path_type=Path), help="For the points.")
@click.option("--method", "methods", multiple=True, type=click.Choice(["neural", "avif"]), help="May be repeated.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def jod(pairs: tuple[str, ...], more: tuple[str, ...], out: Path, methods: tuple[str, ...], seed: int) -> None:
    """Bytes that ColorVideoVDP asks for: see ``make bench-jod``, which makes the environment that it runs in.

    PHOTO is a gain-map photo or a folder of them. Series that are in OUT already are not measured again.
    """
    from gainmap_codec.bench.colorvideovdp import judge, require_environment
    from gainmap_codec.bench.jod import JodResult, jod_tables, measure_jod

    try:
        require_environment()  # said at once, not after the first fit
    except GainMapError as error:
        raise click.ClickException(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    results: list[JodResult] = []
    for source in (source for text in (*pairs, *more) for source in _sources(text)):
        pair = _load(source, quick=False)
        if pair is None:
            continue
        try:
            results += measure_jod(pair, methods or ("neural", "avif"), seed, out, judge, _say)
        except (GainMapError, ValueError, RuntimeError) as error:
            raise click.ClickException(str(error)) from error
    for line in jod_tables(results):
        click.echo(line)


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="What the parts are left out of.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def ablation(pairs: tuple[str, ...], preset: Preset, seed: int) -> None:
    """What each part of the codec buys: a row a picture and part left out."""
    from gainmap_codec.bench.ablation import ablation_rows

    for row in ablation_rows(map(_required, pairs), preset, seed):
        click.echo(row)


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the payload.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def decoders(pairs: tuple[str, ...], preset: Preset, seed: int) -> None:
    """What other JPEG decoders, and another coding of the base, cost in dB: a row a picture and decoder."""
    from gainmap_codec.bench.decoders import decoder_rows

    for row in decoder_rows(map(_required, pairs), preset, seed):
        click.echo(row)


@bench.command()
@click.option("--runs", default=100, show_default=True, type=click.IntRange(5), help="Fits in all, five a picture.")
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the payload.")
@click.option("--out", default="build/seeds", show_default=True, type=click.Path(path_type=Path), help="For the runs.")
def seeds(pairs: tuple[str, ...], runs: int, preset: Preset, out: Path) -> None:
    """Bad runs: fits that end more than 0.5 dB under the median of their picture's five seeds.

    Fails where there is one. The table goes to standard output and OUT; runs that the same code has left in OUT are
    not repeated.
    """
    from gainmap_codec.bench.seeds import seed_groups, seed_rows

    out.mkdir(parents=True, exist_ok=True)
    groups = list(seed_groups([_required(pair) for pair in pairs], preset, runs, out, _say))
    rows = list(seed_rows(groups))
    (out / f"{preset}.md").write_text("\n".join([*rows, ""]), "utf-8")
    click.echo("\n".join(rows))
    if bad := sum(group.bad for group in groups):
        raise click.ClickException(f"{bad} bad runs")


@bench.command()
@click.argument("pairs", nargs=-1, metavar="[HDR[,SDR]...]")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the fits.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
@click.option("--out", default="docs/figures", show_default=True, type=click.Path(path_type=Path), help="For the PNGs.")
def figures(pairs: tuple[str, ...], preset: Preset, seed: int, out: Path) -> None:
    """Figures of what a neural gain map consists of: one of the demonstration's scene, and one a pair."""
    from gainmap_codec.bench.evaluation import scene_pair
    from gainmap_codec.bench.figures import figure
    from gainmap_codec.pixels.images import write_atomically

    out.mkdir(parents=True, exist_ok=True)
    for pair in (scene_pair(), *map(_required, pairs)):
        _say(pair.name)
        write_atomically(out / f"{pair.name}.png", figure(pair, preset, seed))


@bench.command()
@click.argument("photo", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scale", "scales", multiple=True, type=float, help="Side over the photo's. Default: 0.25, 1, 2 and 4.")
@click.option("--runs", default=7, show_default=True, type=click.IntRange(1), help="Of each decoder, in turns.")
@click.option("--encode-runs", default=3, show_default=True, type=click.IntRange(0), help="Of each encoder, in turns.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def speed(photo: Path | None, scales: tuple[float, ...], runs: int, encode_runs: int, out: Path | None) -> None:
    """Time and memory of decoding and encoding, ours and other people's, in one run: PHOTO, or the bundled scene."""
    from gainmap_codec.bench.speed_inputs import SCALES
    from gainmap_codec.bench.speed_report import measure, report

    result = measure(photo, scales or SCALES, runs, encode_runs, _say)
    click.echo(report(result), nl=False)
    if out:
        out.write_text(json.dumps(result, indent=2, default=asdict) + "\n", "utf-8")


@bench.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
def binding(pictures: tuple[Path, ...]) -> None:
    """How far edits move the soft binding's fingerprint, and which of them it accepts: a row an edit."""
    for row in binding_rows(pictures):
        click.echo(row)


@bench.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--quality", default=92, show_default=True, help="Of the resized base.")
def resizing(photos: tuple[Path, ...], quality: int) -> None:
    """Upright gain-map photos at half the size: their neural maps resized, and fitted anew; a row a photo."""
    from gainmap_codec.bench.resizing import resizing_rows

    for row in resizing_rows(photos, quality):
        click.echo(row)


@bench.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def survival(files: tuple[Path, ...]) -> None:
    """What other people's programs leave of gain-map files: a row a file and edit. Default: the bundled scene."""
    from gainmap_codec.bench.survival import survival_rows, versions

    for line in versions():
        click.echo(line)
    click.echo()
    given = [(path.name, path.read_bytes()) for path in files]
    for row in survival_rows(given or _scene_files()):
        click.echo(row)


def _scene_files() -> list[tuple[str, bytes]]:
    """The bundled scene with both gain maps, as JPEG, HEIC and AVIF."""
    import gainmap_codec as gm
    from gainmap_codec.pixels.scene import render_scene

    jpeg = gm.encode(gm.HdrImage(render_scene(768, 512)))
    return [("scene.jpg", jpeg)] + [(f"scene.{kind}", gm.transcode(jpeg, container=kind)) for kind in ("heic", "avif")]


def _required(text: str) -> BenchPair:
    """The pair of an argument, which has to be one."""
    pair = _load(_Source(*_pair(text), is_named=True), quick=False)
    assert pair is not None
    return pair


class _Source(NamedTuple):
    hdr: Path
    sdr: Path | None
    is_named: bool


def _pair(text: str) -> tuple[Path, Path | None]:
    hdr, _, sdr = text.partition(",")
    return Path(hdr), Path(sdr) if sdr else None


def _sources(text: str) -> list[_Source]:
    """A pair, or all pictures of a folder."""
    if not Path(text).is_dir():
        return [_Source(*_pair(text), is_named=True)]
    paths = sorted(path for path in Path(text).iterdir() if path.suffix.lower() in _PICTURES)
    return [_Source(path, None, is_named=False) for path in paths]


def _load(source: _Source, quick: bool) -> BenchPair | None:
    """The pair, or None for a folder's picture that is not HDR."""
    from gainmap_codec.bench.evaluation import load_pair

    try:
        return load_pair(source.hdr, source.sdr, longest_side=_QUICK_SIDE if quick else None)
    except (GainMapError, ValueError, OSError) as error:
        if source.is_named:
            raise click.ClickException(str(error)) from error
        click.echo(f"left out: {error}", err=True)
        return None


def _say(part: str) -> None:
    click.echo(part, err=True)


@contextmanager
def _progress(length: int) -> Iterator[Callable[[str], None]]:
    """What to tell the beginning of each of `length` parts: a bar on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield _say
        return
    with click.progressbar(length=length, file=sys.stderr, show_pos=True, item_show_func=lambda part: part) as bar:
        begun: list[str] = []

        def say(part: str) -> None:
            bar.update(1 if begun else 0, part)
            begun.append(part)

        yield say


if __name__ == "__main__":
    bench(prog_name="python -m gainmap_codec.bench")
