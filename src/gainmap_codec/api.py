"""The library on one page: `encode`, `decode`, `inspect`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.codec.encoding import (
    Carry,
    EncodeReport,
    NeuralOptions,
    PresetChoice,
    StandardOptions,
    check_options,
    encode_pair,
)
from gainmap_codec.codec.inspection import Inspection, inspection_of
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.pairing import BaseOptions, HdrSource, SdrSource, make_pair
from gainmap_codec.codec.rendering import Prefer, Wanted, choose_device, full_headroom, preference, render_best
from gainmap_codec.errors import GainMapWarning, Limits
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.color.light import COLOR_SPACES, ColorSpace
from gainmap_codec.pixels.formats.coded_image import Chroma
from gainmap_codec.pixels.formats.notebook import mime_bundle
from gainmap_codec.pixels.formats.saving import write_hdr
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.hdr_image import HdrImage, hand_in

hand_in(writer=write_hdr, mime_bundle=mime_bundle)

Orientation = Literal["upright", "stored"]

_INSPECTED_PIXELS = 1 << 22
"""Largest base that `inspect` decodes, where a neural map is not bound by its bytes: 40 MB for a progressive JPEG."""


def encode(
    hdr: HdrSource,
    sdr: SdrSource | None = None,
    *,
    container: Container = "jpeg",
    carry: Carry = "both",
    preset: PresetChoice = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    quality: int | None = None,
    base_bits: int | None = None,
    base_chroma: Chroma = "4:4:4",
    base_color_space: ColorSpace = "srgb",
    map_scale: int = 4,
    map_quality: int = 90,
    map_channels: int = 1,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    icc_profile: bytes | None = None,
    device: str = "auto",
    seed: int = 0,
) -> bytes:
    """Encode an SDR/HDR pair to a gain-map file.

    Args:
        hdr: The HDR rendition: an `HdrImage`; an array (H, W, 3), floating point, linear, 1.0 = SDR white = 203 nits,
            sRGB primaries; or a path, bytes or binary file of OpenEXR, Radiance, npy, 16-bit TIFF (BT.2020 PQ), 16-bit
            PQ PNG, PQ or HLG HEIC or AVIF, or of a JPEG, HEIC or AVIF with a gain map, which without `sdr` brings its
            own base.
        sdr: The SDR rendition, of the same size: a file of the container (path, bytes, binary file), whose codestream
            becomes the base bit for bit unless `quality` or `base_bits` ask for a new one; any other picture file; a
            Pillow image; an array (H, W, 3), uint8, sRGB; None tone-maps `hdr`. Its orientation holds for the file, and
            `hdr` is upright.
        container: Kind of file. "heic" holds HEVC, "avif" AV1 pictures.
        carry: Which gain maps to write. With "both", readers that know only the standard show correct HDR.
        preset: Kind of neural gain map. "tiny", "balanced" and "best" differ in how many bytes a decibel may cost;
            "paper-gain" and "paper-gamma" are the networks of Gain-MLP. "auto" is "balanced", or the standard gain map
            alone where that is worth more for its bytes; it then warns.
        target_bytes: Size of the neural payload to keep within.
        target_psnr: PQ-PSNR in dB for the neural gain map to reach, in as few bytes as that takes.
        quality: Quality of the base, 1…100 as its encoder counts; None keeps a file of the container as it is and codes
            other bases at 92.
        base_bits: Depth of the base's code values: 8, or 10 in HEIC and AVIF; None is that of a HEIC or AVIF picture
            given, else 8.
        base_chroma: Of a base coded anew in HEIC or AVIF. "4:2:0" is what phones write and decode in hardware; it blurs
            the edges of colours.
        base_color_space: "srgb" or "display-p3", of a tone-mapped base.
        map_scale: Base pixels per pixel of the standard gain map along a side, 1…128.
        map_quality: Quality of the standard gain map, 1…100.
        map_channels: 1 or 3, of the standard gain map.
        exif: TIFF structure to write; None takes that of `sdr`, b"" writes none.
        xmp: XMP packet to write; likewise.
        icc_profile: Profile to write, which changes what the base's code values mean; likewise.
        device: Torch device to fit on: "cpu", "cuda", "cuda:N"; "auto" is the CPU.
        seed: Of the fit: the same input and seed give the same bytes on the same platform and device.
    Returns:
        The file.
    Raises:
        ValueError, TypeError: An argument is out of its range, or the renditions differ in size.
        GainMapError: A file is broken, not supported, or has no HDR.
        OSError: A path cannot be read.
    Warns:
        GainMapWarning: Something was lost, or a target missed.
    """
    options = {name: value for name, value in locals().items() if name not in ("hdr", "sdr")}
    return encode_with_report(hdr, sdr, **options).data


def encode_with_report(
    hdr: HdrSource,
    sdr: SdrSource | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> EncodeReport:
    """As `encode`, with what the file is worth; `progress` is told the share of the fit that is done, 0…1."""
    o = {**(encode.__kwdefaults__ or {}), **options}
    _check_options(o)
    base = BaseOptions(o["quality"], o["base_color_space"], o["exif"], o["xmp"], o["icc_profile"])
    base = replace(base, container=o["container"], bits=o["base_bits"], chroma=o["base_chroma"])
    standard = StandardOptions(o["map_scale"], o["map_quality"], o["map_channels"])
    neural = NeuralOptions(o["preset"], o["target_bytes"], o["target_psnr"], o["device"], o["seed"], progress)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pair = make_pair(hdr, sdr, base, Limits())
        report = encode_pair(
            pair,
            standard if o["carry"] != "neural" else None,
            neural if o["carry"] != "standard" else None,
        )
    for warning in caught:
        warnings.warn(warning.message, stacklevel=3)
    ours = [str(w.message) for w in caught if issubclass(w.category, GainMapWarning)]
    return replace(report, warnings=tuple(ours))


_CHOICES = {
    "container": get_args(Container),
    "base_chroma": get_args(Chroma),
    "carry": get_args(Carry),
    "preset": get_args(PresetChoice),
}


def _check_options(options: dict[str, Any]) -> None:
    """Raise for what no encoder could do, before any work."""
    check_options(encode, options, _CHOICES)
    depths = (None, 8) if options["container"] == "jpeg" else (None, 8, 10)
    if options["base_bits"] not in depths:
        wanted = " or ".join(map(str, depths[1:]))
        raise ValueError(
            f"base_bits: {wanted} wanted in {options['container'].upper()}, {options['base_bits']!r} found"
        )
    if options["container"] == "jpeg" and options["base_chroma"] != "4:4:4":
        raise ValueError(f"base_chroma: 4:4:4 wanted in JPEG, {options['base_chroma']!r} found")
    if options["map_channels"] not in (1, 3):
        raise ValueError(f"map_channels: 1 or 3 wanted, {options['map_channels']!r} found")
    if options["target_bytes"] is not None and options["target_psnr"] is not None:
        raise ValueError("target_bytes and target_psnr: one of them wanted, both found")
    aims = options["target_bytes"] is not None or options["target_psnr"] is not None
    if aims and options["preset"] in ("paper-gain", "paper-gamma", "auto"):
        raise ValueError(f"preset {options['preset']}: no target can be met; tiny, balanced or best wanted")


def decode(
    source: Source,
    *,
    headroom: float | None = None,
    prefer: Prefer = "auto",
    color_space: ColorSpace = "bt2020",
    orientation: Orientation = "upright",
    region: tuple[int, int, int, int] | None = None,
    dtype: Literal["float32", "float16"] = "float32",
    out: NDArray[np.float32] | NDArray[np.float16] | None = None,
    device: str = "auto",
    limits: Limits = Limits(),
) -> HdrImage:
    """Decode the HDR rendition of a gain-map file: JPEG, HEIC or AVIF.

    Args:
        source: A path, bytes or a binary file.
        headroom: Headroom of the display to render for, log2 (stops), >= 0; None gives the rendition with the larger
            headroom.
        prefer: What to render from. "auto" takes the better of the gain maps that are valid; what cannot be had falls
            back to the next, at last to the base.
        color_space: Primaries of the result.
        orientation: "upright" turns the picture as its EXIF orientation, or irot and imir, say; "stored" leaves it.
        region: x, y, width and height of the part that is wanted, in pixels of the result; None is all of it. Only as
            much is made in floating point; the base is decoded whole.
        dtype: Of the pixels: "float16" takes half the memory; what is above 65 504 becomes infinite and is refused.
        out: Where to put the pixels, (height, width, 3) of that type; None makes an array.
        device: Where a neural gain map is rendered: "cpu" by NumPy; "cuda" or "cuda:N" by torch, with Triton's kernel
            where that is installed (extra "gpu"); "auto" is the CPU, which needs no torch, unless torch is already
            imported and has CUDA.
        limits: Budgets for what the file may ask for.
    Returns:
        The picture; its `rendered_from` and `warnings` tell how it came about.
    Raises:
        GainMapError: The base itself is broken, not supported or over the limits.
        ValueError: An argument is out of its range, or CUDA is asked for where there is none.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: Each of the result's `warnings`.
    """
    options = {name: value for name, value in locals().items() if name != "source"}
    image = decode_quietly(source, check_decode_options(options))
    for note in image.warnings:
        warnings.warn(note, GainMapWarning, stacklevel=2)
    return image


def check_decode_options(options: dict[str, Any]) -> dict[str, Any]:
    """All options of `decode`, those that are missing by default, once they are checked; the device as it is chosen.

    Raises:
        TypeError: `decode` has no such option.
        ValueError: One is out of its range.
    """
    o = {**(decode.__kwdefaults__ or {}), **options}
    if unknown := o.keys() - (decode.__kwdefaults__ or {}).keys():
        raise TypeError(f"decode: unknown option {sorted(unknown)[0]!r}")
    if o["headroom"] is not None and not o["headroom"] >= 0:
        raise ValueError(f"headroom: a number of stops >= 0 wanted, {o['headroom']!r} found")
    if o["prefer"] not in get_args(Prefer) or o["color_space"] not in COLOR_SPACES:
        raise ValueError(f"prefer or color_space: unknown value {o['prefer']!r} or {o['color_space']!r}")
    if o["dtype"] not in ("float32", "float16"):
        raise ValueError(f"dtype: float32 or float16 wanted, {o['dtype']!r} found")
    if o["orientation"] not in get_args(Orientation):
        raise ValueError(f"orientation: upright or stored wanted, {o['orientation']!r} found")
    return {**o, "device": choose_device(o["device"])}


def decode_quietly(source: Source, o: dict[str, Any]) -> HdrImage:
    """As `decode`, by options that are checked; the picture's `warnings` are all that is told of them."""
    return decode_opened(open_file(*read_source(source, o["limits"]), o["limits"], is_rendered=True), o)


