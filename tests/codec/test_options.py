"""Options are frozen and checked where they are made."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from functools import partial
from typing import Any

import numpy as np
import pytest

from gainmap_codec.codec.options import (
    AssembleOptions,
    DecodeOptions,
    EncodeOptions,
    FitOptions,
    MapOptions,
    SwapOptions,
    TranscodeOptions,
)
from gainmap_codec.errors import Limits

FITTING = EncodeOptions, TranscodeOptions


def test_options_cannot_be_changed() -> None:
    options = TranscodeOptions()
    with pytest.raises(FrozenInstanceError):
        options.quality = 3  # type: ignore[misc]


@pytest.mark.parametrize("kind", [DecodeOptions, EncodeOptions, TranscodeOptions])
def test_unknown_options_are_refused_by_name(kind: type) -> None:
    with pytest.raises(TypeError, match="colour"):
        kind(colour=3)


@pytest.mark.parametrize(
    ("kind", "options", "line"),
    [
        (DecodeOptions, {"headroom": -1.0}, "headroom: expected a number of stops >= 0, got -1.0"),
        (DecodeOptions, {"headroom": float("nan")}, "headroom: expected a number of stops >= 0, got nan"),
        (DecodeOptions, {"dtype": "float64"}, "dtype: expected one of float32, float16, got 'float64'"),
        (EncodeOptions, {"container": "png"}, "container: expected one of jpeg, heic, avif, jxl, got 'png'"),
        (EncodeOptions, {"base_bits": 10}, "base_bits: expected 8 in JPEG, got 10"),
        (EncodeOptions, {"map_channels": 2}, "map_channels: expected one of auto, 1, 3, got 2"),
        (EncodeOptions, {"target_bytes": 1, "target_psnr": 1.0}, "expected one of them, got both"),
        (EncodeOptions, {"target_bytes": 1, "preset": "auto"}, "expected tiny, balanced or best beside a target"),
        (TranscodeOptions, {"map_scale": 129}, "map_scale: expected 1…128, got 129"),
        (TranscodeOptions, {"map_channels": 2}, "map_channels: expected one of 1, 3, auto, got 2"),
        (TranscodeOptions, {"speed": 11}, "speed: expected 0…10, got 11"),
        (TranscodeOptions, {"chroma": "4:2:2"}, "chroma: expected one of 4:2:0, 4:4:4, got '4:2:2'"),
        (TranscodeOptions, {"max_bytes": 0}, "max_bytes: expected at least 1, got 0"),
        (TranscodeOptions, {"size": (9, 9), "fit": (9, 9)}, "size and fit: expected one of them, got both"),
        (TranscodeOptions, {"fit": (9, 0)}, "fit: expected sides of at least 1, got 0"),
        (TranscodeOptions, {"fit": (9, None)}, "fit: expected a width and a height, got (9, None)"),
        (TranscodeOptions, {"size": (None, None)}, "size: expected a width or a height, got (None, None)"),
        (TranscodeOptions, {"box": (1, 2, 3)}, "box: expected left, top, right and bottom, got (1, 2, 3)"),
        (TranscodeOptions, {"preset": "print"}, "auto, web, archive, got 'print'"),
        *((kind, {"effort": effort}, f"effort: expected 1…9, got {effort}") for kind in FITTING for effort in (0, 10)),
        (TranscodeOptions, {"carry": "all"}, "carry: expected one of both, neural, standard, apple, got 'all'"),
    ],
)
def test_what_is_out_of_range_is_told(kind: type, options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        kind(**options)
    assert line in str(caught.value)


WRONG = [
    *((DecodeOptions, "headroom", value, "a number of stops") for value in ("2", True, [1])),
    *((EncodeOptions, "target_psnr", value, "a number of dB") for value in ("40", True)),
    *(
        (kind, name, value, "a whole number")
        for kind, names in (
            (EncodeOptions, ("quality", "speed", "map_quality", "map_scale", "target_bytes", "seed", "effort")),
            (
                TranscodeOptions,
                ("quality", "speed", "map_quality", "map_scale", "target_bytes", "max_bytes", "seed", "effort"),
            ),
            (SwapOptions, ("quality", "speed", "map_quality")),
        )
        for name in names
        for value in ("9", 1.5, True)
    ),
    (EncodeOptions, "seed", None, "a whole number"),
    (DecodeOptions, "region", 5, "whole numbers"),
    *((TranscodeOptions, name, value, "whole numbers") for name in ("box", "size") for value in (5, "9x9")),
    (TranscodeOptions, "fit", "9x9", "whole numbers"),
    (DecodeOptions, "device", None, "a name such as auto, cpu or cuda:0"),
]


@pytest.mark.parametrize(("kind", "name", "value", "expected"), WRONG)
def test_a_wrong_type_gets_a_sentence(kind: type, name: str, value: object, expected: str) -> None:
    with pytest.raises(TypeError, match="expected") as caught:
        kind(**{name: value})
    assert str(caught.value) == f"{name}: expected {expected}, got {value!r}"


def test_each_of_several_numbers_is_a_whole_one() -> None:
    cases: list[tuple[type, str, object]] = [
        (DecodeOptions, "region", (0, 0, 8, "8")),
        (TranscodeOptions, "box", (0, 0, 8, "8")),
        (TranscodeOptions, "size", (None, "8")),
    ]
    for kind, name, value in cases:
        with pytest.raises(TypeError, match=f"^{name}: expected a whole number, got '8'"):
            kind(**{name: value})
    with pytest.raises(ValueError, match="region: expected left, top, width and height"):
        DecodeOptions(region=(1, 2))  # type: ignore[arg-type]


def test_numbers_of_numpy_are_numbers() -> None:
    assert DecodeOptions(headroom=np.float32(1.5)).headroom == 1.5  # type: ignore[arg-type]
    assert TranscodeOptions(quality=np.int64(80), max_bytes=np.uint16(900)).quality == 80  # type: ignore[arg-type]


def test_parts_of_options_go_to_those_who_need_them() -> None:
    options = EncodeOptions(
        map_scale=2, map_quality=80, map_channels=3, preset="tiny", target_bytes=500, seed=7, effort=3
    )
    assert options.standard == MapOptions(2, 80, 3)
    assert options.fit == FitOptions("tiny", 500, None, "auto", 7, 3)
    assert TranscodeOptions(preset="best", effort=8).neural == FitOptions("best", None, None, "auto", 0, 8)


def test_options_travel_to_other_processes() -> None:
    options = TranscodeOptions(container="avif", limits=Limits(segments=9))
    assert pickle.loads(pickle.dumps(options)) == options


@pytest.mark.parametrize("kind", [EncodeOptions, partial(AssembleOptions, container="jpeg")])
def test_what_is_to_be_bytes_is_bytes(kind: Callable[..., object]) -> None:
    for name in ("xmp", "icc_profile"):
        for value in ("<x/>", 5, [1], np.int64(3)):
            with pytest.raises(TypeError, match=f"^{name}: expected bytes, got {type(value).__name__}$"):
                kind(**{name: value})
    with pytest.raises(TypeError, match="payload: expected bytes, got str"):
        AssembleOptions(container="jpeg", payload="GNN")  # type: ignore[arg-type]


def test_code_points_are_four_values() -> None:
    for color in ("P3", (12, 16, 6), (12, 16, 6, 2), (70000, 16, 6, True), (-1, 16, 6, True)):
        with pytest.raises(ValueError, match="alternate_color: expected primaries, transfer and matrix"):
            AssembleOptions(container="avif", alternate_color=color)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="alternate_color: expected a whole number, got 'P3'"):
        AssembleOptions(container="avif", alternate_color=("P3", 16, 6, True))  # type: ignore[arg-type]
