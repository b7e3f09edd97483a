"""Sizes of installed packages are those of their files."""

from __future__ import annotations

from pathlib import Path

from gainmap_bench.speed.install import megabytes, package_rows


def test_packages_by_size(tmp_path: Path) -> None:
    for name, size in (("small", 100_000), ("large", 2_000_000)):
        (tmp_path / f"{name}.py").write_bytes(bytes(size))
        described = tmp_path / f"{name}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (described / "RECORD").write_text(f"{name}.py,,\ngone.py,,\n")
    assert package_rows(tmp_path) == ["| large | 2.0 |", "| small | 0.1 |"]
    assert 2.1 < megabytes(tmp_path.rglob("*")) < 2.101
