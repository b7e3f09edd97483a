"""The command line's ``gainmap encode``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from gainmap_codec.cli.common import (
    CONTAINERS,
    NumberOrAuto,
    WholeNumber,
    base_bits,
    base_color_space,
    device,
    effort,
    exit_for,
    output,
    overwrite,
    progress_bar,
    quiet,
    say,
    say_of,
    sdr_white,
    seed,
    speed,
    strict,
    strip,
    suffix_of,
    target_bytes,
    target_psnr,
    to,
    usage,
    warn_of,
)
from gainmap_codec.cli.streams import SOURCE, check_dashes, check_outputs, source_of, write
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import WRITTEN, AnyPreset, Auto, Base, Carry, EncodeOptions, Strip
from gainmap_codec.pixels.color.light import ColorSpace, told_psnr
from gainmap_codec.pixels.formats.coded_image import Chroma

_DEFAULTS = EncodeOptions()
_map_option = partial(click.option, type=NumberOrAuto(), show_default=True)


@click.command(short_help="Make a photo from an HDR picture.")
@click.argument("hdr", type=SOURCE)
@output(CONTAINERS, help="The JPEG, HEIC, AVIF or JPEG XL file to write; its name tells which.")
@to(WRITTEN)
@click.option(
    "--sdr",
    type=SOURCE,
    help="The SDR version of the picture; a file in the format of the new photo is kept bit for bit. Default: the HDR "
    "picture, tone-mapped.",
)
@click.option(
    "--carry",
    type=click.Choice(["both", "neural", "standard", "apple"]),
    help="Which gain maps to store; apple: Apple's own kind alone, for iPhones before iOS 18. Default: both; beside an "
    "HDR base, standard.",
)
@click.option(
    "--preset",
    type=click.Choice(["tiny", "balanced", "best", "auto", "paper-gain", "paper-gamma", "web", "archive"]),
    default=_DEFAULTS.preset,
    show_default=True,
    help="Kind of neural gain map; auto: balanced, or none where a standard gain map is worth more. web and archive "
    "are for the whole photo: small enough for web pages, or almost without loss.",
)
@target_bytes
@target_psnr
@click.option(
    "--quality",
    type=WholeNumber(1, 100),
    help="Quality of the base. Default: --sdr is kept where it can be, else 92 in JPEG, 65 in HEIC, 85 in AVIF, "
    "95 in JPEG XL.",
)
@click.option(
    "--base",
    type=click.Choice(["sdr", "hdr", "hlg"]),
    default=_DEFAULTS.base,
    show_default=True,
    help="The picture that every program shows. hdr, hlg: the HDR picture itself, in PQ or HLG, with a gain map down "
    "to SDR; in HEIC, AVIF and JPEG XL.",
)
@base_bits
@click.option(
    "--base-chroma",
    type=click.Choice(["4:4:4", "4:2:0"]),
    help="Chroma of the base; 4:2:0 is smaller, and hardware can decode it. JPEG XL has only 4:4:4. "
    "Default: 4:4:4 or the preset's; if --sdr is kept, so is its chroma.",
)
@base_color_space
@sdr_white
@_map_option(
    "--map-scale",
    metavar="NUMBER|auto",
    default=_DEFAULTS.map_scale,
    help="How many times smaller than the picture the standard gain map is, along a side; auto: as this picture needs.",
)
@_map_option(
    "--map-quality",
    metavar="NUMBER|auto",
    default=_DEFAULTS.map_quality,
    help="Quality of the standard gain map.",
)
@_map_option(
    "--map-channels",
    metavar="1|3|auto",
    default=_DEFAULTS.map_channels,
    help="Channels of the standard gain map: 3, or 1 for all colours together, which shows wrong colours where red, "
    "green and blue need different gains.",
)
@_map_option(
    "--map-bits",
    metavar="8|10|12|auto",
    default=_DEFAULTS.map_bits,
    help="Depth of the standard gain map: 8 in JPEG, 8 or 10 in HEIC, any in AVIF and JPEG XL; auto: 10 in HEIC and "
    "JPEG XL where 8 would show bands, in AVIF the base's.",
)
@speed
@strip
@device
@seed
@effort
@overwrite
@strict
@quiet
def encode(
    hdr: Path,
    output: Path,
    *,
    to: str | None,
    sdr: Path | None,
    carry: Carry | None,
    preset: AnyPreset,
    target_bytes: int | None,
    target_psnr: float | None,
    quality: int | None,
    base: Base,
    base_bits: int | None,
    base_chroma: Chroma | None,
    base_color_space: ColorSpace,
    sdr_white: float | None,
    map_scale: int | Auto,
    map_quality: int | Auto,
    map_channels: int | Auto,
    map_bits: int | Auto,
    speed: int | None,
    strip: Strip | None,
    device: str,
    seed: int,
    effort: int,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Make a photo with gain maps from the picture HDR.

    HDR is an OpenEXR, Radiance, TIFF, npy, JPEG XR (screenshots), PQ PNG, HEIC, AVIF or JPEG XL file, or another photo
    with a gain map.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap encode scene.exr -o scene.jpg --preset web
      gainmap encode scene.exr --sdr graded.jpg -o scene.jpg --carry neural
      gainmap encode photo.jpg -o smaller.jpg --carry neural --target-bytes 2000
      gainmap encode scene.exr -o scene.avif --base-bits 10
      gainmap encode scene.exr --sdr graded.png -o scene.avif --base hdr
      gainmap encode shot.jxr -o shot.jpg --carry standard --sdr-white 200
      gainmap encode - -o - --to jpeg < scene.exr > scene.jpg
    """
    check_dashes((hdr, sdr))
    with usage():
        options = EncodeOptions(
            container=CONTAINERS[suffix_of(output, to)],
            carry=carry,
            preset=preset,
            target_bytes=target_bytes,
            target_psnr=target_psnr,
            quality=quality,
            base=base,
            base_bits=base_bits,
            base_chroma=base_chroma,
            base_color_space=base_color_space,
            sdr_white=sdr_white,
            map_scale=map_scale,
            map_quality=map_quality,
            map_channels=map_channels,
            map_bits=map_bits,
            speed=speed,
            strip=strip,
            device=device,
            seed=seed,
            effort=effort,
        )
    check_outputs([((hdr, sdr) if sdr else (hdr,), output)], overwrite=overwrite)
    with progress_bar(quiet, output) as progress:
        report = encode_with_report(source_of(hdr), sdr and source_of(sdr), options, progress=progress)
    write(output, report.data, overwrite=overwrite)
    warn_of(sdr or hdr, report.warnings, report.file.damage)
    if not quiet:
        say_of(output, f"{len(report.data):,} bytes")
        if report.neural_psnr is not None:
            seconds = f"fitted in {report.fit_seconds:.1f} s"
            size = f"{report.payload_bytes:,} bytes"
            if report.picture_bytes:
                size += f" ({report.picture_bytes:,} of them a coded picture)"
            say(f"  neural gain map: {size}, {told_psnr(report.neural_psnr)}, {seconds}")
            if report.dimmed:
                say(f"    {report.dimmed}")
        if report.standard_psnr is not None:
            of_sdr = " of the SDR picture" if options.has_hdr_base else ""
            say(f"  standard gain map: {report.map_bytes:,} bytes, {told_psnr(report.standard_psnr)}{of_sdr}")
            if report.map_choice:
                say(f"    {report.map_choice}")
    exit_for(0, bool(report.file.damage), 1, strict=strict)
