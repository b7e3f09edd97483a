"""What `pip install gainmap-codec` puts on a disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory

_CHECKOUT = Path(__file__).parents[3]


def install_rows(extras: str) -> Iterator[str]:
    """Markdown rows: each package of a new environment and its megabytes, the largest first; then all files of it.

    Args:
        extras: Names with commas between them, or "".
    """
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = next(Path(folder).glob("[bS]*/python*"))
        asked = f"{_CHECKOUT}[{extras}]" if extras else str(_CHECKOUT)
        pins = str(_CHECKOUT / "constraints.txt")
        subprocess.run([python, "-m", "pip", "install", "-q", "-c", pins, asked], check=True)
        yield "| package | MB |"
        yield "| --- | --- |"
        yield from package_rows(next(Path(folder).rglob("site-packages")))
        yield f"| all files of the environment | {megabytes(Path(folder).rglob('*')):.0f} |"


def package_rows(site: Path) -> list[str]:
    """Rows of the packages in a folder of them, the largest first."""
    sizes = {found.name: megabytes(_files(found)) for found in distributions(path=[str(site)])}
    return [f"| {name} | {sizes[name]:.1f} |" for name in sorted(sizes, key=lambda name: -sizes[name])]


def megabytes(paths: Iterator[Path]) -> float:
    """Of the files among them, in millions of bytes."""
    return sum(path.stat().st_size for path in paths if path.is_file() and not path.is_symlink()) / 1e6


def _files(found: Distribution) -> Iterator[Path]:
    return (Path(str(file.locate())) for file in found.files or ())
