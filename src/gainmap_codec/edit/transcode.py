"""From one gain-map file to another: container, gain maps and metadata change, the pictures only where they must."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import Any, get_args

from gainmap_codec.codec.encoding import (
    Carry,
    NeuralOptions,
    PresetChoice,
    StandardOptions,
    check_options,
    make_gain_map,
    make_neural_map,
)
from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.codec.rendering import full_headroom, preference, render, render_best
from gainmap_codec.edit.hdr_base import jpeg_with_sdr_base
from gainmap_codec.edit.metadata import for_container, stripped_of_gps
from gainmap_codec.edit.parts import (
    MAP_QUALITY,
    Notes,
    TranscodeReport,
    coded_map,
    combined_psnr,
    decoded_map,
    drift_of,
    is_writable,
    lost,
    rebound,
    recoded,
    rewritten,
    warn_of_what_is_not_written,
)
from gainmap_codec.errors import Limits, NoGainMapError, UnsupportedError
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.records import CODECS, AppleMetadata, Container, GainMapFile, NeuralGainMap, StoredGainMap
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.maps.binding import is_bound

_BEST_PSNR = 63.75  # what a payload can say


def transcode(
    source: Source,
    *,
    container: Container | None = None,
    carry: Carry | None = None,
    strip_gps: bool = False,
    preset: PresetChoice = "balanced",
    target_bytes: int | None = None,
    quality: int | None = None,
    map_scale: int = 4,
    map_quality: int = MAP_QUALITY,
    map_channels: int = 1,
    device: str = "auto",
    seed: int = 0,
    limits: Limits = Limits(),
) -> bytes:
    """Write a gain-map file anew, in another container or with other gain maps, its HDR kept.

    In the same container the coded bytes of base and standard map are kept bit for bit, unless `quality` is given.
    Otherwise the base is coded again and the map carried over at its size with its very numbers. Apple's own gain maps
    become ones of ISO 21496-1, pixel by pixel. EXIF, XMP, ICC profile and orientation stay.

    A neural gain map stays where the new base still looks like the one that it was fitted to, and its quality is
    measured again. Where not, it is fitted anew if it was asked for or is all the HDR there is, and dropped otherwise.

    Args:
        source: A path, bytes or a binary file.
        container: Kind of file to write; None keeps the source's.
        carry: Which gain maps to write: "standard", "neural" or "both"; what the source lacks is made of what it has.
            None keeps those that it has.
        strip_gps: Leave out where the picture was taken: the GPS directory of EXIF and exif:GPS… of XMP.
        preset: Kind of a neural map that has to be fitted; see `encode`.
        target_bytes: Size of its payload to keep within.
        quality: Quality of the base, 1…100; None keeps its bytes, and codes it at 92 for another container.
        map_scale: Base pixels per pixel, along a side, of a standard map that has to be made, 1…128.
        map_quality: Quality of a standard map that has to be coded, 1…100.
        map_channels: 1 or 3, of a standard map that has to be made.
        device: As in `encode`, for fits.
        seed: Of a fit.
        limits: Budgets for what the source may ask for.
    Returns:
        The file.
    Raises:
        ValueError: An argument is out of its range.
        NoGainMapError: A gain map was asked for, and the source holds none to make it of.
        GainMapError: The base is broken, not supported or over the limits, or cannot be in that container.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    options = {name: value for name, value in locals().items() if name != "source"}
    return transcode_with_report(source, **options).data


def transcode_with_report(
    source: Source, *, progress: Callable[[float], None] | None = None, **options: Any
) -> TranscodeReport:
    """As `transcode`, with a line for all that was done and lost; `progress` is told the share of a fit, 0…1."""
    o = complete_options(options)
    neural = NeuralOptions(o["preset"], o["target_bytes"], None, o["device"], o["seed"], progress)
    standard = StandardOptions(o["map_scale"], o["map_quality"], o["map_channels"])
    plan = _Plan(o["container"], o["carry"], o["strip_gps"], o["quality"], standard, neural)
    return rewritten(source, o["limits"], lambda _, opened, notes: _Transcoding(opened, plan, notes).data())


