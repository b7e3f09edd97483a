"""The command line: ``gainmap encode | decode | inspect | conformance | demo``, and what other `_cli` modules add."""

from __future__ import annotations

import errno
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

import gainmap_codec as gm
from gainmap_codec.cli.batch import batch
from gainmap_codec.cli.edit import COMMANDS
from gainmap_codec.cli.view import view

_PATH = click.Path(path_type=Path)  # a missing file is a bad file (exit code 1), not bad usage
_PROGRESS_STEPS = 1000
_CONTAINERS = {".jpg": "jpeg", ".jpeg": "jpeg", ".heic": "heic", ".heif": "heic", ".avif": "avif"}

_quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
_device = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
_seed = click.option("--seed", default=0, show_default=True, help="Seed of the fit.")


def _output(*suffixes: str, help: str) -> Callable[[Any], Any]:
    """The option -o, refused before any work is done where nothing could be written."""

    def check(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
        if path.suffix.lower() not in suffixes:
            raise click.BadParameter(f"a name ending in {', '.join(suffixes)} wanted, {path.name!r} found")
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(path.parent))
        return path

    return click.option("-o", "--output", type=_PATH, required=True, callback=check, help=help)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gainmap-codec", prog_name="gainmap")
def gainmap() -> None:
    """HDR photos: an SDR picture, and a gain map or a neural gain map that makes it HDR.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap inspect photo.heic
      gainmap decode photo.jpg -o photo.avif
      gainmap transcode photo.heic -o photo.jpg

    Exit codes: 0 done, 1 a file is missing, damaged or not supported, 2 wrong usage.
    """


@gainmap.command()
@click.argument("hdr", type=_PATH)
@_output(*_CONTAINERS, help="The JPEG, HEIC or AVIF file to write, by its name.")
@click.option(
    "--sdr",
    type=_PATH,
    help="The SDR rendition; a file of the kind to write is kept bit for bit. Default: tone-mapped.",
)
@click.option(
    "--carry",
    type=click.Choice(["both", "neural", "standard"]),
    default="both",
    show_default=True,
    help="Which gain maps to store.",
)
@click.option(
    "--preset",
    type=click.Choice(["tiny", "balanced", "best", "auto", "paper-gain", "paper-gamma"]),
    default="balanced",
    show_default=True,
    help="Kind of neural map; auto: balanced, or none where a standard map serves better.",
)
@click.option("--target-bytes", type=click.IntRange(min=1), help="Largest neural payload wanted.")
@click.option("--target-psnr", type=click.FloatRange(min=0), help="PQ-PSNR wanted of the neural map, in dB.")
@click.option("--quality", type=click.IntRange(1, 100), help="Quality of the base. Default: 92 if it is new.")
@click.option("--base-bits", type=click.Choice(["8", "10"]), help="Depth of the base. Default: 8 if it is new.")
@click.option(
    "--base-chroma",
    type=click.Choice(["4:4:4", "4:2:0"]),
    default="4:4:4",
    show_default=True,
    help="Chroma of a new base; 4:2:0 for decoders in hardware (HEIC and AVIF).",
)
@click.option(
    "--base-color-space",
    type=click.Choice(["srgb", "display-p3"]),
    default="srgb",
    show_default=True,
    help="Colour space of a new base.",
)
@click.option(
    "--map-scale",
    type=click.IntRange(1, 128),
    default=4,
    show_default=True,
    help="Pixels of the picture per pixel of the standard map, along a side.",
)
@click.option(
    "--map-quality",
    type=click.IntRange(1, 100),
    default=90,
    show_default=True,
    help="Quality of the standard map.",
)
@click.option(
    "--map-channels",
    type=click.Choice(["1", "3"]),
    default="1",
    show_default=True,
    help="Channels of the standard map.",
)
@click.option("--strip", is_flag=True, help="Write no EXIF and XMP of the SDR picture.")
@_device
@_seed
@_quiet
def encode(
    hdr: Path, output: Path, *, map_channels: str, base_bits: str | None, strip: bool, quiet: bool, **options: Any
) -> None:
    """Encode the picture HDR (EXR, Radiance, PQ PNG, TIFF, HEIC, AVIF, npy or a gain-map file).

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap encode scene.exr --sdr graded.jpg -o scene.jpg --carry neural
      gainmap encode ultrahdr.jpg -o smaller.jpg --target-bytes 2000
      gainmap encode scene.exr -o scene.avif --base-bits 10
    """
    from gainmap_codec.api import encode_with_report
    from gainmap_codec.pixels.formats.sources import write_atomically

    if strip:
        options |= {"exif": b"", "xmp": b""}
    with _progress_bar(quiet) as progress:
        report = encode_with_report(
            hdr,
            container=_CONTAINERS[output.suffix.lower()],
            map_channels=int(map_channels),
            base_bits=int(base_bits) if base_bits else None,
            progress=progress,
            **options,
        )
    write_atomically(output, report.data)
    if not quiet:
        click.echo(f"{output}: {len(report.data):,} bytes")
        if report.neural_psnr is not None:
            seconds = f"fitted in {report.fit_seconds:.1f} s"
            click.echo(f"  neural map: {report.payload_bytes:,} bytes, {report.neural_psnr:.2f} dB, {seconds}")
        if report.standard_psnr is not None:
            click.echo(f"  standard map: {report.map_bytes:,} bytes, {report.standard_psnr:.2f} dB")


