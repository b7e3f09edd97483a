"""The npm module writes the files that Python writes, and its gain maps show what the network shows (node runs it)."""

from __future__ import annotations

import base64
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.records import GainMapChannel, GainMapMetadata, StoredGainMap
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.light import ColorSpace, pq_encode
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.networks import random_network, round_to_wire
from support.npm_parts import METADATA, ask, numbers
from support.paths import FIXTURES, ROOT
from support.viewer import NETWORKS, SRGB, base64_of, job

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

SDR = encode_base(tone_map(render_scene(96, 64), headroom=3.0))


def test_what_needs_no_browser() -> None:
    """The module's own tests, as `npm test` runs them."""
    command = ["node", "--test", *map(str, sorted((ROOT / "web/test").glob("*.test.js")))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def written(base: bytes, metadata: GainMapMetadata) -> tuple[bytes, bytes]:
    """The module's file of a base, and Python's."""
    map_data = (FIXTURES / "jpeg/map-4x4.jpg").read_bytes()
    (text,) = ask({"kind": "file", "base": base64_of(base), "map": base64_of(map_data), "metadata": numbers(metadata)})
    image = parse_file(map_data, "", Limits()).base
    stored = StoredGainMap(image, metadata, "iso21496")
    record = replace(parse_file(base, "", Limits()), gain_map=stored, payload=None, others=())
    return base64.b64decode(text), serialize_jpeg(record)


BASES = {
    "no metadata at all": lambda: (FIXTURES / "jpeg/base-16x16.jpg").read_bytes(),
    "a payload": lambda: without_xmp((FIXTURES / "jpeg/both.jpg").read_bytes()),
    "EXIF": lambda: without_xmp((FIXTURES / "jpeg/exif-thumbnail.jpg").read_bytes()),
    "a profile": lambda: without_xmp(
        gm.encode(gm.HdrImage(render_scene(32, 16)), carry="standard", base_color_space="display-p3")
    ),
}


def profiled(space: ColorSpace) -> bytes:
    return gm.encode(gm.HdrImage(render_scene(32, 16)), carry="standard", base_color_space=space)


def without_xmp(data: bytes) -> bytes:
    """The base of a file with all but XMP and standard map."""
    return serialize_jpeg(replace(parse_file(data, "", Limits()).without_gain_maps(), xmp=None))


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA)
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_the_file_is_pythons_bit_for_bit(base: Any, metadata: GainMapMetadata) -> None:
    found, wanted = written(base(), metadata)
    assert found == wanted


def test_the_users_xmp_stays() -> None:
    """Text is put into the packet, which Python parses and writes anew: what it says is the same, its bytes are not."""
    packet = (
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">A &amp; \xc3\xa9'
        b'</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    base = (FIXTURES / "jpeg/base-16x16.jpg").read_bytes()
    base = serialize_jpeg(replace(parse_file(base, "", Limits()), xmp=packet))
    data, _ = written(base, METADATA["one channel"])
    record = parse_file(data, "", Limits())
    assert record.warnings == () and record.gain_map is not None
    assert record.gain_map.metadata == METADATA["one channel"]
    assert record.xmp is not None and '<rdf:li xml:lang="x-default">A &amp; é</rdf:li>'.encode() in record.xmp
    assert b'hdrgm:Version="1.0"' in record.xmp and b'Item:Semantic="GainMap"' in record.xmp


def rendition(answer: dict[str, Any], base: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the module's map makes of the base on a display that shows all of it, linear BT.2020."""
    rgba = np.frombuffer(base64.b64decode(answer["codes"]), np.uint8).reshape(answer["height"], answer["width"], 4)
    found = answer["metadata"]
    fractions = [
        GainMapChannel(*(fraction_of(each[key]) for key in ("min", "max", "gamma", "baseOffset", "alternateOffset")))
        for each in found["channels"]
    ]
    base_headroom, headroom = (fraction_of(found[key]) for key in ("baseHeadroom", "alternateHeadroom"))
    metadata = GainMapMetadata(base_headroom, headroom, tuple(fractions))
    codes = np.ascontiguousarray(rgba[..., : len(fractions)])
    shown = apply_gain_map(SRGB.linearize(base), codes, metadata, headroom=float("inf"))
    return np.asarray(shown @ SRGB.to_bt2020.T, np.float32)


def codes_away(network: NeuralGainMap) -> tuple[int, NDArray[np.float32]]:
    """Channels of the module's map, and how far it is from the network itself, in codes of 10-bit PQ."""
    (answer,) = ask({"kind": "map", **job(serialize_payload(network), SDR)})
    wanted = render_neural_map(network, SDR, SRGB, headroom=float("inf"))
    away: NDArray[np.float32] = np.abs(pq_encode(rendition(answer, SDR)) - pq_encode(wanted)).max(axis=2) * 1023
    return len(answer["metadata"]["channels"]), away


@pytest.mark.parametrize(
    ("coordinates", "share"),
    [
        ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), 1.0),
        ((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0), 0.99),
        ((0.5, 0.0, -0.25, 0.0, 0.75, 0.125), 0.9),
        ((0.0, -1.0, 0.0, 0.75, 0.0, 0.125), 0.9),
    ],
    ids=["straight", "mirrored", "cropped", "turned"],
)
def test_one_gain_is_the_map_itself(coordinates: tuple[float, ...], share: float) -> None:
    """All that is lost is what 8 bits lose; where the grid lies otherwise than the base, also what its cells mean."""
    network = round_to_wire(random_network(seed=7, outputs=1, coordinates=coordinates))
    channels, away = codes_away(network)
    assert channels == 1
    assert np.mean(away <= 2) >= share


@pytest.mark.parametrize("name", [name for name in NETWORKS if "published" not in name])
def test_other_networks_show_as_well_as_three_channels_can(name: str) -> None:
    """Gains between two pictures of the map's size: right but for edges inside the map's pixels."""
    channels, away = codes_away(round_to_wire(random_network(seed=7, **NETWORKS[name])))
    assert channels == 3
    assert np.median(away) < 1.5


@pytest.mark.parametrize("space", ["srgb", "display-p3"])
def test_profiles_are_read_as_in_python(space: ColorSpace) -> None:
    data = profiled(space)
    profile = parse_file(data, "", Limits()).base.icc_profile
    (found,) = ask({"kind": "color", "base": base64_of(data)})
    wanted = base_color_of_icc(profile)
    assert np.allclose(np.reshape(found["curves"], (256, 3)).T, wanted.curves, atol=2e-5)
    assert np.allclose(np.reshape(found["toBt2020"], (3, 3)), wanted.to_bt2020, atol=2e-4)
