"""Copying, comparing and describing what goes into an answer and comes out of it."""

import builtins
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds
from torch import Tensor, nn

# What is defined below keeps these built-in functions, whatever is done to the module builtins.
__builtins__ = dict(vars(builtins))

GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)
_CONTAINERS = (list, tuple, dict, set)
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, np.generic, np.ndarray)


class Notes(list):
    """A list that copies of its owner share: what a deep copy of a spying model is shown counts."""

    def __deepcopy__(self, memo: dict) -> "Notes":
        return self


@dataclass(frozen=True)
class _ModuleState:
    """What a call must leave as it was in a model that is handed in."""

    modes: dict[str, bool]
    recorded: dict[str, bool]
    weights: dict[str, Tensor]


def _rebuilt(value: Any, items: list) -> Any:
    """A container of the kind of ``value`` with other items."""
    if isinstance(value, dict):
        return type(value)(zip(value, items, strict=True))
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)


def _items(value: Any) -> list:
    return list(value.values() if isinstance(value, dict) else value)


def copied(value: Any) -> Any:
    """A copy of arrays, tensors, generators and containers of them; anything else as it is."""
    if isinstance(value, np.ndarray | bytearray):
        return value.copy()
    if isinstance(value, bytes):  # a view of it must not look like one of an earlier call's
        return bytes(bytearray(value))
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, GENERATORS):
        return copy.deepcopy(value)
    if type(value) in _CONTAINERS or hasattr(value, "_fields"):
        return _rebuilt(value, [copied(item) for item in _items(value)])
    return value


def snapshot(value: Any) -> Any:
    """A copy that ``unchanged`` compares with: of a model its modes, gradient flags and weights."""
    if isinstance(value, nn.Module):
        return _ModuleState(
            {name: module.training for name, module in value.named_modules()},
            {name: weights.requires_grad for name, weights in value.named_parameters()},
            {name: tensor.detach().clone() for name, tensor in value.state_dict().items()},
        )
    if type(value) in _CONTAINERS or hasattr(value, "_fields"):
        return _rebuilt(value, [snapshot(item) for item in _items(value)])
    return copied(value)


def change_of(value: Any, before: Any) -> str:
    """What was done to ``value`` since ``before = snapshot(value)``; empty when nothing was."""
    if isinstance(before, _ModuleState):
        return _change_of_module(snapshot(value), before)
    if isinstance(before, GENERATORS):
        return ""  # it is there to be drawn from
    if isinstance(before, list | tuple | dict):
        keys = isinstance(before, dict) and list(value) != list(before)
        if len(value) != len(before) or keys:
            return "changed"
        pairs = zip(_items(value), _items(before), strict=True)
        return next((change for pair in pairs if (change := change_of(*pair))), "")
    return "" if same(value, before) else "changed"


def _change_of_module(now: _ModuleState, before: _ModuleState) -> str:
    for name, training in before.modes.items():
        if now.modes.get(name) != training:
            part = f"its part `{name}`" if name else "it"
            return f"{part} came in {'training' if training else 'evaluation'} mode"
    if now.recorded != before.recorded:
        return "requires_grad of its parameters is not what it was"
    for name, tensor in before.weights.items():
        if not same(now.weights.get(name), tensor):
            meanwhile = ": was it in training mode meanwhile?" if "running_" in name else ""
            return f"the numbers of its `{name}` changed{meanwhile}"
    return ""


def same(a: Any, b: Any) -> bool:
    """Whether two plain values or containers are equal to the last bit, NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        if a.dtype != b.dtype or not a.is_floating_point():
            return a.dtype == b.dtype and torch.equal(a, b)
        return a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, list | tuple | dict):
        if len(a) != len(b) or (isinstance(a, dict) and list(a) != list(b)):
            return False
        return all(same(x, y) for x, y in zip(_items(a), _items(b), strict=True))
    if isinstance(a, (*_PLAIN, set)):
        return bool(a == b) or repr(a) == repr(b)  # NaN is shown alike
    return True  # of other objects nothing is known


def is_plain(value: Any) -> bool:
    """Whether ``value`` is data alone: a call with it can be repeated without being noticed."""
    if type(value) in _CONTAINERS or hasattr(value, "_fields"):
        return all(is_plain(item) for item in _items(value))
    return isinstance(value, (*_PLAIN, Tensor, torch.dtype, *GENERATORS))


def memory(value: Any) -> Iterator[tuple[str, int, int]]:
    """The stretches of memory (device, start, end) of the arrays, tensors and lists in it."""
    if isinstance(value, np.ndarray):
        if value.size:
            yield ("cpu", *byte_bounds(value))
    elif isinstance(value, Tensor) and value.layout == torch.strided:
        storage = value.untyped_storage()
        if storage.nbytes():
            start = storage.data_ptr()
            yield str(value.device), start, start + storage.nbytes()
    elif type(value) in _CONTAINERS or hasattr(value, "_fields"):
        if not isinstance(value, tuple):  # a tuple cannot be changed
            yield "object", id(value), id(value) + 1
        for item in _items(value):
            yield from memory(item)


def share_memory(a: Any, b: Any) -> bool:
    """Whether something in ``a`` lies where something in ``b`` lies."""
    here, there = list(memory(a)), set(memory(b))
    if not there.isdisjoint(here):
        return True
    here, there = ([part for part in parts if part[0] != "object"] for parts in (here, there))
    return any(
        device == other and start < other_end and other_start < end
        for device, start, end in here
        for other, other_start, other_end in there
    )


def stain(result: Any) -> None:
    """Leave odd bytes where an array like those in ``result`` will next be allocated."""
    for device, start, end in memory(result):
        if device == "cpu":
            stained = [np.full(end - start, 0x7F, np.uint8) for _ in range(3)]
            stained += [torch.full((end - start,), 0x7F, dtype=torch.uint8) for _ in range(3)]
            del stained


def describe(value: Any) -> str:
    """A value in a few words: ``uint8 array of shape (28, 28)``, ``30``, ``list of 3``."""
    if isinstance(value, np.ndarray | Tensor):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        if 0 < value.reshape(-1).shape[0] <= 6:
            return f"{kind} {value.tolist()}"
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{dtype} {kind} of shape {tuple(value.shape)}"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, str | bytes):
        return repr(value) if len(value) <= 40 else f"{type(value).__name__} of length {len(value)}"
    if type(value) in _CONTAINERS or hasattr(value, "_fields"):
        parts = [describe(item) for item in _items(value)] if len(value) <= 6 else ["…" * 99]
        begin, end = "()" if isinstance(value, tuple) else "[]"
        inside = ", ".join(parts)
        short = len(inside) <= 70 and not isinstance(value, dict | set)
        return f"{begin}{inside}{end}" if short else f"{type(value).__name__} of {len(value)}"
    if value is None or isinstance(value, bool | int | float | complex):
        return repr(value)
    return getattr(value, "__name__", None) or f"a {type(value).__name__}"
