"""The neural gain map of a file that is made of another: kept and told of its new base, or fitted anew.

What is kept is measured on its new base. Where it gives a poorer picture there, by `_FALL_DB`, another one is fitted to
the source's HDR rendition, and written where it is better by `_LEAD_DB`: three outputs mend some of what coding loses.
A target is met by what is written, or a line says by how much it is missed. One of dB is against the HDR original, as
what a payload says that it is worth.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import NamedTuple

from gainmap_codec.codec.encoding import FittedMap, Progress, make_neural_map
from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import FitOptions, TranscodeOptions, without_effect
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.codec.torch_needed import fits_by_torch
from gainmap_codec.edit.new_base import NewBase
from gainmap_codec.edit.new_map import NewMap
from gainmap_codec.edit.recoding import allowed_drift, combined_psnr, drift_of
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import NO_LIMITS, GainMapError
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.color.light import told_psnr
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.maps.binding import is_bound, soft_fingerprint
from gainmap_codec.pixels.raster.geometry import cropped_coordinates

_BEST_PSNR = 63.75  # what a payload can say
_FALL_DB = 3.0  # from here on, most of the error is the new base's and not the network's
_LEAD_DB = 0.5  # a map that is kept may be as much below a new one
_NEAR_DB = 1.0  # below the source, a new map is near enough: the rest would tell what nobody sees beside its errors
_ROUNDING_DB = 1e-6
_UNKNOWN = "; how near that was to the HDR picture is not known"
_MOST_PIXELS = 1 << 22  # of a larger base, three outputs see cells and not pixels: what coding loses they cannot mend


def new_payload(
    base: NewBase, standard: NewMap, options: TranscodeOptions, notes: Notes, progress: Progress | None
) -> bytes | None:
    """The source's neural map where it still serves, a new one where it has to be, or None."""
    payload, network = base.source.file.payload, base.source.neural
    if payload is not None and network is not None:
        kept = _kept(payload, network, base, standard, notes)
        if kept is not None:
            return _kept_or_fitted(kept, network, base, standard, options, notes, progress)
    elif payload is not None and base.is_kept and options.carry is None:
        reason = "cannot be used with this base" if base.source.payload else "is damaged or cannot be read"
        notes.done.append(f"neural gain map: kept as it is, though it {reason}")
        return payload
    elif payload is not None:
        notes.done.append("neural gain map: the old one cannot be used with this base and is left out")  # why was told
    if options.carry is None and (standard.stored is not None or network is None):
        note_no_fit(options, notes)
        return None
    fitted = make_neural_map(base.pair, _against_source(options.neural, base), progress)
    return _payload_of(fitted, options.neural, base, standard, notes)


def note_no_fit(options: TranscodeOptions, notes: Notes, why: str = "no new neural gain map is made") -> None:
    """A line about options of a new neural map, where none is made."""
    if options.fit_names:
        notes.lost.append(without_effect(options.fit_names, why))


class _Kept(NamedTuple):
    """A payload that knows its new base, what it is worth there, and a line about it.

    Attributes:
        psnr: PQ-PSNR in dB there against the HDR original; 0 where nobody knows.
        drift: Against what it gave on the old base; infinite where that was not coded again.
        fall: How much of what it says of itself is lost by that, in dB.
    """

    payload: bytes
    psnr: float
    drift: float
    fall: float
    line: str


