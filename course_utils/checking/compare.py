"""What came against what was expected: kinds, shapes and numbers, in words for the learner."""

import builtins
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2_contingency, chisquare
from torch import Tensor

from course_utils.checking.guard import put_back
from course_utils.checking.values import describe

__builtins__ = dict(vars(builtins))  # as in values.py

_SHORT = (torch.bfloat16, torch.float16)
_FAMILIES = {"floating": np.floating, "integer": np.integer, "bool": np.bool_}
_LUCK = 1e-6  # a right answer fails a test of its distribution once in a million


def array(
    got: Any,
    name: str = "the result",
    *,
    shape: tuple[int, ...] | None = None,
    dtype: str | None = None,
    kind: type | tuple[type, ...] | None = None,
) -> np.ndarray:
    """``got`` as a NumPy array: an array, tensor, list or tuple of numbers, or a number.

    ``dtype`` asks for a type (``"uint8"``) or a family (``"floating"``, ``"integer"``, ``"bool"``),
    ``kind`` for a class (``np.ndarray``, ``Tensor``). Raises AssertionError with a sentence.
    """
    if kind is not None and not isinstance(got, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(_class(k) for k in kinds)
        raise AssertionError(f"{name} must be {wanted}, not {_class(type(got))}")
    values = _as_array(got)
    if values is None:
        raise AssertionError(f"{name} must be an array of numbers, not {describe(got)}")
    if shape is not None and values.shape != tuple(shape):
        raise AssertionError(f"{name}: expected shape {tuple(shape)}, got {values.shape}")
    if dtype is not None and not np.issubdtype(values.dtype, _FAMILIES.get(dtype, dtype)):
        words = {"floating": "floats", "integer": "whole numbers", "bool": "truth values"}
        raise AssertionError(f"{name}: expected {words.get(dtype, dtype)}, got {values.dtype}")
    return values


def several(got: Any, *names: str, kind: type | None = None) -> list:
    """The parts of ``got``, as many as there are names; a tuple, list or array of them.

    ``kind=tuple`` insists on a tuple. Raises AssertionError with a sentence.
    """
    wanted = f"return {len(names)} things, {', '.join(names)}"
    if kind is not None and not isinstance(got, kind):
        raise AssertionError(f"{wanted}, as a {kind.__name__}, not {describe(got)}")
    fits = isinstance(got, tuple | list) or (isinstance(got, np.ndarray | Tensor) and got.ndim > 0)
    if not fits or len(got) != len(names):
        raise AssertionError(f"{wanted}, not {describe(got)}")
    return list(got)


def named(got: Any, *names: str) -> list:
    """The values of a dictionary with exactly these keys, in this order. Raises AssertionError."""
    if not isinstance(got, dict) or set(got) != set(names):
        came = f"one with the keys {list(got)}" if isinstance(got, dict) else describe(got)
        raise AssertionError(f"return a dictionary with the keys {list(names)}, not {came}")
    return [got[name] for name in names]


def number(got: Any, name: str = "the result") -> float:
    """``got`` as a float: a number of Python, NumPy or PyTorch. Raises AssertionError."""
    values = _as_array(got) if not isinstance(got, list | tuple) else None
    if values is None or values.shape != () or values.dtype == bool:
        raise AssertionError(f"{name} must be one number, not {describe(got)}")
    return float(values)


def whole(got: Any, name: str = "the result") -> int:
    """``got`` as an int: a whole number whose type says so. Raises AssertionError."""
    value = number(got, name)
    if not np.issubdtype(_as_array(got).dtype, np.integer):
        hint = ": its type is float; use // or int()" if value.is_integer() else ""
        raise AssertionError(f"{name} must be a whole number, not {describe(got)}{hint}")
    return int(value)


def equal(
    got: Any,
    expected: Any,
    *,
    slips: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
    otherwise: str = "",
    name: str = "",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Raise AssertionError unless ``got`` is ``expected``: a number, array, text, or several.

    A tuple, a dictionary and a list of arrays are compared part by part. Whole numbers must be
    equal; floats agree to ``rtol`` of their own size (1e-5, or 1e-4 where one side is float32) plus
    ``atol`` (a tenth of that share of the largest number expected). NaN equals NaN.

    ``slips`` are typical wrong results by message (or pairs): a value, or a function that computes
    it. The message of the first slip that ``got`` shows, and that differs from ``expected``, is
    said; without one ``otherwise``, and where and by how much the two differ.
    """
    put_back()
    limits = {"rtol": rtol, "atol": atol}
    found = difference(got, expected, **limits)
    if not found:
        return
    start = f"{name}: " if name else ""
    for message, slip in slips.items() if isinstance(slips, Mapping) else slips:
        value = _quietly(slip)
        shown = value is not None and not difference(got, value, **limits)
        if shown and difference(value, expected, **limits):
            raise AssertionError(start + message)
    raise AssertionError(start + (f"{otherwise}: {found}" if otherwise else found))


def uniform(draws: Any, first: int, last: int, name: str) -> None:
    """Raise AssertionError unless whole numbers look drawn from first … last, each as likely.

    Sound from about five draws for each value on; a right answer fails once in a million times.
    """
    values = array(draws, name, dtype="integer").ravel()
    expected = f"{name} must be one of {first} … {last}, each as likely"
    if values.min() < first or values.max() > last:
        raise AssertionError(f"{expected}; yours run from {values.min()} to {values.max()}")
    counts = np.bincount(values - first, minlength=last - first + 1)
    if chisquare(counts).pvalue < _LUCK:
        odd = int(abs(counts - counts.mean()).argmax())
        raise AssertionError(
            f"{expected}; in {len(values)} draws {first + odd} came {counts[odd]} times, expected "
            f"about {counts.mean():.0f}"
        )


def independent(a: Any, b: Any, message: str) -> None:
    """Raise AssertionError(message) when one draw tells something of the other.

    ``a`` and ``b`` are whole numbers, pair by pair; a right answer fails once in a million times.
    """
    pairs = [np.unique(array(draws).ravel(), return_inverse=True) for draws in (a, b)]
    table = np.zeros([len(values) for values, _ in pairs], int)
    np.add.at(table, tuple(places for _, places in pairs), 1)
    if chi2_contingency(table, correction=False).pvalue < _LUCK:
        raise AssertionError(message)


def _class(kind: type) -> str:
    known = {np.ndarray: "a NumPy array", Tensor: "a tensor"}
    return known.get(kind, f"a {kind.__name__}")


def _as_array(value: Any) -> np.ndarray | None:
    """``value`` as an array of numbers or truth values, None when it is none."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = value.numpy() if value.dtype not in _SHORT else value.float().numpy()
    elif isinstance(value, list | tuple):
        parts = [_as_array(part) for part in value]
        if any(part is None or part.shape != parts[0].shape for part in parts):
            return None
        value = np.stack(parts) if parts else np.asarray(())
    elif isinstance(value, bool | int | float | np.generic):
        value = np.asarray(value)
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else None


def difference(
    got: Any, expected: Any, rtol: float | None = None, atol: float | None = None
) -> str:
    """Where and by how much ``got`` is not ``expected``, in words; empty when it is."""
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(got) != set(expected):
            return f"expected a dictionary with the keys {list(expected)}, got {describe(got)}"
        parts = [(repr(key), got[key], expected[key]) for key in expected]
        return _first_difference(parts, rtol, atol)
    wanted = _as_array(expected)
    if isinstance(expected, tuple) or (wanted is None and isinstance(expected, list)):
        one = isinstance(got, np.ndarray | Tensor) and got.ndim > 0
        if not (one or isinstance(got, list | tuple)) or len(got) != len(expected):
            return f"expected {len(expected)} parts, got {describe(got)}"
        parts = [(f"part {k + 1}", *pair) for k, pair in enumerate(zip(got, expected, strict=True))]
        return _first_difference(parts, rtol, atol)
    if wanted is None:
        right = type(got) is type(expected) and got == expected
        return "" if right else f"expected {describe(expected)}, got {describe(got)}"
    values = _as_array(got)
    if values is None:
        return f"expected {describe(expected)}, got {describe(got)}"
    if values.shape != wanted.shape:
        return f"expected shape {wanted.shape}, got {values.shape}"
    return _number_difference(values, wanted, rtol, atol)


def _first_difference(parts: list[tuple], rtol: float | None, atol: float | None) -> str:
    for name, got, expected in parts:
        if found := difference(got, expected, rtol, atol):
            return f"{name}: {found}"
    return ""


def _number_difference(
    values: np.ndarray, wanted: np.ndarray, rtol: float | None, atol: float | None
) -> str:
    if wanted.dtype.kind in "biu" and rtol is None and atol is None:
        wrong = values != wanted
    else:
        short = any(v.dtype.kind == "f" and v.dtype.itemsize < 8 for v in (values, wanted))
        rtol = (1e-4 if short else 1e-5) if rtol is None else rtol
        sizes = abs(wanted[np.isfinite(wanted)])
        largest = float(sizes.max()) if sizes.size else 0.0
        atol = 0.1 * rtol * (largest or 1.0) if atol is None else atol
        numbers = values.astype(float), wanted.astype(float)
        wrong = ~np.isclose(*numbers, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    pair = "expected {}, got {}".format(*_apart(wanted[place], values[place]))
    if wrong.ndim == 0:
        return pair
    return f"at [{', '.join(map(str, place))}] {pair}; {wrong.sum()} of {wrong.size} numbers differ"


def _apart(a: np.generic, b: np.generic) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    texts = ("", "")
    for digits in (4, 6, 9, 17):
        texts = tuple(f"{v.item():.{digits}g}" if v.dtype.kind == "f" else str(v) for v in (a, b))
        if texts[0] != texts[1]:
            break
    return texts


def _quietly(slip: Any) -> Any:
    """A slip's value without its warnings; None when it fails."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return slip() if callable(slip) else slip
    except Exception:  # noqa: BLE001 (a slip that cannot be computed is none)
        return None
