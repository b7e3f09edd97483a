"""The neural gain map of a file that is made of another: kept and told of its new base, or fitted anew."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from gainmap_codec.codec.encoding import Progress, make_neural_map
from gainmap_codec.codec.opening import OpenedFile, base_codes
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.new_base import NewBase
from gainmap_codec.edit.new_map import NewMap
from gainmap_codec.edit.recoding import combined_psnr, drift_of
from gainmap_codec.edit.report import Notes
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.binding import is_bound, soft_fingerprint
from gainmap_codec.pixels.raster.geometry import cropped_coordinates

_BEST_PSNR = 63.75  # what a payload can say


def new_payload(
    base: NewBase, standard: NewMap, options: TranscodeOptions, notes: Notes, progress: Progress | None
) -> bytes | None:
    """The source's neural map where it still fits, a new one where it has to be, or None."""
    payload, network = base.source.file.payload, base.source.neural
    if payload is not None and network is not None:
        kept = _kept(payload, network, base, standard, notes)
        if kept is not None:
            note_no_fit(options, notes)
            return kept
    elif payload is not None and base.is_kept and options.carry is None:
        notes.done.append("neural gain map: kept as it is, though it cannot be used with this base")
        return payload
    elif payload is not None:
        notes.lost.append("the neural gain map cannot be used with this base and is not kept")
    if options.carry is None and (standard.stored is not None or network is None):
        note_no_fit(options, notes)
        return None
    return _fitted(base, standard, options, notes, progress)


def note_no_fit(options: TranscodeOptions, notes: Notes) -> None:
    """A line about options of a new neural map, where none is made."""
    if options.names_a_fit:
        notes.lost.append(
            "options of a new neural gain map (preset, target_bytes, effort) change nothing: none is made"
        )


def _kept(payload: bytes, network: NeuralGainMap, base: NewBase, standard: NewMap, notes: Notes) -> bytes | None:
    """The payload told of its new base, or None, with a line, where that is another picture."""
    if base.is_kept:
        notes.done.append("neural gain map: kept bit for bit")
        return edit_payload(
            payload,
            binding=network.binding,
            coordinates=network.coordinates,
            standard_psnr=_standard_psnr(network, base, standard),
        )
    if base.shown.codes is None:
        return _on_new_codes(payload, network, base, standard, notes)
    return _on_new_pixels(payload, network, base, standard, notes)


def _on_new_codes(
    payload: bytes, network: NeuralGainMap, base: NewBase, standard: NewMap, notes: Notes
) -> bytes | None:
    """The payload bound to the same picture coded anew and measured again, unless that looks like another one."""
    if not is_bound(base.codes, network.binding.soft, 1 << base.file.base.bits):
        notes.lost.append("the new base differs too much from the one that the neural gain map was fitted to: not kept")
        return None
    options = replace(STORED, device=base.device)
    new = OpenedFile(base.file, network, "soft", ())
    drift = drift_of(render(base.source, "neural", options), render(new, "neural", options))
    notes.done.append(f"neural gain map: kept, {drift:.2f} dB against what it gave on the old base")
    return edit_payload(
        payload,
        # The look that it is bound by stays that of the base that it was fitted to, so that many small changes do not
        # add up unseen.
        binding=Binding(base.file.base_digest, network.binding.soft),
        coordinates=network.coordinates,
        neural_psnr=combined_psnr(network.neural_psnr, drift),
        standard_psnr=_standard_psnr(network, base, standard),
    )


def _on_new_pixels(
    payload: bytes, network: NeuralGainMap, base: NewBase, standard: NewMap, notes: Notes
) -> bytes | None:
    """The payload bound to a part of its picture, or to all of it at another size."""
    shown, old, new = base.shown, base.source.file.base, base.file.base
    codes, levels = base_codes(new), 1 << new.bits
    soft, coordinates = network.binding.soft, network.coordinates
    looks_the_same = is_bound(codes, soft, levels)
    if shown.is_crop or not looks_the_same:
        soft = soft_fingerprint(codes, levels)
    if not shown.is_crop and not looks_the_same:
        notes.lost.append(
            "fine patterns look brighter at this size: the neural gain map is kept, but fits less well than a new one"
        )
    if shown.is_crop:
        published = network.family == "published"
        coordinates = cropped_coordinates(coordinates, shown.part, old.width, old.height, end_to_end=published)
    try:
        edited = edit_payload(
            payload,
            binding=Binding(base.file.base_digest, soft),
            coordinates=coordinates,
            standard_psnr=_standard_psnr(network, base, standard),
        )
    except ValueError as error:
        notes.lost.append(f"the neural gain map is not kept: {error}")
        return None
    notes.done.append("neural gain map: kept, weights and latents bit for bit")
    return edited


def _standard_psnr(network: NeuralGainMap, base: NewBase, standard: NewMap) -> float:
    """What the payload has to say of the standard map beside it."""
    if standard.stored is base.source.file.gain_map and base.is_kept:
        return network.standard_psnr
    if standard.stored is None:
        return 0.0
    if standard.psnr is not None:
        return combined_psnr(network.neural_psnr, standard.psnr)
    if base.shown.codes is not None:  # of another picture: what was measured is the best guess
        return network.standard_psnr
    return combined_psnr(network.standard_psnr, _standard_drift(base, standard)) if network.standard_psnr else 0.0


def _standard_drift(base: NewBase, standard: NewMap) -> float:
    """PQ-PSNR of the new standard map's rendition against the source's."""
    return drift_of(_standard_rendition(base.source), _new_rendition(base, standard))


def _new_rendition(base: NewBase, standard: NewMap) -> Array:
    return _standard_rendition(OpenedFile(replace(base.file, gain_map=standard.stored), None, None, ()))


def _standard_rendition(opened: OpenedFile) -> Array:
    return render(opened, "standard", STORED)


def _is_fitted_to(standard: NewMap, base: NewBase) -> bool:
    """Whether the HDR rendition of a fit is the very one that this map gives on this base."""
    return base.is_kept and base.rendition.kind == "standard" and standard.stored is base.rendition.opened.file.gain_map


def _fitted(
    base: NewBase, standard: NewMap, options: TranscodeOptions, notes: Notes, progress: Progress | None
) -> bytes:
    """A new neural map of the source's HDR rendition."""
    fitted = make_neural_map(base.pair, options.neural, progress)
    notes.lost += fitted.notes
    standard_psnr = None
    if standard.stored is not None and base.source.file.gain_map is not None:
        drift = inf if _is_fitted_to(standard, base) else drift_of(base.pair.hdr, _new_rendition(base, standard))
        standard_psnr = min(drift, _BEST_PSNR)
    payload = edit_payload(fitted.payload, neural_psnr=fitted.psnr, standard_psnr=standard_psnr)
    seconds = f"fitted in {fitted.seconds:.1f} s"
    notes.done.append(
        f"neural gain map: {seconds}, {len(payload):,} bytes, {fitted.psnr:.2f} dB against the HDR picture"
    )
    return payload
