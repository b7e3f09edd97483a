"""Neural gain maps against the JPEG map that a file holds today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.files.payload.records import Preset

BASELINE_QUALITY = 85
_BASELINE = EncodeOptions(carry="standard", map_scale=4, map_quality=BASELINE_QUALITY, map_channels=1)


def pair_rows(pairs: Iterable[tuple[Path, Path | None]], presets: Iterable[Preset], seed: int) -> Iterator[str]:
    """Markdown rows: picture; bytes and PQ-PSNR of the JPEG map; bytes, PQ-PSNR, fit time.

    The JPEG map counts as the gain-map image with its metadata, the neural one as its whole payload.
    """
    yield "| picture | map | bytes | PQ-PSNR dB | fit s |"
    yield "| --- | --- | --- | --- | --- |"
    for hdr, sdr in pairs:
        plain = encode_with_report(hdr, sdr, _BASELINE)
        yield f"| {hdr.stem} | JPEG 1/4, q{BASELINE_QUALITY} | {plain.map_bytes} | {plain.standard_psnr:.2f} | |"
        for preset in presets:
            report = encode_with_report(hdr, sdr, EncodeOptions(carry="neural", preset=preset, seed=seed))
            quality = f"{report.neural_psnr:.2f}"
            yield f"| {hdr.stem} | {preset} | {report.payload_bytes} | {quality} | {report.fit_seconds:.1f} |"
