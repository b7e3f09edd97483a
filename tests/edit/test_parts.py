"""The parts that pipelines are made of: payload bytes, boxes and turns, gain maps of other sizes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Binding, Preset
from gainmap_codec.files.records import Fraction
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.maps.binding import find_turn, soft_fingerprint, turned_fingerprint
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, resize_gain_map
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.raster.geometry import (
    Box,
    turned,
    turned_coordinates,
)
from support import pipeline_files as files
from support.cases import ONE_CHANNEL
from support.networks import random_network

TURNS = range(1, 9)


# The payload's bytes


@pytest.mark.parametrize("preset", ["balanced", "paper-gain", "tiny"])
@pytest.mark.parametrize("coordinates", [None, (1, 0, 0, 0, 1, 0), (0.5, 0, -0.25, 0, 0.25, 0.5), (0, -1, 0, 1, 0, 0)])
def test_an_edited_payload_is_what_serializing_gives(preset: Preset, coordinates: tuple[float, ...] | None) -> None:
    network = random_network(preset, seed=5)
    old, binding = serialize_payload(network), Binding(b"12345678", bytes(range(64)))
    fields: dict[str, Any] = {"binding": binding, "neural_psnr": 40.5, "standard_psnr": 0.0}
    fields |= {} if coordinates is None else {"coordinates": tuple(map(float, coordinates))}
    new = edit_payload(old, **fields)
    assert new == serialize_payload(replace(network, **fields))
    back: dict[str, Any] = {
        "binding": network.binding,
        "neural_psnr": network.neural_psnr,
        "standard_psnr": network.standard_psnr,
    }
    assert edit_payload(new, **back, coordinates=network.coordinates) == old
    assert parse_payload(new).layers == parse_payload(old).layers


def test_coordinates_that_no_reader_takes_are_not_written() -> None:
    with pytest.raises(ValueError, match="crop, flip or quarter turn"):
        edit_payload(serialize_payload(random_network()), coordinates=(0.5, 0.5, 0, 0, 1, 0))


# Boxes and turns


@pytest.mark.parametrize(("preset", "turn"), list(product(["balanced", "paper-gain"], TURNS)))
def test_a_network_turns_with_its_base(preset: Preset, turn: int) -> None:
    network = random_network(preset, seed=7, grid=(32, 48) if preset == "balanced" else (0, 0))
    codes, _ = files.pictures()
    color = base_color_of_icc(None)
    wanted = turned(render_neural_map(network, codes, color, headroom=9), turn)
    moved = replace(network, coordinates=turned_coordinates(network.coordinates, turn))
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
    part = crop_gain_map(codes, ONE_CHANNEL, 8, Box(4, 8, 12, 16), (16, 16))
    assert np.array_equal(part, codes[2:4, 1:3])


def test_means_are_of_gains_and_not_of_codes() -> None:
    metadata = replace(ONE_CHANNEL, channels=(replace(ONE_CHANNEL.channels[0], gamma=Fraction(1, 2)),))
    codes = np.array([[0, 255]], np.uint8)
    assert resize_gain_map(codes, metadata, 8, (1, 1))[0, 0] == round(255 * 0.5**0.5)
    assert resize_gain_map(codes, ONE_CHANNEL, 8, (1, 1))[0, 0] == 128
    three = np.stack([codes.astype(np.uint16) * 4] * 3, axis=2)
    assert resize_gain_map(three, ONE_CHANNEL, 10, (1, 1)).shape == (1, 1, 3)