def _kept(payload: bytes, network: NeuralGainMap, base: NewBase, standard: NewMap, notes: Notes) -> _Kept | None:
    """The payload told of its new base and measured there, or None, with a line, where that is another picture."""
    bound = _bound(payload, network, base, notes)
    if bound is None:
        return None
    standard_psnr = _standard_psnr(base, standard)
    if base.is_kept:
        numbered = edit_payload(bound, standard_psnr=standard_psnr)
        return _Kept(numbered, base.source.measured_psnr("neural"), inf, 0.0, "neural gain map: kept bit for bit")
    line = "neural gain map: kept, weights and latents bit for bit"
    psnr, drift, fall = 0.0, inf, 0.0
    if not base.shown.is_edited:
        try:
            drift = _drift(base, "neural", replace(base.file, payload=bound))
        except GainMapError as error:
            notes.lost.append(f"the neural gain map cannot be used and is kept as it is: {error}")
        else:
            psnr = combined_psnr(base.source.measured_psnr("neural"), drift)
            fall = network.neural_psnr - combined_psnr(network.neural_psnr, drift)
            so = f", so about {told_psnr(psnr)} against the HDR picture" if psnr else _UNKNOWN
            line += f", {told_psnr(drift)} against what it gave on the old base{so}"
    return _Kept(edit_payload(bound, neural_psnr=psnr, standard_psnr=standard_psnr), psnr, drift, fall, line)


def _bound(payload: bytes, network: NeuralGainMap, base: NewBase, notes: Notes) -> bytes | None:
    """The payload told which base it belongs to and where it lies on it; None, with a line, where it cannot be."""
    binding, coordinates, shown = network.binding, network.coordinates, base.shown
    if not base.is_kept:
        white = 1 << base.file.base.bits
        looks_the_same = is_bound(base.codes, binding.soft, white)
        if shown.codes is None and not looks_the_same:
            notes.lost.append(
                "the new base differs too much from the one that the neural gain map was fitted to: not kept"
            )
            return None
        # The look stays that of the base that it was fitted to, so that many small changes do not add up unseen.
        is_alike = looks_the_same and not shown.is_crop
        soft = binding.soft if is_alike else soft_fingerprint(base.codes, white)
        binding = Binding(base.file.base_digest, soft)
    if shown.is_crop:
        old, is_published = base.source.file.base, network.family == "published"
        coordinates = cropped_coordinates(coordinates, shown.part, old.width, old.height, end_to_end=is_published)
    try:
        return edit_payload(payload, binding=binding, coordinates=coordinates)
    except ValueError as error:
        notes.lost.append(f"the neural gain map is not kept: {error}")
        return None


def _kept_or_fitted(
    kept: _Kept,
    network: NeuralGainMap,
    base: NewBase,
    standard: NewMap,
    options: TranscodeOptions,
    notes: Notes,
    progress: Progress | None,
) -> bytes:
    """The better one of what is kept and, where that has become much poorer, a new one."""
    fit = options.neural if options.preset != "balanced" else replace(options.neural, preset=network.preset)
    is_large = base.file.base.width * base.file.base.height > _MOST_PIXELS
    if kept.fall <= _FALL_DB or is_large or fits_by_torch(fit.preset):
        notes.done.append(kept.line)
        note_no_fit(options, notes, "the neural gain map is kept (encode makes a new one)")
        return kept.payload
    fitted = make_neural_map(base.pair._replace(gain=None), _against_source(fit, base), progress)
    if not _is_preferred(fitted, kept, fit, base):
        notes.done.append(f"{kept.line}; a new one is not better by {_LEAD_DB} dB")
        notes.lost += _missed(len(kept.payload), kept.psnr or kept.drift, fit, base)
        return kept.payload
    worth = told_psnr(kept.psnr) if kept.psnr else f"{told_psnr(kept.drift)} against what it gave before,"
    notes.done.append(f"neural gain map: made anew, since the old one would give {worth} on this base")
    return _payload_of(fitted, fit, base, standard, notes)


def _is_preferred(fitted: FittedMap, kept: _Kept, fit: FitOptions, base: NewBase) -> bool:
    """Whether a new map is better than what is kept, or has a target that this misses."""
    if fit.target_bytes is not None and len(kept.payload) > fit.target_bytes:
        return len(fitted.payload) < len(kept.payload)
    new, old = (_against_original(fitted.psnr, base), kept.psnr) if kept.psnr else (fitted.psnr, kept.drift)
    lead = 0.0 if fit.target_psnr is not None and old < fit.target_psnr else _LEAD_DB
    return new > old + lead


