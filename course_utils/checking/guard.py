"""What is watched while an answer runs: forbidden functions, libraries, warnings, global states."""

import builtins
import contextlib
import importlib
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__builtins__ = dict(vars(builtins))  # as in values.py

# IPython exchanges the first three by itself, and PyTorch the other two.
_CHANGING = ("input", "exit", "quit", "manual_seed", "Storage")
_ORIGINALS = [
    (
        owner,
        {
            name: value
            for name, value in vars(owner).items()
            if callable(value) and not name.startswith("_") and name not in _CHANGING
        },
    )
    for owner in (builtins, np, np.linalg, torch, torch.linalg, nn.functional, Tensor)
]


def guard(owner: Any) -> None:
    """Let ``put_back`` look after the functions of this module, too."""
    _ORIGINALS.append((owner, {n: v for n, v in vars(owner).items() if callable(v)}))


def put_back() -> list[str]:
    """Put replaced functions of NumPy, PyTorch and Python back; returns their names."""
    replaced = []
    for owner, originals in _ORIGINALS:
        now = vars(owner)
        for name in [name for name, value in originals.items() if now.get(name) is not value]:
            setattr(owner, name, originals[name])
            replaced.append(f"{owner.__name__}.{name}")
    return replaced


def found(path: str) -> tuple[Any, str, Any]:
    """Owner, name and object of a dotted name; raises AttributeError when there is none."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:-1]:
            owner = getattr(owner, part)
        return owner, parts[-1], getattr(owner, parts[-1])
    raise AttributeError(f"expected the dotted name of a function, got {path!r}")


def bindings(path: str) -> list[tuple[Any, str]]:
    """Everywhere that a dotted name's object can be had from: its owner, and other modules.

    A function may stand in several modules of its package, and in ``course_utils``; a class is
    taken from its owner alone, since libraries compare with it. Raises AttributeError as ``found``.
    """
    owner, name, banned = found(path)
    places = [(owner, name)]
    packages = (path.split(".")[0], "course_utils")
    for module in list(sys.modules.values()) if not isinstance(banned, type) else ():
        if getattr(module, "__name__", "").split(".")[0] in packages and module is not owner:
            places += [(module, key) for key, v in list(vars(module).items()) if v is banned]
    return places


@contextlib.contextmanager
def as_defined(names: dict, namespace: dict) -> Iterator[None]:
    """While it lasts, names that the check has given other values since mean what they did."""
    now = {name: namespace[name] for name in names if name in namespace}
    later = {name: value for name, value in now.items() if value is not names[name]}
    namespace.update({name: names[name] for name in later})
    try:
        yield
    finally:
        namespace.update(later)


def _refusal(path: str, reason: str, used: list[str]) -> Callable:
    def refuse(*args: Any, **options: Any) -> None:
        used.append(f"`{path}` is not allowed here: {reason}")
        raise AssertionError(used[0])

    return refuse


def _leave(*args: Any, **options: Any) -> None:
    raise SystemExit


@contextlib.contextmanager
def forbidden(
    names: Mapping[str, tuple[str, list]], namespace: dict, used: list[str]
) -> Iterator[None]:
    """While it lasts the functions named raise, also under other names in ``namespace``.

    ``names``: for each dotted name the reason and its ``bindings``. ``used`` gets the messages of
    those that were called, so that catching the error is of no use.
    """
    changed = []

    def exchange(place: dict | Any, name: str, new: Any) -> None:
        of_its_own = name in (place if isinstance(place, dict) else vars(place))
        old = place[name] if isinstance(place, dict) else getattr(place, name)
        changed.append((place, name, old, of_its_own))
        place.update({name: new}) if isinstance(place, dict) else setattr(place, name, new)

    targets = [
        (getattr(*places[0]), places, _refusal(path, why, used))
        for path, (why, places) in names.items()
    ]
    try:
        for name, value in list(namespace.items()):
            if type(value).__name__.endswith("ExitAutocall"):  # IPython's exit ends the kernel
                exchange(namespace, name, _leave)
            for banned, _, refuse in targets:
                if value is banned:
                    exchange(namespace, name, refuse)
        for _, places, refuse in targets:
            for owner, name in places:
                exchange(owner, name, refuse)
        yield
    finally:
        for place, name, old, of_its_own in reversed(changed):
            if isinstance(place, dict):
                place[name] = old
            elif of_its_own:
                setattr(place, name, old)
            else:
                delattr(place, name)


@contextlib.contextmanager
def listening(remarks: list[str], silent: bool = False) -> Iterator[None]:
    """Collect warnings and what is written to stderr; with ``silent`` what is printed is lost."""
    err, out = io.StringIO(), io.StringIO() if silent else sys.stdout
    caught = []
    try:
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stderr(err),
            contextlib.redirect_stdout(out),
        ):
            yield
    finally:
        texts = [f"{item.category.__name__}: {item.message}" for item in caught]
        texts += [f"written to stderr: {err.getvalue().strip()}"] if err.getvalue().strip() else []
        remarks += [text for text in dict.fromkeys(texts) if text not in remarks]


class GlobalState:
    """The switches and generators that all cells share, as they were when this was made."""

    def __init__(self) -> None:
        self.grad, self.dtype = torch.is_grad_enabled(), torch.get_default_dtype()
        self.numpy, self.python = np.random.get_state(), random.getstate()

    def switched(self) -> str:
        """Put the switches back; returns what was left changed, or nothing."""
        problem = ""
        if torch.get_default_dtype() != self.dtype:
            torch.set_default_dtype(self.dtype)
            problem = "you changed torch's default dtype for good"
        if torch.is_grad_enabled() != self.grad:
            torch.set_grad_enabled(self.grad)
            problem = "you switched gradients on or off for good: use `with torch.no_grad():`"
        return problem

    def drawn(self) -> str:
        """Which shared generator was drawn from or seeded, or nothing."""
        now = np.random.get_state()
        if now[2:] != self.numpy[2:] or (now[1] != self.numpy[1]).any():
            return (
                "you drew from NumPy's generator that all cells share, or seeded it: take one of "
                "your own, np.random.default_rng(seed)"
            )
        if random.getstate() != self.python:
            return (
                "you drew from Python's generator that all cells share, or seeded it: take one of "
                "your own, random.Random(seed)"
            )
        return ""
