"""A device that is none: its tensors hold values on the CPU, but mix with those of the CPU as little as a GPU's.

It goes by torch's name "meta", which torch knows everywhere, and which has no values of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

PRETEND = torch.device("meta")


class OnDevice(Tensor):
    """A tensor that says it is on the device."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> OnDevice:
        made: OnDevice = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, held.stride(), held.storage_offset(), dtype=held.dtype, device=PRETEND
        )
        made.held = held
        return made

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function == torch.Tensor.data.__set__:  # type: ignore[attr-defined]
            args[0].held = args[1].held
        with torch._C.DisableTorchFunctionSubclass():
            if function is torch.Tensor.tolist:  # of these two, modes are not told
                return args[0].cpu().tolist()
            if function is torch.Tensor.new_tensor:
                return torch.tensor(args[1], dtype=args[0].dtype).to(PRETEND)
            return function(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError(f"{function} outside of `PretendDevice`")


class PretendDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, the device is there, and tensors of the CPU beside its own raise `RuntimeError`.

    Attributes:
        calls: What the device was asked to do, by name, how often; views, which ask for nothing, left out.
        waits: How often the CPU waited for it: values read, or sent.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()
        self.waits = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), function.overloadpacket.__name__
        device = kwargs.pop("device", None)
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        is_there = [isinstance(each, OnDevice) for each in tensors]
        is_mixed = any(is_there) and not all(is_there)
        to_device = any(is_there) if device is None else torch.device(device) == PRETEND
        if name == "_local_scalar_dense":
            self.waits += any(is_there)
        elif name in ("copy_", "_to_copy"):
            self.waits += is_mixed or to_device != any(is_there)
        elif is_mixed:
            raise RuntimeError(f"{name}: tensors of the device and of the CPU together")
        found = function(*tree_map(_held, args), **tree_map(_held, kwargs))
        if not to_device:
            return found
        if not function.is_view:
            self.calls[name] += 1
        given = {id(each.held): each for each in tensors if isinstance(each, OnDevice)}  # changed in place, maybe

        def wrapped(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            return given[id(value)] if id(value) in given else OnDevice(value)

        return tree_map(wrapped, found)


def _held(value: Any) -> Any:
    return value.held if isinstance(value, OnDevice) else value
