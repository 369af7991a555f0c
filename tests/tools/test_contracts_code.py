"""Contracts: the code cells and the names they use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.sound import Offences, cell, code
from tools import contracts, notebooks, outputs

breaks = Offences()


@breaks("not valid Python")
def no_python(nb):
    cell(nb, "print(sum").source = "print(sum(numbers)"


@breaks("31 lines of code: at most 30")
def long_cell(nb):
    cell(nb, "print(sum").source += 30 * "\n# on and on"


@breaks("61 lines of code: at most 60")
def long_check(nb):
    check = cell(nb, "# Check of exercise 2")
    check.source += (60 - check.source.count("\n")) * "\n# on and on"


@breaks("901 lines of code in all: at most 900 expected")
def long_chapter(nb):
    lines = [line for c in nb.cells if c.cell_type == "code" for line in c.source.splitlines()]
    counted = sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)
    whole, rest = divmod(901 - counted, 30)
    nb.cells[-1:-1] = [code("# a comment\n\n" + "1\n" * 27 + "1") for _ in range(whole)]
    nb.cells[-1:-1] = [code("1\n1") for _ in range(whole)]
    nb.cells.insert(-1, code("\n".join("1" * rest)))


@breaks('a check cell: metadata {"jupyter": {"source_hidden": true}} expected')
def open_check(nb):
    cell(nb, "# Check of exercise 2").metadata.jupyter["source_hidden"] = False


@breaks("a figure's cell: metadata")
def open_figure(nb):
    cell(nb, "print(sum").source += "\nplots.show(numbers)"


@breaks("folded, but the learner writes here")
def folded_answer(nb):
    cell(nb, "def add2").metadata["jupyter"] = {"source_hidden": True}


@breaks("%pip is refused")
def install(nb):
    cell(nb, "print(sum").source += "\n%pip install torch"


@breaks("! is refused")
def shell(nb):
    cell(nb, "print(sum").source += "\nfiles = !ls"


@breaks("a download (from urllib.request)")
def download(nb):
    cell(nb, "import time").source += "\nfrom urllib.request import urlretrieve"


@breaks("no cell is tagged setup")
def no_setup(nb):
    for c in nb.cells:
        c.metadata["tags"] = [tag for tag in notebooks.tags(c) if tag != "setup"]
    for c in nb.cells:
        c.source = c.source.replace("numbers[2]", "3")


@breaks("other code stands before it")
def late_setup(nb):
    cell(nb, "total").metadata["tags"] = ["setup"]


@breaks("uses 'nothing_here', which no cell before defines")
def unknown_name(nb):
    cell(nb, "total").source = "total = sum(numbers)\nif not total:\n    print(nothing_here)\ntotal"


@breaks("uses 'add2', which an exercise defines")
def needs_an_answer(nb):
    nb.cells[-2].source = "add2(1, 1)\n" + nb.cells[-2].source


@breaks("uses 'total', which an exercise defines")
def answer_changes_a_name(nb):
    cell(nb, "def add2").source += "\ntotal = 0"
    nb.cells[-2].source = "print(total)\n" + nb.cells[-2].source


@breaks("uses 'add2', which an exercise defines")
def prefers_the_course_version(nb):
    nb.cells[-2].source = "checking.solved('add1', add2)\n" + nb.cells[-2].source


@breaks("a function of an exercise before it, in quotes")
def asks_for_a_name_that_no_exercise_defines(nb):
    nb.cells[-2].source = "checking.solved('add9', max)\n" + nb.cells[-2].source


@breaks("a function of an exercise before it, in quotes")
def asks_without_quotes(nb):
    nb.cells[-2].source = "checking.solved(sum, max)\n" + nb.cells[-2].source


@breaks("uses 'add2', which an exercise defines")
def names_the_answer_beside_the_question(nb):
    nb.cells[-2].source = "add2\nchecking.solved('add2', max)\n" + nb.cells[-2].source


@breaks("exercise 2: uses 'total', which neither the setup cells nor its own cells define")
def foreign_name(nb):
    cell(nb, "# Check of exercise 2").source = cell(nb, "# Check of exercise 2").source.replace(
        "numbers[2]", "total / 2"
    )


@breaks("exercise 3: uses 'add2', which neither")
def other_answer(nb):
    answer = cell(nb, "def add3")
    answer.source = answer.source.replace("return a + b", "return add2(a, b)")


@pytest.mark.parametrize("name", breaks)
def test_contracts_catch(
    name: str, chapter: Path, machine: None, capsys: pytest.CaptureFixture
) -> None:
    breaks.assert_caught(name, chapter, capsys)


@pytest.mark.parametrize("how", ["folded", "tagged"])
def test_figures_may_be_folded_or_teach_drawing(how: str, chapter: Path, machine: None) -> None:
    nb = notebooks.read(chapter)
    figure = cell(nb, "print(sum")
    figure.source += "\nplots.show(numbers)"
    if how == "folded":
        figure.metadata["jupyter"] = {"source_hidden": True}
    else:
        figure.metadata["tags"] = ["teaches-drawing"]
    notebooks.write(chapter, outputs.normalise(nb))
    assert contracts.problems(chapter) == []


def test_solved_answers_may_be_used(chapter: Path, machine: None) -> None:
    nb = notebooks.read(chapter)
    text = "add = checking.solved('add2', lambda a, b: a + b)\nadd(1, 2)\n"
    nb.cells[-2].source = text + nb.cells[-2].source
    notebooks.write(chapter, outputs.normalise(nb))
    assert contracts.problems(chapter) == []
