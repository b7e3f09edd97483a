"""From an SDR/HDR pair to a gain-map file: base, standard gain map, neural gain map, bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from math import ceil, inf
from time import perf_counter
from typing import NamedTuple

import numpy as np

from gainmap_codec.codec.hdr_base import make_hdr_base_pair
from gainmap_codec.codec.options import (
    DEFAULT_MAP_QUALITIES,
    Auto,
    EncodeOptions,
    FitOptions,
    MapOptions,
    other_chroma,
    without_effect,
)
from gainmap_codec.codec.pairing import HdrSource, Pair, SdrRendition, SdrSource, make_pair
from gainmap_codec.codec.readback import written
from gainmap_codec.codec.torch_needed import check_torch_for, fits_by_torch
from gainmap_codec.errors import Limits
from gainmap_codec.files.code_points import Nclx, Transfer
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.map_metadata.apple import exif_with_headroom
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap, Preset
from gainmap_codec.files.records import CODECS, AppleMetadata, Codec, GainMapFile, StoredGainMap
from gainmap_codec.files.tags.exif_edit import only_orientation
from gainmap_codec.pixels.color.code_points import code_points_of, color_of
from gainmap_codec.pixels.color.light import (
    D65,
    PQ_PEAK,
    PRIMARIES,
    SDR_WHITE_NITS,
    pq_psnr_of_rows,
    rgb_to_xyz,
    told_psnr,
)
from gainmap_codec.pixels.formats.coded_image import LONGEST_SIDE, code_picture, decode_coded_image
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_between, apple_gain_map_for
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.maps.gain_map import ReadyMap, gain_map_for
from gainmap_codec.pixels.maps.map_choice import MapTrials, choose_map, map_by, shows_bands
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.probe import Probe, probe_of
from gainmap_codec.pixels.rendition import Light, rendered, renderer, transformed

Progress = Callable[[float], None]


def within(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """What fills a part of another progress, which is told that this begins."""
    if progress is None:
        return None
    progress(start)
    return lambda done: progress(start + (stop - start) * done)


@dataclass(frozen=True, eq=False)
class EncodeReport:
    """A written file and what it is worth.

    Attributes:
        data: The file.
        file: The record that it was written from.
        payload_bytes: Size of the neural payload, 0 without one.
        picture_bytes: Of these, what a coded picture takes; 0 without one.
        neural_psnr: PQ-PSNR in dB of the HDR rendition from the neural gain map, or None.
        standard_psnr: The same from the standard gain map; where the base is HDR itself, of the SDR rendition.
        fit_seconds: Time that fitting took.
        preset: Preset of the neural gain map, or None without one.
        warnings: Losses and missed targets.
        map_choice: What was chosen for the standard gain map and why, or None where nothing was left to choose.
        dimmed: A line where the neural gain map takes much of the brightness of small highlights, or None.
    """

    data: bytes = field(repr=False)
    file: GainMapFile = field(repr=False)
    payload_bytes: int
    picture_bytes: int
    neural_psnr: float | None
    standard_psnr: float | None
    fit_seconds: float
    preset: Preset | None
    warnings: tuple[str, ...]
    map_choice: str | None
    dimmed: str | None

    @cached_property
    def base_bytes(self) -> int:
        """Size of the same file without any gain map, which is written for that."""
        return len(serialize_file(self.file.without_gain_maps(), []))

    @cached_property
    def map_bytes(self) -> int:
        """Size of the gain-map image with its metadata, 0 without one; the file is read back for that."""
        if self.file.gain_map is None:
            return 0
        written = parse_file(self.data, "the new file", Limits()).gain_map
        return len(written.image.data) if written else 0


DIMMED_STOPS = 0.5
"""Highlights that lose more are told of."""
FAR_OFF = 25.0
"""PQ-PSNR in dB below which everyone sees another picture."""
_NEAR, _LEAST_GAIN = 40.0, 6.0  # dB: a network that is not as near as that has to halve the error of SDR, at least
_AUTO_STANDARD = MapOptions(scale=8, quality=85, channels=1)
_APPLE_SCALE = 2
_LEAST_DARKER = 0.01  # of the picture: edges of a coded base are as many
_AUTO_BYTES_PER_DB = 500  # as in the preset "balanced"


def encode_with_report(
    hdr: HdrSource, sdr: SdrSource | None, options: EncodeOptions, *, progress: Progress | None = None
) -> EncodeReport:
    """As `gainmap_codec.encode`, with what the file is worth and lost; nothing is warned of.

    Args:
        progress: Told the share of the work that is done, 0…1.
    Raises:
        ValueError, TypeError, GainMapError, OSError: As `gainmap_codec.encode`.
    """
    notes: list[str] = []
    if options.has_neural:
        check_torch_for(options.fit.preset)
    elif options.fit_names:
        notes.append(without_effect(options.fit_names, "no neural gain map is made"))
    if options.map_names and not options.has_standard:
        notes.append(without_effect(options.map_names, "no standard gain map is made"))
    if options.device not in ("auto", "cpu") and not fits_by_torch(options.fit.preset):
        notes.append(f"device {options.device} changes nothing: all but the published networks are fitted on the CPU")
    notes += other_chroma(options.base_chroma, options.container)
    pair = (make_hdr_base_pair if options.has_hdr_base else make_pair)(hdr, sdr, options, notes)
    standard = options.standard if options.has_standard else None
    fit = options.fit if options.has_neural else None
    report = encode_pair(pair, standard, fit, notes, within(progress, 0.2, 0.95))
    within(progress, 1, 1)
    return report


def encode_pair(
    pair: Pair,
    standard: MapOptions | None,
    fit: FitOptions | None,
    notes: list[str],
    progress: Progress | None = None,
) -> EncodeReport:
    """The file of a pair with the gain maps that are asked for, or with the better one alone.

    Args:
        standard: How the standard gain map is made; None for none.
        fit: How the neural gain map is fitted; None for none.
        notes: Lines about losses so far; they become the report's, with those of writing.
        progress: Told the share of the fit that is done, 0…1.
    """
    is_auto = fit is not None and fit.preset == "auto"
    made, fitted = _both_maps(pair, standard or (_AUTO_STANDARD if is_auto else None), fit, progress)
    if made and fitted and is_auto and _is_better(made, fitted, notes):
        fitted = None
    elif standard is None:
        made = None
    elif made:
        notes += made.warnings
    payload = None
    if fitted:
        notes += (*fitted.missed, *fitted.notes)
        payload = edit_payload(fitted.payload, neural_psnr=fitted.psnr, standard_psnr=made.psnr if made else 0.0)
    file = with_apple_headroom(replace(pair.file, gain_map=made.stored if made else None, payload=payload), notes)
    data = written(file, None, notes).data
    return EncodeReport(
        data=data,
        file=file,
        payload_bytes=len(payload or b""),
        picture_bytes=len(fitted.network.picture.frame) if fitted and fitted.network.picture else 0,
        neural_psnr=fitted.psnr if fitted else None,
        standard_psnr=made.psnr if made else None,
        fit_seconds=fitted.seconds if fitted else 0.0,
        preset=fitted.network.preset if fitted else None,
        warnings=tuple(dict.fromkeys(notes)),
        map_choice=made.why if made else None,
        dimmed=fitted.dimmed if fitted else None,
    )


class MadeMap(NamedTuple):
    """A standard gain map, and the PQ-PSNR in dB that its readers get.

    Attributes:
        why: A line about what was chosen for this picture and why, or None where nothing was left to choose.
        warnings: What the options asked for costs.
    """

    stored: StoredGainMap
    psnr: float
    why: str | None = None
    warnings: tuple[str, ...] = ()


def renditions(pair: Pair) -> tuple[Light, Light]:
    """Base and the other rendition in the primaries of the base."""
    size, from_bt2020 = (pair.codes.shape[0], pair.codes.shape[1]), np.linalg.inv(pair.color.to_bt2020)
    base = Light(size, lambda rows, columns: pair.color.linearize(pair.codes[rows, columns]))
    return base, Light(size, lambda rows, columns: transformed(pair.alternate[rows, columns], from_bt2020))


def map_trials(pair: Pair, base: Light, alternate: Light, bits: int | Auto = "auto") -> MapTrials:
    """Where gain maps of a pair are tried; `base` and `alternate` are its renditions."""
    codec = CODECS[pair.file.container]
    probe = probe_of(base, alternate, pair.color.to_bt2020)
    if bits == "auto":
        bits = _map_bits(codec, pair, probe)
    return MapTrials(probe, pair.headrooms, len(pair.file.base.data), codec, bits)


def _map_bits(codec: Codec, pair: Pair, probe: Probe) -> int:
    """Depth of a map: 10 bits where 8 would show bands and the codec has more."""
    if codec == "jpeg":
        return 8
    if codec == "av1":  # Chromium 156 applies no map of 8 bits to a deeper base, and cuts deeper ones over one of 8
        return pair.file.base.bits
    return 10 if shows_bands(probe, pair.headrooms) else 8


def make_gain_map(pair: Pair, options: MapOptions) -> MadeMap:
    """The standard gain map of a pair; what the options leave open is chosen by trials.

    Where one gain is known to make the HDR rendition, one channel is all there is to tell.
    """
    base, alternate = renditions(pair)
    if options.is_apple:
        return _make_apple_map(pair, options, base, alternate)
    trials = map_trials(pair, base, alternate, options.bits)
    codec, bits = trials.codec, trials.bits
    channels = 1 if options.channels == "auto" and pair.gain else options.channels
    choice = choose_map(trials, scale=options.scale, channels=channels, quality=options.quality)
    recipe = choice.best.recipe
    if options.scale == "auto":  # some bases are longer than what their codec's encoder codes
        recipe = replace(recipe, scale=max(recipe.scale, ceil(max(base.size) / LONGEST_SIDE[codec])))
    image, metadata, decoded = map_by(recipe, base, alternate, headrooms=pair.headrooms, codec=codec, bits=bits)
    psnr = _psnr_by(gain_map_for(base.size, decoded, metadata, headroom=pair.headrooms[1], bits=bits), pair)
    image = replace(image, nclx=alternate_points(pair.file, pair.sdr))
    why = choice.told if "auto" in (options.scale, options.channels, options.quality) else None
    warnings = () if options.channels == "auto" else choice.warnings
    return MadeMap(StoredGainMap(image, metadata, "iso21496"), psnr, why, warnings)


def alternate_points(file: GainMapFile, sdr: SdrRendition | None = None) -> Nclx | None:
    """Code points of a gain map's picture, where its file has such: they tell the colour of the alternate.

    The map's own code values are data and have none.

    Args:
        file: The file to be.
        sdr: The alternate of an HDR base.
    """
    if not file.can.has_code_points:
        return None
    return sdr.nclx if sdr else code_points_of(file.base, color_of(file.base))._replace(transfer=Transfer.PQ)


def _make_apple_map(pair: Pair, options: MapOptions, base: Light, alternate: Light) -> MadeMap:
    """One of Apple's own gain maps, at half the side unless asked otherwise, as iPhones have them."""
    codec, scale = CODECS[pair.file.container], _APPLE_SCALE if options.scale == "auto" else options.scale
    luminance = np.asarray((rgb_to_xyz(PRIMARIES["bt2020"], D65) @ pair.color.to_bt2020)[1], np.float32)
    codes, metadata, darker = apple_gain_map_between(base, alternate, luminance, headroom=pair.headroom, scale=scale)
    quality = DEFAULT_MAP_QUALITIES[pair.file.container] if options.quality == "auto" else options.quality
    image = replace(code_picture(codes, codec, quality=quality, bits=8), nclx=None)
    ready = apple_gain_map_for(base.size, decode_coded_image(image), metadata, headroom=inf)
    stored = StoredGainMap(image, metadata, "apple")
    return MadeMap(stored, _psnr_by(ready, pair), warnings=tuple(darker_than_sdr(darker)))