def decode_opened(opened: OpenedFile, o: dict[str, Any]) -> HdrImage:
    """As `decode_quietly`, of a file that is opened already."""
    notes = list(opened.warnings)
    prefer, headroom = o["prefer"], o["headroom"]
    order = preference(opened, prefer)
    if prefer in ("neural", "standard") and order[0] != prefer:
        notes.append(f"no usable {prefer} gain map: rendered from the {order[0]}")
    turn = opened.file.orientation if o["orientation"] == "upright" else 1
    wanted = Wanted(o["color_space"], o["region"], o["dtype"], o["out"])
    opened, kind, pixels, failures = render_best(opened, order, headroom, o["device"], turn, wanted)
    notes += failures
    full = full_headroom(opened, kind)
    shown = full if headroom is None else min(full, headroom)
    image = HdrImage(pixels, o["color_space"], shown, kind, tuple(notes))
    if kind == "base" and is_hdr(opened.file.base):
        return replace(image, headroom=image.measured_headroom())  # its brightness stands nowhere in the file
    return image


def inspect(source: Source, *, limits: Limits = Limits()) -> Inspection:
    """What a gain-map file holds, without decoding its HDR; loads no torch.

    Args:
        source: A path, bytes or a binary file.
        limits: Budgets for what the file may ask for.
    Raises:
        GainMapError: The base itself is broken, not supported or over the limits.
        OSError: The path cannot be read.
    """
    data, name = read_source(source, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GainMapWarning)  # an ICC profile that cannot be used shows in color_space
        return inspection_of(open_file(data, name, limits, most_pixels=_INSPECTED_PIXELS), len(data))
