"""What the viewer's JavaScript is asked, and how near its pictures have to come to Python's."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.light import pq_encode, srgb_encode
from gainmap_codec.pixels.maps.coded_picture import picture_codes
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from support.paths import FIXTURES, ROOT

PAYLOADS = sorted((FIXTURES / "payload").glob("*/*.bin"))
SRGB = base_color_of_icc(None)

NETWORKS: dict[str, dict[str, Any]] = {
    "log2_gain": {},
    "larger than the base": {"grid": (300, 400), "latents": 2, "details": 2},
    "one row": {"grid": (1, 700)},
    "pq_difference": {"domain": "pq_difference"},
    "pq_gain": {"domain": "pq_gain", "outputs": 1, "color_octaves": 0, "latents": 0, "details": 0},
    "published": {"preset": "paper-gain"},
    "cropped": {"coordinates": (0.5, 0.0, -0.25, 0.0, 0.75, 0.125)},
    "turned": {"coordinates": (0.0, -1.0, 0.0, 0.75, 0.0, 0.125)},
    "turned, published": {"preset": "paper-gamma", "coordinates": (0.0, -1.0, 0.0, 0.75, 0.0, 0.125)},
    "mirrored": {"coordinates": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)},
}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def evaluate(module: str, script: str) -> Any:
    """What node says of an expression that uses the names which a module of the page exports."""
    path = ROOT / "src/gainmap_codec/view/static" / module
    code = f"import * as module from {json.dumps(str(path))}; console.log(JSON.stringify(({script})(module)))"
    done = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def job(payload: bytes, base: NDArray[np.uint8] | None = None, headroom: float | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"payload": base64_of(payload), "headroom": headroom}
    if base is not None:
        alpha = np.full((*base.shape[:2], 1), 255, np.uint8)
        found |= {"pixels": base64_of(np.concatenate([base, alpha], axis=2).tobytes())}
        found |= {"height": base.shape[0], "width": base.shape[1]}
    return found | _picture_in(payload)


def _picture_in(payload: bytes) -> dict[str, Any]:
    """What a payload's picture is decoded to, in RGBA: node has no decoder of AV1."""
    try:
        network = parse_payload(payload)
    except GainMapError:
        return {}
    if not network.picture:
        return {}
    codes = picture_codes(network, network.picture)
    rgb = np.broadcast_to(codes, (*codes.shape[:2], 3))
    return {"codes": base64_of(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).tobytes())}


def assert_same_pictures(found: NDArray[np.float32], network: NeuralGainMap, base: NDArray[np.uint8], h: float) -> None:
    """Within two 8-bit codes of PQ and of sRGB, nearly all much nearer.

    Of the published networks 99.9 % of the values, and PQ alone: with random weights and twelve octaves, the order of
    float32 sums shows.
    """
    wanted = render_neural_map(network, base, SRGB, headroom=h)
    distance = np.abs(pq_encode(found) - pq_encode(wanted)) * 255
    if network.family == "published":
        assert distance.max() <= 4 and np.mean(distance <= 2) >= 0.999
        return
    assert distance.max() <= 2
    assert np.abs(srgb_encode(found) - srgb_encode(wanted)).max() * 255 <= 2
    assert np.mean(distance <= 0.25) >= 0.99
