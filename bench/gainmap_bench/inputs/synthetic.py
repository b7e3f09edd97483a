"""Makes the shipped initial weights: one network per preset, pre-trained on pairs of synthetic chromatic noise.

    python -m gainmap_bench.inputs.synthetic OUT.json

It then compares: platforms and versions of torch round differently, so the new weights are not the shipped ones bit for
bit, but a fit has to come out as well from either.

A pair is noise with the colour statistics of natural pictures and its SDR rendition by our tone mapper. Each preset's
network learns the normalised residual of 50 such pairs together; what it learns is what HDR pairs have in common. The
paper describes 10 000 steps of such pre-training, its code averages the weights of 49 separate fits: we train jointly.

Source: Canham et al., Gain-MLP, ICCV 2025, section 3.3, after Daly et al., Electronic Imaging 2025.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.config import PUBLISHED, PublishedConfig
from gainmap_codec.neural.published.fit import (
    blank_network,
    fit_published,
    prepare,
    step_exponent,
)
from gainmap_codec.neural.published.initial import INITIAL_WEIGHTS_ID, layer_matrix, random_tensors
from gainmap_codec.neural.published.network import forward
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import D65, PRIMARIES, AnyCodes, Array, convert, pq_psnr, rgb_to_xyz, xy_to_xyz
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain
from gainmap_codec.pixels.maps.residual import residual
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene

PICTURES = 50
HEIGHT, WIDTH = 270, 480
PEAK = 1000 / 203  # linear; the pictures of the paper are graded for 1000 cd/m²
STEPS = 300

_SCENE_SIZE = 384, 256
_TOLERANCE_DB = 0.1


def chromatic_noise(rng: np.random.Generator) -> Array:
    """One picture of noise, linear BT.2020, float32 (HEIGHT, WIDTH, 3) in [0, PEAK].

    White noise per channel, its amplitude divided by f²; the first channel through a logistic of slope 4 to L*
    0…105, the others, centred, × 150 to a* and b*.
    """
    channels = np.stack([_red(rng.random((HEIGHT, WIDTH))) for _ in range(3)])
    channels = (channels - channels.min()) / np.ptp(channels)
    lightness = 105 / (1 + np.exp(-4 * (channels[0] * 2 - 1)))
    a, b = (150 * (channel - channel.mean()) for channel in channels[1:])
    to_rgb = np.linalg.inv(rgb_to_xyz(PRIMARIES["bt2020"], D65))
    rgb = np.clip(_lab_to_xyz(lightness, a, b) @ to_rgb.T, 0, 1)
    return (rgb * PEAK).astype(np.float32)


def noise_pair(rng: np.random.Generator) -> PairLike:
    """A picture of noise and its SDR rendition by our tone mapper."""
    hdr = chromatic_noise(rng)
    codes = encode_base(tone_map(convert(hdr, "bt2020", "srgb"), headroom=float(np.log2(PEAK))))
    return _Pair(codes, base_color_of_icc(None), hdr)


def _red(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.fft.fftfreq(HEIGHT) * HEIGHT
    columns = np.fft.fftfreq(WIDTH) * WIDTH
    frequency = np.maximum(np.hypot(rows[:, None], columns), 1)
    return np.asarray(np.fft.ifft2(np.fft.fft2(noise) / frequency**2).real)


def _lab_to_xyz(lightness: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """XYZ with white D65 at Y = 1 (CIE 15:2004, 8.2.1)."""
    y = (lightness + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    return np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * xy_to_xyz(D65)


class _Pair(NamedTuple):
    """See `PairLike`."""

    codes: AnyCodes
    color: BaseColor
    hdr: Array
    gain: OneGain | None = None
    offsets: Offsets | None = None


def pretrained(preset: Preset, config: PublishedConfig) -> list[Tensor]:
    """Float32 matrices of a network fitted to all pictures of noise together."""
    rng = np.random.default_rng(0)
    features, wanted = zip(*[_noise_samples(preset, config, rng) for _ in range(PICTURES)], strict=True)
    inputs, targets = torch.cat(features), torch.cat(wanted)
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    weights = [w.requires_grad_(True) for w in random_tensors(shapes, seed=0)]
    optimizer = torch.optim.Adam(weights, lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        batch = torch.from_numpy(rng.integers(0, len(inputs), 1 << 14))
        loss = torch.mean((forward(weights, inputs[batch]) - targets[batch]) ** 2)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    print(f"{preset}: mean squared error of the normalised residual {loss.item():.4f}", file=sys.stderr)
    return [weight.detach() for weight in weights]


def _noise_samples(preset: Preset, config: PublishedConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Features and normalised residuals of some pixels of a new picture."""
    blank = blank_network(preset, config)
    network, samples = prepare(blank, noise_pair(rng), rng, 1 << 13, torch.device("cpu"))
    wanted = residual(network.domain, samples.target, samples.base, torch)
    return samples.features, (wanted - network.residual_shift) / network.residual_scale


def _as_json(weights: list[Tensor]) -> list[dict[str, Any]]:
    layers = []
    for weight in weights:
        exponent = step_exponent(weight)
        integers = torch.round(weight / 2.0 ** (exponent / 4)).to(torch.int8).numpy()
        text = b64encode(integers.tobytes()).decode("ascii")
        layers.append({"shape": list(weight.shape), "step_exponent": exponent, "weights": text})
    return layers


def reached(preset: Preset, start: list[Tensor] | None) -> float:
    """PQ-PSNR in dB of a fit to the bundled scene; `start` as for `fit`."""
    hdr, headroom, color = render_scene(*_SCENE_SIZE), float(np.log2(PEAK)), base_color_of_icc(None)
    codes = encode_base(tone_map(convert(hdr, "bt2020", "srgb"), headroom=headroom))
    blank = replace(blank_network(preset, PUBLISHED[preset]), alternate_hdr_headroom=headroom)
    network = fit_published(blank, PUBLISHED[preset], _Pair(codes, color, hdr), start=start).network
    return pq_psnr(render_neural_map(network, codes, color, headroom=headroom), hdr)


def main(out: Path) -> int:
    """Write new weights of every preset to `out`; 1 if a fit comes out worse from them than from the shipped ones."""
    networks = {preset: _as_json(pretrained(preset, config)) for preset, config in PUBLISHED.items()}
    out.write_text(json.dumps({"id": INITIAL_WEIGHTS_ID, "networks": networks}, indent=1) + "\n", "ascii")
    print(f"written to {out}")
    worse = False
    for preset, layers in networks.items():
        new, shipped = reached(preset, [layer_matrix(layer) for layer in layers]), reached(preset, None)
        print(f"{preset}: a fit reaches {new:.2f} dB from the new weights, {shipped:.2f} dB from the shipped ones")
        worse |= new < shipped - _TOLERANCE_DB
    return int(worse)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
