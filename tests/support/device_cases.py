"""Networks, pictures and the measure by which rendering on a torch device is compared with NumPy's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.layout import DOMAINS
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.neural.device.render import DeviceRenderer
from gainmap_codec.neural.device.transfer import upload
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_encode
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from support.golden import Golden
from support.networks import random_network, round_to_wire
from support.paths import ROOT

TOLERANCE = 0.25 / 4095  # a quarter of a code of 12-bit PQ
PAYLOADS = ROOT / "fixtures/payload/v1"
CROPPED_AND_TURNED = (0.0, -0.5, 0.25, 0.75, 0.0, 0.0)
FLIPPED = (-0.3, 0.0, 0.6, 0.0, 0.9, -0.05)


class Case(NamedTuple):
    """A network and its base."""

    network: NeuralGainMap
    codes: AnyCodes
    color: BaseColor
    headroom: float = float("inf")


def picture(height: int, width: int, bits: int = 8) -> AnyCodes:
    """Ramps with noise on them."""
    rng = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[:height, :width] / max(height, width)
    values = np.stack([x, y, (x + y) / 2], axis=-1) * 0.8 + rng.random((height, width, 3)) * 0.2
    codes = np.rint(values * ((1 << bits) - 1))
    return codes.astype(np.uint8) if bits == 8 else codes.astype(np.uint16)


def case(height: int, width: int, bits: int = 8, headroom: float = float("inf"), **fields: Any) -> Case:
    """A random network on a picture."""
    network = round_to_wire(random_network("balanced", seed=5, **fields))
    return Case(network, picture(height, width, bits), base_color_of_icc(None, bits), headroom)


def cases() -> Iterator[Case]:
    """Some fixtures, and every domain, at sizes that no grid divides."""
    for name in ("balanced", "cropped", "one-output"):
        network = parse_payload((PAYLOADS / f"{name}.bin").read_bytes())
        for height, width in ((64, 96), (1, 1), (1, 23), (31, 1), (37, 53)):
            headroom = 1.25 if width == 1 < height else float("inf")
            yield Case(network, picture(height, width), base_color_of_icc(None), headroom)
    for domain in DOMAINS:
        for outputs in (1, 3):
            yield case(21, 150, domain=domain, outputs=outputs)
            yield case(33, 20, 10, 1.25, domain=domain, outputs=outputs, coordinates=CROPPED_AND_TURNED)
    yield case(40, 24, outputs=1, alternate_offset=0.0, coordinates=FLIPPED)
    no_offsets: dict[str, Any] = {"base_offset": 0.0, "alternate_offset": 0.0}
    yield case(
        17, 20, headroom=0.0, domain="pq_difference", residual_shift=-0.5, **no_offsets
    )  # black to the power of 0


def golden_case(golden: Golden) -> Case:
    """A golden payload on its base."""
    return Case(golden.network, golden.codes, base_color_of_icc(None), golden.headroom)


def on_device(case: Case, device: str, **options: Any) -> Array:
    """What a torch device makes of a case."""
    options = {"headroom": case.headroom, "from_bt2020": np.eye(3), **options}
    where, (height, width) = torch.device(device), case.codes.shape[:2]
    render = DeviceRenderer(case.network, (height, width), case.color, where, **options)
    return render(upload(case.codes, where)).cpu().numpy()


def by_numpy(case: Case) -> Array:
    """What the definition makes of it."""
    return render_neural_map(case.network, case.codes, case.color, headroom=case.headroom)


def difference(found: Array, expected: Array) -> float:
    """The largest, in PQ."""
    assert found.shape == expected.shape
    return float(np.abs(pq_encode(found) - pq_encode(expected)).max())
