"""The golden payloads of format 1: networks of random integers, of each kind that the format knows."""

from __future__ import annotations

from random import Random
from typing import Any

from gainmap_codec.files.payload.format import empty_latents, parse_payload, sealed, serialize_payload
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.layout import STRICT_BYTES, read_fields, write_fields
from gainmap_codec.files.payload.records import Binding, CodedPicture, LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from support.golden import base_codes

STEPS = {"multiscale": (-24, -20, -22), "published": (-33, -29, -26)}

CROP = (0.5, 0.0, -0.25, 0.0, 0.75, 0.125)
TURNED = (0.0, -0.5, 0.25, 0.75, 0.0, 0.0)


def network(
    seed: int, *, neurons: int, outputs: int, latents: int = 0, details: int = 0, **fields: Any
) -> NeuralGainMap:
    """A network of random integers; `fields` are those of the record that are not as usual, exact in the file."""
    random = Random(seed)
    usual: dict[str, Any] = {
        "preset": "balanced",
        "family": "multiscale",
        "domain": "log2_gain",
        "position_octaves": 0,
        "color_octaves": 0,
        "residual_shift": 0.75,
        "residual_scale": 0.5,
        "base_hdr_headroom": 0.0,
        "alternate_hdr_headroom": 2.5,
        "base_offset": 0.0,
        "alternate_offset": 0.0,
        "binding": Binding(bytes(range(STRICT_BYTES)), soft_fingerprint(base_codes())),
        "neural_psnr": 47.25,
        "standard_psnr": 41.0,
    }
    record = {**usual, **fields}
    octaves = record["position_octaves"], record["color_octaves"]
    shapes = layer_shapes(record["family"], *octaves, neurons, outputs, latents)
    rows, columns = record.get("grid", (0, 0))
    added = empty_latents(rows, columns, latents, details)
    record["layers"] = tuple(
        _layer(random, *shape, step) for shape, step in zip(shapes, STEPS[record["family"]], strict=True)
    )
    record["latents"], record["details"] = (
        tuple(_filled(random, each, step) for each in grids) for grids, step in zip(added, (-7, -11), strict=True)
    )
    return NeuralGainMap(**record)


