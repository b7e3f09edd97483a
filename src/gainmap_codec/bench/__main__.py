"""The command line of the measurements."""

from __future__ import annotations

from pathlib import Path

import click

from gainmap_codec.bench.binding import binding_rows
from gainmap_codec.bench.pairs import pair_rows


@click.group()
def bench() -> None:
    """Measure what the documents quote."""


@bench.command()
@click.argument("pairs", nargs=-1, required=True, metavar="HDR[,SDR]...")
@click.option("--preset", "presets", multiple=True, default=("balanced",), show_default=True, help="May be repeated.")
@click.option("--seed", default=0, show_default=True, help="Of the fits.")
def pairs(pairs: tuple[str, ...], presets: tuple[str, ...], seed: int) -> None:
    """Neural gain maps against a one-channel 1/4-scale quality-85 JPEG map: PQ-PSNR and bytes, a row a picture."""
    for row in pair_rows([_pair(text) for text in pairs], presets, seed):
        click.echo(row)


@bench.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
def binding(pictures: tuple[Path, ...]) -> None:
    """How far edits move the soft binding's fingerprint, and which of them it accepts: a row an edit."""
    for row in binding_rows(pictures):
        click.echo(row)


def _pair(text: str) -> tuple[Path, Path | None]:
    hdr, _, sdr = text.partition(",")
    return Path(hdr), Path(sdr) if sdr else None


if __name__ == "__main__":
    bench(prog_name="python -m gainmap_codec.bench")