def complete_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of `transcode`: those given, checked, and its defaults.

    Raises:
        TypeError: One that it does not have.
        ValueError: One that is out of its range.
    """
    complete = {**(transcode.__kwdefaults__ or {}), **options}
    check_options(transcode, complete, _CHOICES)
    return complete


_CHOICES = {"container": (None, *get_args(Container)), "carry": (None, *get_args(Carry)), "map_channels": (1, 3)}


@dataclass(frozen=True)
class _Plan:
    """What the caller wants; see `transcode`."""

    container: Container | None
    carry: Carry | None
    strip_gps: bool
    quality: int | None
    standard: StandardOptions
    neural: NeuralOptions


class _Transcoding:
    """One file on its way."""

    def __init__(self, opened: OpenedFile, plan: _Plan, notes: Notes) -> None:
        self.container = plan.container or opened.file.container
        if self.container == "jpeg" and is_hdr(opened.file.base):
            opened = jpeg_with_sdr_base(opened, plan.quality, plan.standard.quality, notes)
            plan = replace(plan, quality=None)
        self.opened, self.plan, self.notes = opened, plan, notes
        file = opened.file
        self.wants_standard = plan.carry in ("standard", "both") or (plan.carry is None and file.gain_map is not None)
        self.wants_neural = plan.carry in ("neural", "both") or (plan.carry is None and file.payload is not None)
        self.keeps_base = self.container == file.container and plan.quality is None

    def data(self) -> bytes:
        """The new file."""
        self._check()
        file = self.opened.file
        warn_of_what_is_not_written(file, self.container)
        self.base = self._new_base()
        self.standard = self._standard() if self.wants_standard else None
        payload = self._payload() if self.wants_neural else None
        for name, old, new in (("standard", file.gain_map, self.standard), ("neural", file.payload, payload)):
            if self.plan.carry is not None and old is not None and new is None:
                self.notes.append(f"{name} gain map: left out, as asked")
        spare = file.spare_gain_map if self.standard is file.gain_map and self.container != "jpeg" else None
        if self.container != "jpeg" and file.spare_gain_map is not None and spare is None:
            lost(f"the second gain map ({file.spare_gain_map.carrier}) is not kept")
        return serialize_file(replace(self.base, gain_map=self.standard, spare_gain_map=spare, payload=payload))

    def _check(self) -> None:
        """Raise for what cannot be made of this file, before any work."""
        file = self.opened.file
        has_map = file.gain_map is not None or self.opened.neural is not None
        if self.plan.carry is not None and not has_map:
            raise NoGainMapError(f"carry {self.plan.carry}: a file with a usable gain map wanted, none found")
        if is_hdr(file.base) and self.plan.carry in ("neural", "both") and self.opened.neural is None:
            raise UnsupportedError("carry: neural gain maps are of SDR bases, an HDR base found")
        if file.refused:
            lost("the gain map that cannot be used is not kept")

    def _new_base(self) -> GainMapFile:
        """The file without gain maps as its readers get it."""
        file = self.opened.file
        if self.plan.strip_gps:
            file = stripped_of_gps(file, self.notes)
        if self.keeps_base:
            self.notes.append("base: kept bit for bit")
            return replace(file, gain_map=None, payload=None, trailer_bytes=0)
        codes = self.opened.codes
        if self.container != file.container:
            file, codes = for_container(file, self.container, codes, self.opened.color)
        base = recoded(file, codes, self.container, self.plan.quality)
        self.notes.append(f"base: coded again, {len(base.base.data):,} bytes")
        return base

    @cached_property
    def new(self) -> OpenedFile:
        """The new file, as far as it is."""
        return OpenedFile(replace(self.base, gain_map=self.standard), None, None, ())

    @cached_property
    def pair(self) -> Pair:
        """The new base, and the source's HDR rendition."""
        order = preference(self.opened, "auto")
        opened, kind, hdr, failures = render_best(self.opened, order, None, self.plan.neural.device, 1)
        for line in failures:
            lost(line)
        if kind == "base":
            raise NoGainMapError("a gain map that can be used wanted, none found")
        new = OpenedFile(self.base, None, None, ())
        return Pair(self.base, new.codes, new.color, hdr, full_headroom(opened, kind))

    def _standard(self) -> StoredGainMap | None:
        """The source's standard map, or one made of its neural one."""
        stored, codec = self.opened.file.gain_map, CODECS[self.container]
        if stored is not None and self._may_keep(stored):
            self.notes.append(f"standard gain map: kept bit for bit, {len(stored.image.data):,} bytes")
            return stored
        decoded = decoded_map(self.opened, self.notes)
        if decoded is not None:
            coded = coded_map(decoded, codec, self.plan.standard.quality)
            self.notes.append(f"standard gain map: coded again, {len(coded.image.data):,} bytes, at its size")
            return coded
        if self.opened.neural is None and stored is None:
            return None
        made, psnr = make_gain_map(self.pair, self.plan.standard)
        self._made_psnr = psnr
        self.notes.append(
            f"standard gain map: made anew, {len(made.image.data):,} bytes, {psnr:.2f} dB of the rendition"
        )
        return made

    def _may_keep(self, stored: StoredGainMap) -> bool:
        """Whether a map is written as it is: one of Apple's own only with all around it, unless one was asked for."""
        if stored.image.codec != CODECS[self.container]:
            return False
        if isinstance(stored.metadata, AppleMetadata):
            return self.plan.carry is None and self.keeps_base and self.container != "jpeg"
        return is_writable(stored)

    _made_psnr: float | None = None

    def _payload(self) -> bytes | None:
        """The source's neural map where it still fits, a new one where it has to be, or None."""
        payload, network = self.opened.file.payload, self.opened.neural
        if payload is not None and network is not None:
            kept = self._kept(payload, network)
            if kept is not None:
                return kept
        elif payload is not None and self.keeps_base and self.plan.carry is None:
            self.notes.append("neural gain map: kept as it is, though it cannot be used with this base")
            return payload
        elif payload is not None:
            lost("the neural gain map cannot be used with this base and is not kept")
        if self.plan.carry is None and (self.standard is not None or network is None):
            return None
        return self._fitted()

    def _kept(self, payload: bytes, network: NeuralGainMap) -> bytes | None:
        """The payload bound to the new base and measured again, or None where that looks like another one."""
        if self.keeps_base:
            psnr = self._standard_psnr(network)
            self.notes.append("neural gain map: kept bit for bit")
            return rebound(payload, network, self.base, binding=network.binding, standard_psnr=psnr)
        if not is_bound(self.new.codes, network.binding.soft, 1 << self.base.base.bits):
            lost("the new base differs too much from the one that the neural gain map was fitted to: not kept")
            return None
        before = render(self.opened, "neural", None, self.plan.neural.device)
        after = render(replace(self.new, payload=network, bound_by="soft"), "neural", None, self.plan.neural.device)
        drift = drift_of(before, after)
        psnr = combined_psnr(network.neural_psnr, drift)
        self.notes.append(f"neural gain map: kept, {drift:.2f} dB of the source's rendition on the new base")
        return rebound(payload, network, self.base, neural_psnr=psnr, standard_psnr=self._standard_psnr(network))

    def _standard_psnr(self, network: NeuralGainMap) -> float:
        """What the payload has to say of the standard map beside it."""
        if self.standard is self.opened.file.gain_map and self.keeps_base:
            return network.standard_psnr
        if self.standard is None:
            return 0.0
        if self._made_psnr is not None:
            return combined_psnr(network.neural_psnr, self._made_psnr)
        return combined_psnr(network.standard_psnr, self._standard_drift()) if network.standard_psnr else 0.0

    def _standard_drift(self) -> float:
        """PQ-PSNR of the new standard map's rendition against the source's."""
        if self.keeps_base and self.standard is self.opened.file.gain_map:
            return inf
        return drift_of(self._standard_rendition(self.opened), self._standard_rendition(self.new))

    def _standard_rendition(self, opened: OpenedFile) -> Array:
        return render(opened, "standard", None, "cpu")

    def _fitted(self) -> bytes:
        """A new neural map of the source's HDR rendition."""
        fitted = make_neural_map(self.pair, self.plan.neural)
        network = replace(fitted.network, neural_psnr=fitted.psnr)
        if self.standard is not None and self.opened.file.gain_map is not None:
            network = replace(network, standard_psnr=min(self._standard_drift(), _BEST_PSNR))
        payload = serialize_payload(network)
        seconds = f"fitted in {fitted.seconds:.1f} s"
        self.notes.append(f"neural gain map: {seconds}, {len(payload):,} bytes, {fitted.psnr:.2f} dB of the rendition")
        return payload
