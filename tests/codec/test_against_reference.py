"""`decode` against the reference decoder, which is slow and plain: every fixture, and every option.

Of each file all renditions are asked for at four headrooms, and beside these go all combinations of the other options.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from typing import NamedTuple, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.codec import opening
from gainmap_codec.codec.options import FloatType, Orientation, Prefer, Region
from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Domain, NeuralGainMap, Preset
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.hdr_image import RenderedFrom
from support import reference_decoder as reference
from support.container_files import parsed, serialized
from support.networks import random_network
from support.paths import FIXTURES
from support.reference_decoder import Plane
from support.written_bytes import pictures

SRGB, BT2020_PQ = ("srgb", "srgb", "srgb"), ("bt2020", "pq", "bt2020")
PQ_BASES = {"heif/base-10-bit.avif", "heif/tmap-hdr-base.avif"}
PICTURES = [name for name in pictures() if name.startswith(("jpeg/", "heif/"))]
# Pillow reads neither cut-off base; the third is rendered from its spare map.
NOT_COMPARED = {"invalid/no-eoi.jpg", "invalid/truncated-base.jpg", "invalid/tmap-broken-map-apple-spare.heic"}
INVALID = [
    name
    for name in pictures()
    if name.startswith("invalid/") and name not in NOT_COMPARED and not name.endswith(".jxl")  # Pillow reads none
]
FLAT = [name for name in pictures() if name.startswith("flat/")]
BASES = ("jpeg/standard.jpg", "heif/tmap-turned.avif")
# The published networks are left out: twelve octaves times such weights tell colours apart that float32 does not.
# Networks about as lively as fitted ones stand for their family.
PAYLOADS = [path.name for path in sorted(FIXTURES.glob("payload/v1/*.bin")) if "paper" not in path.stem]
TURNS = list(product(("jpeg/both.jpg", "heif/payload.avif", "heif/grid.heic"), (0, 90, 180, 270), (False, True)))


@pytest.fixture(autouse=True)
def payloads_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their weights are random: to parse them takes ten times as long as to decode such small pictures."""
    once = cache(parse_payload)
    monkeypatch.setattr(opening, "parse_payload", lambda data, limits: once(data))


class Case(NamedTuple):
    """Options of `decode`; the headroom is a share of the rendition's own."""

    prefer: Prefer
    headroom: float | None
    orientation: Orientation
    color_space: ColorSpace
    dtype: FloatType
    has_out: bool
    is_part: bool


def cases() -> list[Case]:
    """Each combination of the last five options three times, each of the first two nine times, in a random order.

    The first third has each combination of the last five once.
    """
    first = list(product(get_args(Prefer), (None, 0.0, 0.5, 1.0)))
    rest = list(product(get_args(Orientation), get_args(ColorSpace), get_args(FloatType), (False, True), (False, True)))
    pairs = zip(Random(0).sample(first * 9, len(first) * 9), rest * 3, strict=True)
    return [Case._make((*some, *others)) for some, others in pairs]


class Truth:
    """A file, and what the reference decoder makes of it: linear BT.2020, float64, stored raster."""

    def __init__(self, data: bytes, spaces: tuple[str, str, str]) -> None:
        self.data, self.spaces = data, spaces
        self.file = parsed(data)
        self.codes = reference.base_codes(data, self.file)
        self.network = self._network()
        self.rendition = cache(self._rendition)

    def _network(self) -> NeuralGainMap | None:
        """The neural map, if it can be read and is bound to the base by its bytes."""
        try:
            network = parse_payload(self.file.payload or b"", Limits())
        except gm.GainMapError:
            return None
        return network if network.binding.strict == self.file.base_digest else None

    def kind(self, prefer: Prefer) -> RenderedFrom:
        """What is to be rendered from."""
        standard = self.file.gain_map is not None
        if prefer == "base" or not (standard or self.network):
            return "base"
        if self.network is None or (standard and prefer == "standard"):
            return "standard"
        is_worse = self.network.neural_psnr < self.network.standard_psnr
        return "standard" if prefer == "auto" and standard and is_worse else "neural"

    def full(self, kind: RenderedFrom) -> float:
        """The headroom that shows a rendition in full; any where that is the base."""
        if kind == "neural" and self.network:
            return self.network.alternate_hdr_headroom
        if kind == "standard" and self.file.gain_map:
            metadata = self.file.gain_map.metadata
            if isinstance(metadata, AppleMetadata):
                return math.log2(metadata.headroom)
            return max(float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom))
        return 2.0

    def _rendition(self, kind: RenderedFrom, headroom: float) -> Plane:
        if kind == "neural" and self.network:
            return reference.render_neural(self.codes, self.network, self.spaces[:2], headroom)
        stored = self.file.gain_map if kind == "standard" else None
        gain_map = reference.map_planes(self.data, self.file, stored) if stored else None
        base = self.codes / (2.0**self.file.base.bits - 1)
        return reference.render(base, gain_map, stored, self.spaces, headroom, slice(None))


