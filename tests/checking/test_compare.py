"""Kinds, shapes and numbers: what is let through, and what is said of the rest."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from course_utils import checking


def said(function: Any, *args: Any, **options: Any) -> str:
    """The message of the AssertionError that a call raises."""
    with pytest.raises(AssertionError) as caught:
        function(*args, **options)
    return str(caught.value)


# -- kinds ---------------------------------------------------------------------------------------


def test_arrays_come_in_many_kinds() -> None:
    for got in (
        [[1, 2], [3, 4]],
        ((1, 2), (3, 4)),
        np.array([[1, 2], [3, 4]]),
        torch.tensor([[1.0, 2], [3, 4]], requires_grad=True),
        torch.tensor([[1.0, 2], [3, 4]], dtype=torch.bfloat16),
        [np.array([1, 2]), torch.tensor([3, 4])],
        [[np.float32(1), torch.tensor(2)], [3, 4.0]],
    ):
        assert checking.array(got, shape=(2, 2)).tolist() == [[1, 2], [3, 4]]
    assert checking.array(5, shape=()) == 5
    assert checking.array([]).shape == (0,)


@pytest.mark.parametrize(
    ("got", "options", "message"),
    [
        (None, {}, "the map must be an array of numbers, not None"),
        ("abc", {}, "the map must be an array of numbers, not 'abc'"),
        ([[1, 2], [3]], {}, "the map must be an array of numbers, not [[1, 2], [3]]"),
        (np.array([None]), {}, "the map must be an array of numbers, not array [None]"),
        ([1, 2], {"shape": (3,)}, "the map: expected shape (3,), got (2,)"),
        ([1, 2], {"dtype": "floating"}, "the map: expected floats, got int64"),
        ([1.5], {"dtype": "integer"}, "the map: expected whole numbers, got float64"),
        ([1.5], {"dtype": "uint8"}, "the map: expected uint8, got float64"),
        ([1], {"dtype": "bool"}, "the map: expected truth values, got int64"),
        ([1], {"kind": np.ndarray}, "the map must be a NumPy array, not a list"),
        (np.ones(1), {"kind": torch.Tensor}, "the map must be a tensor, not a NumPy array"),
    ],
)
def test_what_is_no_such_array_is_said(got: Any, options: dict, message: str) -> None:
    assert said(checking.array, got, "the map", **options) == message


def test_families_of_types() -> None:
    for dtype in ("float32", "float64"):
        checking.array(np.ones(2, dtype), dtype="floating")
        checking.array(np.ones(2, dtype), dtype=dtype)
    checking.array(torch.ones(2, dtype=torch.int32), dtype="integer", kind=torch.Tensor)


def test_several_parts() -> None:
    for got in ((1, 2), [1, 2], np.array([1, 2]), torch.tensor([1, 2])):
        assert [int(part) for part in checking.several(got, "first", "last")] == [1, 2]
    for got in ((1,), (1, 2, 3), 5, None, {"a": 1, "b": 2}, "ab", np.array(1)):
        assert said(checking.several, got, "a", "b").startswith("return 2 things, a, b, not ")
    assert "as a tuple, not [1, 2]" in said(checking.several, [1, 2], "a", "b", kind=tuple)


def test_named_parts() -> None:
    assert checking.named({"b": 2, "a": 1}, "a", "b") == [1, 2]
    assert "['a', 'b'], not one with the keys ['a']" in said(checking.named, {"a": 1}, "a", "b")
    assert "not (1, 2)" in said(checking.named, (1, 2), "a", "b")


def test_numbers_and_whole_numbers() -> None:
    for got in (2, np.int8(2), torch.tensor(2), np.array(2)):
        assert type(checking.whole(got)) is int
        assert type(checking.number(got)) is float
    for got in (2.5, np.float32(2.5), torch.tensor(2.5, requires_grad=True)):
        assert checking.number(got) == 2.5
        assert "must be a whole number, not" in said(checking.whole, got)
    assert said(checking.whole, 5.0, "the length").endswith(
        "not 5.0: its type is float; use // or int()"
    )
    for got in (None, True, np.bool_(True), [2], np.array([2]), "2", 2j):
        assert "must be one number, not" in said(checking.number, got)
        assert "must be one number, not" in said(checking.whole, got)


# -- equality ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (0.1 + 0.2, 0.3),
        (np.float32(0.1), 0.1),
        (torch.tensor([0.1, 1e3]), np.array([0.1, 1e3])),
        ([1.0, 2.0], np.array([1, 2])),
        (np.array([1e-9, 1]), np.array([0, 1.0])),
        (np.array([np.nan, np.inf, -np.inf]), [np.nan, np.inf, -np.inf]),
        ((1, np.ones(2)), [1, np.ones(2, np.float32)]),
        (np.array([1.9, 4e4]), (1.9, 4e4)),
        ({"a": [1], "b": "text"}, {"b": "text", "a": (1,)}),
        (np.array([1, 0]), np.array([True, False])),
        (None, None),
        ([], np.ones(0)),
    ],
)
def test_equal_values_pass(got: Any, expected: Any) -> None:
    checking.equal(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (0.549, 0.5490123, "expected 0.549012, got 0.549"),
        (3, 4, "expected 4, got 3"),
        (np.ones((2, 3)), np.ones((3, 2)), "expected shape (3, 2), got (2, 3)"),
        (
            [[1, 2], [3, 5]],
            np.array([[1, 2], [3, 4]]),
            "at [1, 1] expected 4, got 5; 1 of 4 numbers differ",
        ),
        ([1, np.nan], [1.0, 2.0], "at [1] expected 2, got nan; 1 of 2 numbers differ"),
        ([np.inf, 1], [-np.inf, 1.0], "at [0] expected -inf, got inf; 1 of 2 numbers differ"),
        (
            np.array([255], np.uint8),
            np.array([-1]),
            "at [0] expected -1, got 255; 1 of 1 numbers differ",
        ),
        (2.000001, 2, "expected 2, got 2.000001"),
        (
            (1, np.ones(2)),
            (1, np.zeros(2)),
            "part 2: at [0] expected 0, got 1; 2 of 2 numbers differ",
        ),
        ((1,), (np.ones(2), 3), "expected 2 parts, got (1)"),
        ((1.91, 4e6), (1.9, 4e6), "part 1: expected 1.9, got 1.91"),
        (np.array([1.91, 4e6]), (1.9, 4e6), "part 1: expected 1.9, got 1.91"),
        (5, (1.9, 4e6), "expected 2 parts, got 5"),
        ({"a": 1}, {"a": 2}, "'a': expected 2, got 1"),
        ({"b": 1}, {"a": 2}, "expected a dictionary with the keys ['a'], got dict of 1"),
        ("nein", "no", "expected 'no', got 'nein'"),
        (None, 3.0, "expected 3.0, got None"),
    ],
)
def test_different_values_are_said_with_their_place(got: Any, expected: Any, message: str) -> None:
    assert said(checking.equal, got, expected) == message


def test_tolerance_depends_on_the_type_and_can_be_set() -> None:
    off = np.array([1.00004, 2.0])
    assert "expected 1, got 1.00004" in said(checking.equal, off, np.array([1.0, 2.0]))
    checking.equal(off.astype(np.float32), np.array([1.0, 2.0]))
    checking.equal(off, np.array([1.0, 2.0]), rtol=1e-3)
    checking.equal([3, 4], [3, 5], atol=1)
    assert "expected" in said(checking.equal, 1 + 1e-7, 1.0, rtol=1e-9)


def test_a_slip_is_named_only_where_it_was_made() -> None:
    slips = {
        "cannot be computed": lambda: 1 / 0,
        "the sign is wrong": lambda: -np.log(np.array([0.0, 2.0])),  # warns where it is computed
        "nothing moved": np.array([1.0, 2.0]),
        "turned round": np.array([[2.0, 1.0, 3.0]]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {"slips": slips, "otherwise": "the values are wrong", "name": "row 2"}
        wanted = np.log(np.array([1.0, 2.0]))
        assert said(checking.equal, [np.inf, -np.log(2)], wanted, **options) == (
            "row 2: the sign is wrong"
        )
        assert said(checking.equal, [1, 2], wanted, **options) == "row 2: nothing moved"
        assert said(checking.equal, [[2, 1, 3]], wanted, **options) == "row 2: turned round"
        assert said(checking.equal, [0.0, 2.0], wanted, **options) == (
            "row 2: the values are wrong: at [1] expected 0.6931, got 2; 1 of 2 numbers differ"
        )
        checking.equal([1, 2], np.array([1.0, 2.0]), **options)  # a slip that happens to be right


def test_a_slip_that_is_right_by_chance_accuses_nobody() -> None:
    slips = [("you took the first", 5.0), ("you took the last", 6.0), ("you took the first", 7.0)]
    assert said(checking.equal, 7, 5.0, slips=slips) == "you took the first"
    assert said(checking.equal, 6, 6.0000001, slips=slips, rtol=0, atol=0) == "you took the last"
    assert said(checking.equal, 5.004, 5.0, slips=slips, otherwise="no").startswith("no: exp")


# -- chance --------------------------------------------------------------------------------------


def test_uniform_draws() -> None:
    for seed in range(20):
        draws = np.random.default_rng(seed).integers(0, 8, 400)
        checking.uniform(draws, 0, 7, "the row")
        checking.uniform(torch.tensor(draws), 0, 7, "the row")
    assert "yours run from 0 to 7" in said(checking.uniform, draws, 0, 6, "the row")
    assert "in 400 draws 8 came 0 times, expected about 44" in said(
        checking.uniform, draws, 0, 8, "x"
    )
    clamped = np.random.default_rng(0).integers(0, 12, 400).clip(max=7)
    assert "7 came" in said(checking.uniform, clamped, 0, 7, "the row")
    assert "expected whole numbers" in said(checking.uniform, draws / 2, 0, 7, "the row")


def test_independent_draws() -> None:
    for seed in range(20):
        rows, columns = np.random.default_rng(seed).integers(0, 20, (2, 600))
        checking.independent(rows, torch.tensor(columns), "one draw for both")
    for mirrored in (rows, 19 - rows, (rows + 7) % 20):
        assert (
            said(checking.independent, rows, mirrored, "one draw for both") == "one draw for both"
        )
