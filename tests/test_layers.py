"""Imports point down, floor by floor, and never in a circle; those inside functions count (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE, BENCH = "gainmap_codec", "gainmap_bench"
SOURCES = (ROOT / "src", ROOT / "bench")
PUBLIC = ""
"""The room of the package's own `__init__`."""
FACES = ("pillow", "batch", "view", "tensors")
CORE = ("errors", "files", "pixels", "neural", "codec", "edit", "api", PUBLIC)
FLOORS = (*((room,) for room in CORE), FACES, ("cli",), ("__main__",))
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
LABORATORY = len(FLOORS)
"""What stands beside the package: the laboratory, where the command begins, and the plug-in of imageio."""

WORLD = {"pathlib", "os", "socket", "urllib", "click"}
PICTURES = {"PIL", "pillow_heif", "imagecodecs", "OpenEXR"}
FORBIDDEN = {
    "errors": {"torch", "numpy"} | WORLD | PICTURES,
    "files": {"torch"} | WORLD | PICTURES,
    "pixels": {"torch", "socket", "urllib", "click"},
    "neural": {"socket", "urllib", "click"},
}
"""Packages that a room must not know."""
BYTES_TO_BYTES = {
    "gainmap_codec.files.jxl.brotli": {"imagecodecs"},
    "gainmap_codec.files.jxl.packed_jpeg": {"imagecodecs"},
}
"""But for these modules, where a picture codec makes bytes of bytes, when it is called."""
ABOVE_NEURAL = {"torch"}
"""The same for the rooms that leave it to "neural"; what is only named as a type is no matter."""

Trees = dict[str, ast.Module]
Arrows = dict[str, set[str]]


def room_of(module: str) -> str:
    """The room of the package that a module is in."""
    return module.split(".")[1] if "." in module else PUBLIC


def floor_of(module: str) -> int:
    return FLOOR_OF[room_of(module)] if module.split(".")[0] == PACKAGE else LABORATORY


def at_run_time(tree: ast.AST, *, is_lazy: bool) -> Iterator[ast.AST]:
    """All nodes but what only type checkers look at; with `is_lazy`, what runs when a function is called, too."""
    yield tree
    is_for_types = isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING"
    is_later = isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not is_lazy
    if not is_for_types and not is_later:
        for child in ast.iter_child_nodes(tree):
            yield from at_run_time(child, is_lazy=is_lazy)


def module_name(path: Path, source: Path) -> str:
    parts = list(path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def load() -> Trees:
    paths = ((path, source) for source in SOURCES for path in sorted(source.rglob("*.py")))
    return {module_name(path, source): ast.parse(path.read_text("utf-8")) for path, source in paths}


def imported(tree: ast.AST, modules: Mapping[str, object], *, is_lazy: bool = True) -> set[str]:
    """Full names of the modules that a module's import statements ask for."""
    found = set()
    for node in at_run_time(tree, is_lazy=is_lazy):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules.keys()) or {str(node.module)}
    return found


def wrong_directions(trees: Trees) -> list[str]:
    """One line per import that a module must not have."""
    complaints = []
    for module, tree in sorted(trees.items()):
        at_once = imported(tree, trees, is_lazy=False)
        for target in sorted(imported(tree, trees) - (BYTES_TO_BYTES.get(module, set()) - at_once)):
            if problem := problem_with(module, target, target in at_once):
                complaints.append(f"{module} imports {target}: {problem}")
    return complaints


def problem_with(module: str, target: str, is_at_once: bool) -> str | None:
    """What is wrong with an import, or None."""
    if target.split(".")[0] not in (PACKAGE, BENCH):
        return None if target.split(".")[0] not in forbidden_to(module) else "not on this floor"
    floor, below, neural = floor_of(module), floor_of(target), FLOOR_OF["neural"]
    if below > floor:
        return "it points up"
    if below == floor < LABORATORY and room_of(module) != room_of(target):
        return "faces do not know one another"
    if is_at_once and below == neural < floor < LABORATORY:
        return "it loads torch for those who only decode: inside a function, please"
    return None


def forbidden_to(module: str) -> set[str]:
    """Names of packages."""
    if floor_of(module) == LABORATORY:
        return set()
    return FORBIDDEN.get(room_of(module), ABOVE_NEURAL)


def arrows_between_modules(trees: Trees) -> Arrows:
    return {module: imported(tree, trees) & trees.keys() for module, tree in trees.items()}


def arrows_between_folders(trees: Trees) -> Arrows:
    """The same with the modules of a folder inside a room as one; what stands loose in a room stays by itself."""
    found: Arrows = {}
    for module, targets in arrows_between_modules(trees).items():
        folder = ".".join(module.split(".")[:3])
        found.setdefault(folder, set()).update({".".join(target.split(".")[:3]) for target in targets} - {folder})
    return found


