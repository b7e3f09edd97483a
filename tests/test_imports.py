"""torch is for fitting: importing the package, decoding and inspecting do without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_codec.pixels.scene import render_scene

NO_TORCH = "import sys; sys.modules['torch'] = None"  # any import of torch then raises ImportError
UNLOADED = "assert sys.modules['torch'] is None and not any(name.startswith('torch.') for name in sys.modules)"


def run_python(*lines: str) -> str:
    """Standard output of a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def neural_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imports") / "neural.jpg"
    path.write_bytes(gm.encode(render_scene(width=64, height=48), carry="neural"))
    return path


def test_importing_the_package_leaves_torch_unloaded() -> None:
    assert run_python("import sys, gainmap_codec", "print('torch' in sys.modules)") == "False"


def test_importing_the_command_line_leaves_torch_unloaded() -> None:
    assert run_python("import sys, gainmap_codec.cli.main", "print('torch' in sys.modules)") == "False"


def test_decoding_works_without_torch(neural_file: Path) -> None:
    decode = f"image = gm.decode({str(neural_file)!r}, prefer='neural')"
    shown = "print(image.rendered_from, *image.pixels.shape)"
    assert run_python(NO_TORCH, "import gainmap_codec as gm", decode, shown, UNLOADED) == "neural 48 64 3"


def test_inspecting_works_without_torch(neural_file: Path) -> None:
    inspect = f"info = gm.inspect({str(neural_file)!r})"
    shown = "print(info.to_dict()['gain_map'])"
    assert run_python(NO_TORCH, "import gainmap_codec as gm", inspect, shown, UNLOADED) == "None"


def test_without_its_compiled_loops_the_import_says_so_in_one_line() -> None:
    hidden = (
        "import importlib.util",
        "find = importlib.util.find_spec",
        "importlib.util.find_spec = lambda name, *rest: None if name.endswith('.loops') else find(name, *rest)",
        "try: import gainmap_codec",
        "except ImportError as error: print(error)",
    )
    assert run_python(*hidden) == (
        "gainmap_codec: expected its compiled loops, got none: install a wheel, or build it with a C compiler"
    )


def test_progress_bars_are_loaded_when_they_are_drawn() -> None:
    assert run_python("import sys, gainmap_codec.cli.main", "print('tqdm' in sys.modules)") == "False"
