"""The exercises of every chapter under solutions, stubs and wrong answers; and the harness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell

from tests.exercises import Wrong
from tests.tiny_course import CHECK, SOLUTION, exercise, notebook, simple_notebook
from tools.exercises import (
    KernelFailedError,
    Try,
    check_exercises,
    load_wrong_answers,
    run_notebook,
    run_tries,
)
from tools.notebooks import ROOT, chapters, read
from tools.workbook import load_config

WRONG_FOLDER = ROOT / "tests" / "exercises"

# -- the chapters --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_exercises_of_chapter(path: Path) -> None:
    wrong = load_wrong_answers(WRONG_FOLDER / f"{path.parent.name}.py")
    assert check_exercises(read(path), wrong, path.parent, load_config()) == []


def test_wrong_answers_belong_to_chapters() -> None:
    files = sorted(path.stem for path in WRONG_FOLDER.glob("[0-9]*.py"))
    assert files == [path.parent.name for path in chapters()]
    assert files


# -- the harness itself --------------------------------------------------------------------------

NOTHING = Wrong("returns nothing", "def double(numbers):\n    pass", "returns nothing")
TOO_FEW = Wrong("stops early", "def double(numbers):\n    return [2]", "one number per number")
TRIPLES = Wrong(
    "triples", "def double(numbers):\n    return [3 * n for n in numbers]", r"twice .* is not \[3"
)
SAME = Wrong("changes nothing", "def double(numbers):\n    return numbers", r"twice .* is not \[1")
LEARNT = Wrong("by heart", "def double(numbers):\n    return [2, 4, 6]", "other numbers")
FOUR = [NOTHING, TOO_FEW, TRIPLES, SAME]


def problems(
    folder: Path,
    solution: str = SOLUTION,
    check: str = CHECK,
    wrong: Sequence[Wrong] = FOUR,
    setup: str = "numbers = [1, 2, 3]",
) -> list[str]:
    """What the harness says of a chapter with this one exercise."""
    chapter = notebook(*exercise("ex1", solution, check), setup=setup)
    return check_exercises(chapter, {"ex1": wrong}, folder, load_config())


def assert_one(found: list[str], *patterns: str) -> None:
    """Each pattern fits one problem, and there is no other."""
    assert len(found) == len(patterns), found
    for problem, pattern in zip(found, patterns, strict=True):
        assert re.search(pattern, problem), problem


def test_sound_exercise_has_no_problems(tmp_path: Path) -> None:
    assert check_exercises(simple_notebook(), {"ex1": FOUR}, tmp_path, load_config()) == []


def test_wrong_answers_are_held_to_what_they_state(tmp_path: Path) -> None:
    crashes = "def double(numbers):\n    return numbers + 1"
    wrong = [
        Wrong("right after all", "def double(numbers):\n    return [n + n for n in numbers]", "no"),
        LEARNT,  # only the hidden tests notice: the learner would see no message
        Wrong("another message", SAME.code, "you averaged"),
        Wrong("any message", TRIPLES.code, ".*"),
        Wrong("crashes", crashes, "can only concatenate"),
        Wrong("crashes, as stated", crashes + "  # said so", "can only", error="TypeError"),
        Wrong("no function", "raise ValueError('at once')", "at once"),
        Wrong("not a pattern", NOTHING.code, "(returns"),
    ]
    assert_one(
        problems(tmp_path, wrong=wrong),
        r"'any message': the expression '\.\*' fits every message",
        r"'crashes, as stated': the same code as wrong answer 'crashes'",
        r"'not a pattern': '\(returns' is no regular expression",
        r"'right after all': the check lets it pass",
        r"'by heart': the check lets it pass",
        r"'another message': the message 'twice .*' does not fit 'you averaged'",
        r"'crashes': expected AssertionError, got TypeError: can only concatenate",
        r"'no function': expected it to fail in the check, but .* ValueError: at once",
    )


def test_too_few_and_misplaced_wrong_answers_are_reported(tmp_path: Path) -> None:
    solution = SOLUTION.replace("    ### BEGIN SOLUTION\n", "").replace("### END", "###")
    wrong = {"ex1": [NOTHING, Wrong("the solution", solution, "never")], "ex2": FOUR}
    assert_one(
        check_exercises(simple_notebook(), wrong, tmp_path, load_config()),
        "ex2: wrong answers to no exercise",
        "ex1: expected at least 4 wrong answers, got 2",
        "'the solution': the same code as the solution",
        "'the solution': the check lets it pass",
    )


def test_answer_that_is_no_function_is_reported(tmp_path: Path) -> None:
    solution = "### BEGIN SOLUTION\ndoubled = [2, 4, 6]\n### END SOLUTION"
    check = CHECK.replace("double(numbers)", "doubled").replace("double([50]) == [100]", "doubled")
    wrong = [
        Wrong("none", "doubled = None", "returns nothing"),
        Wrong("short", "doubled = [2]", "one number"),
        Wrong("same", "doubled = numbers", "twice"),
        Wrong("triple", "doubled = [3, 6, 9]", "twice"),
    ]
    assert_one(
        problems(tmp_path, solution, check, wrong),
        "stub with hidden tests: expected the check to end in NotImplementedError, got NameError",
        "stub with the visible tests: expected .* got NameError",
    )


@pytest.mark.parametrize(
    ("change", "patterns"),
    [
        (("def double", "def twice"), ["the check cell fails with NameError"] * 2),
        (
            ("return [2", "import warnings; warnings.warn('beware'); return [2"),
            ["the check cell writes to stderr.*beware"] * 2,
        ),
        (
            ("return [2", "import os; os.write(2, b'from C'); return [2"),
            ["the check cell writes to stderr.*from C"] * 2,
        ),
        (("return [2 *", "return [len(mine) *"), ["fails with NameError: name 'mine'"] * 2),
    ],
    ids=["fails", "warns", "writes to stderr", "uses a later cell's name"],
)
def test_failing_solution_is_reported(
    tmp_path: Path, change: tuple[str, str], patterns: list[str]
) -> None:
    begin, end = SOLUTION.split("    ### BEGIN")
    solution = begin + "    ### BEGIN" + end.replace(*change)
    if change[0].startswith("def"):
        solution = SOLUTION.replace(*change)
    found = [line for line in problems(tmp_path, solution) if ", solution" in line]
    assert_one(found, *patterns)


def test_faulty_checks_are_reported(tmp_path: Path) -> None:
    hidden_fails = CHECK.replace("[100]", "[101]")
    assert_one(
        problems(tmp_path, check=hidden_fails), "solution with hidden tests: .* other numbers"
    )
    ends_with_number = CHECK.replace('print("right")', "0.5")
    assert_one(
        problems(tmp_path, check=ends_with_number),
        "solution with hidden tests: the check ends with the value 0.5",
        "solution with the visible tests: the check ends with the value 0.5",
    )
    nothing_hidden = re.sub(r"(?s)### BEGIN.*TESTS\n", "", CHECK)
    assert_one(problems(tmp_path, check=nothing_hidden), "ex1: the check has no hidden tests")


def test_changed_setup_data_and_failing_setup_are_reported(tmp_path: Path) -> None:
    in_place = Wrong("in place", "def double(numbers):\n    numbers[0] = 7", "returns nothing")
    assert_one(
        problems(tmp_path, wrong=[in_place, TOO_FEW, NOTHING, SAME])[:1],
        "'in place': changes `numbers` of the setup cells in place",
    )
    assert_one(
        problems(tmp_path, setup="import no_such"), "setup cell 1 fails: ModuleNotFoundError"
    )


def test_cells_without_partner_are_reported(tmp_path: Path) -> None:
    lonely = notebook(*exercise("ex1", SOLUTION, CHECK)[:2], exercise("ex2", "", CHECK)[2])
    lonely.cells[3].metadata.nbgrader.grade_id = "ex3_answer"
    strange = exercise("first", SOLUTION, CHECK)[1]
    lonely.cells.insert(3, strange)
    assert_one(
        check_exercises(lonely, {}, tmp_path, load_config()),
        "first_answer: expected a grade_id like ex1_answer or ex1_check",
        "ex3: expected a cell ex3_check after ex3_answer, found none",
        "ex2: expected a cell ex2_answer before ex2_check, found none",
        "no exercises found",
    )


def test_tries_see_the_same_names_random_numbers_and_folder(tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_text("here")
    setup = [
        "import random\nfrom pathlib import Path",
        "import matplotlib.pyplot as plt\nimport numpy as np\nbig = np.zeros(9_000_000)",
        "rng = np.random.default_rng(3)\nnp.random.seed(3)\nrandom.seed(3)",
    ]
    draw = "draws = (random.random(), np.random.rand(), rng.random())"
    tries = [
        Try(draw + "\nnp_was, np = np, None\n_hidden = 1", "draws"),
        Try(draw, "draws"),
        Try("'np_was' in globals() or '_hidden' in globals()", "Path('table.txt').read_text()"),
        Try("plt.plot([1]); plt.show(); display('shown')", "big[5] = 1"),
        Try("big[:] = 1", "rng.random()"),
        Try("1", "2"),
    ]
    ran = run_tries(setup, tries, tmp_path)
    assert ran[0].check.result == ran[1].check.result != ""
    assert (ran[2].answer.result, ran[2].check.result) == ("False", "'here'")
    assert (ran[3].answer.error, ran[3].answer.stderr) == ("", "")
    assert [outcome.changed for outcome in ran] == [(), (), (), (), ("big",), ()]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("while True: pass", "CellTimeoutError"), ("import os; os._exit(1)", "DeadKernelError")],
    ids=["endless", "kernel ends"],
)
def test_try_that_does_not_come_back_is_named(tmp_path: Path, answer: str, reason: str) -> None:
    with pytest.raises(KernelFailedError, match=f"stopped by {reason}") as caught:
        run_tries([], [Try("1", "2"), Try(answer, "2")], tmp_path, timeout=3)
    assert answer in str(caught.value)


def test_run_stops_at_an_error_unless_its_cell_is_tagged(tmp_path: Path) -> None:
    chapter = notebook(new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}))
    run_notebook(chapter, tmp_path)
    assert [cell.get("execution_count") for cell in chapter.cells] == [None, 1, 2, 3]
    chapter.cells[2].metadata.tags = []
    with pytest.raises(
        KernelFailedError, match="stopped by CellExecutionError at the cell:\n1 / 0"
    ):
        run_notebook(chapter, tmp_path)
