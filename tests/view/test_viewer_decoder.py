"""The second decoder: the viewer's JavaScript reads every payload as the Python decoder does (node runs it)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.heif.bare_av1 import BareFrame, avif_of
from gainmap_codec.files.payload.format import parse_payload, sealed, serialize_payload
from gainmap_codec.pixels.maps.binding import find_turn, soft_fingerprint
from gainmap_codec.pixels.maps.coded_picture import picture_codes
from gainmap_codec.pixels.raster.geometry import turned, turned_coordinates
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.golden import FOLDER, goldens
from support.networks import random_network, round_to_wire
from support.node import answers_of
from support.paths import ROOT
from support.viewer import NETWORKS, PAYLOADS, assert_same_pictures, base64_of, job

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")


def decode(*jobs: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page's modules say to each job: a payload, and perhaps a base to render."""
    return answers_of("viewer_decoder.mjs", list(jobs))


def rendition(answer: dict[str, Any], base: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert "error" not in answer, answer["error"]
    return np.frombuffer(base64.b64decode(answer["rendition"]), np.float32).reshape(base.shape)


@pytest.fixture(scope="module")
def base() -> NDArray[np.uint8]:
    sdr: NDArray[np.uint8] = encode_base(tone_map(render_scene(96, 64), headroom=3.0))
    return sdr


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_reads_every_fixture(path: Path, base: NDArray[np.uint8]) -> None:
    payload = path.read_bytes()
    network = parse_payload(payload)
    whole, half = decode(job(payload, base), job(payload, base, network.alternate_hdr_headroom / 2))
    found = whole["network"]
    assert [layer["weights"] for layer in found["layers"]] == [list(layer.weights) for layer in network.layers]
    assert [layer["step"] for layer in found["layers"]] == [layer.step_exponent for layer in network.layers]
    grids = network.latents + network.details
    assert [grid["values"] for grid in found["latents"]] == [list(grid.values) for grid in grids]
    assert (found["family"], found["domain"], found["preset"]) == (network.family, network.domain, network.preset)
    assert (found["soft"], found["strict"]) == (network.binding.soft.hex(), network.binding.strict.hex())
    assert tuple(found["coordinates"]) == network.coordinates and tuple(found["grid"]) == network.grid
    assert found["neuralPsnr"] == network.neural_psnr and found["residualShift"] == network.residual_shift
    assert (found["baseOffset"], found["alternateOffset"]) == (network.base_offset, network.alternate_offset)
    assert (found["baseHeadroom"], found["alternateHeadroom"]) == (
        network.base_hdr_headroom,
        network.alternate_hdr_headroom,
    )
    if picture := network.picture:
        rows, columns = (-(-side >> picture.level) for side in network.grid)
        frame = BareFrame(picture.tools, picture.frame)
        assert base64.b64decode(whole["avif"]) == avif_of(frame, columns, rows, network.layers[-1].outputs)
    assert_same_pictures(rendition(whole, base), network, base, float("inf"))
    assert_same_pictures(rendition(half, base), network, base, network.alternate_hdr_headroom / 2)


def test_golden_payloads() -> None:
    wanted = goldens()
    answers = decode(*(job((FOLDER / f"{each.name}.bin").read_bytes(), each.codes, each.headroom) for each in wanted))
    for golden, answer in zip(wanted, answers, strict=True):
        golden.check(rendition(answer, golden.codes))
        assert answer["turn"] == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_renders_as_python_does(name: str, base: NDArray[np.uint8]) -> None:
    network = round_to_wire(random_network(seed=7, **NETWORKS[name]))
    (answer,) = decode(job(serialize_payload(network), base))
    assert_same_pictures(rendition(answer, base), network, base, float("inf"))


def test_finds_its_base_however_it_is_turned(base: NDArray[np.uint8]) -> None:
    network = random_network(seed=3)
    network = replace(network, binding=replace(network.binding, soft=soft_fingerprint(base)))
    payload = serialize_payload(network)
    turns = [np.ascontiguousarray(turned(base, turn)) for turn in range(1, 9)]
    answers = decode(*(job(payload, picture) for picture in turns), job(payload, base[:, 20:70].copy()))
    assert [answer["turn"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7, 8, None]


def test_takes_the_same_pictures_for_its_own_as_python_does(base: NDArray[np.uint8]) -> None:
    soft = soft_fingerprint(base)
    network = random_network(seed=3)
    payload = serialize_payload(replace(network, binding=replace(network.binding, soft=soft)))
    pictures = [(base * part).clip(0, 255).astype(np.uint8) for part in np.linspace(0.96, 1.04, 17)]
    pictures += [base[:, columns:].copy() for columns in range(1, 5)]
    found = [answer["turn"] for answer in decode(*(job(payload, picture) for picture in pictures))]
    assert found == [find_turn(picture, soft) for picture in pictures]
    assert 4 < found.count(1) < len(found) - 4


def test_finds_the_payload_in_a_jpeg() -> None:
    data = (ROOT / "fixtures/jpeg/both.jpg").read_bytes()
    (answer,) = decode({"jpeg": base64_of(data)})
    payload = parse_file(data, "", Limits()).payload
    assert payload is not None
    assert answer["network"]["soft"] == parse_payload(payload).binding.soft.hex()


def test_refuses_what_python_refuses() -> None:
    """Each payload with a byte changed and its CRC made right again, and cut: the same ones are read, to the same."""
    random = Random(1)
    payloads = []
    for path in PAYLOADS:
        data = path.read_bytes()
        for _ in range(60):
            place, value = random.randrange(4, min(len(data), 110)), random.randrange(256)
            payloads.append(sealed(data[4:place] + bytes((value,)) + data[place + 1 :]))
        payloads += [sealed(data[4:length]) for length in range(4, 104, 9)]
    payloads = [payload for payload in payloads if fits(payload)]
    for payload, answer in zip(payloads, decode(*map(job, payloads)), strict=True):
        try:
            network = parse_payload(payload)
        except GainMapError as error:
            assert "error" in answer, error
            assert answer["error"].startswith("PayloadError: neural payload: ")
        else:
            assert "error" not in answer, answer["error"]
            layers = [list(layer.weights) for layer in network.layers]
            assert [layer["weights"] for layer in answer["network"]["layers"]] == layers


def fits(payload: bytes) -> bool:
    """Whether Python's own answer is quick, and no frame is broken: garbled sizes ask for half a million latents."""
    try:
        network = parse_payload(payload, Limits(latents=20_000))
        if network.picture:
            picture_codes(network, network.picture)
    except GainMapError as error:
        return "Limits.latents" not in str(error) and not str(error).startswith("neural payload's picture")
    return True


def test_coordinates_turn_as_in_python() -> None:
    coordinates = (0.5, 0.0, -0.25, 0.0, 0.75, 0.125)
    script = (
        f"import {{ turnedCoordinates }} from '{ROOT}/src/gainmap_codec/view/static/payload.js';"
        f"console.log(JSON.stringify([1,2,3,4,5,6,7,8].map((turn) => turnedCoordinates({list(coordinates)}, turn))))"
    )
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [list(turned_coordinates(coordinates, turn)) for turn in range(1, 9)]
