"""Forbidden functions, replaced libraries, warnings, and switches left changed."""

from __future__ import annotations

import builtins
import random

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from course_utils import checking
from tests.checking import answer

FORBIDDEN = {
    "scipy.ndimage.shift": "move the rows yourself",
    "torch.nn.functional.unfold": "cut the windows yourself",
    "torch.Tensor.unfold": "cut the windows yourself",
    "course_utils.evaluation.compare_paired": "compute the p-value yourself",
}
ONES = np.ones((2, 2))


@pytest.mark.parametrize(
    "body",
    [
        "ndimage.shift(x, 1)",
        "move(x, 1)",
        "nn.functional.unfold(torch.tensor(x)[None, None], 1)",
        "nn.Unfold(1)(torch.tensor(x)[None, None])",
        "torch.tensor(x).unfold(0, 1, 1)",
        "__import__('course_utils.evaluation').evaluation.compare_paired(x, x, x)",
    ],
)
def test_forbidden_functions_raise_while_the_answer_runs(body: str) -> None:
    names = {"ndimage": ndimage, "move": ndimage.shift}
    source = f"def use(x):\n    return {body}"
    with pytest.raises(AssertionError, match=r"`.*` is not allowed here: (move|cut|compute) the"):
        answer(source, names, forbid=FORBIDDEN)(ONES)
    caught = (
        f"def use(x):\n    try:\n        {body}\n    except BaseException:\n        return x * 2"
    )
    with pytest.raises(AssertionError, match="is not allowed here"):
        answer(caught, names, forbid=FORBIDDEN)(ONES)
    assert "unfold" not in vars(torch.Tensor)  # it is inherited again
    ndimage.shift(ONES, 1)
    nn.functional.unfold(torch.ones(1, 1, 2, 2), 1)


def test_what_is_not_forbidden_is_allowed() -> None:
    names = {"ndimage": ndimage}
    source = "def use(x):\n    return ndimage.uniform_filter(x)"
    assert (answer(source, names, forbid=FORBIDDEN)(ONES) == 1).all()


def test_an_unknown_name_is_a_fault_of_the_check() -> None:
    for name in ("nothing.at.all", "numpy.nothing", "plain"):
        with pytest.raises(AttributeError):
            answer("def use(x):\n    return 1", forbid={name: "no"})(1)


def test_functions_replaced_by_an_answer_are_put_back_and_said() -> None:
    originals = (
        np.allclose,
        torch.equal,
        builtins.isinstance,
        nn.functional.relu,
        torch.Tensor.backward,
    )
    source = (
        "import builtins\ndef patch(x):\n    np.allclose = torch.equal = lambda *a: True\n"
        "    nn.functional.relu = torch.Tensor.backward = builtins.isinstance = lambda *a: True\n"
        "    return 1"
    )
    with pytest.raises(
        AssertionError, match=r"replaced builtins.isinstance, numpy.allclose, .*equal"
    ):
        answer(source)(1)
    now = np.allclose, torch.equal, builtins.isinstance, nn.functional.relu, torch.Tensor.backward
    assert all(a is b for a, b in zip(now, originals, strict=True))


def test_functions_replaced_before_a_call_are_put_back(capsys: pytest.CaptureFixture) -> None:
    double, original = answer("def double(x):\n    return 2 * x"), np.array_equal
    np.array_equal = lambda *a: True
    double(1)
    assert np.array_equal is original
    assert "numpy.array_equal had been replaced, and was put back" in capsys.readouterr().out


def test_comparisons_do_not_need_what_an_answer_may_replace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for owner, name in ((np, "isclose"), (np, "allclose"), (np, "array_equal"), (np, "asarray")):
        monkeypatch.setattr(owner, name, lambda *a, **k: True)
    for name in ("any", "all", "len", "AssertionError"):
        monkeypatch.setattr(builtins, name, lambda *a: 0)
    problem = None
    try:
        checking.equal([1.0, 2.0], np.array([1.0, 3.0]))
    except Exception as error:  # noqa: BLE001 (AssertionError is replaced here)
        problem = error
    monkeypatch.undo()
    assert type(problem) is AssertionError


def test_warnings_and_stderr_become_a_remark(capfd: pytest.CaptureFixture) -> None:
    warns = answer(
        "import sys, warnings\ndef warn(x):\n    warnings.warn('beware')\n"
        "    print('told', file=sys.stderr)\n    sys.stderr.write('for itself')\n"
        "    return np.log(x)"
    )
    warns(np.zeros(2))
    warns(np.zeros(3))
    out, err = capfd.readouterr()
    assert err == ""
    for text in ("UserWarning: beware", "told", "for itself", "RuntimeWarning: divide by zero"):
        assert out.count(text) == 1, text
    assert "it costs no points: in warn" in out


def test_switches_left_changed_are_said_and_put_back() -> None:
    for line, message in (
        ("torch.set_grad_enabled(False)", "you switched gradients on or off for good"),
        ("torch.set_default_dtype(torch.float64)", "you changed torch's default dtype for good"),
    ):
        with pytest.raises(AssertionError, match=message):
            answer(f"def leave(x):\n    {line}\n    return 1")(1)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("line", ["np.random.seed(x)", "np.random.rand()", "random.seed(x)"])
def test_shared_generators_are_left_alone_where_the_check_asks_for_it(line: str) -> None:
    source = f"def draw(x):\n    {line}\n    return 1"
    random.seed(7)  # not in the state that the answer would leave
    with pytest.raises(AssertionError, match="generator that all cells share, or seeded it"):
        answer(source, {"random": random}, seeded=True)(1)
    assert answer(source, {"random": random})(1) == 1
