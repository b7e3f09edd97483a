"""The command line of the measurements."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from gainmap_bench.experiments.binding import binding_rows
from gainmap_bench.experiments.commands import Asked, experiment, experiments, init, table
from gainmap_bench.inputs.pairs import pair_rows
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.payload.records import Preset

if TYPE_CHECKING:
    from gainmap_bench.inputs.evaluation import BenchPair

_PRESET = click.Choice(["tiny", "balanced", "best"])


@click.group()
def bench() -> None:
    """Measure what the documents quote."""


@bench.command()
@click.option("--runs", type=click.IntRange(min=1), default=15, show_default=True, help="Fresh interpreters for each.")
def imports(runs: int) -> None:
    """CPU seconds that importing the package takes, beside NumPy's own."""
    from gainmap_bench.speed.imports import import_rows

    for row in import_rows(runs):
        click.echo(row)


@bench.command()
@click.option("--extras", default="", help="Such as neural; with commas between several.")
def install(extras: str) -> None:
    """Megabytes of each package in a new environment that the package is installed in; needs a network."""
    from gainmap_bench.speed.install import install_rows

    for row in install_rows(extras):
        click.echo(row)


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", "presets", multiple=True, default=("balanced",), show_default=True, help="May be repeated.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def pairs(pairs: tuple[str, ...], presets: tuple[Preset, ...], seed: int) -> None:
    """Neural gain maps against a one-channel 1/4-scale quality-85 JPEG map: PQ-PSNR and bytes, a row a picture."""
    for row in pair_rows([_pair(text) for text in pairs], presets, seed):
        click.echo(row)


@bench.command()
def depth() -> None:
    """Errors and bytes of gain maps of 8, 10 and 12 bits on smooth ramps, a row for each range of gains."""
    from gainmap_bench.experiments.depth import depth_rows

    for row in depth_rows():
        click.echo(row)


@bench.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def packing(photos: tuple[Path, ...]) -> None:
    """Bytes of JPEG photos, their bases and their gain maps, and of the same packed into JPEG XL without loss."""
    from gainmap_bench.experiments.packing import packing_rows

    for row in packing_rows(photos):
        click.echo(row)


@bench.command()
@click.argument("pairs", nargs=-1, metavar="[HDR[,SDR]|FOLDER]...")
def maps(pairs: tuple[str, ...]) -> None:
    """Standard gain maps as `encode` chooses them, and two fixed ways: bytes, PQ-PSNR in two readers, dE_ITP.

    The bundled scene comes first, tone-mapped and graded; then a row a picture. The last column is what ours have over
    the better of both at no more bytes.
    """
    from gainmap_bench.experiments.maps import map_rows

    for row in map_rows(pairs):
        click.echo(row)