def check(truth: Truth, case: Case) -> None:
    """Decode, and compare: within two codes on 99 % of the pixels as in the conformance table, or nearer."""
    kind = truth.kind(case.prefer)
    full = truth.full(kind)
    headroom = None if case.headroom is None else case.headroom * full
    expected = truth.rendition(kind, math.inf if headroom is None else headroom)
    expected = reference.upright(expected, truth.file.orientation) if case.orientation == "upright" else expected
    region: Region | None = None
    if case.is_part:
        height, width = expected.shape[0] * 2 // 3, expected.shape[1] // 2
        region = (1, 2, width, height) if min(expected.shape[:2]) > 5 else (1, 0, 2, 3)
        expected = expected[region[1] : region[1] + region[3], region[0] : region[0] + region[2]]
    out = np.full(expected.shape, 7, case.dtype) if case.has_out else None
    image = decode(truth.data, case, headroom, region, out)
    assert image.rendered_from == kind
    assert (image.color_space, image.pixels.dtype.name) == (case.color_space, case.dtype)
    assert image.pixels.shape == expected.shape
    assert out is None or np.shares_memory(out, image.pixels)
    if kind != "base":
        assert image.headroom == pytest.approx(full if headroom is None else headroom)
    apart = codes_apart(image.pixels.astype(np.float64), expected, case.color_space)
    assert (apart <= 2).mean() >= 0.99, case
    assert kind == "neural" or apart.max() <= 0.5, case


def codes_apart(pixels: Plane, expected: Plane, color_space: ColorSpace) -> Plane:
    """How far apart pixels are, (H, W), in codes of 10-bit PQ.

    In BT.2020 or in the primaries of the result, whichever is less: what is almost 0 in one of them is a difference of
    large numbers in the other, where float16 is rounded or a network's last digit differs.
    """
    own = reference.signed_pq_codes(pixels) - reference.signed_pq_codes(reference.from_bt2020(expected, color_space))
    wide = reference.signed_pq_codes(reference.to_bt2020(pixels, color_space)) - reference.signed_pq_codes(expected)
    apart: Plane = np.minimum(np.abs(own).max(axis=2), np.abs(wide).max(axis=2))
    return apart


def decode(
    data: bytes, case: Case, headroom: float | None, region: Region | None, out: NDArray[np.float32] | None
) -> gm.HdrImage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        return gm.decode(
            data,
            prefer=case.prefer,
            headroom=headroom,
            orientation=case.orientation,
            color_space=case.color_space,
            dtype=case.dtype,
            region=region,
            out=out,
        )


def check_all(data: bytes, spaces: tuple[str, str, str], wanted: list[Case]) -> None:
    truth = Truth(data, spaces)
    for case in wanted:
        check(truth, case)


@pytest.mark.parametrize("name", PICTURES)
def test_fixtures(name: str) -> None:
    check_all((FIXTURES / name).read_bytes(), BT2020_PQ if name in PQ_BASES else SRGB, cases())


@pytest.mark.parametrize("name", INVALID)
def test_invalid_files_that_open(name: str) -> None:
    check_all((FIXTURES / name).read_bytes(), SRGB, cases()[::11])


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_fixtures(payload: str, base: str) -> None:
    network = parse_payload((FIXTURES / "payload/v1" / payload).read_bytes())
    check_all(with_network((FIXTURES / base).read_bytes(), network), SRGB, cases())


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("domain", get_args(Domain))
@pytest.mark.parametrize("preset", ["balanced", "paper-gamma"])
def test_networks_of_every_domain(preset: Preset, domain: Domain, base: str) -> None:
    shift = 0.0 if domain == "pq_difference" else 1.0
    network = random_network(preset, seed=3, domain=domain, residual_shift=shift, residual_scale=0.125)
    check_all(with_network((FIXTURES / base).read_bytes(), network), SRGB, cases()[::5])


def with_network(data: bytes, network: NeuralGainMap) -> bytes:
    """A file with a payload that is bound to it."""
    file = parsed(data)
    bound = replace(network, binding=replace(network.binding, strict=file.base_digest))
    return serialized(replace(file, payload=serialize_payload(bound)))


@pytest.mark.parametrize(("name", "degrees", "flipped"), TURNS)
def test_orientations(name: str, degrees: int, flipped: bool) -> None:
    """Pictures that are no squares, in each of the eight."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        data = gm.rotate(gm.crop((FIXTURES / name).read_bytes(), (1, 2, 14, 11)), degrees)
        data = gm.flip(data, "horizontal") if flipped else data
    check_all(data, SRGB, cases()[:48])


@pytest.mark.parametrize("name", FLAT)
def test_a_part_of_a_large_picture(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    file = parsed(data)
    part = reference.base_codes(data, file)[5000:5003, 8000:8100] / (2.0**file.base.bits - 1)
    expected = reference.render(part, None, None, SRGB, 0, slice(None))
    for dtype in get_args(FloatType):
        image = gm.decode(data, region=(8000, 5000, 100, 3), dtype=dtype)
        apart = reference.pq_codes(image.pixels.astype(np.float64)) - reference.pq_codes(expected)
        assert np.abs(apart).max() <= 0.5, dtype
