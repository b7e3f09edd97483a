"""The golden payloads of format 1 with the pixels that come of them, as the fixtures have them.

`payload/v1/base.json` is a base, 8-bit sRGB; NAME.bin is a payload, NAME.json all that it says, and NAME.pixels.json
the linear BT.2020 that it makes of the base at two headrooms of a display: by the slow float64 decoder of these tests,
which follows docs/format.md and has nothing of the package's decoders.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels.color.light import pq_encode
from support.paths import FIXTURES
from support.reference_decoder import render_neural

FOLDER = FIXTURES / "payload/v1"
TOLERANCE = {"multiscale": 0.1, "published": 4.0}
"""Codes of 10-bit PQ; random weights times twelve octaves tell colours apart that float32 does not."""

_ROWS, _COLUMNS = 9, 12


class Golden(NamedTuple):
    """A payload, a base, uint8 (H, W, 3), and what comes of both, float64 (H, W, 3), at a headroom."""

    name: str
    network: NeuralGainMap
    codes: NDArray[np.uint8]
    headroom: float
    expected: NDArray[np.float64]

    def check(self, found: NDArray[np.floating]) -> None:
        """Every pixel is what is expected, within what float32 can do."""
        assert found.shape == self.expected.shape
        apart = np.abs(pq_encode(found.astype(np.float32)) - pq_encode(self.expected.astype(np.float32))) * 1023
        assert apart.max() <= TOLERANCE[self.network.family], (self.name, self.headroom, apart.max())


def base_codes() -> NDArray[np.uint8]:
    """Ramps of three colours; black, white and the brightest primaries in the first row."""
    y, x = np.mgrid[:_ROWS, :_COLUMNS]
    codes = np.stack([x * 255 // (_COLUMNS - 1), y * 255 // (_ROWS - 1), (x * y * 7 + 40) % 256], axis=2)
    codes[0, :5] = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return codes.astype(np.uint8)


def dump_base() -> str:
    """The base as JSON: a line of text for each row, R, G and B of each pixel."""
    return json.dumps({"codes": [" ".join(map(str, row.flatten().tolist())) for row in base_codes()]}, indent=1) + "\n"


def dump_pixels(network: NeuralGainMap) -> str:
    """What comes of the base as JSON: by headroom, a line of text for each row."""
    low, high = network.base_hdr_headroom, network.alternate_hdr_headroom
    pixels = {
        str(each): render_neural(base_codes(), network, ("srgb", "srgb"), each) for each in ((low + high) / 2, high)
    }
    lines = {
        each: [" ".join(f"{value:.7g}" for value in row.flatten()) for row in rows] for each, rows in pixels.items()
    }
    return json.dumps(lines, indent=1) + "\n"


def goldens() -> list[Golden]:
    """Every golden payload at every headroom."""
    codes = _pixels(json.loads((FOLDER / "base.json").read_text())["codes"]).astype(np.uint8)
    return [
        Golden(path.stem, parse_payload(path.read_bytes()), codes, float(headroom), _pixels(rows))
        for path in sorted(FOLDER.glob("*.bin"))
        for headroom, rows in json.loads(path.with_suffix(".pixels.json").read_text()).items()
    ]


def _pixels(rows: list[str]) -> NDArray[np.float64]:
    return np.array([row.split() for row in rows], dtype=np.float64).reshape(len(rows), -1, 3)
