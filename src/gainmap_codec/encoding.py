"""From an SDR/HDR pair to a gain-map file: base, standard gain map, neural gain map, bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from gainmap_codec.errors import GainMapWarning, Limits, NoGainMapError
from gainmap_codec.files.jpeg import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg_segments import is_jpeg
from gainmap_codec.files.payload import serialize_payload
from gainmap_codec.files.records import Binding, CodedImage, GainMapFile, NeuralGainMap, Preset, StoredGainMap
from gainmap_codec.pixels.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.binding import soft_fingerprint
from gainmap_codec.pixels.color import COLOR_SPACES, Array, ColorSpace, convert, pq_psnr
from gainmap_codec.pixels.gain_map import apply_gain_map, compute_gain_map
from gainmap_codec.pixels.geometry import to_stored, to_upright
from gainmap_codec.pixels.hdr_image import MAX_HEADROOM, HdrImage
from gainmap_codec.pixels.icc_profile import icc_profile_for
from gainmap_codec.pixels.images import (
    BasePicture,
    Source,
    decode_hdr,
    decode_jpeg,
    encode_jpeg,
    read_base,
    read_source,
)
from gainmap_codec.pixels.neural_map import Codes
from gainmap_codec.pixels.tone_map import encode_base, tone_map
from gainmap_codec.rendering import base_codes, choose_device, full_headroom, open_file, preference, render

Carry = Literal["both", "neural", "standard"]
PresetChoice = Literal[Preset, "auto"]
HdrSource = HdrImage | Source | NDArray[Any]
SdrSource = Source | Image | Codes

DEFAULT_QUALITY = 92
"""JPEG quality of a base that had to be made."""


@dataclass(frozen=True)
class EncodeReport:
    """A written file and what it is worth.

    Attributes:
        data: The file.
        base_bytes: Size of the same file without any gain map.
        map_bytes: Size of the gain-map image with its metadata, 0 without one.
        payload_bytes: Size of the neural payload, 0 without one.
        neural_psnr: PQ-PSNR in dB of the HDR rendition from the neural gain map, or None.
        standard_psnr: The same from the standard gain map.
        fit_seconds: Time that fitting took.
        preset: Preset of the neural gain map, or None without one.
        warnings: Losses and missed targets.
    """

    data: bytes
    base_bytes: int
    map_bytes: int
    payload_bytes: int
    neural_psnr: float | None
    standard_psnr: float | None
    fit_seconds: float
    preset: Preset | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class StandardOptions:
    """How the standard gain map is made: base pixels per map pixel along a side, JPEG quality, 1 or 3 channels."""

    scale: int
    quality: int
    channels: int


_AUTO_STANDARD = StandardOptions(scale=8, quality=85, channels=1)
_AUTO_BYTES_PER_DB = 500  # as in the preset "balanced"


@dataclass(frozen=True)
class NeuralOptions:
    """How the neural gain map is made; see `gainmap_codec.encode`."""

    preset: PresetChoice
    target_bytes: int | None
    target_psnr: float | None
    device: str
    seed: int
    progress: Callable[[float], None] | None


@dataclass(frozen=True)
class BaseOptions:
    """How a base is made and what it carries; see `gainmap_codec.encode`."""

    quality: int | None
    color_space: ColorSpace
    exif: bytes | None
    xmp: bytes | None
    icc_profile: bytes | None


class Pair(NamedTuple):
    """A base as its readers will decode it, and the HDR rendition in the same raster.

    Attributes:
        file: The file to be, without gain maps.
        codes: Code values of the base, uint8 (H, W, 3).
        color: What they mean.
        hdr: Linear BT.2020, float32 (H, W, 3).
        headroom: Headroom of the HDR rendition, log2.
    """

    file: GainMapFile
    codes: Codes
    color: BaseColor
    hdr: Array
    headroom: float


def make_pair(hdr: HdrSource, sdr: SdrSource | None, options: BaseOptions, limits: Limits) -> Pair:
    """Read both renditions, and code the base where it is not a JPEG already.

    Raises:
        ValueError: The two differ in size, or an array is of another kind than promised.
        GainMapError, OSError: A file cannot be read.
    """
    image, own_base = _read_hdr(hdr, keep_base=sdr is None, limits=limits)
    for note in image.warnings:
        _warn(note)
    headroom = image.measured_headroom() if image.headroom is None else min(image.headroom, MAX_HEADROOM)
    if sdr is not None:
        picture = read_base(sdr, limits=limits)
    elif own_base is not None:
        picture = BasePicture(jpeg=own_base)
    else:
        picture = _tone_mapped(image, headroom, options.color_space)
    file = _base_file(picture, options, limits)
    codes = base_codes(file.base.data)
    pixels = image.convert("bt2020").pixels
    if own_base is None or sdr is not None:
        pixels = _as_stored(pixels, codes.shape[:2], file.orientation)
    if headroom == 0:
        _warn("the HDR rendition is not brighter than SDR white: readers show the base")
    return Pair(file, codes, base_color_of_icc(file.base.icc_profile), pixels, headroom)


def _warn(message: str) -> None:
    warnings.warn(message, GainMapWarning, stacklevel=2)


def _read_hdr(hdr: HdrSource, *, keep_base: bool, limits: Limits) -> tuple[HdrImage, bytes | None]:
    """The HDR rendition; of a gain-map file whose base is to be kept, in its stored raster and with that base."""
    if isinstance(hdr, HdrImage):
        return hdr, None
    if isinstance(hdr, np.ndarray):
        return HdrImage(hdr, "srgb"), None
    data, name = read_source(hdr, limits)
    if not is_jpeg(data):
        return decode_hdr(data, name, limits), None
    opened = open_file(data, name, limits)
    kind = preference(opened, "auto")[0]
    if kind == "base":
        raise NoGainMapError(f"{name}: an HDR picture wanted, a JPEG without a usable gain map found")
    pixels = render(opened, kind, None, "cpu")
    headroom = full_headroom(opened, kind)
    if keep_base:
        _warn_of_trailer(opened.file)
        return HdrImage(pixels, headroom=headroom), opened.file.base.data
    return HdrImage(to_upright(pixels, opened.file.orientation), headroom=headroom), None


def _warn_of_trailer(file: GainMapFile) -> None:
    if file.trailer_bytes:
        _warn(f"{file.trailer_bytes} bytes behind the images (a motion photo?) are not kept")


def _tone_mapped(image: HdrImage, headroom: float, color_space: ColorSpace) -> BasePicture:
    if color_space not in COLOR_SPACES[:2]:
        raise ValueError(f"base_color_space: srgb or display-p3 wanted, {color_space!r} found")
    linear = convert(image.pixels, image.color_space, color_space)
    codes = encode_base(tone_map(linear, headroom=headroom))
    return BasePicture(pixels=codes, icc_profile=icc_profile_for(color_space))


def _base_file(picture: BasePicture, options: BaseOptions, limits: Limits) -> GainMapFile:
    """The file to be, without gain maps: the given JPEG untouched, or a new one."""
    if picture.jpeg is not None:
        file = parse_jpeg(picture.jpeg, limits)
        _warn_of_trailer(file)
        if options.quality is not None:
            coded = _recoded(base_codes(file.base.data), options.quality, file.base.icc_profile)
            file = replace(coded, exif=file.exif, xmp=file.xmp, orientation=file.orientation)
    else:
        assert picture.pixels is not None
        file = _recoded(picture.pixels, options.quality or DEFAULT_QUALITY, picture.icc_profile)
        file = replace(file, exif=picture.exif, xmp=picture.xmp)
    return _with_metadata(file, options, limits)


def _recoded(codes: Codes, quality: int, icc_profile: bytes | None) -> GainMapFile:
    return parse_jpeg(encode_jpeg(codes, quality=quality, icc_profile=icc_profile), Limits())


def _with_metadata(file: GainMapFile, options: BaseOptions, limits: Limits) -> GainMapFile:
    """The record with the caller's metadata in place of the picture's; b"" stands for none."""
    file = replace(
        file,
        gain_map=None,
        payload=None,
        trailer_bytes=0,
        exif=file.exif if options.exif is None else options.exif or None,
        xmp=file.xmp if options.xmp is None else options.xmp or None,
    )
    if options.icc_profile is not None:
        file = replace(file, base=replace(file.base, icc_profile=options.icc_profile or None))
    # Written and read once: orientation, digest and sizes are then those of the file's readers.
    return parse_jpeg(serialize_jpeg(file), limits)


def _as_stored(pixels: Array, shape: tuple[int, ...], orientation: int) -> Array:
    """An upright HDR rendition in the raster of its base."""
    stored = to_stored(pixels, orientation)
    if stored.shape[:2] == shape:
        return stored
    if pixels.shape[:2] == shape:
        _warn("the base has an EXIF orientation and the HDR picture its stored size: taken as stored, not upright")
        return pixels
    (height, width), (base_height, base_width) = pixels.shape[:2], shape
    raise ValueError(f"hdr and sdr differ in size: {width} x {height} and {base_width} x {base_height}")


def make_gain_map(pair: Pair, options: StandardOptions) -> tuple[StoredGainMap, float]:
    """The standard gain map of a pair, and the PQ-PSNR in dB that its readers get."""
    base = pair.color.linearize(pair.codes)
    alternate = pair.hdr @ np.linalg.inv(pair.color.to_bt2020).T.astype(np.float32)
    codes, metadata = compute_gain_map(
        base, alternate, alternate_headroom=pair.headroom, scale=options.scale, channels=options.channels
    )
    data = encode_jpeg(codes, quality=options.quality)
    image = CodedImage(data, codes.shape[1], codes.shape[0], options.channels)
    rendition = apply_gain_map(base, decode_jpeg(data), metadata, headroom=pair.headroom, out=base)
    psnr = pq_psnr(pair.color.convert_to_bt2020(rendition), pair.hdr)
    return StoredGainMap(image, metadata, "iso21496"), psnr


@dataclass(frozen=True)
class FittedMap:
    """A neural gain map and what it is worth; times in seconds, PQ-PSNR in dB."""

    network: NeuralGainMap
    psnr: float
    seconds: float


def make_neural_map(pair: Pair, options: NeuralOptions) -> FittedMap:
    """Fit a neural gain map to a pair; torch is loaded here."""
    from gainmap_codec.neural.targets import fit_pair

    start = perf_counter()
    fields: dict[str, object] = {
        "alternate_hdr_headroom": pair.headroom,
        "binding": Binding(pair.file.base_digest, soft_fingerprint(pair.codes)),
    }
    fitted = fit_pair(
        "balanced" if options.preset == "auto" else options.preset,
        pair,
        fields,
        target_bytes=options.target_bytes,
        target_psnr=options.target_psnr,
        device=choose_device(options.device),
        seed=options.seed,
        progress=options.progress,
    )
    return FittedMap(fitted.network, fitted.psnr, perf_counter() - start)


def encode_pair(pair: Pair, standard: StandardOptions | None, neural: NeuralOptions | None) -> EncodeReport:
    """The file of a pair with the gain maps that are asked for, or with the better one alone."""
    stored, standard_psnr = make_gain_map(pair, standard) if standard else (None, None)
    fitted = make_neural_map(pair, neural) if neural else None
    payload = None
    if fitted and neural and neural.preset == "auto":
        ordinary, psnr = (stored, standard_psnr) if stored else make_gain_map(pair, _AUTO_STANDARD)
        if _is_better(ordinary, psnr or 0.0, fitted):
            fitted, stored, standard_psnr = None, ordinary, psnr
    if fitted:
        network = replace(fitted.network, neural_psnr=fitted.psnr, standard_psnr=standard_psnr or 0.0)
        payload = serialize_payload(network)
    bare = serialize_jpeg(pair.file)
    data = serialize_jpeg(replace(pair.file, gain_map=stored, payload=payload))
    written = parse_jpeg(data, Limits()).gain_map
    return EncodeReport(
        data=data,
        base_bytes=len(bare),
        map_bytes=len(written.image.data) if written else 0,
        payload_bytes=len(payload or b""),
        neural_psnr=fitted.psnr if fitted else None,
        standard_psnr=standard_psnr,
        fit_seconds=fitted.seconds if fitted else 0.0,
        preset=fitted.network.preset if fitted else None,
        warnings=(),
    )


def _is_better(stored: StoredGainMap, psnr: float, fitted: FittedMap) -> bool:
    """Whether a standard map is worth more for its bytes than the neural one; warns."""
    saved = len(serialize_payload(fitted.network)) - len(stored.image.data)
    if psnr - fitted.psnr <= -saved / _AUTO_BYTES_PER_DB:
        return False
    _warn(
        f"auto: the standard gain map alone, {len(stored.image.data)} bytes for {psnr:.2f} dB, is worth more than a "
        f"neural one of {len(stored.image.data) + saved} bytes for {fitted.psnr:.2f} dB"
    )
    return True
