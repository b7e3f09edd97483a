"""How far a picture was moved or stretched against another."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.raster.alignment import displacement
from gainmap_codec.pixels.scene import render_scene


@pytest.mark.parametrize(("cut", "least", "most"), [(0.0, 0.0, 1e-9), (0.01, 0.007, 0.02), (0.02, 0.014, 0.04)])
def test_displacement_of_a_crop_is_what_was_cut_off(cut: float, least: float, most: float) -> None:
    scene = (np.clip(render_scene(600, 400), 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    part = scene[round(400 * cut) : round(400 * (1 - cut)), round(600 * cut) : round(600 * (1 - cut))]
    assert least <= displacement(np.ascontiguousarray(part), scene) <= most


def test_flat_and_tiny_pictures_tell_of_no_displacement() -> None:
    assert displacement(np.full((9, 9, 3), 7, np.uint8), np.full((300, 200, 3), 7, np.uint8)) == 0
    assert displacement(np.zeros((1, 9, 3), np.uint8), np.ones((300, 200, 3), np.uint8)) == 0
