"""Imports point one way: bench → edge → torch → arrays → bytes → plain, and never in a circle (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE = "gainmap_codec"
SOURCE = ROOT / "src"
LAYERS = {f"{PACKAGE}.{name}": layer for layer, name in enumerate(("errors", "files", "pixels", "neural"))}
EDGE = 4
LAYERS[f"{PACKAGE}.bench"] = 5
FORBIDDEN = {
    0: {"torch", "numpy", "pathlib", "os", "socket", "click"},
    1: {
        "torch",
        "pathlib",
        "os",
        "socket",
        "urllib",
        "PIL",
        "pillow_heif",
        "imagecodecs",
        "OpenEXR",
        "click",
    },
    2: {"torch", "socket", "urllib", "click"},
    3: {"socket", "urllib", "click"},
    4: {"torch"},  # where it is not only named as a type
    5: set(),
}


def layer_of(module: str) -> int:
    """The layer that a module of ours lives in; what is not listed is an edge, and measuring is above all."""
    return LAYERS.get(".".join(module.split(".")[:2]), EDGE)


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what only type checkers look at."""
    yield tree
    is_for_types = isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING"
    if not is_for_types:
        for child in ast.iter_child_nodes(tree):
            yield from at_run_time(child)


def module_name(path: Path, source: Path) -> str:
    parts = list(path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def load(source: Path) -> dict[str, ast.Module]:
    return {module_name(path, source): ast.parse(path.read_text("utf-8")) for path in source.rglob("*.py")}


def imported(nodes: Iterator[ast.AST], modules: set[str]) -> set[str]:
    """Full names of the modules that import statements among `nodes` ask for."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules) or {str(node.module)}
    return found


def wrong_directions(trees: dict[str, ast.Module]) -> list[str]:
    """One line per import, lazy ones included, that points up or at a package its layer must not know."""
    complaints = []
    for module, tree in sorted(trees.items()):
        layer = layer_of(module)
        for target in sorted(imported(at_run_time(tree), set(trees))):
            top = target.split(".")[0]
            if top in FORBIDDEN[layer] or (top == PACKAGE and layer_of(target) > layer):
                complaints.append(f"{module} (layer {layer}) imports {target}")
    return complaints


def cycle(trees: dict[str, ast.Module]) -> list[str]:
    """Modules whose imports at load time lead back to the first of them; empty where there are none."""
    ours = {name: imported(iter(tree.body), set(trees)) & set(trees) for name, tree in trees.items()}
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return trail[trail.index(module) :]
        if module in done:
            return []
        for target in sorted(ours[module]):
            if found := visit(target, [*trail, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(ours) if (found := visit(module, []))), [])


def test_imports_point_down() -> None:
    trees = load(SOURCE)
    assert f"{PACKAGE}.files.records" in trees
    assert wrong_directions(trees) == []


def test_no_import_cycles() -> None:
    assert cycle(load(SOURCE)) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("gainmap_codec.files.jpeg.read", "import gainmap_codec.pixels.color.light"),
        ("gainmap_codec.files.jpeg.read", "from gainmap_codec.pixels import color"),
        ("gainmap_codec.files.jpeg.read", "from pathlib import Path"),
        ("gainmap_codec.pixels.color.light", "def late():\n    import torch.nn"),
        ("gainmap_codec.pixels.color.light", "from gainmap_codec.neural.published.fit import fit_published"),
        ("gainmap_codec.neural.published.fit", "from gainmap_codec import api"),
        ("gainmap_codec.neural.published.fit", "import gainmap_codec"),
        ("gainmap_codec.errors", "from gainmap_codec.files import records"),
        ("gainmap_codec.api", "def late():\n    from torch import Tensor"),
        ("gainmap_codec.api", "from gainmap_bench import pairs"),
    ],
)
def test_checker_finds_wrong_directions(module: str, text: str) -> None:
    trees = {name: ast.parse("") for name in ("gainmap_codec.api", "gainmap_codec.pixels.color.light")}
    assert len(wrong_directions({**trees, module: ast.parse(text)})) == 1


def test_checker_leaves_types_alone() -> None:
    text = "if TYPE_CHECKING:\n    import torch\ndef late() -> torch.Tensor: ..."
    assert wrong_directions({"gainmap_codec.api": ast.parse(text)}) == []


def test_checker_accepts_the_right_direction() -> None:
    text = "import torch\nfrom gainmap_codec.pixels import color\nfrom gainmap_codec.files.jpeg.read import x"
    assert wrong_directions({"gainmap_codec.neural.published.fit": ast.parse(text)}) == []


def test_checker_finds_cycles() -> None:
    trees = {
        "gainmap_codec.pixels.a": ast.parse("from gainmap_codec.pixels import b"),
        "gainmap_codec.pixels.b": ast.parse("from gainmap_codec.pixels.c import x"),
        "gainmap_codec.pixels.c": ast.parse("import gainmap_codec.pixels.a"),
    }
    assert cycle(trees) == [f"gainmap_codec.pixels.{name}" for name in "abc"]
    trees["gainmap_codec.pixels.c"] = ast.parse("def late():\n    import gainmap_codec.pixels.a")
    assert cycle(trees) == []
