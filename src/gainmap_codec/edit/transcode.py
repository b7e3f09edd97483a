"""From one gain-map file to another: container, gain maps and metadata change, the pictures only where they must.

The new base comes first, then the standard map on it, then the neural one: each is a value that the next is made of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from gainmap_codec.codec.decoding import best_rendition
from gainmap_codec.codec.encoding import Progress, make_gain_map, make_neural_map
from gainmap_codec.codec.opening import OpenedFile, base_codes, open_source
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.codec.rendering import STORED, full_headroom, render
from gainmap_codec.codec.torch_needed import check_torch_for
from gainmap_codec.edit.metadata import for_container, stripped_for_edit
from gainmap_codec.edit.recoding import (
    coded_map,
    combined_psnr,
    decoded_map,
    drift_of,
    is_writable,
    note_what_is_not_written,
    recoded,
)
from gainmap_codec.edit.report import Notes, TranscodeReport, finish
from gainmap_codec.edit.swap import with_sdr_base
from gainmap_codec.errors import NoGainMapError, UnsupportedError
from gainmap_codec.files.container import others_for
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.files.records import CODECS, AppleMetadata, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.color.code_points import color_of, is_hdr
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.maps.binding import is_bound

_BEST_PSNR = 63.75  # what a payload can say


def transcode_with_report(
    source: Source, options: TranscodeOptions, *, progress: Progress | None = None
) -> TranscodeReport:
    """As `gainmap_codec.transcode`, with a line for all that was done and lost; nothing is warned of.

    Args:
        progress: Told the share of a fit that is done, 0…1.
    Raises:
        GainMapError, OSError: As `gainmap_codec.transcode`.
    """
    return transcode_opened(open_source(source, options.limits), options, progress=progress)


def transcode_opened(
    opened: OpenedFile, options: TranscodeOptions, *, progress: Progress | None = None
) -> TranscodeReport:
    """As `transcode_with_report`, of a file that is opened already."""
    notes = Notes(lost=list(opened.warnings), damage=opened.file.damage)
    return finish(transcoded(opened, options, notes, progress), opened, notes)


def transcoded(
    opened: OpenedFile, options: TranscodeOptions, notes: Notes, progress: Progress | None = None
) -> GainMapFile:
    """The record of an opened file as `options` ask for it."""
    container = options.container or opened.file.container
    opened = stripped_for_edit(opened, options.strip, notes)
    if container == "jpeg" != opened.file.container and is_hdr(opened.file.base):
        opened = with_sdr_base(opened, options.quality, options.map_quality, notes)
        options = replace(options, quality=None)
    _check(opened, options)
    file, carry = opened.file, options.carry
    note_what_is_not_written(file, container, notes)
    base = _new_base(opened, container, options, notes)
    wants_standard = carry in ("standard", "both") or (carry is None and file.gain_map is not None)
    standard = _standard(base, options, notes) if wants_standard else _NO_MAP
    wants_neural = carry in ("neural", "both") or (carry is None and file.payload is not None)
    payload = _payload(base, standard, options, notes, progress) if wants_neural else None
    _note_left_out("standard", file.gain_map, standard.stored, options, notes)
    _note_left_out("neural", file.payload, payload, options, notes)
    spare = _spare_map(file, standard.stored, container, notes)
    return replace(base.file, gain_map=standard.stored, spare_gain_map=spare, payload=payload)


def _check(opened: OpenedFile, options: TranscodeOptions) -> None:
    """Raise for what cannot be made of this file, before any work."""
    file, carry = opened.file, options.carry
    if carry is not None and file.gain_map is None and opened.neural is None:
        raise NoGainMapError(f"carry {carry}: expected a file with a usable gain map, got one without")
    if is_hdr(file.base) and carry in ("neural", "both") and opened.neural is None:
        raise UnsupportedError(f"carry {carry}: expected an SDR base for a neural gain map, got an HDR one")
    if opened.neural is None:
        check_torch_for(carry)


def _note_left_out(kind: str, old: object, new: object, options: TranscodeOptions, notes: Notes) -> None:
    if options.carry is not None and old is not None and new is None:
        notes.done.append(f"{kind} gain map: left out, as asked")


def _spare_map(
    file: GainMapFile, stored: StoredGainMap | None, container: Container, notes: Notes
) -> StoredGainMap | None:
    """The second gain map, where all around it stays."""
    spare = file.spare_gain_map
    if spare is None or container == "jpeg":  # told of already
        return None
    if stored is file.gain_map:
        return spare
    notes.lost.append(f"the second gain map ({spare.carrier}) is not kept")
    return None


@dataclass(frozen=True, eq=False)
class _NewBase:
    """The base to be, and what it comes from.

    Attributes:
        source: The file that is transcoded.
        file: The new file without gain maps.
        is_kept: The base has the coded bytes of the source's.
        device: Torch device of renditions and fits.
        notes: Of the whole edit.
    """

    source: OpenedFile
    file: GainMapFile
    is_kept: bool
    device: str
    notes: Notes

    @cached_property
    def codes(self) -> AnyCodes:
        """Code values, (H, W, 3), stored raster."""
        return self.source.codes if self.is_kept else base_codes(self.file.base)

    @cached_property
    def pair(self) -> Pair:
        """The new base, and the source's HDR rendition."""
        found = best_rendition(self.source, replace(STORED, device=self.device), render)
        self.notes.lost += found.notes
        if found.kind == "base":
            raise NoGainMapError("expected a gain map that can be used, got none")
        color = color_of(self.file.base)
        return Pair(self.file, self.codes, color, found.pixels, full_headroom(found.opened, found.kind))


