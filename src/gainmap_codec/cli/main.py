"""The command line: ``gainmap encode | decode | inspect | conformance | demo``, and what the other modules add."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gainmap_codec.cli.batch import batch
from gainmap_codec.cli.common import (
    CONTAINERS,
    FILE_ERRORS,
    INTERRUPTED,
    PATH,
    check_folder,
    complain,
    device,
    exit_for,
    output,
    overwrite,
    progress_bar,
    quiet,
    say,
    say_json,
    say_of,
    seed,
    strict,
    strip,
    usage,
    warn,
    warn_of,
)
from gainmap_codec.cli.demo import run_demo
from gainmap_codec.cli.edit import COMMANDS
from gainmap_codec.cli.view import view
from gainmap_codec.codec.conformance import check_folder as check_files_in
from gainmap_codec.codec.conformance import format_table
from gainmap_codec.codec.decoding import ORIGINS, decode_opened
from gainmap_codec.codec.description import describe, describe_picture
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.inspection import inspect_picture, inspect_source
from gainmap_codec.codec.opening import open_source
from gainmap_codec.codec.options import (
    DEFAULT_QUALITY,
    Carry,
    DecodeOptions,
    EncodeOptions,
    Prefer,
    PresetChoice,
    Region,
    Strip,
)
from gainmap_codec.errors import FormatError, Limits, error_line, printable
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.coded_image import Chroma
from gainmap_codec.pixels.formats.outputs import check_outputs, write_atomically
from gainmap_codec.pixels.formats.saving import write_hdr
from gainmap_codec.pixels.formats.sources import read_source

_ENCODING, _DECODING = EncodeOptions(), DecodeOptions()  # for their defaults


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gainmap-codec", prog_name="gainmap")
def gainmap() -> None:
    """Work with HDR photos: pictures that any program can show, with a gain map that makes them HDR.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap inspect photo.heic
      gainmap decode photo.jpg -o photo.avif
      gainmap transcode photo.heic -o photo.jpg

    Exit codes: 0 done, 1 a file is missing, damaged or not supported, 2 wrong usage, 130 interrupted.
    """


@gainmap.command()
@click.argument("hdr", type=PATH)
@output(CONTAINERS, help="The JPEG, HEIC or AVIF file to write; its name tells which.")
@click.option(
    "--sdr",
    type=PATH,
    help="The SDR version of the picture; a file of the kind to write is kept bit for bit. Default: tone-mapped.",
)
@click.option(
    "--carry",
    type=click.Choice(["both", "neural", "standard"]),
    default=_ENCODING.carry,
    show_default=True,
    help="Which gain maps to store.",
)
@click.option(
    "--preset",
    type=click.Choice(["tiny", "balanced", "best", "auto", "paper-gain", "paper-gamma"]),
    default=_ENCODING.preset,
    show_default=True,
    help="Kind of neural gain map; auto: balanced, or none where a standard gain map is worth more.",
)
@click.option("--target-bytes", type=click.IntRange(min=1), help="Largest size of the neural gain map, in bytes.")
@click.option(
    "--target-psnr",
    type=click.FloatRange(min=0),
    help="Quality for the neural gain map to reach, as PQ-PSNR in dB.",
)
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    help="Quality of the SDR picture. Default: 92, or kept as it is where --sdr can be.",
)
@click.option(
    "--base-bits",
    type=click.Choice(["8", "10"]),
    help="Bits of the SDR picture; 10 in HEIC and AVIF. Default: 8, or as many as --sdr has.",
)
@click.option(
    "--base-chroma",
    type=click.Choice(["4:4:4", "4:2:0"]),
    default=_ENCODING.base_chroma,
    show_default=True,
    help="Chroma of a new SDR picture; 4:2:0 for decoders in hardware, in HEIC and AVIF.",
)
@click.option(
    "--base-color-space",
    type=click.Choice(["srgb", "display-p3"]),
    default=_ENCODING.base_color_space,
    show_default=True,
    help="Colour space of a new SDR picture.",
)
@click.option(
    "--map-scale",
    type=click.IntRange(1, 128),
    default=_ENCODING.map_scale,
    show_default=True,
    help="How many times smaller than the picture the standard gain map is, along a side.",
)
@click.option(
    "--map-quality",
    type=click.IntRange(1, 100),
    default=_ENCODING.map_quality,
    show_default=True,
    help="Quality of the standard gain map.",
)
@click.option(
    "--map-channels",
    type=click.Choice(["1", "3"]),
    default=str(_ENCODING.map_channels),
    show_default=True,
    help="Channels of the standard gain map: 1 for all colours, or 3.",
)
@strip
@device
@seed
@overwrite
@strict
@quiet
def encode(
    hdr: Path,
    output: Path,
    *,
    sdr: Path | None,
    carry: Carry,
    preset: PresetChoice,
    target_bytes: int | None,
    target_psnr: float | None,
    quality: int | None,
    base_bits: str | None,
    base_chroma: Chroma,
    base_color_space: ColorSpace,
    map_scale: int,
    map_quality: int,
    map_channels: str,
    strip: Strip | None,
    device: str,
    seed: int,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Make a photo with gain maps from the picture HDR.

    HDR is an OpenEXR, Radiance, TIFF, npy, PQ PNG, HEIC or AVIF file, or another photo with a gain map.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap encode scene.exr --sdr graded.jpg -o scene.jpg --carry neural
      gainmap encode ultrahdr.jpg -o smaller.jpg --target-bytes 2000
      gainmap encode scene.exr -o scene.avif --base-bits 10
    """
    with usage():
        options = EncodeOptions(
            container=CONTAINERS[output.suffix.lower()],
            carry=carry,
            preset=preset,
            target_bytes=target_bytes,
            target_psnr=target_psnr,
            quality=quality,
            base_bits=int(base_bits) if base_bits else None,
            base_chroma=base_chroma,
            base_color_space=base_color_space,
            map_scale=map_scale,
            map_quality=map_quality,
            map_channels=int(map_channels),
            strip=strip,
            device=device,
            seed=seed,
        )
    check_outputs([((hdr, sdr) if sdr else (hdr,), output)], overwrite=overwrite)
    with progress_bar(quiet) as progress:
        report = encode_with_report(hdr, sdr, options, progress=progress)
    write_atomically(output, report.data)
    warn_of(sdr or hdr, report.warnings, report.file.damage)
    if not quiet:
        say_of(output, f"{len(report.data):,} bytes")
        if report.neural_psnr is not None:
            seconds = f"fitted in {report.fit_seconds:.1f} s"
            say(f"  neural gain map: {report.payload_bytes:,} bytes, {report.neural_psnr:.2f} dB, {seconds}")
        if report.standard_psnr is not None:
            say(f"  standard gain map: {report.map_bytes:,} bytes, {report.standard_psnr:.2f} dB")
    exit_for(0, bool(report.file.damage), 1, strict=strict)


