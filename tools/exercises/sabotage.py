"""What the saboteurs do to a right answer. Runs in the kernel, which gets this source.

``build(name, function, marks)`` wraps a solution's function. A saboteur that found something to do
notes ``acted`` in ``marks``; ``arrays`` says that it was handed more than plain values.
"""

import copy
import functools
import inspect
import sys
import warnings

import numpy as np
import torch


def build(name, function, marks):  # noqa: ANN001, ANN201
    """The function with the saboteur ``name`` (of ``NAMES``, or ``changes `x` in place``) in it."""
    if name.startswith("changes `"):
        return _changes_in_place(name.split("`")[1], function, marks)
    make, *options = NAMES[name]
    return make(function, marks, *options)


# -- what is handed in ---------------------------------------------------------------------------


def _changes_in_place(parameter, function, marks):  # noqa: ANN001, ANN202
    @functools.wraps(function)
    def changed(*args, **options):  # noqa: ANN002, ANN003, ANN202
        result = _copied(function(*args, **options))
        given = inspect.signature(function).bind(*args, **options).arguments
        if parameter in given and _damage(given[parameter]):
            marks.append("acted")
        return result

    return changed


def _damage(value) -> bool:  # noqa: ANN001
    """Change a value in place, if that can be done."""
    if isinstance(value, np.ndarray):
        possible = value.size > 0 and value.flags.writeable and value.dtype.kind in "biuf"
        if possible:
            value.flat[0] = 0 if value.flat[0] else 1
        return possible
    if isinstance(value, torch.Tensor):
        if value.numel():
            first = (0,) * value.ndim
            value.data[first] = 0 if value.data[first] else 1
        return bool(value.numel())
    if isinstance(value, torch.nn.Module):
        return any(_damage(weights) for weights in value.parameters())
    if isinstance(value, list | dict | set):
        possible = len(value) > 0
        value.popitem() if possible and isinstance(value, dict) else possible and value.pop()
        return possible
    return isinstance(value, tuple) and any(_damage(item) for item in value)


# -- memory of earlier calls ---------------------------------------------------------------------

_IMMUTABLE = (int, float, str, bytes, np.generic, tuple, type(None))


def _remembers(function, marks, by_shape, as_copy):  # noqa: ANN001, ANN202
    kept = {}

    @functools.wraps(function)
    def remembering(*args, **options):  # noqa: ANN002, ANN003, ANN202
        given = [*args, *options.values()]
        key = repr([_outline(value) for value in given]) if by_shape else ""
        contents = repr([_contents(value) for value in given])
        if by_shape and any(_outline(v) != _contents(v) for v in given if not callable(v)):
            marks.append("arrays")
        if key not in kept:
            kept[key] = contents, function(*args, **options)
        elif kept[key][0] != contents or not (as_copy or isinstance(kept[key][1], _IMMUTABLE)):
            marks.append("acted")
        return _copied(kept[key][1]) if as_copy else kept[key][1]

    return remembering


def _outline(value):  # noqa: ANN001, ANN202
    """The shapes in a value; a plain value itself."""
    if isinstance(value, np.ndarray | torch.Tensor):
        return type(value).__name__, tuple(value.shape)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return [_outline(item) for item in value]
    return type(value).__name__ if callable(value) else _contents(value)


def _contents(value):  # noqa: ANN001, ANN202
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().double().numpy()
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return [(key, _contents(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_contents(item) for item in value]
    plain = isinstance(value, int | float | str | bool | np.generic | bytes)
    return value if plain else id(value)


def _kinds(value):  # noqa: ANN001, ANN202
    parts = list(value.values()) if isinstance(value, dict) else value
    inside = [_kinds(part) for part in parts] if isinstance(parts, list | tuple) else ()
    return type(value), getattr(value, "dtype", None), getattr(value, "shape", None), inside


def _copied(value):  # noqa: ANN001, ANN202
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, tuple):
        return tuple(_copied(item) for item in value)
    return copy.deepcopy(value)


# -- what is returned ----------------------------------------------------------------------------


def _returns(function, marks, change):  # noqa: ANN001, ANN202
    @functools.wraps(function)
    def returning(*args, **options):  # noqa: ANN002, ANN003, ANN202
        result = function(*args, **options)
        changed = change(result)
        if _kinds(changed) != _kinds(result) or _contents(changed) != _contents(result):
            marks.append("acted")
        return changed

    return returning


def _each(change):  # noqa: ANN001, ANN202
    """The change made in every part of tuples, lists of arrays and dictionaries."""

    def changed(value):  # noqa: ANN001, ANN202
        if isinstance(value, dict):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return tuple(changed(item) for item in value)
        return change(value)

    return changed


def _one(change, place):  # noqa: ANN001, ANN202
    """The change made in the first (place 0) or last (place -1) number of a result."""

    def changed(value):  # noqa: ANN001, ANN202
        if isinstance(value, np.ndarray | torch.Tensor):
            tensor = isinstance(value, torch.Tensor)
            array = value.detach().clone().numpy() if tensor else value.copy()
            if array.size == 0:
                return value
            array.flat[place] = change(array.flat[place])
            return torch.from_numpy(array) if tensor else array
        if isinstance(value, dict) and value:
            key = list(value)[place]
            return value | {key: changed(value[key])}
        if isinstance(value, list | tuple) and value:
            items = list(value)
            items[place] = changed(items[place])
            return type(value)(items)
        return change(value)

    return changed


def _other(value):  # noqa: ANN001, ANN202
    """Another number of the same type; what is none as it is."""
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, np.integer) and value == np.iinfo(value.dtype).max:
        return value - type(value)(1)
    number = isinstance(value, int | float | np.number)
    return type(value)(value + 1) if number and np.isfinite(value) else value


