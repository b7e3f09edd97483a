"""Changing what a payload says about its base, its network untouched: every other byte stays as it is."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.errors import FormatError
from gainmap_codec.files.payload.format import check_fields, sealed
from gainmap_codec.files.payload.layout import read_fields, write_fields
from gainmap_codec.files.payload.records import Binding


def edit_payload(
    payload: bytes,
    *,
    binding: Binding | None = None,
    coordinates: tuple[float, ...] | None = None,
    neural_psnr: float | None = None,
    standard_psnr: float | None = None,
) -> bytes:
    """The payload with other values of these fields, None for as it is; weights and latents keep their bytes.

    Args:
        payload: Valid.
        coordinates: As in `NeuralGainMap`.
        neural_psnr: PQ-PSNR in dB, 0 for not measured; likewise `standard_psnr`.
    Raises:
        ValueError: Values that the format does not allow.
    """
    found, integers = read_fields(payload)
    changes: dict[str, object] = {
        "binding": binding,
        "coordinates": coordinates,
        "neural_psnr": neural_psnr,
        "standard_psnr": standard_psnr,
    }
    changed = replace(found, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
    edited = sealed(write_fields(changed) + integers)
    try:
        check_fields(read_fields(edited)[0])  # nothing is written that our own reader refuses
    except FormatError as error:
        raise ValueError(str(error)) from None
    return edited