def _psnr_by(ready: ReadyMap, pair: Pair) -> float:
    """PQ-PSNR in dB of what a map makes of the base."""
    render = renderer(
        pair.codes,
        pair.color,
        rule=ready.rule,
        gains=lambda rows: ready.at(rows, slice(None)),
        from_maths=pair.color.to_bt2020,
    )
    width = pair.codes.shape[1]
    return pq_psnr_of_rows(lambda rows: rendered(render, rows, width), pair.alternate)


def darker_than_sdr(share: float) -> Iterator[str]:
    """A line about parts of a picture that Apple's gain maps, which brighten alone, cannot show."""
    if share >= _LEAST_DARKER:
        yield (
            f"{share:.1%} of the HDR picture is darker than SDR and is shown as SDR: Apple's gain maps only brighten"
        )


def with_apple_headroom(file: GainMapFile, notes: list[str]) -> GainMapFile:
    """The record, where its gain map is one of Apple's own, with EXIF that tells the headroom too.

    Chromium 156 shows no Apple map without it, though it goes by the headroom of the map's XMP.
    """
    stored = file.gain_map
    if stored is None or not isinstance(stored.metadata, AppleMetadata):
        return file
    exif = only_orientation(file.orientation) if file.exif is None else file.exif
    return replace(file, exif=exif_with_headroom(exif, stored.metadata.headroom, notes))


