"""Gain maps of HEIC and AVIF files, turned, spare, and in other primaries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.heif.items import Item, Property, Reference
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.records import Fraction
from support.cases import ONE_CHANNEL
from support.heif_files import MAP, auxiliary_file, tmap_file, turned
from support.paths import FIXTURES
from support.xmp_packets import REQUIRED, packet

LIMITS = Limits()


def test_base_and_map_turn_together() -> None:
    draft = tmap_file(ONE_CHANNEL)
    stored = gm.decode(draft.build()).pixels
    for quarters in (1, 2, 3):
        data = turned(draft, quarters).build()
        np.testing.assert_array_equal(gm.decode(data, orientation="stored").pixels, stored)
        np.testing.assert_allclose(gm.decode(data).pixels, np.rot90(stored, quarters), rtol=1e-5)


@pytest.mark.parametrize("first", [b"<broken", packet(REQUIRED.replace("1.0", "2.0")), packet()])
def test_the_first_packet_with_numbers_counts(first: bytes) -> None:
    draft = auxiliary_file("urn:com:photo:aux:hdrgainmap", first)
    item = Item(99, b"mime", content_type="application/rdf+xml", hidden=True)
    stored = parse_heif(
        draft.with_item(item, packet(REQUIRED), Reference(b"cdsc", 99, (MAP,))).build(), LIMITS
    ).gain_map
    assert stored is not None and stored.metadata == ONE_CHANNEL


def test_a_spare_map_serves_when_the_first_is_broken() -> None:
    data = (FIXTURES / "invalid/tmap-broken-map-apple-spare.heic").read_bytes()
    spare = parse_heif(data, LIMITS).spare_gain_map
    assert spare is not None and spare.carrier == "apple"
    with pytest.warns(gm.GainMapWarning, match="the standard gain map cannot be used: HEVC"):
        image = gm.decode(data)
    assert image.rendered_from == "standard" and image.headroom == pytest.approx(np.log2(4.5))


def test_flag_0_takes_the_primaries_of_the_tmap_item() -> None:
    """Gains of three channels that differ, applied to an sRGB base in Display P3."""
    channels = tuple(replace(ONE_CHANNEL.channels[0], gain_map_max=Fraction(n, 1)) for n in (1, 2, 3))
    three = replace(ONE_CHANNEL, channels=channels)
    space = replace(three, use_base_colour_space=False)
    wide = Property(b"colr", b"nclx" + bytes((0, 12, 0, 16, 0, 6, 0x80)))
    draft = tmap_file(space)
    tmap = replace(draft.items[1], properties=(draft.items[1].properties[0], wide))
    p3 = gm.decode(replace(draft, items=(draft.items[0], tmap, draft.items[2])).build()).pixels
    same = gm.decode(tmap_file(three).build()).pixels
    assert np.abs(p3 - same).max() > 0.005
    unknown = replace(tmap, properties=(draft.items[1].properties[0],))
    none = gm.decode(replace(draft, items=(draft.items[0], unknown, draft.items[2])).build()).pixels
    np.testing.assert_array_equal(none, same)
