"""What the page computes without a browser: where pictures lie, and what is said of their light (node runs it)."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from support.viewer import evaluate

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

PICTURE = "{ width: 4000, height: 3000 }"
FRAME = "{ left: 100, top: 0, width: 1000, height: 600 }"


def places(script: str) -> Any:
    return evaluate(
        "pan_zoom.js",
        f"({{ WHOLE, actualSize, bounded, panned, pixelAt, samplesOf, scaleOf, windowOf, zoomed }}) => {{ const "
        f"picture = {PICTURE}, frame = {FRAME}, middle = {{ x: 600, y: 300 }}; return {script}; }}",
    )


def test_a_whole_picture_fills_its_frame_and_stands_in_its_middle() -> None:
    left, top, step = places("windowOf(WHOLE, picture, frame)")
    assert step == 5  # 3000 pixels in 600
    assert (left + 600 * step, top + 300 * step) == (2000, 1500)
    assert places("pixelAt(WHOLE, picture, frame, { x: 201, y: 0 })") == {"x": 5, "y": 0}
    assert places("pixelAt(WHOLE, picture, frame, { x: 199, y: 300 })") is None


def test_zoom_keeps_the_pixel_under_the_cursor() -> None:
    for point in ("{ x: 400, y: 100 }", "middle", "{ x: 790, y: 590 }"):
        views = f"[WHOLE, zoomed(WHOLE, picture, frame, {point}, 7)]"
        before, after = places(f"{views}.map((view) => pixelAt(view, picture, frame, {point}))")
        assert abs(before["x"] - after["x"]) <= 1 and abs(before["y"] - after["y"]) <= 1
    assert places("zoomed(WHOLE, picture, frame, middle, 7).zoom") == 7


def test_a_picture_is_neither_lost_nor_made_smaller_than_its_frame() -> None:
    assert places("zoomed(WHOLE, picture, frame, middle, 0.1)") == {"x": 0.5, "y": 0.5, "zoom": 1}
    assert places("scaleOf(zoomed(WHOLE, picture, frame, middle, 1e9), picture, frame)") == 32
    edge = places("panned({ x: 0.5, y: 0.5, zoom: 4 }, picture, frame, 1e6, -1e6)")
    left, top, step = places(f"windowOf({{ x: {edge['x']}, y: {edge['y']}, zoom: 4 }}, picture, frame)")
    assert left + 100 * step == pytest.approx(0, abs=1e-9) and top + 600 * step == pytest.approx(3000)


def test_a_hand_takes_the_picture_along() -> None:
    view = places("panned({ x: 0.5, y: 0.5, zoom: 4 }, picture, frame, 30, -20)")
    assert view == {"x": pytest.approx(0.5 - 30 / 0.8 / 4000), "y": pytest.approx(0.5 + 20 / 0.8 / 3000), "zoom": 4}


def test_actual_size_is_a_pixel_for_a_pixel_also_of_small_pictures() -> None:
    assert places("scaleOf(actualSize(WHOLE, picture, frame), picture, frame)") == 1
    assert places("scaleOf(actualSize(WHOLE, { width: 20, height: 9 }, frame), { width: 20, height: 9 }, frame)") == 1


def test_at_actual_size_each_pixel_is_seen_once() -> None:
    left, top, step = places("windowOf(actualSize({ x: 0.4321, y: 0.6789, zoom: 1 }, picture, frame), picture, frame)")
    assert step == 1 and (left, top) == (round(left), round(top))


def test_every_pixel_of_the_picture_is_seen() -> None:
    assert places("[1, 5, 0.5, 0.3, 0.2, 1.5].map(samplesOf)") == [1, 1, 2, 4, 5, 2]


def counts(hdr: dict[int, int]) -> str:
    """Pixels by stops from white."""
    return f"""{{
      most: {max(hdr)} , sdr: new Uint32Array(256),
      hdr: Uint32Array.from({{ length: 256 }}, (_, n) => ({json.dumps(hdr)})[(n - 80) / 10] ?? 0),
    }}"""


@pytest.mark.parametrize(
    ("hdr", "words"),
    [
        (
            {-3: 900, 0: 50, 2: 50},
            "Brightest: 2.0 stops above white (812 nits). Brighter than white: 5.0 % of the picture",
        ),
        ({-3: 60, 3: 40}, "Brightest: 3.0 stops above white (1,624 nits). Brighter than white: 40 % of the picture"),
        (
            {-1: 9999, 1: 1},
            "Brightest: 1.0 stops above white (406 nits). Brighter than white: less than 0.1 % of the picture",
        ),
        ({-3: 10, 0: 10}, "Brightest: white (203 nits)"),
        (
            {0: 50, 12: 50},
            "Brightest: 12.0 stops above white (831,488 nits). Brighter than white: 50 % of the picture",
        ),
        ({-6: 10, -2: 10}, "Brightest: 2.0 stops below white (51 nits)"),
    ],
)
def test_brightness_in_words(hdr: dict[int, int], words: str) -> None:
    assert evaluate("histogram.js", f"({{ brightnessWords }}) => brightnessWords({counts(hdr)})") == words


def test_the_outline_stands_where_the_light_is() -> None:
    scale = "{ first: -2, last: 2, width: 64, height: 100 }"
    found = evaluate("histogram.js", f"({{ outline }}) => outline(({counts({-2: 3, 0: 16, 1: 4})}).hdr, {scale})")
    assert found.startswith("M0,100 L") and found.endswith("L64,100 Z")
    tops = dict(
        pair.split(",") for pair in found[len("M0,100 L") : -len(" L64,100 Z")].replace(" L", " ").split(" ")[::2]
    )
    assert (tops["32.0"], tops["48.0"], tops["19.2"]) == ("0.0", "50.0", "100.0")


def test_remarks_are_sentences_and_names_stay() -> None:
    remarks = ["alpha dropped", "A gain map is missing.", "hdrgm:Version: expected 1.0, got 2", "photo.jpg: damaged"]
    assert evaluate("element.js", f"({{ sentence }}) => {json.dumps(remarks)}.map(sentence)") == [
        "Alpha dropped.",
        "A gain map is missing.",
        "hdrgm:Version: expected 1.0, got 2.",
        "photo.jpg: damaged.",
    ]
