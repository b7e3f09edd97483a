"""Pictures that are in memory already, as NumPy arrays (H, W, 3): arrays, torch tensors, and what NumPy can read."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_CHANNELS = (1, 3, 4)


class ArrayLike(Protocol):
    """What NumPy makes an array of: its own arrays, torch tensors (on any device), arrays of other libraries."""

    def __array__(self, dtype: Any = ..., /) -> Any:
        """The same as a NumPy array."""


def array_of(picture: object, name: str) -> NDArray[Any] | None:
    """An array or tensor as a NumPy array of its own shape; None for what is neither.

    torch is asked only where it is loaded: elsewhere nobody has a tensor.

    Args:
        name: Of the argument, for messages.
    Raises:
        TypeError: NumPy cannot read it.
    """
    torch = sys.modules.get("torch")
    is_tensor = torch is not None and isinstance(picture, torch.Tensor)
    try:
        if is_tensor:
            return _array_of_tensor(picture)
        return np.asarray(picture) if hasattr(picture, "__array__") else None
    except (TypeError, ValueError, RuntimeError) as error:
        kind, reason = type(picture).__name__, " ".join(str(error).split())
        raise TypeError(f"{name}: expected an array that NumPy can read, got a {kind}: {reason}") from error


def _array_of_tensor(tensor: Any) -> NDArray[Any]:
    """A tensor's values, from wherever it is; NumPy has no bfloat16."""
    values = tensor.detach().cpu()
    is_rare = values.is_floating_point() and values.element_size() < 4
    return np.asarray((values.float() if is_rare else values).numpy())


def rgb_of(array: NDArray[Any], name: str, notes: list[str]) -> NDArray[Any]:
    """Three channels (H, W, 3) of an array: grey, (H, W) or (H, W, 1), is repeated, alpha dropped with a line.

    Raises:
        ValueError: Another shape; no layout is guessed.
    """
    channels = array[..., np.newaxis] if array.ndim == 2 else array
    if channels.ndim != 3 or channels.shape[2] not in _CHANNELS or channels.size == 0:
        raise ValueError(f"{name}: expected shape (H, W, 3), got {array.shape}{_hint(array.shape)}")
    if channels.shape[2] == 4:
        notes.append(f"{name}: its transparency is left out")
    return channels[..., [0, 0, 0]] if channels.shape[2] == 1 else channels[..., :3]


def _hint(shape: tuple[int, ...]) -> str:
    """What may have been meant by a shape."""
    if 0 in shape or len(shape) not in (3, 4):
        return ""
    if len(shape) == 4:
        return ": one picture at a time"
    return ": channels come last (permute or transpose to (1, 2, 0))" if shape[0] in _CHANNELS else ""
