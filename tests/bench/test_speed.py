"""The speed bench: its inputs are what they claim to be, refusals are shown, tables hold what was measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import gainmap_codec as gm
from gainmap_bench.speed.busy import busy_timings
from gainmap_bench.speed.decode import OURS, PEERS, Timing, decoders, interleaved, peak_memory
from gainmap_bench.speed.encode import encoders
from gainmap_bench.speed.gpu import ROWS, gpu_timings
from gainmap_bench.speed.inputs import at_scale, photo
from gainmap_bench.speed.steps import Roofline, Step, decode_steps, roofline
from gainmap_bench.speed.summary import report
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speed") / "scene.jpg"
    path.write_bytes(gm.encode(HdrImage(render_scene(256, 192)), preset="tiny"))
    return path


@pytest.mark.parametrize(("scale", "size"), [(0.25, (48, 64)), (1, (192, 256)), (2, (384, 512))])
def test_every_size_is_rendered_from_its_own_maps(scene: Path, scale: float, size: tuple[int, int]) -> None:
    data = at_scale(photo(scene), scale)
    for kind in ("neural", "standard"):
        image = gm.decode(data, prefer=kind)
        assert (image.rendered_from, image.warnings) == (kind, ())
        assert image.pixels.shape[:2] == size
    found, whole = (pq_encode(gm.decode(each).pixels).mean() for each in (data, scene))  # codes, as bases are averaged
    assert found == pytest.approx(whole, rel=0.05)


def test_a_photo_without_a_payload_gets_one(tmp_path: Path, short_fits: None) -> None:
    path = tmp_path / "standard.jpg"
    path.write_bytes(gm.encode(HdrImage(render_scene(96, 64)), carry="standard"))
    assert parse_file(photo(path), "photo", Limits()).payload
    path.write_bytes(gm.encode(HdrImage(render_scene(96, 64)), carry="standard", container="avif"))
    with pytest.raises(gm.UnsupportedError, match="a JPEG of at most 14 megapixels"):
        photo(path)


def test_all_decoders_decode(scene: Path) -> None:
    works = decoders(scene.read_bytes(), scene)
    assert tuple(works) == (*OURS, *PEERS)
    timings = interleaved(works, 2)
    assert [each.name for each in timings if each.refusal] == []
    assert all(len(each.seconds) == 2 and min(each.seconds) > 0 for each in timings)


def test_peers_encode_what_we_read(scene: Path) -> None:
    for name, encode in encoders(scene.read_bytes()).items():
        if name.startswith("lib"):
            assert gm.decode(encode(), prefer="standard").rendered_from == "standard", name


def test_a_refusal_is_a_row() -> None:
    def refuse() -> None:
        raise ValueError("too\nlarge")

    good, bad = interleaved({"good": lambda: 1, "bad": refuse}, 3)
    assert (len(good.seconds), good.refusal) == (3, "")
    assert (bad.seconds, bad.refusal) == ((), "too large")
    assert np.isnan(bad.median)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_counts_what_is_beyond_the_result(scene: Path) -> None:
    assert 0 < peak_memory(scene.read_bytes(), "neural") < 256e6


def test_busy_processors_are_let_go(scene: Path) -> None:
    timings = busy_timings(scene.read_bytes(), 1)
    assert [(idle.name, busy.name) for idle, busy in timings] == [(name, name) for name in OURS]
    assert all(len(each.seconds) == 1 for pair in timings for each in pair)
    assert "while True: pass" not in "".join(path.read_text() for path in children())


def children() -> list[Path]:
    """Command lines of this process's children (Linux)."""
    found = Path(f"/proc/self/task/{os.getpid()}/children")
    return [Path("/proc", number, "cmdline") for number in found.read_text().split()] if found.exists() else []


def test_steps_and_roofline(scene: Path) -> None:
    data = scene.read_bytes()
    assert {each.name.partition(":")[0] for each in decode_steps(data)} >= {"base", "neural", "standard"}
    payload = parse_file(data, "scene", Limits()).payload
    assert payload
    network = parse_payload(payload)
    roof = roofline(network, 256 * 192)
    assert roof.moved == 18 * 256 * 192
    assert roof.seconds == max(roof.moved / roof.bandwidth, roof.operations / roof.rate)


def test_the_report_divides_ours_by_each_peer() -> None:
    timings = [Timing(name, (0.2, 0.4, 0.3)) for name in (*OURS, *PEERS[:-1])]
    timings.append(Timing(PEERS[-1], (), "too large"))
    into_array = [Timing(OURS[0], (0.1,)), Timing(OURS[1], (0.2,))]
    peak = {"standard": 1e6, "neural": 2e6}
    size = {"width": 2000, "height": 1000, "decode": timings, "into_array": into_array, "peak": peak}
    encode = [Timing("standard map alone", (1.0,)), Timing("balanced", (10.0,)), Timing("libvips", (), "no")]
    text = report(
        {
            "photo": "a.jpg",
            "machine": "m",
            "runs": 3,
            "import": 0.1,
            "first": 0.5,
            "sizes": [size],
            "steps": [Step("base: JPEG", 0.05)],
            "roofline": Roofline(1e6, 1e9, 1e9, 1e10, 0.1),
            "gpu": "a GPU",
            "gpu_decode": [Timing("decode, float16", (0.004, 0.002, 0.003)), Timing("decode, float32", (), "none")],
            "busy": [(Timing(OURS[1], (0.1,)), Timing(OURS[1], (0.25,)))],
            "encode": encode,
        }
    )
    assert "| libvips, float32 | 0.300 | 0.200 | 1.00 | 1.00 |" in text
    assert "| base alone, imagecodecs | n/a: too large | | | |" in text
    assert "| 2.0 megapixels | 150.0 | 150.0 | 50.0 | 100.0 | 1 | 2 |" in text
    assert "| standard map alone | 1.00 | 10.00 | 1.00 |" in text
    assert "| neural map | 0.100 | 0.250 | 2.50 |" in text
    assert "0.100 s at least" in text
    assert "| a GPU | ms | lowest |" in text
    assert "| decode, float16 | 3.00 | 2.00 |\n| decode, float32 | n/a: none | |" in text


def test_rows_of_a_gpu_are_there_without_one(scene: Path) -> None:
    timings = gpu_timings(scene.read_bytes(), 2)
    assert tuple(each.name for each in timings) == ROWS
    if torch.cuda.is_available():
        assert all(min(each.seconds) > 0 for each in timings)
    else:
        assert {(each.seconds, each.refusal) for each in timings} == {((), "no CUDA device")}