def circle(arrows: Arrows) -> list[str]:
    """Names whose arrows lead back to the first of them; empty where there are none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return trail[trail.index(name) :]
        if name in done:
            return []
        for target in sorted(arrows.get(name, ())):
            if found := visit(target, [*trail, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(arrows) if (found := visit(name, []))), [])


def test_imports_point_down() -> None:
    trees = load()
    assert {f"{PACKAGE}.files.container", f"{BENCH}.__main__"} < trees.keys()
    assert wrong_directions(trees) == []


def test_every_room_has_its_floor() -> None:
    assert {room_of(module) for module in load() if module.startswith(PACKAGE)} <= FLOOR_OF.keys()


def test_no_circle_of_modules() -> None:
    assert circle(arrows_between_modules(load())) == []


def test_no_circle_of_folders() -> None:
    assert circle(arrows_between_folders(load())) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("gainmap_codec.files.jpeg.read", "import gainmap_codec.pixels.color.light"),
        ("gainmap_codec.files.jpeg.read", "from gainmap_codec.pixels import color"),
        ("gainmap_codec.files.jpeg.read", "from pathlib import Path"),
        ("gainmap_codec.files.jxl.read", "def late():\n    import imagecodecs"),
        ("gainmap_codec.files.jxl.brotli", "import imagecodecs"),
        ("gainmap_codec.pixels.color.light", "def late():\n    import torch.nn"),
        ("gainmap_codec.pixels.color.light", "from gainmap_codec.neural.published.fit import fit_published"),
        ("gainmap_codec.neural.published.fit", "from gainmap_codec import api"),
        ("gainmap_codec.neural.published.fit", "import gainmap_codec"),
        ("gainmap_codec.errors", "from gainmap_codec.files import records"),
        ("gainmap_codec.codec.encoding", "from gainmap_codec.neural.fit.presets import fit_pair"),
        ("gainmap_codec.codec.encoding", "def late():\n    from gainmap_codec.edit.frame import crop"),
        ("gainmap_codec.edit.frame", "from gainmap_codec import api"),
        ("gainmap_codec.api", "def late():\n    from torch import Tensor"),
        ("gainmap_codec.api", "import gainmap_codec"),
        ("gainmap_codec.api", "from gainmap_bench import pairs"),
        ("gainmap_codec", "from gainmap_codec.batch import convert"),
        ("gainmap_codec.batch.work", "def late():\n    from gainmap_codec.view.page import page"),
        ("gainmap_codec.view.page", "from gainmap_codec.cli.common import error_line"),
        ("gainmap_codec.tensors", "import gainmap_codec.neural.devices"),
    ],
)
def test_checker_finds_wrong_directions(module: str, text: str) -> None:
    trees = {name: ast.parse("") for name in ("gainmap_codec.api", "gainmap_codec.pixels.color.light")}
    assert len(wrong_directions({**trees, module: ast.parse(text)})) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("gainmap_codec.api", "if TYPE_CHECKING:\n    import torch\ndef late() -> torch.Tensor: ..."),
        ("gainmap_codec.neural.fit.presets", "import torch\nfrom gainmap_codec.pixels import color"),
        ("gainmap_codec.codec.encoding", "def late():\n    from gainmap_codec.neural.fit.presets import fit_pair"),
        ("gainmap_codec.files.jxl.brotli", "def late():\n    import imagecodecs"),
        ("gainmap_codec.view.page", "import gainmap_codec as gm\nfrom gainmap_codec.view import contents"),
        ("gainmap_codec.cli.main", "from gainmap_codec.batch.work import x\nfrom gainmap_codec.view import page"),
        ("gainmap_bench.speed", "import torch\nfrom gainmap_codec.neural import devices\nimport gainmap_bench.inputs"),
    ],
)
def test_checker_accepts_the_right_direction(module: str, text: str) -> None:
    assert wrong_directions({module: ast.parse(text)}) == []


@pytest.mark.parametrize("last", ["import gainmap_codec.pixels.a", "def late():\n    import gainmap_codec.pixels.a"])
def test_checker_finds_circles(last: str) -> None:
    trees = {
        "gainmap_codec.pixels.a": ast.parse("from gainmap_codec.pixels import b"),
        "gainmap_codec.pixels.b": ast.parse("from gainmap_codec.pixels.c import x"),
        "gainmap_codec.pixels.c": ast.parse(last),
    }
    assert circle(arrows_between_modules(trees)) == [f"gainmap_codec.pixels.{name}" for name in "abc"]
    trees["gainmap_codec.pixels.c"] = ast.parse(f"if TYPE_CHECKING:\n    {last.splitlines()[-1].strip()}")
    assert circle(arrows_between_modules(trees)) == []


def test_checker_finds_circles_of_folders() -> None:
    trees = {
        "gainmap_codec.files.jpeg.read": ast.parse("import gainmap_codec.files.tags.exif"),
        "gainmap_codec.files.tags.exif": ast.parse("import gainmap_codec.files.cursor"),
        "gainmap_codec.files.tags.xmp": ast.parse("import gainmap_codec.files.jpeg.mpf"),
        "gainmap_codec.files.jpeg.mpf": ast.parse(""),
        "gainmap_codec.files.cursor": ast.parse(""),
    }
    assert circle(arrows_between_modules(trees)) == []
    assert circle(arrows_between_folders(trees)) == ["gainmap_codec.files.jpeg", "gainmap_codec.files.tags"]


def test_tests_import_no_tests() -> None:
    """What they share is in `support`; `fixtures` holds data alone."""
    paths = [path for path in (ROOT / "tests").rglob("*.py") if "support" not in path.parts]
    names = {name for path in paths for name in path.relative_to(ROOT / "tests").with_suffix("").parts} | {"tests"}
    for path in paths:
        found = {target.split(".")[0] for target in imported(ast.parse(path.read_text("utf-8")), {})}
        assert not found & names, path
    assert list((ROOT / "fixtures").rglob("*.py")) == []
