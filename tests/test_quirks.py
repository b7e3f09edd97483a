"""The page of quirks names files and modules that exist."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from support.paths import FIXTURES, ROOT

PAGE = (ROOT / "docs" / "quirks.md").read_text("utf-8")
NAMED = re.findall(r"`([\w./-]+)`", PAGE)
MODULES = re.compile(r"(files|pixels|neural|codec|edit)/[\w/]+\.py")


def test_fixtures_exist() -> None:
    named = [name.removeprefix("fixtures/") for name in NAMED if name.startswith("fixtures/") and name != "fixtures/"]
    assert len(named) > 30
    assert [name for name in named if not (FIXTURES / name).is_file()] == []


def test_modules_exist() -> None:
    named = [name for name in NAMED if MODULES.fullmatch(name)]
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "src" / "gainmap_codec" / name).is_file()] == []


def test_tests_exist() -> None:
    named = [name for name in NAMED if name.startswith("tests/")]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_real_files_are_in_the_manifest(data_dir: Path) -> None:
    with (data_dir / "MANIFEST.tsv").open(encoding="utf-8") as file:
        known = {row["path"] for row in csv.DictReader(file, delimiter="\t")}
    named = [name for name in NAMED if re.match(r"files/.*\.(jpe?g|mpo|heic|avif)$", name)]
    assert len(named) > 20
    assert [name for name in named if name not in known] == []


def test_names_of_quirks_are_given_once() -> None:
    rows = re.findall(r"^\| ([a-z][\w-]*) \|(?: [^|]+\|){3}$", PAGE, re.MULTILINE)
    names = [row for row in rows if row not in ("name", "reader")]
    assert len(names) > 50
    assert sorted(set(names)) == sorted(names)
