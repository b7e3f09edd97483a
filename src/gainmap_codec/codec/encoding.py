"""From an SDR/HDR pair to a gain-map file: base, standard gain map, neural gain map, bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from time import perf_counter
from typing import Any, Literal

import numpy as np

from gainmap_codec.codec.pairing import Pair
from gainmap_codec.errors import GainMapWarning, Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.records import CODECS, Binding, NeuralGainMap, Preset, StoredGainMap
from gainmap_codec.pixels.color.code_points import code_points_for
from gainmap_codec.pixels.color.light import pq_psnr, with_bits
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.maps.gain_map import apply_gain_map, compute_gain_map

Progress = Callable[[float], None]


def encode_with_report(hdr: Any, sdr: Any, options: Any, *, progress: Progress | None = None) -> EncodeReport:
    """As `encode`."""
    from gainmap_codec import api

    return api.encode_with_report(hdr, sdr, options, progress=progress)


Carry = Literal["both", "neural", "standard"]
PresetChoice = Literal[Preset, "auto"]


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
    """How the standard gain map is made: base pixels per map pixel along a side, quality, 1 or 3 channels."""

    scale: int
    quality: int
    channels: int


_AUTO_STANDARD = StandardOptions(scale=8, quality=85, channels=1)
_PQ = 16
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


_RANGES = {"quality": (1, 100), "map_quality": (1, 100), "map_scale": (1, 128)}


def check_options(
    function: Callable[..., Any], options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> None:
    """Raise for options that a function does not have, or that are out of their choices or ranges.

    Args:
        function: Whose keyword arguments they are.
        options: All of them by name; None is in every range.
        choices: What some of them may be.
    Raises:
        TypeError: One that the function does not have.
        ValueError: One that is out of its choices or its range.
    """
    unknown = options.keys() - (getattr(function, "__kwdefaults__", None) or {}).keys()
    if unknown:
        raise TypeError(f"{getattr(function, '__name__', 'function')}: unknown option {sorted(unknown)[0]!r}")
    for name, allowed in choices.items():
        if options[name] not in allowed:
            raise ValueError(f"{name}: one of {', '.join(map(str, allowed))} wanted, {options[name]!r} found")
    for name, (low, high) in _RANGES.items():
        if options[name] is not None and not low <= options[name] <= high:
            raise ValueError(f"{name}: {low}…{high} wanted, {options[name]!r} found")


def make_gain_map(pair: Pair, options: StandardOptions) -> tuple[StoredGainMap, float]:
    """The standard gain map of a pair, and the PQ-PSNR in dB that its readers get."""
    base = pair.color.linearize(pair.codes)
    alternate = pair.hdr @ np.linalg.inv(pair.color.to_bt2020).T.astype(np.float32)
    codes, metadata = compute_gain_map(
        base, alternate, alternate_headroom=pair.headroom, scale=options.scale, channels=options.channels
    )
    codec = CODECS[pair.file.container]
    # Chromium 156 applies a map to an AVIF base of more than 8 bits only if the map has more than 8, too.
    bits = pair.file.base.bits if codec == "av1" else 8
    image = code_picture(with_bits(codes, 8, bits), codec, quality=options.quality, bits=bits)
    decoded = decode_coded_image(image)
    rendition = apply_gain_map(base, decoded, metadata, headroom=pair.headroom, bits=bits, out=base)
    psnr = pq_psnr(pair.color.convert_to_bt2020(rendition), pair.hdr)
    # The map's own code values are data; of colour, only the alternate's is to be told.
    image = replace(image, nclx=None if codec == "jpeg" else code_points_for(pair.color)._replace(transfer=_PQ))
    return StoredGainMap(image, metadata, "iso21496"), psnr


@dataclass(frozen=True)
class FittedMap:
    """A neural gain map and what it is worth; times in seconds, PQ-PSNR in dB."""

    network: NeuralGainMap
    psnr: float
    seconds: float


def make_neural_map(pair: Pair, options: NeuralOptions) -> FittedMap:
    """Fit a neural gain map to a pair; torch is loaded here."""
    from gainmap_codec.neural.fit.presets import fit_pair

    start = perf_counter()
    fields: dict[str, object] = {
        "alternate_hdr_headroom": pair.headroom,
        "binding": Binding(pair.file.base_digest, soft_fingerprint(pair.codes, 1 << pair.file.base.bits)),
    }
    fitted = fit_pair(
        "balanced" if options.preset == "auto" else options.preset,
        pair,
        fields,
        target_bytes=options.target_bytes,
        target_psnr=options.target_psnr,
        device="cpu" if options.device == "auto" else options.device,
        seed=options.seed,
        progress=options.progress,
    )
    return FittedMap(fitted.network, fitted.psnr, perf_counter() - start)


def _both_maps(
    pair: Pair, standard: StandardOptions | None, neural: NeuralOptions | None
) -> tuple[StoredGainMap | None, float | None, FittedMap | None]:
    """The standard map is made beside the fit, whose steps leave processors free; what comes before them does not."""
    if standard is None or neural is None:
        stored, psnr = make_gain_map(pair, standard) if standard else (None, None)
        return stored, psnr, make_neural_map(pair, neural) if neural else None
    with ThreadPoolExecutor(1) as pool:
        making = cache(partial(pool.submit, make_gain_map, pair, standard))  # begun once, at the first call

        def progress(done: float) -> None:
            making()
            if neural.progress:
                neural.progress(done)

        fitted = make_neural_map(pair, replace(neural, progress=progress))
        return *making().result(), fitted


def encode_pair(pair: Pair, standard: StandardOptions | None, neural: NeuralOptions | None) -> EncodeReport:
    """The file of a pair with the gain maps that are asked for, or with the better one alone."""
    is_auto = neural is not None and neural.preset == "auto"
    stored, standard_psnr, fitted = _both_maps(pair, standard or (_AUTO_STANDARD if is_auto else None), neural)
    if stored and fitted and is_auto and _is_better(stored, standard_psnr or 0.0, fitted):
        fitted = None
    elif standard is None:
        stored, standard_psnr = None, None
    payload = None
    if fitted:
        network = replace(fitted.network, neural_psnr=fitted.psnr, standard_psnr=standard_psnr or 0.0)
        payload = serialize_payload(network)
    bare = serialize_file(pair.file)
    data = serialize_file(replace(pair.file, gain_map=stored, payload=payload))
    written = parse_file(data, "the new file", Limits()).gain_map
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
    text = (
        f"auto: the standard gain map alone, {len(stored.image.data)} bytes for {psnr:.2f} dB, is worth more than a "
        f"neural one of {len(stored.image.data) + saved} bytes for {fitted.psnr:.2f} dB"
    )
    warnings.warn(text, GainMapWarning, stacklevel=2)
    return True
