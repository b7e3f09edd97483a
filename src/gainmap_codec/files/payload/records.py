"""The records of a neural gain map: a network as integers, and what its payload says beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["published", "multiscale"]
Domain = Literal["pq_gain", "pq_gamma", "pq_difference", "log2_gain"]
Preset = Literal["paper-gain", "paper-gamma", "tiny", "balanced", "best"]


@dataclass(frozen=True)
class QuantizedLayer:
    """One layer of a neural gain map's network, as integers.

    Attributes:
        inputs: Inputs, the constant 1 that carries the biases included.
        outputs: Neurons.
        weights: inputs × outputs integers in −4095…4095, input by input.
        step_exponent: A weight is its integer × 2^(step_exponent / 4).
    """

    inputs: int
    outputs: int
    weights: tuple[int, ...]
    step_exponent: int


@dataclass(frozen=True)
class LatentGrid:
    """A coarse picture of integers that is enlarged to the working grid (docs/format.md, Latents).

    Attributes:
        rows: Cells down.
        columns: Cells across.
        values: rows × columns integers in −127…127, row by row.
        step_exponent: A value is its integer × 2^(step_exponent / 4).
    """

    rows: int
    columns: int
    values: tuple[int, ...]
    step_exponent: int


@dataclass(frozen=True)
class CodedPicture:
    """A picture that is added to the residual: an AV1 frame without anything around it (docs/format.md, Picture).

    It has as many channels as the network has outputs, and the cells of a level of the working grid.

    Attributes:
        level: Cells of the working grid per pixel, log2, 0…15.
        zero: The code that adds nothing, 0…255.
        step_exponent: A code adds (code − zero) × 2^(step_exponent / 4) to the residual.
        tools: Of the frame, 0…127; see `files.heif.bare_av1`.
        frame: The frame itself.
    """

    level: int
    zero: int
    step_exponent: int
    tools: int
    frame: bytes


@dataclass(frozen=True)
class Binding:
    """What ties a network to the base that it was fitted to (docs/format.md, Binding).

    Attributes:
        strict: First 4 bytes of SHA-256 over the base's coded bytes.
        soft: 13 bytes of low frequencies of luma and chroma of the stored raster.
    """

    strict: bytes
    soft: bytes


@dataclass(frozen=True)
class NeuralGainMap:
    """A network that computes the HDR rendition from the base: everything its payload says (docs/format.md).

    Attributes:
        family: "multiscale": the network sees the base's code values averaged at four scales, position and latents, on
            a working grid; ReLU, biases. "published": it sees each pixel's BT.2020 PQ codes and position; sine, no
            biases (Gain-MLP).
        domain: What the network predicts; see `gainmap_codec.pixels.maps.residual`.
        position_octaves: Octaves of each position input; 0 in the family "multiscale".
        color_octaves: Octaves of each colour input.
        layers: The network's three layers.
        residual_shift: Residual = shift + scale × output.
        residual_scale: See `residual_shift`.
        base_hdr_headroom: Display headroom, log2, up to which the base is shown as it is.
        alternate_hdr_headroom: Display headroom, log2, from which the whole HDR rendition is shown.
        base_offset: Of log2 ratios, linear, at least 0, exact as an f16.
        alternate_offset: The same for the HDR rendition.
        binding: The base that the network belongs to.
        neural_psnr: PQ-PSNR in dB that this network reached, in steps of 0.25, rounded down; 0 where not measured.
        standard_psnr: The same for the standard map beside it; 0 where there is none.
        color_shift: Family "published" only: colour input = (PQ code − shift) × scale.
        color_scale: See `color_shift`.
        coordinates: Network x, y from file x, y: (xx, xy, x0, yx, yy, y0). Crop, flip and rotation change only this.
        grid: Family "multiscale" only: rows and columns of the working grid, which covers the network's coordinates.
        latents: Family "multiscale" only: inputs of the network, the finest first.
        details: Family "multiscale" only: grids whose sum is added to every output, the coarsest first.
        picture: Family "multiscale" only: what is added to the residual of the working grid, or None.
    """

    preset: Preset
    family: Family
    domain: Domain
    position_octaves: int
    color_octaves: int
    layers: tuple[QuantizedLayer, ...]
    residual_shift: float
    residual_scale: float
    base_hdr_headroom: float
    alternate_hdr_headroom: float
    base_offset: float
    alternate_offset: float
    binding: Binding
    neural_psnr: float = 0.0
    standard_psnr: float = 0.0
    color_shift: float = 0.0
    color_scale: float = 1.0
    coordinates: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    grid: tuple[int, int] = (0, 0)
    latents: tuple[LatentGrid, ...] = ()
    details: tuple[LatentGrid, ...] = ()
    picture: CodedPicture | None = None