@dataclass(frozen=True)
class FittedMap:
    """A neural gain map and its payload; PQ-PSNR in dB, time in seconds, lines about what it lacks, one where small
    highlights lose much of their brightness, and one for a target that was missed."""

    network: NeuralGainMap
    payload: bytes
    psnr: float
    seconds: float
    notes: tuple[str, ...]
    dimmed: str | None = None
    missed: tuple[str, ...] = ()


def make_neural_map(pair: Pair, options: FitOptions, progress: Progress | None = None) -> FittedMap:
    """Fit a neural gain map to a pair.

    Raises:
        MissingDependencyError: The preset is one of the published networks, and there is no torch.
    """
    check_torch_for(options.preset)
    from gainmap_codec.neural.fit.presets import fit_pair

    start = perf_counter()
    fields: dict[str, object] = {
        "base_hdr_headroom": pair.base_headroom,
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
        effort=options.effort,
        progress=progress,
    )
    seconds, dimmed = perf_counter() - start, _dimmed(float(pair.hdr.max()), fitted.peak)
    notes = tuple(_far_off(pair, fitted.psnr)) if options.target_psnr is None else ()  # else its number was asked for
    return FittedMap(fitted.network, fitted.payload, fitted.psnr, seconds, notes, dimmed, fitted.notes)


