"""Rendering a neural gain map by torch, on a GPU in the first place. NumPy's `render_neural_map` is the definition."""

from __future__ import annotations

import torch

from gainmap_codec.files.records import NeuralGainMap
from gainmap_codec.neural.network import render_pq
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import Array, pq_decode, pq_encode
from gainmap_codec.pixels.gain_map import headroom_weight
from gainmap_codec.pixels.neural_map import Codes, base_bt2020, weighted_rendition


def render_on_device(network: NeuralGainMap, codes: Codes, color: BaseColor, *, headroom: float, device: str) -> Array:
    """As `pixels.neural_map.render_neural_map`, with the network on a torch device.

    Raises:
        RuntimeError: torch has no such device.
    """
    base = base_bt2020(codes, color)
    pq = torch.from_numpy(pq_encode(base)).to(device)
    hdr = pq_decode(render_pq(network, codes, pq).cpu().numpy())
    weight = headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom)
    return hdr if weight == 1 else weighted_rendition(network, base, hdr, weight)
