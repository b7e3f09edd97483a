"""The paper's experiments, each a section of the report; ``make experiments`` runs them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gainmap_bench.experiments import domains, initialisation, table
from gainmap_bench.experiments.effort import FULL, QUICK, Effort
from gainmap_bench.experiments.rate_distortion import PictureResult, measure_all, tables
from gainmap_bench.inputs.sources import Source
from gainmap_bench.methods.by_name import methods_named
from gainmap_bench.methods.coders import CODERS
from gainmap_bench.methods.points import Method
from gainmap_bench.report import error_sheets, plots
from gainmap_bench.report.pages import Picture, Section, Table, write_page

_METRICS = (
    "PQ-PSNR, SSIM (Gaussian window, mean of three channels) and dE_ITP (ITU-R BT.2124) are of BT.2020 PQ codes, "
    "SDR white at 203 cd/m². dE00 is CIEDE2000 of CIELAB against D65 at 203 cd/m²; whites of bases are adapted to D65 "
    "by Bradford's transform. Bytes are those of the file or payload; a decoder has them and the base alone. "
    "JOD is ColorVideoVDP's, on a display of 1500 cd/m², of renditions averaged to at most 1024 pixels a side: it "
    "stands in for HDR-VDP-3, which exists for MATLAB only."
)


@dataclass(frozen=True)
class Run:
    """What experiments are made of.

    Attributes:
        digests: The pairs, and what names their content.
        effort: Their sizes.
        seed: Of all fits.
        memory: Folder that exists, where what was measured is kept.
        processes: To work in.
    """

    digests: Mapping[Source, str]
    effort: Effort
    seed: int
    memory: Path
    processes: int

    @property
    def sources(self) -> list[Source]:
        """The pairs."""
        return list(self.digests)

    def _text(self, command: str, *paragraphs: str) -> tuple[str, ...]:
        """With the command that makes the section, and what it was made from."""
        side = self.effort.longest_side
        usual = FULL if replace(self.effort, longest_side=FULL.longest_side) == FULL else QUICK
        options = (" --quick" if usual is QUICK else "") + (f" --side {side}" if side != usual.longest_side else "")
        size = f"averaged to {side} pixels along the longer side" if side else "at their full size"
        fits = ", with short fits" if usual is QUICK else ""
        pairs = f"{len(self.digests)} pairs, {size}{fits}; seed {self.seed}."
        return f"`python -m gainmap_bench {command}{options} --pairs …`: {pairs}", *paragraphs

    def table(self) -> Section:
        """The paper's Table 1."""
        found = table.rows(self.sources, self.effort, self.seed, self.memory, self.processes)
        reason = table.jod_reason()
        missing = () if reason is None else (f"JOD is n/a: {reason}.",)
        text = self._text("table", _METRICS, *missing)
        return Section("table", "Every method", text, (*table.tables(found), table.every_row(found)))

    def rate_distortion(self) -> Section:
        """Curves of all methods, and what residuals are worth."""
        chosen = methods_named([*CODERS, "paper", "neural"], self.effort, self.effort.widths)
        results, of_domains = self._measured(chosen), self._measured(domains.methods(self.effort))
        parts: tuple[Table | Picture, ...] = (
            plots.rate_distortion_plot(results),
            *tables(results),
            *domains.tables(of_domains),
        )
        text = self._text(
            "rd",
            "The methods are ordinary maps of all residuals at 1/64 to 1/1 of the base's side, networks as published, "
            "in several widths (“paper”), and our payloads at several prices (“neural”). "
            "docs/rate-distortion.md says how they are measured.",
        )
        return Section("rd", "Rate and distortion", text, parts)

    def _measured(self, methods: Sequence[Method]) -> list[PictureResult]:
        return measure_all(self.sources, self.effort.longest_side, methods, [self.seed], self.memory, self.processes)

    def initialisation(self) -> Section:
        """Initial weights of the published networks."""
        found = initialisation.curves(self.digests, self.effort, self.seed, self.memory, self.processes)
        starts = "; ".join(f"{start}: {what}" for start, what in initialisation.STARTS.items())
        pictures, steps = self.effort.noise_fits
        text = self._text(
            "init",
            f"{starts}. Separate fits: {pictures} pictures, {steps} steps; together: {self.effort.noise_steps} steps.",
        )
        parts = plots.steps_plot(initialisation.mean_curves(found)), initialisation.table(found)
        return Section("init", "Initial weights", text, parts)

    def errors(self) -> Section:
        """Where methods err."""
        sheets = error_sheets.sheets(self.sources, self.effort, self.seed, self.memory, self.processes)
        text = self._text(
            "figures",
            "Each method has two heat maps: CIEDE2000 on the left, dE_ITP on the right. Under its name stands the mean "
            "over the picture. All heat maps share one colour scale.",
        )
        return Section("errors", "Where methods err", text, tuple(sheets))

    def report(self, docs: Path) -> None:
        """All sections, each as soon as it is there, and one page of them, in a folder that exists."""
        sections = []
        for make in (self.table, self.rate_distortion, self.initialisation, self.errors):
            sections.append(make())
            sections[-1].write(docs)
        write_page("Gain maps: experiments", sections, docs / "index.html")
