"""The parts that pipelines are made of: XMP, MPF, payload bytes, boxes and turns, gain maps of other sizes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.jpeg.edit import extended_xmp, other_segments
from gainmap_codec.files.jpeg.mpf import moved_mpf, parse_mpf
from gainmap_codec.files.jpeg.segments import APP1, make_segment
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.records import Binding, Fraction
from gainmap_codec.files.tags import xmp_edit
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.maps.binding import find_turn, soft_fingerprint, turned_fingerprint
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, resize_gain_map
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.raster.geometry import (
    turned,
    turned_coordinates,
)
from support import pipeline_files as files
from support.cases import MPF_GAIN_MAP_BYTES, MPF_POSITION, MPF_PRIMARY_BYTES, MPF_SEGMENT, ONE_CHANNEL
from support.networks import random_network

TURNS = range(1, 9)


# XMP


def test_gps_leaves_xmp_as_attribute_and_as_element() -> None:
    new = xmp_edit.without_gps(files.XMP)
    assert b"GPS" not in new and b'dc:rights="mine"' in new
    assert xmp_edit.without_gps(new) == new


def test_orientation_and_sizes_change_only_where_they_are() -> None:
    assert b'tiff:Orientation="8"' in xmp_edit.with_orientation(files.XMP, 8)
    assert xmp_edit.with_orientation(files.XMP, 1) == files.XMP
    sized = xmp_edit.with_size(files.XMP, 7, 5)
    assert b'exif:PixelXDimension="7"' in sized and b"PixelYDimension" not in sized


def test_an_extension_joins_the_main_packet() -> None:
    rdf = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" %s/></rdf:RDF>'
    )
    main = (
        rdf % b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="ABC" xmlns:dc="urn:dc" dc:a="1"'
    )
    joined = xmp_edit.join_extension(main, rdf % b'xmlns:dc="urn:dc" dc:b="2"')
    assert b'dc:a="1"' in joined and b'dc:b="2"' in joined and b"HasExtendedXMP" not in joined
    with pytest.raises(GainMapError):
        xmp_edit.join_extension(main, b"<broken")


def test_extension_segments_are_joined_in_their_order() -> None:
    def segment(offset: int, part: bytes) -> bytes:
        head = b"http://ns.adobe.com/xmp/extension/\0" + b"F" * 32 + (10).to_bytes(4, "big") + offset.to_bytes(4, "big")
        return make_segment(APP1, head + part, "extension")

    base = files.read(files.made(standard=True)).base.data
    picture = base[:2] + segment(5, b"world") + segment(0, b"hello") + base[2:]
    assert extended_xmp(picture) == b"helloworld"
    assert extended_xmp(base[:2] + segment(5, b"world") + base[2:]) is None


def test_segments_are_named() -> None:
    found = list(other_segments(files.read(files.both()).base.data))
    assert found == ["APP13 (Photoshop and IPTC data), 26 bytes", "a comment, 9 bytes"]


# MPF


def test_an_index_follows_its_pictures() -> None:
    body = MPF_SEGMENT[8:]
    moved = parse_mpf(moved_mpf(body, 100, 30), Limits())
    assert [entry.size for entry in moved] == [MPF_PRIMARY_BYTES + 100, MPF_GAIN_MAP_BYTES]
    assert [entry.offset for entry in moved] == [0, MPF_PRIMARY_BYTES - MPF_POSITION - 8 + 30]
    assert moved_mpf(b"nonsense", 1, 1) == b"nonsense"


# The payload's bytes


@pytest.mark.parametrize("preset", ["balanced", "paper-gain", "tiny"])
@pytest.mark.parametrize("coordinates", [None, (1, 0, 0, 0, 1, 0), (0.5, 0, -0.25, 0, 0.25, 0.5), (0, -1, 0, 1, 0, 0)])
def test_an_edited_payload_is_what_serializing_gives(preset, coordinates) -> None:
    network = random_network(preset, seed=5)
    old, binding = serialize_payload(network), Binding(b"12345678", bytes(range(64)))
    fields = {"binding": binding, "neural_psnr": 40.5, "standard_psnr": 0.0}
    fields |= {} if coordinates is None else {"coordinates": tuple(map(float, coordinates))}
    new = edit_payload(old, **fields)
    assert new == serialize_payload(files.replace(network, **fields))
    back = {"binding": network.binding, "neural_psnr": network.neural_psnr, "standard_psnr": network.standard_psnr}
    assert edit_payload(new, **back, coordinates=network.coordinates) == old
    assert parse_payload(new).layers == parse_payload(old).layers


def test_coordinates_that_no_reader_takes_are_not_written() -> None:
    with pytest.raises(ValueError, match="crop, flip or quarter turn"):
        edit_payload(serialize_payload(random_network()), coordinates=(0.5, 0.5, 0, 0, 1, 0))


# Boxes and turns


@pytest.mark.parametrize(("preset", "turn"), list(product(["balanced", "paper-gain"], TURNS)))
def test_a_network_turns_with_its_base(preset, turn: int) -> None:
    network = random_network(preset, seed=7, grid=(32, 48) if preset == "balanced" else (0, 0))
    codes, _ = files.pictures()
    color = base_color_of_icc(None)
    wanted = turned(render_neural_map(network, codes, color, headroom=9), turn)
    moved = files.replace(network, coordinates=turned_coordinates(network.coordinates, turn))
    found = render_neural_map(moved, np.ascontiguousarray(turned(codes, turn)), color, headroom=9)
    assert np.allclose(found, wanted, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("turn", TURNS)
def test_a_fingerprint_turns_with_its_base(turn: int) -> None:
    codes, _ = files.pictures()
    fingerprint = soft_fingerprint(codes)
    turned_codes = np.ascontiguousarray(turned(codes, turn))
    assert turned_fingerprint(fingerprint, turn) == soft_fingerprint(turned_codes)
    assert find_turn(turned_codes, fingerprint) == turn
    assert find_turn(255 - turned_codes, fingerprint) is None


def test_a_flat_base_is_as_it_was() -> None:
    flat = np.full((8, 8, 3), 90, np.uint8)
    assert find_turn(flat, soft_fingerprint(flat)) == 1


# Gain maps and bases of other sizes


def test_a_crop_along_the_pixels_of_the_map_copies_them() -> None:
    codes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    part = crop_gain_map(codes, ONE_CHANNEL, 8, (4, 8, 12, 16), (16, 16))
    assert np.array_equal(part, codes[2:4, 1:3])


def test_means_are_of_gains_and_not_of_codes() -> None:
    metadata = files.replace(ONE_CHANNEL, channels=(files.replace(ONE_CHANNEL.channels[0], gamma=Fraction(1, 2)),))
    codes = np.array([[0, 255]], np.uint8)
    assert resize_gain_map(codes, metadata, 8, (1, 1))[0, 0] == round(255 * 0.5**0.5)
    assert resize_gain_map(codes, ONE_CHANNEL, 8, (1, 1))[0, 0] == 128
    three = np.stack([codes.astype(np.uint16) * 4] * 3, axis=2)
    assert resize_gain_map(three, ONE_CHANNEL, 10, (1, 1)).shape == (1, 1, 3)
