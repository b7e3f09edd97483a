"""All of the speed bench: what is measured in one run, as plain values for JSON and as Markdown."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gainmap_codec as gm
from gainmap_bench.speed.busy import busy_timings
from gainmap_bench.speed.decode import (
    OURS,
    PEERS,
    Timing,
    decoders,
    decoders_into_array,
    first_decode,
    interleaved,
    peak_memory,
)
from gainmap_bench.speed.encode import BALANCED, STANDARD, encoders
from gainmap_bench.speed.gpu import gpu_name, gpu_timings
from gainmap_bench.speed.inputs import at_scale, photo
from gainmap_bench.speed.steps import Roofline, decode_steps, roofline
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import parse_payload

Say = Callable[[str], None]
_HUGE = 100  # megapixels from which three runs have to do


def measure(
    source: Path | None, scales: Sequence[float], runs: int, encode_runs: int, say: Say, *, is_busy: bool = False
) -> dict[str, Any]:
    """Time, memory and steps of decoding a photo at several sizes, and of encoding it.

    Args:
        source: A gain-map JPEG of up to 14 megapixels; None is the bundled scene.
        scales: Sides of the sizes over those of the photo.
        runs: Of each decoder, in turns; of pictures of 100 megapixels and more, three.
        encode_runs: Of each encoder, in turns; 0 leaves encoding out.
        say: Is told what is being measured.
        is_busy: Decoding is timed beside processes that keep all processors busy, too.
    """
    data = photo(source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "photo.jpg")
        sizes = [_size(at_scale(data, scale), path, runs, say) for scale in scales]
    say("first decode of a process, steps")
    imported, first = first_decode(data, "neural")
    result = {
        "photo": source.name if source else "the bundled scene",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "runs": runs,
        "import": imported,
        "first": first,
        "sizes": sizes,
        "steps": decode_steps(data),
        "roofline": _roofline(data),
        "gpu": gpu_name(),
        "gpu_decode": gpu_timings(data, runs),
    }
    if is_busy:
        say("decoding on busy processors")
        result["busy"] = busy_timings(data, runs)
    if encode_runs:
        say("encoders")
        result["encode"] = interleaved(encoders(data), encode_runs)
    return result


def _size(data: bytes, path: Path, runs: int, say: Say) -> dict[str, Any]:
    info = gm.inspect(data)
    megapixels = info.width * info.height / 1e6
    say(f"{info.width} x {info.height}")
    path.write_bytes(data)
    runs = runs if megapixels < _HUGE else min(runs, 3)
    return {
        "width": info.width,
        "height": info.height,
        "decode": interleaved(decoders(data, path), runs),
        "into_array": interleaved(decoders_into_array(data), runs),
        "peak": {kind: peak_memory(data, kind) for kind in ("standard", "neural")},
    }


def _roofline(data: bytes) -> Roofline:
    payload = parse_file(data, "photo", Limits()).payload
    assert payload is not None
    info = gm.inspect(data)
    return roofline(parse_payload(payload), info.width * info.height)


def report(result: dict[str, Any]) -> str:
    """A result as Markdown."""
    sections = [
        f"{result['photo']}; {result['machine']}; medians of {result['runs']} in turns (three above {_HUGE} MP).",
        *map(_decode_table, result["sizes"]),
        _growth_table(result["sizes"]),
        f"Import {result['import']:.2f} s; first decode of a new process, import included, {result['first']:.2f} s.",
        _steps_table(result),
        _gpu_table(result),
    ]
    if "busy" in result:
        sections.append(_busy_table(result["busy"]))
    if "encode" in result:
        sections.append(_encode_table(result["encode"]))
    return "\n\n".join(sections) + "\n"


def _decode_table(size: dict[str, Any]) -> str:
    timings = {each.name: each for each in size["decode"]}
    megapixels = size["width"] * size["height"] / 1e6
    rows = [
        f"{size['width']} x {size['height']}, {megapixels:.1f} megapixels",
        "",
        "| decoder | s | lowest | " + " | ".join(f"{name} / it" for name in OURS) + " |",
        "| --- " * (3 + len(OURS)) + "|",
    ]
    for name in (*OURS, *PEERS):
        found = timings[name]
        if found.refusal:
            rows.append(f"| {name} | n/a: {found.refusal} |" + " |" * (1 + len(OURS)))
            continue
        ratios = " | ".join(f"{timings[each].median / found.median:.2f}" for each in OURS)
        rows.append(f"| {name} | {found.median:.3f} | {min(found.seconds):.3f} | {ratios} |")
    return "\n".join(rows)


def _growth_table(sizes: list[dict[str, Any]]) -> str:
    rows = [
        "| size | standard, ns a pixel | neural | standard, `out=` | neural, `out=` | standard, MB above | neural |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for size in sizes:
        pixels = size["width"] * size["height"]
        ours = [each for each in (*size["decode"], *size["into_array"]) if each.name in OURS]
        times = " | ".join(f"{each.median / pixels * 1e9:.1f}" for each in ours)
        peaks = " | ".join(f"{size['peak'][kind] / 1e6:.0f}" for kind in ("standard", "neural"))
        rows.append(f"| {pixels / 1e6:.1f} megapixels | {times} | {peaks} |")
    return "\n".join([*rows, "", "MB above the file, the decoded 8-bit base and the float32 result."])


def _steps_table(result: dict[str, Any]) -> str:
    rows = ["| step | s |", "| --- | --- |"]
    rows += [f"| {step.name} | {step.seconds:.3f} |" for step in result["steps"]]
    roof = result["roofline"]
    moved = f"{roof.moved / 1e6:.0f} MB at {roof.bandwidth / 1e9:.1f} GB/s"
    computed = f"{roof.operations / 1e9:.2f} G operations at {roof.rate / 1e9:.0f} G/s"
    text = f"Roofline of the neural rendition, JPEG apart: {moved}, {computed}: {roof.seconds:.3f} s at least."
    return "\n".join([*rows, "", text])


def _busy_table(timings: list[tuple[Timing, Timing]]) -> str:
    rows = ["| beside processes that keep all processors busy | s idle | s busy | busy / idle |", "| --- " * 4 + "|"]
    for idle, busy in timings:
        rows.append(f"| {idle.name} | {idle.median:.3f} | {busy.median:.3f} | {busy.median / idle.median:.2f} |")
    return "\n".join(rows)


def _gpu_table(result: dict[str, Any]) -> str:
    rows = [f"| {result['gpu']} | ms | lowest |", "| --- | --- | --- |"]
    for each in result["gpu_decode"]:
        if each.refusal:
            rows.append(f"| {each.name} | n/a: {each.refusal} | |")
        else:
            rows.append(f"| {each.name} | {each.median * 1e3:.2f} | {min(each.seconds) * 1e3:.2f} |")
    return "\n".join(rows)


def _encode_table(timings: list[Timing]) -> str:
    rows = ["| encoder | s | balanced / it | standard map alone / it |", "| --- | --- | --- | --- |"]
    medians = {each.name: each.median for each in timings}
    for each in timings:
        if each.refusal:
            rows.append(f"| {each.name} | n/a: {each.refusal} | | |")
            continue
        ratios = " | ".join(f"{medians[name] / each.median:.2f}" for name in (BALANCED, STANDARD))
        rows.append(f"| {each.name} | {each.median:.2f} | {ratios} |")
    return "\n".join(rows)