def _far_off(pair: Pair, psnr: float) -> Iterator[str]:
    """A line where a network shows another HDR picture, or hardly more of it than the SDR one does, which readers show
    anyway where nothing is brighter."""
    if psnr >= _NEAR or pair.headroom == 0:
        return
    sdr = pq_psnr_of_rows(lambda rows: base_bt2020(pair.codes[rows], pair.color), pair.hdr)
    if psnr < max(FAR_OFF, sdr + _LEAST_GAIN):
        alone = f"where the SDR picture alone has {told_psnr(sdr)}"
        yield f"the neural gain map is far off the HDR picture: {told_psnr(psnr)}, {alone}"


def _dimmed(before: float, after: float) -> str | None:
    """A line where the brightest pixel loses much: it is too small for PQ-PSNR to tell.

    Light above what PQ holds counts as that: no HDR file shows more. Below SDR white there is no highlight to lose.
    """
    before, after = (min(light, PQ_PEAK) for light in (before, after))
    if before <= 1 or after >= before * 2**-DIMMED_STOPS:
        return None
    nits = f"{SDR_WHITE_NITS * max(after, 0):,.0f} nits instead of {SDR_WHITE_NITS * before:,.0f}"
    return f"its brightest pixel has {nits}"


def _both_maps(
    pair: Pair, standard: MapOptions | None, fit: FitOptions | None, progress: Progress | None
) -> tuple[MadeMap | None, FittedMap | None]:
    """The standard map is made beside the fit, whose steps leave processors free; what comes before them does not."""
    if standard is None or fit is None:
        made = make_gain_map(pair, standard) if standard else None
        return made, make_neural_map(pair, fit, progress) if fit else None
    with ThreadPoolExecutor(1) as pool:
        making = cache(partial(pool.submit, make_gain_map, pair, standard))  # begun once, at the first call

        def step(done: float) -> None:
            making()
            if progress:
                progress(done)

        fitted = make_neural_map(pair, fit, step)
        return making().result(), fitted


def _is_better(made: MadeMap, fitted: FittedMap, notes: list[str]) -> bool:
    """Whether a standard map is worth more for its bytes than the neural one; a line says so."""
    standard_bytes, neural_bytes = len(made.stored.image.data), len(fitted.payload)
    lead = 0 if made.psnr == fitted.psnr else made.psnr - fitted.psnr  # both may be without error
    if lead <= (standard_bytes - neural_bytes) / _AUTO_BYTES_PER_DB:
        return False
    notes.append(
        f"auto: the standard gain map alone ({standard_bytes:,} bytes, {told_psnr(made.psnr)}) is worth more than the "
        f"neural one ({neural_bytes:,} bytes, {told_psnr(fitted.psnr)})"
    )
    return True