def _layer(random: Random, inputs: int, outputs: int, step: int) -> QuantizedLayer:
    """Of integers in −127…127, small ones more often, as after a fit."""
    weights = (random.randrange(-127, 128) // random.choice((1, 4, 16, 128)) for _ in range(inputs * outputs))
    return QuantizedLayer(inputs, outputs, tuple(weights), step)


def _filled(random: Random, empty: LatentGrid, step: int) -> LatentGrid:
    """The grid with values in spots, as after a fit: most blocks are empty, and each size of neighbour occurs."""
    spots = [(random.randrange(empty.rows), random.randrange(empty.columns), size) for size in (2, 9, 50)]
    values = tuple(
        sum(int(random.randint(-size, size) / (1 + (y - row) ** 2 + (x - column) ** 2)) for row, column, size in spots)
        for y in range(empty.rows)
        for x in range(empty.columns)
    )
    return LatentGrid(empty.rows, empty.columns, values, step)


def _without_integers(network: NeuralGainMap) -> NeuralGainMap:
    """What is read where no bytes of integers are."""
    return parse_payload(sealed(write_fields(read_fields(serialize_payload(network))[0])))


def _published(seed: int, **fields: Any) -> NeuralGainMap:
    octaves = {"position_octaves": 12, "color_octaves": 12, "color_shift": 0.25, "color_scale": 1.5}
    usual = {"family": "published", "base_offset": 1 / 64, "alternate_offset": 1 / 64}
    return network(seed, neurons=16, outputs=3, **{**usual, **octaves, **fields})


# Frames of 6 × 8 and 9 × 7 pixels, coded once by libaom.
_ONE_CHANNEL = bytes.fromhex("13400821400aa9995c8263be636274b4fd7006798cffa2e3fbe623a80412e20aa2d4e5617a10d5c72e")
_THREE_CHANNELS = bytes.fromhex(
    "13400208208400a537a329cc35cfbe3853ec311e6727d7fef085f03d956d8cd42b93757ad25619d81968001a3c8d54b4737657432484540248"
)

ONE_OUTPUT: dict[str, Any] = {"neurons": 1, "outputs": 1, "latents": 1, "preset": "tiny", "grid": (1, 2)}

PAYLOADS: dict[str, tuple[str, NeuralGainMap]] = {
    "balanced": (
        "three outputs, colour octaves, two grids of latents and one of details",
        network(
            1,
            neurons=6,
            outputs=3,
            latents=2,
            details=1,
            domain="pq_gamma",
            color_octaves=2,
            grid=(100, 150),
            base_offset=1 / 64,
            alternate_offset=1 / 64,
        ),
    ),
    "one-output": (
        "one output, one neuron, latents of two cells, no offsets",
        network(8, **ONE_OUTPUT, neural_psnr=0.0),
    ),
    "cropped": ("one-output with a coordinates block", network(8, **ONE_OUTPUT, neural_psnr=0.0, coordinates=CROP)),
    "turned": (
        "turned and mirrored, two offsets as other programs write them, three gains, a base of some headroom",
        network(
            3,
            neurons=4,
            outputs=3,
            latents=1,
            preset="best",
            color_octaves=1,
            grid=(12, 9),
            coordinates=TURNED,
            base_offset=2.0**-20,
            alternate_offset=168 * 2.0**-24,
            base_hdr_headroom=0.5,
            alternate_hdr_headroom=3.125,
            standard_psnr=0.0,
        ),
    ),
    "one-offset": (
        "one offset for both sides, latents and details on a small grid",
        network(
            4,
            neurons=3,
            outputs=1,
            latents=2,
            details=3,
            preset="tiny",
            grid=(6, 8),
            base_offset=168 * 2.0**-24,
            alternate_offset=168 * 2.0**-24,
        ),
    ),
    "difference": (
        "the domain pq_difference, neither latents nor details nor qualities",
        network(
            5,
            neurons=5,
            outputs=3,
            domain="pq_difference",
            color_octaves=4,
            grid=(3, 4),
            residual_shift=0.0625,
            residual_scale=0.25,
            neural_psnr=0.0,
            standard_psnr=0.0,
        ),
    ),
    "gain": (
        "the domain pq_gain with one output, details alone",
        network(
            6,
            neurons=4,
            outputs=1,
            details=2,
            domain="pq_gain",
            grid=(130, 70),
            residual_shift=1.25,
            residual_scale=0.15625,
        ),
    ),
    "empty": (
        "not a byte of integers",
        _without_integers(network(7, neurons=12, outputs=1, latents=4, details=1, grid=(30, 40))),
    ),
    "large-grid": (
        "a working grid far larger than the base",
        network(8, neurons=4, outputs=1, latents=3, grid=(3000, 4000)),
    ),
    "picture": (
        "one gain, of which a coded picture has most",
        network(
            11,
            neurons=2,
            outputs=1,
            preset="best",
            grid=(6, 8),
            picture=CodedPicture(0, 64, -32, 0b0110000, _ONE_CHANNEL),
        ),
    ),
    "picture-of-three": (
        "three differences, latents, and a coded picture of half the grid's size",
        network(
            12,
            neurons=3,
            outputs=3,
            latents=1,
            preset="best",
            domain="pq_difference",
            color_octaves=1,
            grid=(17, 13),
            residual_shift=0.0625,
            residual_scale=0.25,
            picture=CodedPicture(1, 116, -38, 0b0110000, _THREE_CHANNELS),
        ),
    ),
    "paper-gain": (
        "the published gain network",
        _published(9, preset="paper-gain", domain="pq_gain", residual_shift=1.125, residual_scale=0.25),
    ),
    "paper-gamma": (
        "the published gamma network, turned",
        _published(10, preset="paper-gamma", domain="pq_gamma", coordinates=TURNED),
    ),
}
"""By name: what each shows, and its record."""
