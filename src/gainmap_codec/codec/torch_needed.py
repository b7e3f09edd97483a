"""torch is asked for before any work that cannot do without it, and missed in a line."""

from __future__ import annotations

from importlib.util import find_spec

from gainmap_codec.errors import MissingDependencyError

_NEEDS_TORCH = "needs torch: pip install 'gainmap-codec[neural]'"
_PUBLISHED = ("paper-gain", "paper-gamma")  # presets


def fits_by_torch(preset: str) -> bool:
    """Whether a preset's networks are the published ones, which torch fits, and a GPU may."""
    return preset in _PUBLISHED


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


def check_torch_for(preset: str) -> None:
    """As `check_torch`, where a preset's networks are fitted by torch: the published ones."""
    if fits_by_torch(preset):
        check_torch(f"preset {preset}")
