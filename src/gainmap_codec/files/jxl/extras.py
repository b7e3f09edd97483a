"""What the extras of a JPEG XL file hold, told to people."""

from __future__ import annotations

from gainmap_codec.errors import printable
from gainmap_codec.files.jxl.records import jxl_extras
from gainmap_codec.files.records import ContainerExtras


def has_alpha(extras: ContainerExtras | None) -> bool:
    """Whether the base is transparent in places."""
    found = jxl_extras(extras)
    return found is not None and found.has_alpha


def other_parts(extras: ContainerExtras | None) -> list[str]:
    """A line for each sort, such as ``["transparency", "other boxes: 1 (jumb)"]``."""
    found = jxl_extras(extras)
    if found is None:
        return []
    kinds = [each.data[4:8].decode("latin-1").strip() for each in found.boxes if each.role == "other"]
    listed = ", ".join(sorted({printable(kind) for kind in kinds}))
    lines = ("transparency" if found.has_alpha else "", f"other boxes: {len(kinds)} ({listed})" if kinds else "")
    return [line for line in lines if line]
