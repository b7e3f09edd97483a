"""torch is asked for before any work that cannot do without it, and missed in a line."""

from __future__ import annotations

from importlib.util import find_spec

from gainmap_codec.errors import MissingDependencyError


def check_torch(purpose: str) -> None:
    """Raise MissingDependencyError, which says `purpose` first, where torch is missing; it is not loaded for that."""
    try:
        found = find_spec("torch")
    except ValueError:  # kept from being imported
        found = None
    if found is None:
        raise MissingDependencyError(f"{purpose} needs torch: pip install 'gainmap-codec[neural]'")


def check_torch_for(carry: str | None) -> None:
    """As `check_torch`, where `carry` asks for a neural gain map that has to be fitted."""
    if carry in ("neural", "both"):
        check_torch(f'a neural gain map (carry "{carry}"; "standard" needs none)')