@gainmap.command()
@click.argument("source", metavar="IN", type=_PATH)
@_output(
    *(".exr", ".png", ".tiff", ".tif", ".avif", ".heic", ".jxl", ".hdr", ".npy"),
    help="OpenEXR, PNG, TIFF, AVIF, HEIC or JPEG XL (all PQ), Radiance or npy, by its name.",
)
@click.option(
    "--headroom",
    type=click.FloatRange(min=0),
    help="Render for a display of this headroom, in stops over SDR white. Default: all that is there.",
)
@click.option(
    "--prefer",
    type=click.Choice(["auto", "neural", "standard", "base"]),
    default="auto",
    show_default=True,
    help="Which map makes the HDR rendition; auto takes the better one.",
)
@click.option(
    "--color-space",
    type=click.Choice(["bt2020", "display-p3", "srgb"]),
    default="bt2020",
    show_default=True,
    help="Primaries of an EXR.",
)
@click.option(
    "--region",
    nargs=4,
    type=int,
    metavar="X Y W H",
    help="The part that is wanted: left edge, top edge, width and height in pixels. Default: all.",
)
@_device
@_quiet
def decode(source: Path, output: Path, *, quiet: bool, **options: Any) -> None:
    """Decode the HDR rendition of the gain-map file IN.

    \b
    Examples:
      gainmap decode photo.jpg -o photo.exr
      gainmap decode photo.jpg -o photo.avif
      gainmap decode photo.jpg -o laptop.png --headroom 1.5
      gainmap decode photo.jpg -o face.exr --region 400 300 1024 1024
    """
    image = gm.decode(source, **options)
    image.save(output)
    if not quiet:
        height, width = image.pixels.shape[:2]
        click.echo(f"{output}: {width} x {height}, rendered from the {image.rendered_from}")


@gainmap.command()
@click.argument("source", metavar="IN", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print everything, for programs.")
def inspect(source: Path, as_json: bool) -> None:
    """Say what the gain-map file or HDR picture IN holds.

    \b
    Examples:
      gainmap inspect photo.jpg
      gainmap inspect photo.jpg --json | jq .gain_map
    """
    from gainmap_codec.codec.description import describe, describe_picture
    from gainmap_codec.codec.inspection import inspect_picture
    from gainmap_codec.pixels.formats.sources import read_source

    words = describe
    try:
        info = gm.inspect(source).to_dict()
    except gm.FormatError:
        picture = inspect_picture(*read_source(source), gm.Limits())
        if picture is None:
            raise
        info, words = picture, describe_picture
    click.echo(json.dumps(info, indent=2, ensure_ascii=False) if as_json else words(info))


@gainmap.command()
@click.argument("folder", metavar="DIR", type=_PATH)
def conformance(folder: Path) -> None:
    """Decode every JPEG, HEIC and AVIF file in DIR, and the folders in it, and print what was found.

    Exit code 1 where a file holds or names a gain map that yields nothing, or cannot be read: the last column says why.

    \b
    Example:
      gainmap conformance my-encoder/output
    """
    from gainmap_codec.codec.conformance import check_folder, format_table

    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))
    rows = list(check_folder(folder, gm.Limits()))
    click.echo(format_table(rows))
    lost = sum(bool(row.problem) for row in rows)
    click.echo(f"{len(rows)} files, {lost} with a problem")
    if lost:
        raise click.exceptions.Exit(1)


@gainmap.command()
@click.argument("source", metavar="[IN]", type=_PATH, required=False)
@click.option("--out", type=_PATH, default="demo", show_default=True, help="Folder for the results.")
@_device
@_seed
@_quiet
def demo(source: Path | None, out: Path, *, device: str, seed: int, quiet: bool) -> None:
    """Encode and decode IN, an Ultra HDR photo, or a bundled scene; compare the maps and draw the difference.

    \b
    Examples:
      gainmap demo
      gainmap demo photo.jpg --out results
    """
    from gainmap_codec.cli.demo import run_demo

    run_demo(
        source,
        out,
        device=device,
        seed=seed,
        progress_bar=lambda: _progress_bar(quiet),
        say=lambda line: None if quiet else click.echo(line),
    )


for command in (*COMMANDS, batch, view):
    gainmap.add_command(command)


@contextmanager
def _progress_bar(quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """What to tell the share of a fit that is done, or None where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=_PROGRESS_STEPS, label="Fitting", file=sys.stderr) as bar:
        yield lambda done: bar.update(round(done * _PROGRESS_STEPS) - bar.pos)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


def _explain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    return _one_line(error)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print our warnings as they come, one line each; other people's keep their way."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", gm.GainMapWarning)
        others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, gm.GainMapWarning):
                click.echo(f"gainmap: warning: {_one_line(message)}", err=True)
            else:
                others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        with _warnings_as_lines():
            code = gainmap.main(standalone_mode=False, prog_name="gainmap")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("gainmap: interrupted", err=True)
        code = 130
    except (gm.GainMapError, OSError, ValueError, MemoryError) as error:
        click.echo(f"gainmap: {_explain(error)}", err=True)
        code = 1
    sys.exit(code)
