"""What decoders are timed on: one photo with both gain maps, at several sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.opening import base_codes
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import digest_of, parse_file, serialize_file
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Binding
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.scene import render_scene

SCALES = (0.25, 1, 2, 4)
"""Sides of the sizes over those of the photo: 0.8, 12, 50 and 200 megapixels of one of 12."""

_QUALITY = 92
_MOST_PIXELS = 14_000_000


def photo(path: Path | None) -> bytes:
    """A gain-map JPEG of up to 14 megapixels with a standard and a neural map; without a path, the bundled scene."""
    if path is None:
        return gm.encode(HdrImage(render_scene(4096, 3072)))
    data = path.read_bytes()
    info = gm.inspect(data)
    if info.container != "jpeg" or info.width * info.height > _MOST_PIXELS:
        raise gm.UnsupportedError(f"{path}: a JPEG of at most {_MOST_PIXELS // 1_000_000} megapixels wanted")
    return data if parse_file(data, path.name, Limits()).payload else gm.transcode(data, carry="both")


def at_scale(data: bytes, scale: float) -> bytes:
    """A gain-map JPEG of another size: its base reduced, or each pixel repeated, and its payload bound to that.

    A larger base gets a working grid of twice the size, which is what fits of 50 and of 200 megapixels choose.
    """
    if scale == 1:
        return data
    file = parse_file(data, "photo", Limits())
    codes = base_codes(file.base)
    if scale < 1:
        codes = np.asarray(Image.fromarray(codes).reduce(round(1 / scale)))
    else:
        codes = codes.repeat(round(scale), axis=0).repeat(round(scale), axis=1)
    base = replace(code_picture(codes, "jpeg", quality=_QUALITY, bits=8), icc_profile=file.base.icc_profile)
    assert file.payload is not None
    network = parse_payload(file.payload)
    enlarged = 2 if scale > 1 else 1
    network = replace(
        network,
        grid=(network.grid[0] * enlarged, network.grid[1] * enlarged),
        binding=Binding(digest_of(base), soft_fingerprint(base_codes(base), 256)),
    )
    file = replace(file, base=base, base_digest=network.binding.strict, payload=serialize_payload(network))
    return serialize_file(replace(file, spare_gain_map=None), [])
