"""Slides, handouts, the page of misconceptions, work that is alike, and the instructors' guide."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.tiny_course import CHAPTER, CHECK, SOLUTION, exercise, make_course, notebook
from tests.tools.learner import cell_marked
from tools import alike, misconceptions, slides, solution
from tools.notebooks import NOTEBOOKS, ROOT, chapters, is_code, read, write

GUIDE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
PIXEL = base64.b64encode(b"not really a picture").decode()


def lesson():
    """A chapter with goals, a prediction, a figure and a conclusion."""
    nb = notebook(
        new_markdown_cell("## 1 · Adding\n\nText.\n\n**Predict.** What is $1 + 1$?\n\n### More"),
        new_code_cell("draw()"),
        new_markdown_cell("**What we see.** It is 2, not\n$$\\begin{matrix}3\\end{matrix}$$"),
        *exercise("ex1", SOLUTION, CHECK),
        new_markdown_cell("## What to remember\n\n1. Add."),
    )
    nb.cells[0].source += (
        "\n\nA hook.\n\n**You will be able to**\n\n- add.\n\n**Before you start.** Count."
        "\n\n**Time.** An hour. The computing takes a minute."
    )
    shown = new_output("display_data", data={"image/png": PIXEL})
    shown.metadata = {"image/png": {"alt": 'Two "ones"'}}
    nb.cells[3].outputs = [shown]
    return nb


def test_slides_are_the_chapters_goals_figures_predictions_and_conclusions() -> None:
    made = list(slides.slides(lesson()))
    assert [heading for heading, _ in made] == ["1 · Tiny chapter"] + ["1 · Adding"] * 3 + [
        "What to remember"
    ]
    first, predict, figure, see, last = (body for _, body in made)
    assert "<li>add." in first and "A hook." in first and "Count." not in first
    assert "What is" in predict and 'alt="1 + 1" src="data:image/png' in predict
    assert "More" not in predict and "Text." not in predict
    assert f'alt="Two &quot;ones&quot;" src="data:image/png;base64,{PIXEL}"' in figure
    assert "It is 2" in see and r"<code>\begin{matrix}3\end{matrix}</code>" in see
    assert "<li>Add." in last


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_every_chapter_has_slides_that_need_nobody(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(slides, "math_to_image", lambda tex, file, **_: file.write(b"x"))
    nb = read(path)
    page = slides.page(nb)
    figures = sum(
        "image/png" in output.get("data", {})
        for cell in nb.cells
        if is_code(cell)
        for output in cell.outputs
    )
    assert page.count("<figure>") == figures > 3
    assert page.count("What we see") >= 5 and page.count("Predict") >= 3
    assert "FORMULA" not in page
    assert not re.search(r'(src|href)="(?!data:|https?://[^"]*"[^>]*>)', page)
    assert "<script src" not in page and "@import" not in page


def test_the_slides_are_written_where_they_are_asked_for(tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "slides.html"
    assert slides.main(["1", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out == f"{out}\n"
    assert slides.main(["99"]) == 2


def test_the_handout_has_every_exercise_and_its_solution(tmp_path: Path) -> None:
    nb = lesson()
    heading = next(c for c in nb.cells if c.source.startswith("### Exercise 1"))
    heading.source += "\n\nDouble.\n\n<details><summary>A hint</summary>\n\nTwice.\n\n</details>"
    page = solution.handout("01", make_course(tmp_path, nb) / "notebooks")
    assert page.startswith("# Solutions: 1 · Tiny chapter\n\n## Exercise 1 · Try it\n\nDouble.")
    assert "    return [2 * number for number in numbers]\n```" in page
    assert "hint" not in page and "SOLUTION" not in page and "assert" not in page


def test_the_page_of_misconceptions_is_up_to_date() -> None:
    stored = (NOTEBOOKS / misconceptions.PAGE).read_text(encoding="utf-8")
    assert stored == misconceptions.page(), "run `python course.py misconceptions`"
    assert stored.count("\n### Exercise ") == stored.count(", about ")
    assert stored.count("**You will be able to**") == len(chapters())


def test_the_page_says_what_a_chapter_teaches_and_catches(tmp_path: Path) -> None:
    make_course(tmp_path, lesson())
    answers = tmp_path / "answers.py"
    answers.write_text(
        "from tests.exercises import Wrong\n"
        "WRONG = {'ex1': [Wrong('adds', '', ''), Wrong('late', '', '', hidden=True)]}\nRIGHT = {}\n"
    )
    path = tmp_path / "notebooks" / CHAPTER / f"{CHAPTER}.ipynb"
    said = "\n".join(misconceptions.chapter(path, answers))
    assert "**You will be able to**\n\n- add." in said and "**Before you start.** Count." in said
    assert "### Exercise 1 · Try it, about 10 minutes\n\n- adds\n- late (*hidden*)" in said


@pytest.mark.parametrize(("lines", "minutes"), [(1, 10), (3, 10), (4, 15), (10, 20)])
def test_minutes_follow_from_the_length_of_a_solution(lines: int, minutes: int) -> None:
    assert misconceptions.minutes("x = 1\n\n# why\n" * lines) == minutes


# -- work that is alike ---------------------------------------------------------------------------

LONG = """\
def double(numbers):
    result = []
    for number in numbers:
        if number > 10 and number % 3 == 1:
            result.append(number + number)
        else:
            result += [number * 2]
    return list(reversed(result[::-1]))