def _missed(size: int, psnr: float, fit: FitOptions, base: NewBase) -> list[str]:
    """A line where a map of a size and of so many dB misses its target: by the HDR original, or by the source's picture
    where how near that is to the original is not known.
    """
    if fit.target_bytes is not None and size > fit.target_bytes:
        return [f"target_bytes: expected at most {fit.target_bytes}, got {size}, the smallest that was found"]
    if fit.target_psnr is None or psnr >= fit.target_psnr - _ROUNDING_DB:
        return []
    source = _source_psnr(base)
    is_too_high = source and fit.target_psnr > source - _NEAR_DB
    why = f"the source itself has {told_psnr(source)}" if is_too_high else "the best that was found"
    return [f"target_psnr: expected {fit.target_psnr:.2f} dB, got {told_psnr(psnr)}, {why}"]


def _payload_of(fitted: FittedMap, fit: FitOptions, base: NewBase, standard: NewMap, notes: Notes) -> bytes:
    """A new neural map, with what it and the standard map are worth."""
    psnr, size = _against_original(fitted.psnr, base), len(fitted.payload)
    notes.lost += (*_missed(size, psnr or fitted.psnr, fit, base), *fitted.notes)
    payload = edit_payload(fitted.payload, neural_psnr=psnr, standard_psnr=_standard_psnr(base, standard))
    seconds = f"fitted in {fitted.seconds:.1f} s"
    worth = f"{told_psnr(psnr)} against the HDR picture"
    if not psnr:
        worth = f"{told_psnr(fitted.psnr)} against what the source shows{_UNKNOWN}"
    notes.done.append(f"neural gain map: {seconds}, {len(payload):,} bytes, {worth}")
    notes.done += [f"neural gain map: {fitted.dimmed}"] if fitted.dimmed else []
    return payload


def _against_original(psnr: float, base: NewBase) -> float:
    """PQ-PSNR in dB against the HDR original, of what has so much against the source's rendition; 0 if not known."""
    return psnr if base.source.neural is None else combined_psnr(_source_psnr(base), psnr)


def _source_psnr(base: NewBase) -> float:
    """PQ-PSNR in dB against the HDR original, of the source's rendition of it; 0 where nobody measured it."""
    return base.source.measured_psnr(base.rendition.kind) if base.source.neural else 0.0


def _against_source(fit: FitOptions, base: NewBase) -> FitOptions:
    """A target of dB against the HDR original as one against the source's rendition; near that where it is higher."""
    source = _source_psnr(base)
    if fit.target_psnr is None or not source:
        return fit
    return replace(fit, target_psnr=allowed_drift(source, min(fit.target_psnr, source - _NEAR_DB)))


def _standard_psnr(base: NewBase, standard: NewMap) -> float:
    """What the payload has to say of the standard map beside it."""
    source, stored = base.source, standard.stored
    if base.is_kept and stored is source.file.gain_map:
        psnr = source.neural.standard_psnr if source.neural else inf
    elif stored is None or base.shown.is_edited:
        psnr = 0.0
    elif standard.psnr is not None:
        psnr = _against_original(standard.psnr, base)
    elif source.file.gain_map is None:
        psnr = _against_original(_drift(base, "standard", replace(base.file, gain_map=stored)), base)
    elif psnr := source.measured_psnr("standard") if source.neural else inf:
        psnr = combined_psnr(psnr, _drift(base, "standard", replace(base.file, gain_map=stored)))
    return min(psnr, _BEST_PSNR)


def _drift(base: NewBase, kind: RenderedFrom, file: GainMapFile) -> float:
    """PQ-PSNR in dB of the new file's rendition against the source's of the same kind, or its best, at the new size."""
    options, found = replace(STORED, device=base.device), base.rendition
    is_best = found.kind == kind or (kind == "standard" and base.source.file.gain_map is None)
    old = found.pixels if is_best else render(base.source, kind, options)
    network = parse_payload(file.payload, NO_LIMITS) if file.payload else None
    new = OpenedFile(file, network, "soft", ()).with_codes(base.codes)
    return drift_of(base.shown.light(old), render(new, kind, options))
