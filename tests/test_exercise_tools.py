"""What tries the exercises: that it reports every fault of an answer, a check or a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell

from tests.exercises import Right, Wrong
from tests.tiny_course import CHECK, SOLUTION, exercise, notebook, simple_notebook
from tools.exercises import (
    Answers,
    KernelFailedError,
    Try,
    check_exercises,
    load_answers,
    run_notebook,
    run_tries,
)
from tools.workbook import load_config

NOTHING = Wrong("returns nothing", "def double(numbers):\n    pass", "returns nothing")
TOO_FEW = Wrong("stops early", "def double(numbers):\n    return [2]", "one number per number")
TRIPLES = Wrong(
    "triples", "def double(numbers):\n    return [3 * n for n in numbers]", r"twice .* is not \[3"
)
SAME = Wrong("changes nothing", "def double(numbers):\n    return numbers", r"twice .* is not \[1")
LEARNT = Wrong("by heart", "def double(numbers):\n    return [2, 4, 6]", "other numbers")
FOUR = [NOTHING, TOO_FEW, TRIPLES, SAME]
ADDS = Right("adds", "def double(numbers):\n    return [n + n for n in numbers]")


def problems(
    folder: Path,
    solution: str = SOLUTION,
    check: str = CHECK,
    wrong: Sequence[Wrong] = FOUR,
    setup: str = "numbers = [1, 2, 3]",
    right: Sequence[Right] = (ADDS,),
) -> list[str]:
    """What the harness, without saboteurs, says of a chapter with this one exercise."""
    chapter = notebook(*exercise("ex1", solution, check), setup=setup)
    answers = Answers({"ex1": wrong}, {"ex1": right})
    return check_exercises(chapter, answers, folder, load_config(), sabotage=False)


def assert_one(found: list[str], *patterns: str) -> None:
    """Each pattern fits one problem, and there is no other."""
    assert len(found) == len(patterns), found
    for problem, pattern in zip(found, patterns, strict=True):
        assert re.search(pattern, problem), problem


def test_sound_exercise_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_wrong_answers_are_held_to_what_they_state(tmp_path: Path) -> None:
    crashes = "def double(numbers):\n    return numbers + 1"
    wrong = [
        Wrong(
            "right after all", "def double(numbers):\n    return [n * 2 for n in numbers]", "never"
        ),
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
        r"'crashes, as stated': the same code as wrong answer 'crashes'",
        r"'any message': the expression '\.\*' fits every message",
        r"'not a pattern': '\(returns' is no regular expression",
        r"'right after all': the check lets it pass",
        r"'by heart': the check lets it pass",
        r"'another message': the message 'twice .*' does not fit 'you averaged'",
        r"'crashes': expected AssertionError, got TypeError: can only concatenate",
        r"'no function': expected it to fail in the check, but .* ValueError: at once",
    )


def test_too_few_and_misplaced_wrong_answers_are_reported(tmp_path: Path) -> None:
    solution = SOLUTION.replace("    ### BEGIN SOLUTION\n", "").replace("### END", "###")
    answers = Answers(
        wrong={"ex1": [NOTHING, Wrong("the solution", solution, "never")], "ex2": FOUR},
        right={"ex3": [ADDS]},
        exempt={"ex4": {}, "ex1": {"no such": "for no reason", "warns": "no"}},
    )
    assert_one(
        check_exercises(simple_notebook(), answers, tmp_path, load_config(), sabotage=False),
        "ex2: wrong answers to no exercise",
        "ex3: right answers to no exercise",
        "ex4: exempt, but no exercise",
        "ex1: expected at least 4 wrong answers, got 2",
        "ex1: expected a right answer in another style, got none",
        "'the solution': the same code as the solution",
        "ex1: exempt from 'no such', which is no saboteur of it",
        "ex1: say in a few words why it is exempt from 'warns'",
        "'the solution': the check lets it pass",
    )


def test_right_answers_in_other_styles_must_pass_the_whole_check(tmp_path: Path) -> None:
    right = [
        ADDS,
        Right("in a tuple", "def double(numbers):\n    return tuple(2 * n for n in numbers)"),
        Right("by heart", LEARNT.code),  # the hidden tests refuse it
        Right("triples", TRIPLES.code),
        Right(
            "warns",
            "def double(numbers):\n    import warnings\n    warnings.warn('beware')\n"
            "    return [2 * n for n in numbers]",
        ),
    ]
    assert_one(
        problems(tmp_path, right=right),
        "right answer 'triples': the same code as wrong answer 'triples'",
        r"right answer 'in a tuple': the check cell fails with .* is not \(2, 4, 6\)",
        "right answer 'by heart': the check cell fails with .* other numbers count too",
        r"right answer 'triples': the check cell fails with .* is not \[3",
        "right answer 'warns': the check cell writes to stderr.*beware",
    )


def test_wrong_answers_that_only_hidden_tests_notice_say_so(tmp_path: Path) -> None:
    hidden = [
        Wrong("by heart", LEARNT.code, "other numbers", hidden=True),
        Wrong("seen", TRIPLES.code, "twice", hidden=True),
        Wrong(
            "right",
            "def double(numbers):\n    return [n * 2 for n in numbers]",
            "never",
            hidden=True,
        ),
    ]
    assert_one(
        problems(tmp_path, wrong=[*FOUR[:2], *hidden]),
        r"'seen', visible tests: marked as hidden, but the visible check says .* twice",
        r"'right': the check lets it pass \(with the hidden tests\)",
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
        problems(
            tmp_path, solution, check, wrong, right=[Right("a tuple", "doubled = [2, 4, 3 + 3]")]
        ),
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
        problems(tmp_path, check=hidden_fails),
        "solution with hidden tests: .* other numbers",
        "right answer 'adds': .* other numbers",
    )
    ends_with_number = CHECK.replace('print("right")', "0.5")
    assert_one(
        problems(tmp_path, check=ends_with_number),
        "solution with hidden tests: the check ends with the value 0.5",
        "solution with the visible tests: the check ends with the value 0.5",
        "right answer 'adds': the check ends with the value 0.5",
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
        check_exercises(lonely, Answers({}), tmp_path, load_config()),
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
    assert {outcome.marks for outcome in ran} == {()}


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


def test_answers_are_read_from_a_chapters_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected the answers of a chapter"):
        load_answers(tmp_path / "01_none.py")
    (tmp_path / "01_half.py").write_text("WRONG = {}")
    with pytest.raises(AttributeError, match="RIGHT"):
        load_answers(tmp_path / "01_half.py")
    (tmp_path / "01_whole.py").write_text("WRONG, RIGHT = {'ex1': []}, {'ex2': []}")
    assert load_answers(tmp_path / "01_whole.py") == Answers({"ex1": []}, {"ex2": []}, {})
