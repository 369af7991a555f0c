"""The saboteurs that are made of every solution, on sound and on careless checks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch

from tests.tiny_course import exercise, notebook
from tools.exercises import Answers, check_exercises
from tools.exercises.sabotage import NAMES, build
from tools.exercises.saboteurs import TABLE
from tools.workbook import load_config

SETUP = "import numpy as np\nfrom course_utils import checking\nnumbers = np.arange(3.0)"
ARRAYS = """\
def double(numbers, times=2):
    ### BEGIN SOLUTION
    return times * numbers
    ### END SOLUTION"""
SOUND = """\
answer = checking.Answer(double, exercise=1)
for numbers in (np.arange(3.0), np.arange(2.0, 5.0)):
    got = checking.array(answer(numbers), shape=numbers.shape)
    checking.equal(got, 2 * numbers, otherwise="these are not twice the numbers")
### BEGIN HIDDEN TESTS
checking.equal(answer(numbers, 3), 3 * numbers, otherwise="that is not three times")
### END HIDDEN TESTS
answer.passed("doubled")"""


def sabotaged(
    folder: Path, check: str, solution: str = ARRAYS, exempt: dict[str, str] | None = None
) -> dict[str, str]:
    """What the harness says of the saboteurs of this exercise, by saboteur."""
    chapter = notebook(*exercise("ex1", solution, check), setup=SETUP)
    answers = Answers({}, exempt={"ex1": exempt or {}})
    found = check_exercises(chapter, answers, folder, load_config())
    said = (re.fullmatch(r"ex1, saboteur [\"'](.*?)[\"']: (.*)", line, re.DOTALL) for line in found)
    verdicts: dict[str, str] = {}
    for match in filter(None, said):
        verdicts[match[1]] = f"{verdicts.get(match[1], '')}{match[2]}. "
    return verdicts


def test_every_saboteur_has_a_verdict() -> None:
    assert set(TABLE) == set(NAMES)


def test_a_sound_check_stands_every_saboteur(tmp_path: Path) -> None:
    assert sabotaged(tmp_path, SOUND) == {}


def test_a_careless_check_is_reported(tmp_path: Path) -> None:
    careless = """\
got = double(numbers)
assert (got[1:-1] == 2).all() and len(got) == 3, ""
### BEGIN HIDDEN TESTS
double(numbers, 3)
### END HIDDEN TESTS
print("right")"""
    passes = "the check lets it pass"
    expected = {
        "changes `numbers` in place": passes,
        "its first number is another": passes,
        "its last number is another": passes,
        "its last number is NaN": passes,
        "remembers by shape": "never calls the answer twice with the same shapes and other num",
        "returns nothing": "expected an AssertionError with a sentence, got TypeError: 'NoneTy",
        "returns a text": "expected an AssertionError with a sentence, got AttributeError",
        "returns an empty list": "expected an AssertionError with a sentence, got AttributeError",
        "returns one axis more": "expected a sentence, got the message ''",
        "returns half": "expected a sentence, got the message ''",
        "raises ZeroDivisionError": "got ZeroDivisionError: division by zero",
        "leaves by exit": "got SystemExit",
        "warns": "writes to stderr, a failure to nbgrader: .*beware",
        "a list for the array": "expected an AssertionError with a sentence, got AttributeError",
    }
    found = sabotaged(tmp_path, careless)
    assert set(found) == set(expected)
    for name, text in expected.items():
        assert re.search(text, found[name], re.DOTALL), (name, found[name])


def test_remembered_results_are_let_pass_by_a_check_of_one_case(tmp_path: Path) -> None:
    one = SOUND.replace("(np.arange(3.0), np.arange(2.0, 5.0))", "(np.ones(3), np.ones(3))")
    found = sabotaged(tmp_path, one.replace("answer(numbers)", "double(numbers)"))
    assert "lets it pass" in found["returns the first call's object"]
    assert "never calls the answer twice" in found["remembers by shape"]
    two = sabotaged(tmp_path, SOUND.replace("2 * numbers, o", "got, o"))
    assert "lets it pass" in two["returns the first call's result by heart"]
    assert "lets it pass" in two["remembers by shape"]


def test_a_librarys_words_are_no_sentence(tmp_path: Path) -> None:
    raw = SOUND.replace(
        "got = checking.array(answer(numbers), shape=numbers.shape)",
        "try:\n        got = answer(numbers) + np.zeros(3)\n"
        "    except Exception as error:\n        raise AssertionError(str(error)) from None",
    )
    found = sabotaged(tmp_path, raw)
    assert "got a library's words" in found["returns an empty list"]


def test_an_exemption_needs_its_saboteur(tmp_path: Path) -> None:
    reason = "the example is the only case there is"
    exempt = {"remembers by shape": reason, "returns nothing": reason}
    one = SOUND.replace("(np.arange(3.0), np.arange(2.0, 5.0))", "(np.arange(3.0),)")
    assert sabotaged(tmp_path, one, exempt=exempt) == {
        "returns nothing": "the exercise is exempt from it, and need not be. "
    }


def test_saboteurs_find_something_to_do_in_many_kinds_of_results() -> None:
    def acts(name: str, result: object, *args: object) -> bool:
        marks: list[str] = []
        build(name, lambda x=0: result, marks)(*args)
        return "acted" in marks

    for result in (
        1,
        2.5,
        True,
        np.int64(3),
        np.uint8(255),
        np.ones(2),
        torch.ones(2, 1),
        [1, 2],
        (np.ones(2), 1),
        {"a": (1, torch.ones(1))},
        np.array([255], np.uint8),
    ):
        assert acts("its last number is another", result), result
        assert acts("its first number is another", result), result
    for result in (1, "text", None, (), np.empty(0), np.ones(1, int)):
        assert not acts("its last number is NaN", result), result
    assert acts("its last number is NaN", (1, np.float32(2)))
    assert acts("returns its parts in reverse", (1, 2)) and not acts(
        "returns its parts in reverse", (1, 1)
    )
    for value in ([1], {"a": 1}, {1}, np.ones(1), torch.ones(2), torch.nn.Linear(1, 1), (1, [2])):
        assert acts("changes `x` in place", 1, value), value
    for value in (1, "text", (), [], np.empty(0), b"12"):
        assert not acts("changes `x` in place", 1, value), value
