"""Contracts: title, opening, sections, pictures and links."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.tools.sound import NAME, OPENING, Offences, cell
from tools import contracts

breaks = Offences()


@breaks("'# 1 · Two plus two' expected")
def other_title(nb):
    cell(nb, "# 1").source = OPENING.replace("Two plus two", "Two and two")


@breaks("the section 'Before you start' is missing")
def no_requirements(nb):
    cell(nb, "# 1").source = OPENING.replace("**Before you start**", "Before you start")


@breaks("the section 'Time' is missing")
def time_after_code(nb):
    cell(nb, "# 1").source = OPENING.replace("**Time**", "Time")
    nb.cells[-1].source += "\n\n**Time**: one minute."


@breaks("the section 'Terms' is missing")
def no_terms(nb):
    nb.cells[0].source = OPENING.replace("#Terms", "")
    nb.cells[-1].source = nb.cells[-1].source.replace("## Terms", "```\n## Terms\n```")


@breaks("the section 'Final exam' stands 2 times")
def two_exams(nb):
    nb.cells[-1].source += "\n\n## Final exam"


@breaks("sections out of order")
def sections_swapped(nb):
    cell(nb, "## Final").source, cell(nb, "## 9").source = "## The hard digits", "## Final exam"


@breaks("does not name 'python course.py solution'")
def no_way_to_the_solutions(nb):
    cell(nb, "# 1").source = OPENING.replace("python course.py solution", "the command")
    nb.cells[-1].source += "\n\n`python course.py solution 01 2`"


@breaks("5001 words of markdown: at most 5000 expected")
def too_many_words(nb):
    words = sum(len(c.source.split()) for c in nb.cells if c.cell_type == "markdown")
    nb.cells[-1].source += (5_001 - words) * " word"


@breaks("a picture's alt text is ''")
def no_alt_text(nb):
    nb.cells[7].outputs[0].metadata = {}


@breaks("a picture's alt text is 'a plot'")
def short_alt_text(nb):
    nb.cells[7].outputs[0].metadata["image/png"]["alt"] = "a plot"


@breaks("the alt text of cell 8 again")
def repeated_alt_text(nb):
    nb.cells[7].outputs.append(copy.deepcopy(nb.cells[7].outputs[0]))


@breaks("a picture's alt text is ''")
def no_alt_text_in_markdown(nb):
    cell(nb, "# 1").source += f"\n\n![]({NAME}.ipynb)"


@breaks("leads to no file")
def dead_file_link(nb):
    cell(nb, "# 1").source += "\n\n[next](../02_next/02_next.ipynb)"


@breaks("leads to no heading")
def dead_anchor(nb):
    cell(nb, "# 1").source += "\n\n[here](#exercise-1-·-add)"


@breaks("leads to no heading")
def dead_anchor_in_file(nb):
    cell(nb, "# 1").source += f"\n\n[here]({NAME}.ipynb#No-such-thing)"


@breaks("to no readable notebook")
def link_to_a_broken_notebook(nb):
    cell(nb, "# 1").source += "\n\n[here](../broken.ipynb#Terms)"


@pytest.mark.parametrize("name", breaks)
def test_contracts_catch(
    name: str, chapter: Path, machine: None, capsys: pytest.CaptureFixture
) -> None:
    breaks.assert_caught(name, chapter, capsys)


def test_contracts_catch_names_of_file_and_folder(chapter: Path) -> None:
    other = chapter.rename(chapter.with_name("notebook.ipynb"))
    found = contracts.problems(other, "structure")
    assert found == [f"the notebook 'notebook' lies in the folder {NAME!r}: same name expected"]
    folder = chapter.parent.rename(chapter.parent.with_name("1-Sums"))
    assert any(
        "not called NN_words" in p for p in contracts.problems(folder / other.name, "structure")
    )
