"""The map of the house in docs/design.md has every module of the package; files that pages name exist."""

from __future__ import annotations

import re

from support.paths import ROOT

SOURCE = ROOT / "src" / "gainmap_codec"
NAMED = re.compile(r"(?<![\w./-])((?:files|pixels|neural|codec|edit|tests|fixtures)/[\w./-]+\.(?:py|toml|md))\b")


def test_the_tree_names_every_module() -> None:
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    tree = page[page.index("### The tree") : page.index("## The whole")]
    modules = [path for path in SOURCE.rglob("*.py") if path.stem != "__init__"]
    rooms = {path.parent for path in modules} - {SOURCE}
    assert len(modules) > 100
    assert [path for path in modules if not re.search(rf"(?<![\w/]){path.stem}(?![\w/])", tree)] == []
    assert [room for room in rooms if f"{room.name}/" not in tree] == []


def test_files_that_pages_name_exist() -> None:
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    named = {(page.name, name) for page in pages for name in NAMED.findall(page.read_text("utf-8"))}
    assert len(named) > 30
    assert sorted(pair for pair in named if not any((root / pair[1]).is_file() for root in (ROOT, SOURCE))) == []
