"""A batch's report in words, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from posixpath import splitext
from statistics import median

from gainmap_codec.batch.records import HIDDEN, BatchReport, PassedOver, PhotoRecord

SUFFIXES = (".json", ".csv")
_MOST_WARNINGS, _MOST_KINDS = 10, 5


def serialize_report(report: BatchReport, suffix: str) -> bytes:
    """A report's photos and the files passed over, a line each: JSON objects, or rows below a header.

    Args:
        suffix: ".json" or ".csv".
    """
    names = [field.name for field in fields(PhotoRecord)]
    rows = ({name: getattr(photo, name) for name in names} for photo in report.photos)
    if suffix == ".json":
        others = map(asdict, report.passed_over)
        lists = f'"photos": [\n{_json_lines(rows)}\n], "passed_over": [\n{_json_lines(others)}\n]'
        return f'{{"seconds": {report.seconds:.3f}, {lists}}}\n'.encode("utf-8", "backslashreplace")
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, names)
    writer.writeheader()
    writer.writerows({**row, **{name: "; ".join(row[name]) for name in ("warnings", "damage")}} for row in rows)
    writer.writerows(
        {"source": other.source, "status": "passed over", "problem": other.reason} for other in report.passed_over
    )
    return stream.getvalue().encode("utf-8", "backslashreplace")


def _json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def is_report(data: bytes, suffix: str) -> bool:
    """Whether `data` begin like what `serialize_report` gives, which a later run may replace."""
    return data.startswith(b'{"seconds": ' if suffix == ".json" else b"source,target,status,")


def format_summary(report: BatchReport) -> str:
    """A table of a few lines: how many photos became what, and at which speed."""
    lines = [f"{'':10}{'photos':>10}{'before':>14}{'after':>14}"]
    for status in ("converted", "skipped", "failed"):
        photos = report.having(status)
        before, after = (_amount(sum(sizes)) for sizes in _sizes(photos))
        lines.append(f"{status:10}{len(photos):>10,}{before:>14}{after if status != 'failed' else '':>14}".rstrip())
    lines.append(f"{'damaged':10}{len(report.damaged):>10,}")
    converted = report.having("converted")
    if origins := Counter(photo.hdr_from for photo in report.photos if photo.status != "failed"):
        lines.append("HDR from: " + ", ".join(f"{name} {count:,}" for name, count in origins.most_common()))
    lines += _psnr_lines("PQ-PSNR where coded again", (photo.psnr for photo in report.photos))
    lines += _psnr_lines("PQ-PSNR of neural gain maps", (photo.neural_psnr for photo in report.photos))
    megapixels = sum(photo.width * photo.height for photo in converted) / 1e6
    rates = f": {len(converted) / report.seconds:.2f} photos/s, {megapixels / report.seconds:.1f} MP/s"
    lines.append(f"{report.seconds:.1f} s{rates if converted else ''}")
    if report.passed_over:
        lines.append(_passed_over(report.passed_over))
    if report.left:
        lines.append(f"Left of earlier runs, not made by this one: {_files(len(report.left))} ({_first(report.left)})")
    return "\n".join(lines)


def _psnr_lines(what: str, found: Iterable[float | None]) -> Iterator[str]:
    """A line where there is any: the middle, and the worst."""
    if ratios := [each for each in found if each is not None]:
        yield f"{what}: median {median(ratios):.1f} dB, lowest {min(ratios):.1f} dB"


def _passed_over(others: Sequence[PassedOver]) -> str:
    """Which kinds of files were not taken for photos, and how many of each."""
    kinds = Counter(map(_kind_of, others))
    listed = [f"{kind} {count:,}" for kind, count in kinds.most_common(_MOST_KINDS)]
    more = ", ..." if len(kinds) > _MOST_KINDS else ""
    return f"Passed over: {_files(len(others))} ({', '.join(listed)}{more})"


def _first(names: Sequence[str]) -> str:
    return names[0] + ", ..." * (len(names) > 1)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _kind_of(other: PassedOver) -> str:
    return "hidden" if other.reason == HIDDEN else splitext(other.source)[1].lower() or "no suffix"


def warning_lines(report: BatchReport) -> list[str]:
    """The commonest warnings, with the number of photos and one of them; those that differ in numbers alone are one."""
    first: dict[str, tuple[str, str]] = {}
    counts: Counter[str] = Counter()
    for photo in report.photos:
        for warning in (line for line in photo.warnings if line not in photo.damage):  # told with its name
            kind = re.sub(r"\d+", "", warning)
            first.setdefault(kind, (warning, photo.source))
            counts[kind] += 1
    lines = [_warning_line(*first[kind], count) for kind, count in counts.most_common(_MOST_WARNINGS)]
    if more := len(counts) - len(lines):
        lines.append(f"and {more} other kinds: --report has them all")
    return lines


def _warning_line(warning: str, source: str, count: int) -> str:
    return f"{warning} ({source})" if count == 1 else f"{warning} ({count:,} photos, {source} for one)"


def _sizes(photos: list[PhotoRecord]) -> tuple[list[int], list[int]]:
    return [photo.bytes_before for photo in photos], [photo.bytes_after for photo in photos]


def _amount(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"
