"""Contracts: the exercises and the records of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.sound import Offences, cell, code
from tools import contracts, notebooks, outputs

breaks = Offences()


@breaks("3 exercises: 4 to 7 expected")
def too_few_exercises(nb):
    start = nb.cells.index(cell(nb, "### Exercise 4"))
    del nb.cells[start : start + 3]


@breaks("exercises numbered [1, 2, 3, 3]")
def misnumbered(nb):
    heading = cell(nb, "### Exercise 4")
    heading.source = heading.source.replace("Exercise 4", "Exercise 3")
    check = cell(nb, "# Check of exercise 4")
    check.source = check.source.replace("exercise 4", "exercise 3")
    for c, role in ((cell(nb, "def add4"), "answer"), (check, "check")):
        c.metadata.nbgrader["grade_id"] = f"ex3_{role}"


@breaks("nbgrader grade_id is 'exercise2': 'ex2_answer' expected")
def other_grade_id(nb):
    cell(nb, "def add2").metadata.nbgrader["grade_id"] = "exercise2"


@breaks("points 0: a number above 0 expected")
def no_points(nb):
    cell(nb, "# Check of exercise 2").metadata.nbgrader["points"] = 0


@breaks("nbgrader locked is False: True expected")
def unlocked_check(nb):
    cell(nb, "# Check of exercise 2").metadata.nbgrader["locked"] = False


@breaks("not tagged raises-exception")
def stops_at_an_open_exercise(nb):
    cell(nb, "def add2").metadata["tags"] = []


@breaks("unexpected_key is 1: None expected")
def foreign_metadata(nb):
    cell(nb, "def add2").metadata.nbgrader["unexpected_key"] = 1


@breaks("exercise 2: hints []: [1, 2] expected")
def no_hints(nb):
    cell(nb, "### Exercise 2").source = "### Exercise 2 · Add"


@breaks("exercise 2: hints [2]: [1, 2] expected")
def hint_of_one_word(nb):
    hinted = cell(nb, "### Exercise 2")
    hinted.source = hinted.source.replace("There is a sign for it.", "Add.", 1)


@breaks("exercise 2: hints [2]: [1, 2] expected")
def hint_that_is_not_rendered(nb):
    hinted = cell(nb, "### Exercise 2")
    hinted.source = hinted.source.replace("</summary>\n", "</summary>", 1)


@breaks("exercise 2: hints [1, 2, 3]: [1, 2] expected")
def third_hint(nb):
    third = "<details><summary>Hint 3</summary>\n\nThe sign for it is +.\n\n</details>"
    cell(nb, "### Exercise 2").source += f"\n\n{third}"


@breaks("exercise 2: hints [1, 2]: [1, 2] expected")
def third_hint_that_is_not_rendered(nb):
    cell(nb, "### Exercise 2").source += "\n\n<details><summary>Hint 3</summary>+</details>"


@breaks("exercise 2: hints []: [1, 2] expected")
def hints_before_other_code(nb):
    nb.cells.insert(nb.cells.index(cell(nb, "def add2")), code("print(numbers)"))


@breaks("the first line of a check: '# Check of exercise 2' expected")
def check_without_a_name(nb):
    check = cell(nb, "# Check of exercise 2")
    check.source = check.source.partition("\n")[2]


@breaks("the check cell does not follow the answer cell")
def code_in_between(nb):
    nb.cells.insert(nb.cells.index(cell(nb, "# Check of exercise 2")), code("print(numbers)"))


@breaks("nbgrader metadata outside an exercise's two cells")
def stray_answer(nb):
    c = code("### BEGIN SOLUTION\nnumbers\n### END SOLUTION", tags=["raises-exception"])
    c.metadata["nbgrader"] = {**cell(nb, "def add2").metadata.nbgrader, "grade_id": "ex9_answer"}
    nb.cells.insert(3, c)


@breaks("solution markers are not balanced")
def open_solution(nb):
    answer = cell(nb, "def add2")
    answer.source = answer.source.replace("    ### END SOLUTION\n", "")


@breaks("solution markers do not belong in this cell")
def solution_elsewhere(nb):
    cell(nb, "print(sum").source = "### BEGIN SOLUTION\nprint(sum(numbers))\n### END SOLUTION"


@breaks("no hidden tests between")
def no_hidden_tests(nb):
    check = cell(nb, "# Check of exercise 2")
    check.source = check.source.replace("assert add2(2, 2) == 4", "# later")


@breaks("no solution between")
def no_solution(nb):
    answer = cell(nb, "def add2")
    answer.source = "def add2(a, b):\n    return a + b\n\n\nadd2(1, 2)"


@breaks("does not end with a print call or answer.passed(…)")
def ends_with_a_float(nb):
    check = cell(nb, "# Check of exercise 2")
    check.source = check.source.replace("print('Exercise 2: right')", "1.0")


@breaks("does not end with a print call or answer.passed(…) without its hidden tests")
def hides_its_print(nb):
    check = cell(nb, "# Check of exercise 2")
    text = check.source.replace("### END HIDDEN TESTS\n", "") + "\n### END HIDDEN TESTS"
    check.source = text


@breaks("no valid Python once the solution is out")
def solution_carries_the_syntax(nb):
    answer = cell(nb, "def add2")
    first, *rest = answer.source.replace("    ### BEGIN SOLUTION\n", "").split("\n")
    rest.remove("    ### END SOLUTION")
    answer.source = "\n".join(["### BEGIN SOLUTION", first, "### END SOLUTION", *rest])


@breaks("record of exams: expected the chapter")
def foreign_exam(nb):
    nb.cells[-2].outputs[0].metadata.course.exam["chapter"] = "02_other"


@breaks("no output carries a record of verdicts")
def no_verdicts(nb):
    cell(nb, 'data = {"text/plain": "verdicts').outputs[0].metadata = {}


@pytest.mark.parametrize("name", breaks)
def test_contracts_catch(
    name: str, chapter: Path, machine: None, capsys: pytest.CaptureFixture
) -> None:
    breaks.assert_caught(name, chapter, capsys)


def test_other_folds_may_stand_before_an_exercise(chapter: Path, machine: None) -> None:
    nb = notebooks.read(chapter)
    fold = "<details><summary>What is wrong?</summary>\n\nThe sign.\n\n</details>"
    cell(nb, "### Exercise 2").source += f"\n\n{fold}"
    notebooks.write(chapter, outputs.normalise(nb))
    assert contracts.problems(chapter) == []


def test_a_check_may_end_with_passed(chapter: Path, machine: None) -> None:
    nb = notebooks.read(chapter)
    check = cell(nb, "# Check of exercise 2")
    check.source = check.source.replace("print('Exercise 2: right')", "answer.passed('right')")
    check.source = check.source.replace("assert add2(1", "answer = plots\nassert add2(1")
    notebooks.write(chapter, outputs.normalise(nb))
    assert contracts.problems(chapter) == []
