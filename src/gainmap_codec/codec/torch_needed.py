"""torch is asked for before any work that cannot do without it, and missed in a line."""

from __future__ import annotations

from importlib.util import find_spec

from gainmap_codec.errors import MissingDependencyError

_NEEDS_TORCH = "needs torch: pip install 'gainmap-codec[neural]'"
NO_NEURAL_MAP = f"only a standard gain map is made: a neural one {_NEEDS_TORCH}"


def has_torch() -> bool:
    """Whether torch can be imported; it is not loaded for that."""
    try:
        return find_spec("torch") is not None
    except ValueError:  # kept from being imported
        return False


def check_torch(purpose: str) -> None:
    """Raise MissingDependencyError, which says `purpose` first, where torch is missing."""
    if not has_torch():
        raise MissingDependencyError(f"{purpose} {_NEEDS_TORCH}")


def check_torch_for(carry: str | None) -> None:
    """As `check_torch`, where `carry` asks for a neural gain map that has to be fitted."""
    if carry in ("neural", "both"):
        check_torch(f"a neural gain map, which carry {carry} asks for,")