@gainmap.command()
@click.argument("source", metavar="IN", type=PATH)
@output(
    (".exr", ".png", ".tiff", ".tif", ".avif", ".heic", ".jxl", ".hdr", ".npy"),
    help="OpenEXR, Radiance or npy; or PQ as PNG, TIFF, AVIF, HEIC or JPEG XL; the name tells which.",
)
@click.option(
    "--headroom",
    type=click.FloatRange(min=0),
    help="How far the display goes beyond SDR white, in stops. Default: as far as the photo does.",
)
@click.option(
    "--prefer",
    type=click.Choice(["auto", "neural", "standard", "base"]),
    default=_DECODING.prefer,
    show_default=True,
    help="Which gain map to use; auto takes the better one, base none.",
)
@click.option(
    "--color-space",
    type=click.Choice(["bt2020", "display-p3", "srgb"]),
    default=_DECODING.color_space,
    show_default=True,
    help="Colour space of an EXR file; the others have one of their own.",
)
@click.option(
    "--region",
    nargs=4,
    type=int,
    metavar="X Y W H",
    help="Decode only a part: left edge, top edge, width and height in pixels.",
)
@strip
@device
@overwrite
@strict
@quiet
def decode(
    source: Path,
    output: Path,
    *,
    headroom: float | None,
    prefer: Prefer,
    color_space: ColorSpace,
    region: Region | None,
    strip: Strip | None,
    device: str,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Save the HDR version of the photo IN as a picture that other programs open.

    \b
    Examples:
      gainmap decode photo.jpg -o photo.exr
      gainmap decode photo.jpg -o photo.avif
      gainmap decode photo.jpg -o laptop.png --headroom 1.5
      gainmap decode photo.jpg -o face.exr --region 400 300 1024 1024
    """
    with usage():
        options = DecodeOptions(
            headroom=headroom, prefer=prefer, color_space=color_space, region=region, strip=strip, device=device
        )
    check_outputs([((source,), output)], overwrite=overwrite)
    opened = open_source(source, options.limits, is_rendered=True)
    image = decode_opened(opened, options)
    lost = write_hdr(output, image, DEFAULT_QUALITY)
    warn_of(source, (*image.warnings, *lost), opened.file.damage)
    if not quiet:
        height, width = image.pixels.shape[:2]
        say_of(output, f"{width} x {height}, made from {ORIGINS[image.rendered_from or 'base']}")
    exit_for(0, bool(opened.file.damage), 1, strict=strict)


@gainmap.command()
@click.argument("source", metavar="IN", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print everything, for programs.")
def inspect(source: Path, as_json: bool) -> None:
    """Say what is in the photo or HDR picture IN.

    \b
    Examples:
      gainmap inspect photo.jpg
      gainmap inspect photo.jpg --json | jq .gain_map
    """
    words = describe
    try:
        info = inspect_source(source, Limits()).to_dict()
    except FormatError:
        picture = inspect_picture(*read_source(source), Limits())
        if picture is None:
            raise
        info, words = picture, describe_picture
    if as_json:
        say_json(info)
    else:
        say(words(info))


@gainmap.command()
@click.argument("folder", metavar="DIR", type=PATH)
def conformance(folder: Path) -> None:
    """Decode every JPEG, HEIC and AVIF file in the folder DIR, and print a table of what came of them.

    Exit code 1 where a file has or names a gain map that yields nothing, or cannot be read; the last column says why.

    \b
    Example:
      gainmap conformance my-encoder/output
    """
    check_folder(folder)
    rows = list(check_files_in(folder, Limits()))
    say(format_table(rows))
    lost = sum(bool(row.problem) for row in rows)
    say(f"{len(rows)} files, {lost} with a problem")
    if lost:
        raise click.exceptions.Exit(1)


@gainmap.command()
@click.argument("source", metavar="[IN]", type=PATH, required=False)
@click.option("--out", type=PATH, default="demo", show_default=True, help="Folder for the results.")
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
        progress_bar=lambda: progress_bar(quiet),
        say=lambda line: None if quiet else say(printable(line)),
        warn=warn,
    )


for command in (*COMMANDS, batch, view):
    gainmap.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = gainmap.main(standalone_mode=False, prog_name="gainmap")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        code = INTERRUPTED
    except FILE_ERRORS as error:
        complain(error_line(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
