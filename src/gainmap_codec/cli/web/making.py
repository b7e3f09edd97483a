"""The files of a photo for the web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gainmap_codec.cli.web.planning import Variant, WebPhoto
from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.budget import LOWEST_FAIR
from gainmap_codec.edit.report import Lowered, TranscodeReport
from gainmap_codec.edit.transcode import transcode_opened


@dataclass(frozen=True)
class MadePhoto:
    """What came of a photo.

    Attributes:
        photo: With the variants alone that were made.
        reports: Of each of these.
        left_out: A line for each format of which the wider variants were left out.
    """

    photo: WebPhoto
    reports: tuple[TranscodeReport, ...]
    left_out: tuple[str, ...]


def make_photo(
    opened: OpenedFile, photo: WebPhoto, options: TranscodeOptions, progress: Callable[[float], None] | None = None
) -> MadePhoto:
    """The files that `options` ask for; widths that `max_bytes` leaves too low a quality, but not the smallest, go.

    Raises:
        GainMapError, ValueError: As `transcode_opened`.
    """
    made: list[tuple[Variant, TranscodeReport]] = []
    lines = []
    for kind in dict.fromkeys(variant.container for variant in photo.variants):
        variants = photo.of(kind)
        for index, variant in enumerate(variants):
            report = _made(opened, variant, options)
            if index and report.lowered and report.lowered.quality < LOWEST_FAIR:
                lines.append(_left_out(variants[index:], report.lowered))
                break
            made.append((variant, report))
            if progress:
                progress(len(made) / len(photo.variants))
    kept, reports = zip(*made, strict=True)
    return MadePhoto(replace(photo, variants=kept), reports, tuple(lines))


def _made(opened: OpenedFile, variant: Variant, options: TranscodeOptions) -> TranscodeReport:
    """One file; of a photo without a gain map, one without."""
    has_map = opened.file.gain_map is not None or opened.neural is not None
    carry = options.carry if has_map else None
    return transcode_opened(opened, replace(options, container=variant.container, size=variant.size, carry=carry))


def _left_out(variants: Sequence[Variant], lowered: Lowered) -> str:
    """A line about the variants from a width on whose quality is too low."""
    names = ", ".join(variant.name for variant in variants)
    return f"left out: {names}: {variants[0].size[0]} pixels wide, {lowered.line}; colours and edges would suffer"