@bench.command()
@click.argument("pictures", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def channels(pictures: tuple[Path, ...]) -> None:
    """Standard gain maps of one channel and of three in JPEG, AVIF and JPEG XL, and which `encode` takes.

    The bundled scene comes first; then a row for each of the HDR pictures and each kind of file.
    """
    from gainmap_bench.experiments.channels import channel_rows

    for row in channel_rows(pictures):
        click.echo(row)


@bench.command()
@experiment("build/rd")
@click.option("--method", "methods", multiple=True, help="One of avif, heic, jpegxl, jpeg, paper, neural; repeatable.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(0,), show_default=True, help="May be repeated.")
def rd(asked: Asked, methods: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    """Rate and distortion of ordinary, published and neural gain maps; needs the extra "bench".

    Every point goes to OUT: those that are there already are not measured again; a run that was interrupted goes on,
    and one with more pairs, methods or seeds adds to it. Tables go to standard output; with --docs, the section of the
    report that `experiments` makes, which has published networks of several widths, and residuals compared.
    """
    if asked.docs:
        asked.run(seeds[0]).rate_distortion().write(asked.docs)
        return
    from gainmap_bench.experiments.rate_distortion import measure_all, tables, write_results
    from gainmap_bench.methods.by_name import METHODS, methods_named

    try:
        chosen = methods_named(methods or METHODS, asked.effort)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    sources = list(asked.digests())
    results = measure_all(sources, asked.effort.longest_side, chosen, seeds, asked.out, asked.processes)
    write_results(results, asked.out)
    for found in tables(results):
        click.echo("\n".join(found.markdown()))


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
    from gainmap_bench.experiments.colorvideovdp import judge, require_environment
    from gainmap_bench.experiments.jod import JodResult, jod_tables, measure_jod
    from gainmap_bench.inputs.sources import sources_of, usable

    try:
        require_environment()  # said at once, not after the first fit
    except GainMapError as error:
        raise click.ClickException(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    results: list[JodResult] = []
    for _, pair in usable(source for text in (*pairs, *more) for source in sources_of(text)):
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
    from gainmap_bench.experiments.ablation import ablation_rows

    for row in ablation_rows(map(_required, pairs), preset, seed):
        click.echo(row)


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the payload.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def decoders(pairs: tuple[str, ...], preset: Preset, seed: int) -> None:
    """What other JPEG decoders, and another coding of the base, cost in dB: a row a picture and decoder."""
    from gainmap_bench.methods.decoders import decoder_rows

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
    from gainmap_bench.experiments.seeds import seed_groups, seed_rows

    out.mkdir(parents=True, exist_ok=True)
    groups = list(seed_groups([_required(pair) for pair in pairs], preset, runs, out, _say))
    rows = list(seed_rows(groups))
    (out / f"{preset}.md").write_text("\n".join([*rows, ""]), "utf-8")
    click.echo("\n".join(rows))
    if bad := sum(group.bad for group in groups):
        raise click.ClickException(f"{bad} bad runs")


@bench.command()
@experiment("build/experiments")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the fits without --pairs.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def figures(asked: Asked, preset: Preset, seed: int) -> None:
    """Figures: with --pairs, where every method errs, a sheet a pair; else what a neural gain map consists of.

    Without --pairs, HDR[,SDR] are drawn after the demonstration's scene, in docs/figures; and README's picture is.
    """
    if asked.has_pairs:
        docs = asked.docs or Path("docs/experiments")
        docs.mkdir(parents=True, exist_ok=True)
        asked.run(seed).errors().write(docs)
        return
    from gainmap_bench.inputs.evaluation import graded_scene, scene_pair
    from gainmap_bench.report.figures import figure, overview
    from gainmap_codec.pixels.formats.outputs import write_atomically

    docs = asked.docs or Path("docs/figures")
    docs.mkdir(parents=True, exist_ok=True)
    write_atomically(docs / "overview.jpg", overview(graded_scene()))
    for pair in (scene_pair(), *map(_required, asked.texts)):
        _say(pair.name)
        write_atomically(docs / f"{pair.name}.png", figure(pair, preset, seed))


@bench.command()
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--docs", default="docs", show_default=True, type=click.Path(path_type=Path), help="Where to write it.")
def gallery(photos: tuple[Path, ...], docs: Path) -> None:
    """The documentation's gallery: the bundled scene, and PHOTOS whose licence allows it."""
    from gainmap_bench.report.gallery import photo_exhibit, scene_exhibit, write_gallery

    try:
        exhibits = [scene_exhibit(), *map(photo_exhibit, photos)]
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    write_gallery(exhibits, docs)


@bench.command("commands")
@click.option("--docs", default="docs", show_default=True, type=click.Path(path_type=Path), help="Where the pages are.")
def command_pages(docs: Path) -> None:
    """Run the examples of docs/commands, and put what they print and write into the pages and docs/figures/commands."""
    from tempfile import TemporaryDirectory

    from gainmap_bench.report.command_pages import write_command_pages

    with TemporaryDirectory() as folder:
        write_command_pages(docs, Path(folder))


@bench.command()
@click.argument("photo", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scale", "scales", multiple=True, type=float, help="Side over the photo's. Default: 0.25, 1, 2 and 4.")
@click.option("--runs", default=7, show_default=True, type=click.IntRange(1), help="Of each decoder, in turns.")
@click.option("--encode-runs", default=3, show_default=True, type=click.IntRange(0), help="Of each encoder, in turns.")
@click.option("--busy", is_flag=True, help="Also beside processes that keep all processors busy.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def speed(
    photo: Path | None, scales: tuple[float, ...], runs: int, encode_runs: int, busy: bool, out: Path | None
) -> None:
    """Time and memory of decoding and encoding, ours and other people's, in one run: PHOTO, or the bundled scene."""
    from gainmap_bench.speed.inputs import SCALES
    from gainmap_bench.speed.summary import measure, report

    result = measure(photo, scales or SCALES, runs, encode_runs, _say, is_busy=busy)
    click.echo(report(result), nl=False)
    if out:
        out.write_text(json.dumps(result, indent=2, default=asdict) + "\n", "utf-8")


@bench.command()
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Of each row.")
def encode(photos: tuple[Path, ...], runs: int) -> None:
    """Time of encoding PHOTOS and the bundled scene with both gain maps, and what the files are worth: a row each."""
    from gainmap_bench.speed.encoding import encode_rows

    for row in encode_rows(photos, runs):
        click.echo(row)


@bench.command()
@click.argument("photos", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", type=_PRESET, default="balanced", show_default=True, help="Of the payloads.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Seeds of each row.")
def effort(photos: tuple[str, ...], preset: Preset, runs: int) -> None:
    """Bytes, PQ-PSNR and CPU seconds of fits at each effort: a row a picture and effort."""
    from gainmap_bench.speed.efforts import effort_rows

    for row in effort_rows(map(_required, photos), preset, runs):
        click.echo(row)


@bench.command()
@click.argument("photo", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Of each coder, in turns.")
def coding(photo: Path, runs: int) -> None:
    """Time, bytes and PSNR of PHOTO as HEIC and AVIF at each speed, beside Pillow and pillow-heif."""
    from gainmap_bench.speed.coding import coding_rows
    from gainmap_codec.codec.opening import open_source
    from gainmap_codec.errors import Limits
    from gainmap_codec.pixels.color.light import with_bits

    opened = open_source(photo, Limits())
    for row in coding_rows(with_bits(opened.codes, opened.file.base.bits, 8), runs):
        click.echo(row)


@bench.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def qualities(photos: tuple[Path, ...]) -> None:
    """Bytes, PSNR, SSIMULACRA2 and time of PHOTOS at qualities of each container; needs `pip install ssimulacra2`."""
    from gainmap_bench.experiments.base_qualities import quality_rows

    try:
        for row in quality_rows(photos):
            click.echo(row)
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}: pip install ssimulacra2") from error


@bench.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
def binding(pictures: tuple[Path, ...]) -> None:
    """How far edits move the soft binding's fingerprint, and which of them it accepts: a row an edit."""
    for row in binding_rows(pictures):
        click.echo(row)


@bench.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def parts(files: tuple[Path, ...]) -> None:
    """Bytes of each part of neural payloads, in photos or bare: a row a file."""
    from gainmap_bench.experiments.payload_parts import part_rows

    for row in part_rows(files):
        click.echo(row)


@bench.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def states(folder: Path) -> None:
    """Train the range coder's first states on the payloads in FOLDER, and tell what that is worth on other pictures.

    Files of one picture have one name up to the first dot.
    """
    from gainmap_bench.experiments.states import read_payloads, state_rows

    for row in state_rows(list(read_payloads(folder))):
        click.echo(row)


@bench.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--side", type=int, help="Longest side that the photos have before; as they are by default.")
@click.option("--by", default=(2, 4), multiple=True, show_default=True, help="Factor by which they become smaller.")
@click.option("--carry", type=click.Choice(["neural", "both"]), default="neural", show_default=True)
@click.option("--quality", default=92, show_default=True, help="Of the resized base.")
def resizing(
    photos: tuple[Path, ...], side: int | None, by: tuple[int, ...], carry: Literal["neural", "both"], quality: int
) -> None:
    """Gain-map photos made smaller: the old network, what `resize` writes, and a new fit; a row a photo and factor."""
    from gainmap_bench.experiments.resizing import resizing_rows

    for row in resizing_rows(photos, side, by, carry, quality):
        click.echo(row)


@bench.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def survival(files: tuple[Path, ...]) -> None:
    """What other people's programs leave of gain-map files: a row a file and edit. Default: the bundled scene."""
    from gainmap_bench.experiments.survival import survival_rows, versions

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
    from gainmap_bench.inputs.sources import source_of, usable

    ((_, pair),) = usable([source_of(text)])
    return pair


def _pair(text: str) -> tuple[Path, Path | None]:
    hdr, _, sdr = text.partition(",")
    return Path(hdr), Path(sdr) if sdr else None


def _say(part: str) -> None:
    click.echo(part, err=True)


bench.add_command(table)
bench.add_command(init)
bench.add_command(experiments)


if __name__ == "__main__":
    bench(prog_name="python -m gainmap_bench")
