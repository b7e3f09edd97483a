"""The commands of the experiments, and what they are all asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gainmap_bench.experiments.jobs import CORES

if TYPE_CHECKING:
    from gainmap_bench.experiments.effort import Effort
    from gainmap_bench.experiments.suite import Run
    from gainmap_bench.inputs.sources import Source


@dataclass(frozen=True)
class Asked:
    """What a command was asked.

    Attributes:
        texts: The pairs, as they were named.
        has_pairs: Whether by --pairs.
        out: Folder that exists, for what was measured.
        docs: Folder that exists, for sections of the report, or None.
        quick: Whether a quick look is enough.
        side: Pixels that larger pictures are averaged to along the longer side; None leaves it to the effort.
        processes: To work in.
    """

    texts: tuple[str, ...]
    has_pairs: bool
    out: Path
    docs: Path | None
    quick: bool
    side: int | None
    processes: int

    @property
    def effort(self) -> Effort:
        """The sizes of the experiments."""
        from gainmap_bench.experiments.effort import FULL, QUICK

        effort = QUICK if self.quick else FULL
        return replace(effort, longest_side=self.side) if self.side else effort

    def digests(self) -> dict[Source, str]:
        """The pairs, and what names their content; the demonstration's scene where none was named."""
        from gainmap_bench.inputs.sources import SCENE, sources_of, usable

        sources = [source for text in self.texts for source in sources_of(text)] or [SCENE]
        found = {source: pair.digest for source, pair in usable(sources, self.effort.longest_side)}
        if not found:
            raise click.ClickException(f"{', '.join(self.texts)}: no pair found")
        return found

    def run(self, seed: int) -> Run:
        """The experiments, ready."""
        from gainmap_bench.experiments.suite import Run

        return Run(self.digests(), self.effort, seed, self.out, self.processes)


def experiment(out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of all experiments, as `Asked`; `out` is the default folder for what it measures."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option("--pairs", multiple=True, metavar="PAIR", help="HDR[,SDR], a photo, or a folder; repeatable.")
        @click.argument("more", nargs=-1, metavar="[PAIR...]")
        @click.option("--out", default=out, show_default=True, type=click.Path(path_type=Path), help="For the points.")
        @click.option("--docs", type=click.Path(path_type=Path), help="For the report.")
        @click.option("--quick", is_flag=True, help="Small pictures, few points, short fits: minutes.")
        @click.option("--side", type=click.IntRange(64), metavar="N", help="Larger pictures are averaged to N pixels.")
        @click.option("--jobs", default=CORES, show_default=True, type=click.IntRange(1), help="Processes.")
        @wraps(command)
        def asked(
            pairs: tuple[str, ...],
            more: tuple[str, ...],
            out: Path,
            docs: Path | None,
            quick: bool,
            side: int | None,
            jobs: int,
            **others: Any,
        ) -> None:
            for folder in (out, docs):
                if folder:
                    folder.mkdir(parents=True, exist_ok=True)
            try:
                command(Asked((*pairs, *more), bool(pairs), out, docs, quick, side, jobs), **others)
            except ImportError as error:
                raise click.ClickException(f"{error}: pip install 'gainmap-codec[bench]'") from error

        return asked

    return decorate


_SEED = click.option("--seed", default=0, show_default=True, help="Of the fits.")


@click.command()
@experiment("build/experiments")
@_SEED
def table(asked: Asked, seed: int) -> None:
    """The paper's Table 1 on our pairs: every method by every metric, from the bytes that it wrote."""
    section = asked.run(seed).table()
    if asked.docs:
        section.write(asked.docs)
    click.echo(section.tables())


@click.command()
@experiment("build/experiments")
@_SEED
def init(asked: Asked, seed: int) -> None:
    """Initial weights of the published networks: quality after so many steps from each."""
    section = asked.run(seed).initialisation()
    if asked.docs:
        section.write(asked.docs)
    click.echo(section.tables())


@click.command()
@experiment("build/experiments")
@_SEED
def experiments(asked: Asked, seed: int) -> None:
    """All of the paper's experiments: tables, curves and error pictures in DOCS (docs/experiments), and index.html."""
    docs = asked.docs or Path("docs/experiments")
    docs.mkdir(parents=True, exist_ok=True)
    asked.run(seed).report(docs)
