"""The methods of the table: each makes bytes of a pair, and of these bytes and the base alone the HDR rendition."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import ceil, inf
from typing import NamedTuple, Protocol

import numpy as np

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_bench.methods.coders import AVIF, CODERS, HEIC, JPEG, JPEG_XL, Coder
from gainmap_bench.methods.points import code_digest
from gainmap_bench.methods.residual_maps import enlarge, from_codes, reduce, to_codes
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import Domain, Preset
from gainmap_codec.neural.fit.presets import fit_pair
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_decode, pq_encode
from gainmap_codec.pixels.maps.neural_map import base_bt2020, render_neural_map
from gainmap_codec.pixels.maps.residual import apply_log2_gain, inverse_residual, log2_gain, residual
from gainmap_codec.pixels.strips import for_each_strip

_OFFSET = np.float32(1 / 4096)  # of log2 gains: `residual_maps.kinds_of` tells why
_RANGES = struct.Struct("<6f")


class Base(NamedTuple):
    """A base as its readers have it: code values (H, W, 3) and what they mean."""

    codes: AnyCodes
    color: BaseColor


class Contender(Protocol):
    """A row of the table.

    Attributes:
        name: As the table shows it; unique.
        parameters: All that its bytes depend on beside pair, seed and its own code.
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> str: ...

    def encode(self, pair: BenchPair, seed: int) -> bytes:
        """All that is written for a pair beside its base."""
        ...

    def decode(self, data: bytes, base: Base) -> Array:
        """The HDR rendition, linear BT.2020, float32 (H, W, 3); 1.0 = SDR white."""
        ...


@dataclass(frozen=True)
class CodedMap:
    """A residual map of a quarter of the base's side, 8 bits, three channels, coded as a picture.

    Its bytes are the range of each channel, six float32, and the whole coded file. The map is that of least squares,
    as `residual_maps.reduce` makes it, not the average of 4 × 4 pixels: it serves all codecs alike.

    Attributes:
        title: Of the residual.
        domain: The residual.
        coder: The codec.
        quality: In the codec's own scale.
    """

    title: str
    domain: Domain
    coder: Coder
    quality: float

    scale = 4

    @property
    def name(self) -> str:
        """See `Contender`."""
        return f"{self.title}-{_CODEC_TITLES[self.coder.name]}"

    @property
    def parameters(self) -> str:
        """See `Contender`."""
        return f"{self.domain} {self.coder.settings} {self.quality} 1/{self.scale}"

    def encode(self, pair: BenchPair, seed: int) -> bytes:
        """See `Contender`."""
        values = _residual(self.domain, base_bt2020(pair.pair.codes, pair.pair.color), pair.pair.hdr)
        height, width = (ceil(side / self.scale) for side in values.shape[:2])
        codes, low, high = to_codes(reduce(values, height, width))
        return _RANGES.pack(*low, *high) + self.coder.encode(codes, self.quality)

    def decode(self, data: bytes, base: Base) -> Array:
        """See `Contender`."""
        ranges = np.array(_RANGES.unpack_from(data), np.float32)
        small = from_codes(self.coder.decode(data[_RANGES.size :]), ranges[:3], ranges[3:])
        values = enlarge(small, *base.codes.shape[:2])
        out = base_bt2020(base.codes, base.color)

        def apply(rows: slice) -> None:
            if self.domain == "log2_gain":
                apply_log2_gain(values[rows], out[rows], _OFFSET, _OFFSET)
            else:
                out[rows] = pq_decode(inverse_residual(self.domain, values[rows], pq_encode(out[rows]), np))

        for_each_strip(len(out), apply)
        return out


def _residual(domain: Domain, base: Array, hdr: Array) -> Array:
    if domain == "log2_gain":
        return log2_gain(hdr, base, _OFFSET, _OFFSET)
    return np.asarray(residual(domain, pq_encode(hdr), pq_encode(base), np), np.float32)


@dataclass(frozen=True)
class Payload:
    """Our neural gain map: the payload, with header, binding and CRC."""

    preset: Preset

    @property
    def name(self) -> str:
        """See `Contender`."""
        return f"ours, {self.preset}"

    @property
    def parameters(self) -> str:
        """See `Contender`."""
        return f"{self.preset} {code_digest()}"

    def encode(self, pair: BenchPair, seed: int) -> bytes:
        """See `Contender`."""
        fitted = fit_pair(self.preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed)
        return fitted.payload

    def decode(self, data: bytes, base: Base) -> Array:
        """See `Contender`."""
        return render_neural_map(parse_payload(data), base.codes, base.color, headroom=inf)


_CODEC_TITLES = {"jpeg": "JPEG", "heic": "HEIC", "jpegxl": "JPEG XL", "avif": "AVIF"}
_QUALITIES = {JPEG: 84, HEIC: 70, JPEG_XL: 1.8, AVIF: 72}
_DOMAINS: dict[str, Domain] = {"Gain": "pq_gain", "Gamma": "pq_gamma", "Log2": "log2_gain"}
assert all(coder in _QUALITIES for coder in CODERS.values())

CODED_MAPS = tuple(
    CodedMap(title, domain, coder, quality)
    for coder, quality in _QUALITIES.items()
    for title, domain in _DOMAINS.items()
)
"""The paper's two residuals and that of ISO 21496-1, by each codec."""