"""
OTHER = """\
def double(numbers):
    total, where = {}, 0
    while where < len(numbers):
        total[where] = sum((numbers[where], numbers[where]))
        where = where + 1
    return [total[key] for key in sorted(total)]
"""
RENAMED = "# My own work!\n" + LONG.replace("number", "n").replace("result", "r").replace("10", "9")


def class_of(*answers: str):
    """Learners by letter with these answers."""
    work = {}
    for letter, answer in zip("abcdefgh", answers, strict=False):
        work[letter] = notebook(*exercise("ex1", SOLUTION, CHECK))
        cell_marked(work[letter], "ex1_answer").source = answer
    return work


def test_renamed_work_is_found_and_other_work_is_not() -> None:
    course = notebook(*exercise("ex1", SOLUTION, CHECK))
    (pair,) = alike.alike(class_of(LONG, OTHER, RENAMED), course, 0.5)
    assert (pair.one, pair.other, pair.exercises) == ("a", "c", ("ex1",))
    assert pair.share == 1


def test_what_the_course_or_everybody_wrote_counts_for_nothing() -> None:
    course = notebook(*exercise("ex1", SOLUTION, CHECK))
    assert alike.alike(class_of(LONG, LONG, LONG, LONG), course, 0.5) == []
    assert alike.alike(class_of(SOLUTION, SOLUTION), course, 0.5) == []
    cell_marked(course, "ex1_answer").source = LONG
    assert alike.alike(class_of(LONG, RENAMED), course, 0.5) == []
    assert alike.alike(class_of("def (", "'unfinished"), course, 0.5) == []


def test_the_command_names_pairs_and_what_it_is_not(tmp_path: Path, capsys) -> None:
    first = chapters()[0]
    for learner, answer in (("ada", LONG), ("bob", RENAMED), ("eve", OTHER)):
        nb = read(first)
        cell_marked(nb, "ex1_answer").source = answer
        place = tmp_path / learner / first.stem / first.name
        place.parent.mkdir(parents=True)
        write(place, nb)
    (tmp_path / "max" / first.stem).mkdir(parents=True)
    (tmp_path / "max" / first.stem / first.name).write_text("{")
    assert alike.main(["1", "--submitted", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "100%  ada and bob: ex1"
    assert len(said.out.splitlines()) == 2 and "alike is not copied" in said.out
    assert "left out" in said.err
    assert alike.main(["1", "--submitted", str(tmp_path / "none")]) == 2


# -- the guide ------------------------------------------------------------------------------------


def planned() -> list[tuple[int, str]]:
    """The cells of the table of cuts, with their chapters."""
    table = GUIDE.split("### Cuts for 45, 90 and 180 minutes")[1].split("###")[0]
    rows = re.findall(r"^\| (\d+) \|(.+)\|$", table, flags=re.MULTILINE)
    return [(int(number), cut) for number, cuts in rows for cut in cuts.split("|")]


def test_every_chapter_has_three_cuts_of_sections_and_exercises_that_there_are() -> None:
    cuts = planned()
    assert [number for number, _ in cuts] == sorted([*range(1, len(chapters()) + 1)] * 3)
    for number, cut in cuts:
        text = "\n".join(cell.source for cell in read(chapters()[number - 1]).cells)
        parts = re.fullmatch(
            r"\s*(?:all but )?sections? ([\d, and]+); exercises? ([\d, ]+?)\s*", cut
        )
        assert parts, cut
        for section in re.findall(r"\d+", parts[1]):
            assert re.search(rf"^## {section} · ", text, flags=re.MULTILINE), (number, section)
        for exercise_number in re.findall(r"\d+", parts[2]):
            heading = rf"^### Exercise {exercise_number} · "
            assert re.search(heading, text, flags=re.MULTILINE), (number, exercise_number)


def test_a_cut_leaves_time_for_more_than_its_exercises() -> None:
    page = (NOTEBOOKS / misconceptions.PAGE).read_text(encoding="utf-8").split("\n## ")[1:]
    for (number, cut), whole in zip(planned(), (45, 90, 180) * len(chapters()), strict=True):
        found = re.findall(r"### Exercise (\d+) .*, about (\d+) minutes", page[number - 1])
        asked = re.findall(r"\d+", cut.split(";")[1])
        assert sum(int(dict(found)[n]) for n in asked) <= whole * 0.6, (number, cut)


def test_questions_name_sections_that_there_are() -> None:
    questions = re.findall(r"\*Chapter (\d), section (\d+)\.\*", GUIDE)
    assert {int(chapter) for chapter, _ in questions} == set(range(1, len(chapters()) + 1))
    for chapter, section in questions:
        text = "\n".join(cell.source for cell in read(chapters()[int(chapter) - 1]).cells)
        assert f"\n## {section} · " in f"\n{text}", (chapter, section)


def test_what_the_guide_lets_learners_write_in_a_cell_works() -> None:
    assert "`from course_utils.workbook import progress`, then `progress()`" in GUIDE
    script = "from course_utils.workbook import progress; progress"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
