"""The command line's ``gainmap decode``."""

from __future__ import annotations

from pathlib import Path

import click

from gainmap_codec.cli.common import (
    device,
    exit_for,
    output,
    overwrite,
    progress_bar,
    quiet,
    say_of,
    strict,
    strip,
    suffix_of,
    to,
    usage,
    warn_of,
)
from gainmap_codec.cli.streams import SOURCE, check_outputs, source_of, write
from gainmap_codec.codec.decoding import decode_opened
from gainmap_codec.codec.opening import open_source
from gainmap_codec.codec.options import DEFAULT_QUALITY, DecodeOptions, Prefer, Region, Strip
from gainmap_codec.pixels.color.hdr_codes import HdrTransfer
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.saving import check_transfer, code_hdr
from gainmap_codec.pixels.hdr_image import ORIGINS

_DEFAULTS = DecodeOptions()


@click.command(short_help="Save the HDR picture for other programs.")
@click.argument("source", metavar="IN", type=SOURCE)
@output(
    (".exr", ".png", ".tiff", ".tif", ".avif", ".heic", ".jxl", ".hdr", ".npy"),
    help="OpenEXR, Radiance or npy; PQ as PNG or TIFF; PQ or HLG as AVIF, HEIC or JPEG XL; the name tells which.",
)
@to(["exr", "png", "tiff", "avif", "heic", "jxl", "hdr", "npy"])
@click.option(
    "--headroom",
    metavar="STOPS",
    type=click.FloatRange(min=0),
    help="How much brighter than SDR white the display can be, in stops. Default: as bright as the photo is.",
)
@click.option(
    "--prefer",
    type=click.Choice(["auto", "neural", "standard", "base"]),
    default=_DEFAULTS.prefer,
    show_default=True,
    help="Which gain map to use; auto takes the better one, base none.",
)
@click.option(
    "--color-space",
    type=click.Choice(["bt2020", "display-p3", "srgb"]),
    default=_DEFAULTS.color_space,
    show_default=True,
    help="Colour space of an EXR file; the others have one of their own.",
)
@click.option(
    "--transfer",
    type=click.Choice(["pq", "hlg"]),
    default="pq",
    show_default=True,
    help="Curve of an AVIF, HEIC or JPEG XL file; HLG, for television, ends at 1000 nits.",
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
    to: str | None,
    headroom: float | None,
    prefer: Prefer,
    color_space: ColorSpace,
    transfer: HdrTransfer,
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
      gainmap decode - -o - --to png < photo.jpg > photo.png
    """
    suffix = suffix_of(output, to)
    if suffix != ".exr" and color_space != _DEFAULTS.color_space:
        raise click.UsageError(f"--color-space: expected an OpenEXR file to write beside it, got {suffix}")
    with usage():
        check_transfer(transfer, suffix)
        options = DecodeOptions(
            headroom=headroom, prefer=prefer, color_space=color_space, region=region, strip=strip, device=device
        )
    check_outputs([((source,), output)], overwrite=overwrite)
    with progress_bar(quiet, output):
        opened = open_source(source_of(source), options.limits, is_rendered=True)
        image = decode_opened(opened, options)
        data, lost = code_hdr(image, suffix, DEFAULT_QUALITY, transfer)
    write(output, data, overwrite=overwrite)
    warn_of(source, (*image.warnings, *lost), opened.file.damage)
    if not quiet:
        height, width = image.pixels.shape[:2]
        say_of(output, f"{width} x {height}, made from {ORIGINS[image.rendered_from or 'base']}")
    exit_for(0, bool(opened.file.damage), 1, strict=strict)
