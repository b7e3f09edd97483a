"""What `pip install gainmap-codec` gives without torch: the wheel in an environment of its own.

Skipped where pip gets nothing, without a network for one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import FIXTURES, ROOT

MOST_BYTES = 260_000_000
BOTH, NEURAL_HEIC = FIXTURES / "jpeg/both.jpg", FIXTURES / "heif/payload.heic"
NO_TORCH = "needs torch: pip install 'gainmap-codec[neural]'"


def run(*command: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The finished command, outside the checkout and its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=folder, env=environment, check=False)


def pip(python: Path, *arguments: object) -> str:
    """What pip complains of; empty where it did what it was told."""
    done = run(python, "-m", "pip", "--disable-pip-version-check", *arguments)
    return done.stderr or "it failed" if done.returncode else ""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it asks for, in the tested versions."""
    folder = tmp_path_factory.mktemp("install")
    here = Path(sys.executable)
    if pip(here, "download", "-q", "--no-deps", "-d", folder / "probe", "setuptools"):
        pytest.skip("pip reaches no index of packages")
    assert pip(here, "wheel", "-q", "--no-deps", "-w", folder, ROOT) == ""
    (wheel,) = folder.glob("gainmap_codec-*.whl")
    assert run(here, "-m", "venv", folder / "venv").returncode == 0
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    assert pip(programs / "python", "install", "-q", "-c", ROOT / "constraints.txt", wheel) == ""
    return programs


def gainmap(environment: Path, folder: Path, *arguments: object) -> str:
    """What the command says, on both streams."""
    done = run(environment / "gainmap", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_is_light(environment: Path) -> None:
    files = [path for path in environment.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert "No module named 'torch'" in run(environment / "python", "-c", "import torch").stderr


def test_neural_maps_are_decoded(environment: Path, tmp_path: Path) -> None:
    assert "neural gain map" in gainmap(environment, tmp_path, "decode", BOTH, "-o", "x.exr", "--prefer", "neural")
    assert "neural gain map" in gainmap(environment, tmp_path, "decode", NEURAL_HEIC, "-o", "x.avif")
    assert "Neural gain map" in gainmap(environment, tmp_path, "inspect", BOTH)
    assert "15 files, 0 with a problem" in gainmap(environment, tmp_path, "conformance", FIXTURES / "jpeg")


def test_photos_are_converted(environment: Path, tmp_path: Path) -> None:
    assert "x.avif" in gainmap(environment, tmp_path, "transcode", BOTH, "-o", "x.avif")
    assert "x.jpg" in gainmap(environment, tmp_path, "transcode", NEURAL_HEIC, "-o", "x.jpg", "--carry", "standard")
    assert "small.jpg" in gainmap(environment, tmp_path, "resize", BOTH, "-o", "small.jpg", "--size", "8x")
    assert "part.jpg" in gainmap(environment, tmp_path, "crop", BOTH, "-o", "part.jpg", "--box", "0,0,8,8")
    assert "turned.jpg" in gainmap(environment, tmp_path, "rotate", BOTH, "--degrees", "90", "-o", "turned.jpg")
    assert "hdr.avif" in gainmap(environment, tmp_path, "swap", BOTH, "-o", "hdr.avif")
    gainmap(environment, tmp_path, "extract", BOTH, "-o", "parts")
    assert "again.jpg" in gainmap(environment, tmp_path, "assemble", "parts", "-o", "again.jpg")
    gainmap(environment, tmp_path, "web", BOTH, "-o", "site")
    gainmap(environment, tmp_path, "batch", FIXTURES / "jpeg", "-o", "photos", "--to", "avif")
    assert len(list((tmp_path / "photos").glob("*.avif"))) == len(list((FIXTURES / "jpeg").iterdir()))
    gainmap(environment, tmp_path, "view", BOTH, "-o", "page.html")
    assert "<html" in (tmp_path / "page.html").read_text("utf-8")


def test_maps_of_both_kinds_are_made_and_published_networks_name_the_extra(environment: Path, tmp_path: Path) -> None:
    gainmap(environment, tmp_path, "encode", BOTH, "-o", "new.jpg")
    assert "Neural gain map" in gainmap(environment, tmp_path, "inspect", "new.jpg")
    gainmap(environment, tmp_path, "demo", "new.jpg")
    done = run(environment / "gainmap", "encode", BOTH, "-o", "no.jpg", "--preset", "paper-gain", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1 and NO_TORCH in done.stderr


def test_a_module_and_a_version(environment: Path, tmp_path: Path) -> None:
    faces = "from gainmap_codec import __version__, batch, pillow, tensors, view"
    shown = "from importlib.metadata import version; print(__version__, version('gainmap-codec'))"
    told = run(environment / "python", "-c", f"{faces}; {shown}", folder=tmp_path).stdout.split()
    done = run(environment / "python", "-m", "gainmap_codec", "--version", folder=tmp_path)
    assert done.stdout.split()[-1] == told[0] == told[1]