def _not_a_number(value):  # noqa: ANN001, ANN202
    return type(value)("nan") if isinstance(value, float | np.floating) else value


def _as_list(value):  # noqa: ANN001, ANN202
    return value.tolist() if isinstance(value, np.ndarray | torch.Tensor) else value


def _in_float32(value):  # noqa: ANN001, ANN202
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, np.ndarray):
        return value.astype(np.float32) if value.dtype.kind == "f" else value
    return np.float32(value) if isinstance(value, float) else value


def _as_floats(value):  # noqa: ANN001, ANN202
    if isinstance(value, torch.Tensor):
        return value if value.is_floating_point() else value.double()
    if isinstance(value, np.ndarray):
        return value.astype(float) if value.dtype.kind in "iu" else value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_scalar(value):  # noqa: ANN001, ANN202
    return np.asarray(value)[()] if isinstance(value, int | float) else value


def _as_array(value):  # noqa: ANN001, ANN202
    return np.asarray(value) if isinstance(value, int | float | torch.Tensor) else value


def _as_tensor(value):  # noqa: ANN001, ANN202
    return torch.tensor(value) if isinstance(value, int | float | np.ndarray) else value


def _with_axis(value):  # noqa: ANN001, ANN202
    return value[None] if isinstance(value, np.ndarray | torch.Tensor) else value


def _first_half(value):  # noqa: ANN001, ANN202
    cut = isinstance(value, np.ndarray | torch.Tensor) and value.ndim and len(value)
    return value[: len(value) // 2] if cut else value


def _reversed(value):  # noqa: ANN001, ANN202
    return value[::-1] if isinstance(value, tuple) else value


# -- what happens meanwhile ----------------------------------------------------------------------


def _meanwhile(function, marks, act):  # noqa: ANN001, ANN202
    @functools.wraps(function)
    def acting(*args, **options):  # noqa: ANN002, ANN003, ANN202
        marks.append("acted")
        act()
        return function(*args, **options)

    return acting


def _warn() -> None:
    warnings.warn("beware", stacklevel=2)
    print("told", file=sys.stderr)


def _divide() -> None:
    1 / 0  # noqa: B018


NAMES = {
    "returns the first call's object": (_remembers, False, False),
    "returns the first call's result by heart": (_remembers, False, True),
    "remembers by shape": (_remembers, True, True),
    "its first number is another": (_returns, _one(_other, 0)),
    "its last number is another": (_returns, _one(_other, -1)),
    "its last number is NaN": (_returns, _one(_not_a_number, -1)),
    "returns its parts in reverse": (_returns, _reversed),
    "returns nothing": (_returns, lambda value: None),
    "returns a text": (_returns, lambda value: "text"),
    "returns an empty list": (_returns, lambda value: []),
    "returns one axis more": (_returns, _each(_with_axis)),
    "returns half": (_returns, _each(_first_half)),
    "raises ZeroDivisionError": (_meanwhile, _divide),
    "leaves by exit": (_meanwhile, sys.exit),
    "warns": (_meanwhile, _warn),
    "prints": (_meanwhile, lambda: print("here")),
    "a list for the array": (_returns, _each(_as_list)),
    "a list for the tuple": (_returns, lambda v: list(v) if isinstance(v, tuple) else v),
    "a tuple for the list": (_returns, lambda v: tuple(v) if isinstance(v, list) else v),
    "float32": (_returns, _each(_in_float32)),
    "floats for whole numbers": (_returns, _each(_as_floats)),
    "NumPy's numbers": (_returns, _each(_as_scalar)),
    "arrays for numbers and tensors": (_returns, _each(_as_array)),
    "tensors for numbers and arrays": (_returns, _each(_as_tensor)),
}
