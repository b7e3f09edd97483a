"""Standard gain maps of one channel and of three, each at its best, and which of them `encode` takes, by codec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gainmap_codec.codec.encoding import map_trials, renditions
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.pairing import HdrSource, make_pair
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.maps.map_choice import Trial, choose_map
from gainmap_codec.pixels.scene import render_scene

CODINGS: tuple[tuple[Container, int], ...] = (("jpeg", 8), ("avif", 8), ("avif", 10), ("jxl", 8))
"""Containers, and bits of the base."""

_HEADER = ("picture", "base", *(f"{whose}: bytes | dB | dE_ITP" for whose in ("one channel", "three", "taken")))


def channel_rows(pictures: Sequence[Path], *, scene_size: tuple[int, int] = (768, 512)) -> Iterator[str]:
    """Markdown rows: the scene, then each picture, in each coding; bytes and quality as the trials have them."""
    yield f"| {' | '.join(_HEADER)} |"
    yield "| --- " * 11 + "|"
    sources: list[tuple[str, HdrSource]] = [("scene", HdrImage(render_scene(*scene_size)))]
    for name, hdr in sources + [(path.stem, path) for path in pictures]:
        for container, bits in CODINGS:
            found = _chosen(hdr, EncodeOptions(container=container, carry="standard", base_bits=bits))
            cells = (name, f"{container}, {bits} bits", *map(_cells, found))
            yield f"| {' | '.join(cells)} |"


def _chosen(hdr: HdrSource, options: EncodeOptions) -> list[Trial]:
    """The best of one channel, of three, and what is taken; a photo's own gain map is not looked at."""
    pair = make_pair(hdr, None, options, [])._replace(gain=None)
    trials = map_trials(pair, *renditions(pair))
    channels: tuple[int | str, ...] = (1, 3, "auto")
    return [choose_map(trials, scale="auto", channels=each, quality="auto").best for each in channels]  # type: ignore[arg-type]


def _cells(trial: Trial) -> str:
    recipe = trial.recipe
    made = f"{recipe.channels} at 1/{recipe.scale} q{recipe.quality}"
    return f"{trial.bytes:,.0f} ({made}) | {trial.psnr:.2f} | {trial.de_itp:.2f}"