def _new_base(opened: OpenedFile, container: Container, options: TranscodeOptions, notes: Notes) -> _NewBase:
    """The file without gain maps as its readers get it."""
    file = replace(opened.file, others=others_for(opened.file, container))
    if container == file.container and options.quality is None:
        notes.done.append("base: kept bit for bit")
        return _NewBase(opened, file.without_gain_maps(), True, options.device, notes)
    codes = opened.codes
    if container != file.container:
        notes.lost += opened.color.notes
        file, codes = for_container(file, container, codes, opened.color, notes)
    new = recoded(file, codes, container, options.quality, notes)
    notes.done.append(f"base: coded again, {len(new.base.data):,} bytes")
    return _NewBase(opened, new, False, options.device, notes)


@dataclass(frozen=True, eq=False)
class _NewMap:
    """The standard map to be; `psnr` in dB against the source's rendition where it was made anew."""

    stored: StoredGainMap | None
    psnr: float | None = None


_NO_MAP = _NewMap(None)


def _standard(base: _NewBase, options: TranscodeOptions, notes: Notes) -> _NewMap:
    """The source's standard map, or one made of its neural one."""
    stored, codec = base.source.file.gain_map, CODECS[base.file.container]
    if stored is not None and _may_keep(stored, base, options, notes):
        notes.done.append(f"standard gain map: kept bit for bit, {len(stored.image.data):,} bytes")
        return _NewMap(stored)
    decoded = decoded_map(base.source, notes)
    if decoded is not None:
        coded = coded_map(decoded, codec, options.map_quality)
        notes.done.append(f"standard gain map: coded again, {len(coded.image.data):,} bytes, at the same size")
        return _NewMap(coded)
    if base.source.neural is None and stored is None:
        return _NO_MAP
    made = make_gain_map(base.pair, options.standard)
    size, quality = len(made.stored.image.data), f"{made.psnr:.2f} dB against the HDR picture"
    notes.done.append(f"standard gain map: made anew, {size:,} bytes, {quality}")
    return _NewMap(made.stored, made.psnr)


def _may_keep(stored: StoredGainMap, base: _NewBase, options: TranscodeOptions, notes: Notes) -> bool:
    """Whether a map is written as it is: one of Apple's own only with all around it, unless one was asked for."""
    container = base.file.container
    if stored.image.codec != CODECS[container]:
        return False
    if isinstance(stored.metadata, AppleMetadata):
        return options.carry is None and base.is_kept and container != "jpeg"
    return is_writable(stored, notes)


def _payload(
    base: _NewBase, standard: _NewMap, options: TranscodeOptions, notes: Notes, progress: Progress | None
) -> bytes | None:
    """The source's neural map where it still fits, a new one where it has to be, or None."""
    payload, network = base.source.file.payload, base.source.neural
    if payload is not None and network is not None:
        kept = _kept_payload(payload, network, base, standard, notes)
        if kept is not None:
            return kept
    elif payload is not None and base.is_kept and options.carry is None:
        notes.done.append("neural gain map: kept as it is, though it cannot be used with this base")
        return payload
    elif payload is not None:
        notes.lost.append("the neural gain map cannot be used with this base and is not kept")
    if options.carry is None and (standard.stored is not None or network is None):
        return None
    return _fitted_payload(base, standard, options, notes, progress)


def _kept_payload(
    payload: bytes, network: NeuralGainMap, base: _NewBase, standard: _NewMap, notes: Notes
) -> bytes | None:
    """The payload bound to the new base and measured again, or None where that looks like another one."""
    if base.is_kept:
        notes.done.append("neural gain map: kept bit for bit")
        return edit_payload(
            payload,
            binding=network.binding,
            coordinates=network.coordinates,
            standard_psnr=_standard_psnr(network, base, standard),
        )
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


def _standard_psnr(network: NeuralGainMap, base: _NewBase, standard: _NewMap) -> float:
    """What the payload has to say of the standard map beside it."""
    if standard.stored is base.source.file.gain_map and base.is_kept:
        return network.standard_psnr
    if standard.stored is None:
        return 0.0
    if standard.psnr is not None:
        return combined_psnr(network.neural_psnr, standard.psnr)
    return combined_psnr(network.standard_psnr, _standard_drift(base, standard)) if network.standard_psnr else 0.0


def _standard_drift(base: _NewBase, standard: _NewMap) -> float:
    """PQ-PSNR of the new standard map's rendition against the source's."""
    if base.is_kept and standard.stored is base.source.file.gain_map:
        return inf
    new = OpenedFile(replace(base.file, gain_map=standard.stored), None, None, ())
    return drift_of(_standard_rendition(base.source), _standard_rendition(new))


def _standard_rendition(opened: OpenedFile) -> Array:
    return render(opened, "standard", STORED)


def _fitted_payload(
    base: _NewBase, standard: _NewMap, options: TranscodeOptions, notes: Notes, progress: Progress | None
) -> bytes:
    """A new neural map of the source's HDR rendition."""
    fitted = make_neural_map(base.pair, options.fit, progress)
    notes.lost += fitted.notes
    network = replace(fitted.network, neural_psnr=fitted.psnr)
    if standard.stored is not None and base.source.file.gain_map is not None:
        network = replace(network, standard_psnr=min(_standard_drift(base, standard), _BEST_PSNR))
    payload = serialize_payload(network)
    seconds = f"fitted in {fitted.seconds:.1f} s"
    notes.done.append(
        f"neural gain map: {seconds}, {len(payload):,} bytes, {fitted.psnr:.2f} dB against the HDR picture"
    )
    return payload
