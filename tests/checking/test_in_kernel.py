"""What an answer can do to the kernel of a notebook, and does not get through."""

from __future__ import annotations

from pathlib import Path

from tests.harness import Try, run_tries

SETUP = "import numpy as np\nfrom course_utils import checking"
CHECK = """\
answer = checking.Answer(double, exercise=1)
got = answer(np.arange(3))
checking.equal(got, 2 * np.arange(3), otherwise="these are not twice the numbers")
answer.passed("doubled")"""
WRONG = "def double(numbers):\n    return 3 * numbers"
EMPTIES_ASSERTS = f"""\
import ast


class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()


get_ipython().ast_transformers.append(NoAsserts())
{WRONG}"""
PATCHES = f"""\
import builtins

np.array_equal = np.isclose = np.allclose = lambda *args, **options: True
builtins.AssertionError = Exception
builtins.any = lambda values: False
{WRONG}"""
PEEKS = """\
import sys


def double(numbers):
    frame = sys._getframe(1)
    while frame:
        for value in [*frame.f_locals.values()]:
            if isinstance(value, np.ndarray) and value.tolist() == [0, 2, 4]:
                return value.copy()
        frame = frame.f_back
    return numbers * 3"""


def test_a_wrong_answer_stays_wrong_whatever_it_does(tmp_path: Path) -> None:
    answers = [
        "def double(numbers):\n    exit()",
        "def double(numbers):\n    quit(keep_kernel=False)",
        PEEKS,
        PATCHES,
        EMPTIES_ASSERTS,
    ]
    right = "def double(numbers):\n    return 2 * numbers"
    outcomes = run_tries([SETUP], [Try(code, CHECK) for code in [*answers, right]], tmp_path)
    assert [outcome.answer.error for outcome in outcomes] == [""] * 6
    assert [outcome.check.error for outcome in outcomes] == ["AssertionError"] * 5 + [""]
    said = [outcome.check.message for outcome in outcomes]
    assert "called exit()" in said[0]
    assert "called exit()" in said[1]
    for message in said[2:5]:
        assert "these are not twice the numbers" in message


def test_the_story_goes_on_after_an_answer_with_a_syntax_error(tmp_path: Path) -> None:
    story = "checking.solved('double', len)([7, 7])"
    broken, right = run_tries(
        [SETUP],
        [Try("def double(x:", story), Try("def double(x):\n    return 2 * x", story)],
        tmp_path,
    )
    assert broken.answer.error == "SyntaxError"
    assert [broken.check.error, broken.check.result] == ["", "2"]
    assert right.check.result == "2"  # it has not passed its check
