"""Editing a payload: what changes, and what keeps its bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import parse_payload, sealed, serialize_payload
from gainmap_codec.files.payload.layout import PREFIX_BYTES
from gainmap_codec.files.payload.records import Binding, Preset
from support.networks import random_network
from support.paths import FIXTURES

PAYLOADS = sorted((FIXTURES / "payload/v1").glob("*.bin"))
BINDING = Binding(b"1234", bytes(range(13)))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_nothing_asked_for_changes_nothing(path: Path) -> None:
    payload = path.read_bytes()
    record = parse_payload(payload)
    assert edit_payload(payload) == payload
    assert edit_payload(payload, binding=record.binding, neural_psnr=record.neural_psnr) == payload


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_an_edited_field_is_what_serializing_gives(path: Path) -> None:
    payload = path.read_bytes()
    changes: tuple[dict[str, Any], ...] = (
        {"binding": BINDING},
        {"coordinates": (0.0, -1.0, 0.0, 1.0, 0.0, 0.5)},
        {"standard_psnr": 12.25},
        {"binding": BINDING, "coordinates": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), "neural_psnr": 40.5, "standard_psnr": 0.0},
    )
    for fields in changes:
        assert edit_payload(payload, **fields) == serialize_payload(replace(parse_payload(payload), **fields))


def test_coordinates_that_move_nothing_cost_nothing() -> None:
    payload = serialize_payload(random_network(coordinates=(0.5, 0.0, 0.25, 0.0, 0.5, 0.0)))
    assert len(edit_payload(payload, coordinates=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))) == len(payload) - 24


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"coordinates": (1.0, 0.5, 0.0, 0.0, 1.0, 0.0)}, "crop, flip or quarter turn"),
        ({"binding": Binding(b"short", bytes(13))}, "binding: expected a value that fits the format"),
        ({"neural_psnr": float("nan")}, "neural_psnr: expected a value that fits the format"),
    ],
)
def test_what_the_format_does_not_allow(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edit_payload(serialize_payload(random_network()), **fields)


def test_a_large_network_is_edited_without_reading_its_integers() -> None:
    """Whoever parsed the payload under limits of their own may edit it."""
    payload = serialize_payload(random_network())
    cut = sealed(payload[PREFIX_BYTES:-20])
    assert edit_payload(cut, neural_psnr=1.0)[-10:] == cut[-10:]


@pytest.mark.parametrize("preset", ["balanced", "paper-gain", "tiny"])
@pytest.mark.parametrize("coordinates", [None, (1, 0, 0, 0, 1, 0), (0.5, 0, -0.25, 0, 0.25, 0.5), (0, -1, 0, 1, 0, 0)])
def test_an_edit_can_be_taken_back(preset: Preset, coordinates: tuple[float, ...] | None) -> None:
    network = random_network(preset, seed=5)
    old, binding = serialize_payload(network), Binding(b"1234", bytes(range(13)))
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
