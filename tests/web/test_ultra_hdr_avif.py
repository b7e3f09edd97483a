"""The npm module writes the AVIF files that Python writes (node runs it)."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.heif.items import item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.records import CodedImage, GainMapFile, GainMapMetadata, StoredGainMap
from gainmap_codec.pixels.color.code_points import SRGB, color_of
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.scene import render_scene
from support.codestreams import avif_of_tiles
from support.heif_records import EXIF, PACKET, opened
from support.networks import random_network
from support.npm_parts import METADATA, ask, numbers
from support.pages import with_network
from support.paths import FIXTURES
from support.viewer import base64_of

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

CODES = np.random.default_rng(5).integers(0, 256, (128, 192, 3), dtype=np.uint8)


def parsed(data: bytes) -> GainMapFile:
    return parse_file(data, "", Limits())


@cache
def plain() -> bytes:
    scene = gm.HdrImage(render_scene(48, 32))
    standard = gm.encode(scene, carry="standard", container="avif", base_color_space="display-p3")
    return with_network(serialize_file(replace(parsed(standard), gain_map=None), []), random_network(seed=3))


def with_metadata() -> bytes:
    """Turned, with EXIF and XMP."""
    return serialize_file(replace(parsed(plain()), orientation=5, exif=EXIF, xmp=PACKET), [])


def tiled() -> bytes:
    tiles = parsed(avif_of_tiles(CODES, SRGB, 2, 2)).base
    return serialize_file(replace(parsed(plain()), base=tiles, orientation=6, extras=None), [])


BASES = {"plain": plain, "turned, with EXIF and XMP": with_metadata, "tiles": tiled}


@cache
def gain_map() -> CodedImage:
    """As browsers code it, luma in 4:2:0, an item without a name."""
    codes = np.ascontiguousarray(np.repeat(CODES[:30, :45, :1], 3, axis=2))
    file, boxes, meta = opened(code_picture(codes, "av1", quality=90, chroma="4:2:0").data)
    item, data = replace(meta.items[meta.primary], name=""), item_data(file, meta, meta.primary)
    alone = file.data[: boxes[0].stop] + serialize_meta(item.id, (item,), (), [data])
    return replace(parsed(alone).base, nclx=None)


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA)
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_the_file_is_pythons_bit_for_bit(base: Callable[[], bytes], metadata: GainMapMetadata) -> None:
    data = base()
    job = {"kind": "avif", "base": base64_of(data), "map": base64_of(gain_map().data), "metadata": numbers(metadata)}
    (text,) = ask(job)
    stored = StoredGainMap(gain_map(), metadata, "iso21496")
    wanted = serialize_file(replace(parsed(data), gain_map=stored, payload=None), [])
    found = base64.b64decode(text)
    assert parsed(found).warnings == ()
    assert found == wanted


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_what_a_payload_is_bound_to_is_pythons(base: Callable[[], bytes]) -> None:
    data = base()
    (found,) = ask({"kind": "source", "base": base64_of(data)})
    record = parsed(data)
    assert base64.b64decode(found["digest"]) == record.base_digest
    assert base64.b64decode(found["payload"]) == record.payload
    assert np.allclose(np.reshape(found["toBt2020"], (3, 3)), color_of(record.base).to_bt2020, atol=1e-6)
    assert found["hasMap"] is False


def test_a_standard_map_is_seen() -> None:
    (found,) = ask({"kind": "source", "base": base64_of((FIXTURES / "heif/payload.avif").read_bytes())})
    assert found["hasMap"] is True


# Chromium 156, 101 × 67 pixels: a delimiter, a sequence header that is not reduced, the beginning of a frame.
@pytest.mark.parametrize(
    ("header", "record", "is_grey"),
    [("0000000336 48400d1010d06840", "8100 0c00", True), ("2000000336 48400d2021a0d2", "8120 0000", False)],
    ids=["4:2:0", "4:4:4"],
)
def test_a_browsers_frame_becomes_an_item(header: str, record: str, *, is_grey: bool) -> None:
    unit = bytes.fromhex(header)
    coded = b"\x0a" + bytes((len(unit),)) + unit + bytes.fromhex("32 03 10 40 40")
    (found,) = ask({"kind": "item", "coded": base64_of(b"\x12\0" + coded), "isGrey": is_grey})
    assert base64.b64decode(found["data"]) == coded
    assert base64.b64decode(found["record"]) == bytes.fromhex(record)
