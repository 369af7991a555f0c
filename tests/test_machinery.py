"""The notebook machinery, shown on one sound notebook and on many deliberately broken ones."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from nbformat import NotebookNode, v4

from benchmarks import __main__ as measurements
from benchmarks import chapters
from tools import contracts, execute, notebooks

NAME = "01_two_plus_two"
PNG = (  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
OPENING = """\
# 1 · Two plus two

**You will be able to** add. **No heading**, though.

**Before you start**: nothing. Go to [the first exercise](#Exercise-1-·-Add), read
[this file](01_two_plus_two.ipynb#Terms) or [the web](https://example.org/home/index.html).

**Time**: one minute."""
EXAM = {"chapter": NAME, "model": "adder", "errors": 5, "n": 10_000, "low": 0.999, "high": 0.9998}
VERDICTS = {"chapter": NAME, "model": "adder", "predictions": [n % 10 for n in range(24)]}
IGNORE = {"tags": ["nbval-ignore-output"], "course": {"ignore_reason": "times differ between runs"}}


# -- notebooks to test with ---------------------------------------------------------------------


def code(text: str, **metadata: object) -> NotebookNode:
    return v4.new_code_cell(text, metadata=metadata)


def picture(alt: str) -> str:
    return (
        f'data = {{"image/png": "{PNG}", "text/plain": "<Figure>"}}\n'
        f'display(data, raw=True, metadata={{"image/png": {{"alt": "{alt}"}}}})'
    )


def record(kind: str, content: dict) -> str:
    return (
        f'data = {{"text/plain": "{kind}"}}\n'
        f'display(data, raw=True, metadata={{"course": {{"{kind}": {content!r}}}}})'
    )


def exercise(number: int) -> list[NotebookNode]:
    """Heading, answer and check of an exercise that uses only what the setup cells define."""
    flags = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False}
    answer = {**flags, "grade_id": f"ex{number}_answer"}
    check = {**flags, "grade_id": f"ex{number}_check", "points": 2}
    check |= {"solution": False, "grade": True, "locked": True}
    return [
        v4.new_markdown_cell(f"### Exercise {number} · Add"),
        code(
            f"def add{number}(a, b):\n    ### BEGIN SOLUTION\n    return a + b\n"
            f"    ### END SOLUTION\n\n\nadd{number}(1, 2)",
            tags=["raises-exception"],
            nbgrader=answer,
        ),
        code(
            f"assert add{number}(1, 2) == numbers[2], 'add the two'\n### BEGIN HIDDEN TESTS\n"
            f"assert add{number}(2, 2) == 4\n### END HIDDEN TESTS\n"
            f"print('Exercise {number}: right')",
            tags=["raises-exception"],
            nbgrader=check,
        ),
    ]


def sound() -> NotebookNode:
    """A notebook, not yet executed, that keeps every contract."""
    cells = [
        v4.new_markdown_cell(OPENING),
        code("import time\n\nfrom IPython.display import display", tags=["setup"]),
        code("numbers = [1, 2, 3]", tags=["setup"]),
        code("print(sum(numbers))"),
        code("total = sum(numbers)\ntotal"),
        code("print(*[number**2 for number in numbers])"),
        code("print(f'{time.perf_counter():.9f} s')", **copy.deepcopy(IGNORE)),
        code(picture("A single dark pixel on a light ground")),
        *(cell for number in range(1, 5) for cell in exercise(number)),
        v4.new_markdown_cell("## Find the fault: one too many"),
        v4.new_markdown_cell("## 9 · The hard digits"),
        code(record("verdicts", VERDICTS)),
        v4.new_markdown_cell("## Final exam"),
        code(record("exam", EXAM)),
        v4.new_markdown_cell("## What to remember\n\nTwo and two.\n\n## Terms\n\n## Read on"),
    ]
    nb = v4.new_notebook(cells=cells)
    for cell in nb.cells:
        cell["id"] = ""
    notebooks.complete_ids(nb)
    return nb


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound notebook, executed. Tests change copies only."""
    path = tmp_path_factory.mktemp("sound") / NAME / f"{NAME}.ipynb"
    path.parent.mkdir()
    notebooks.write(path, sound())
    assert execute.main([str(path)]) == 0
    return path


@pytest.fixture
def chapter(executed: Path, tmp_path: Path) -> Path:
    """A copy of the executed sound notebook."""
    path = tmp_path / NAME / f"{NAME}.ipynb"
    path.parent.mkdir()
    (tmp_path / "broken.ipynb").write_text("{}", encoding="utf-8")
    return shutil.copy(executed, path)


def write_cells(path: Path, *sources: str) -> Path:
    """A notebook of plain code cells, not executed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nb = v4.new_notebook(cells=[code(text) for text in sources])
    notebooks.write(path, nb)
    return path


def cell(nb: NotebookNode, start: str) -> NotebookNode:
    """The first cell whose source starts so."""
    return next(c for c in nb.cells if c.source.startswith(start))


# -- the contracts: what breaks one, and what it says -------------------------------------------

SEALED: dict[str, tuple[Callable[[NotebookNode], object], str]] = {}
UNSEALED: dict[str, tuple[Callable[[NotebookNode], object], str]] = {}


def breaks(expected: str, sealed: bool = True) -> Callable:
    """Register a change that breaks the contract whose problem contains ``expected``.

    After a ``sealed`` change the notebook is brought into normal form, as if executed since.
    """

    def register(change: Callable[[NotebookNode], object]) -> Callable:
        (SEALED if sealed else UNSEALED)[change.__name__] = (change, expected)
        return change

    return register


@breaks("execution count", sealed=False)
def shuffled_counts(nb):
    a, b = cell(nb, "print(sum"), cell(nb, "total")
    a.execution_count, b.execution_count = b.execution_count, a.execution_count
    b.outputs[0].execution_count = b.execution_count


@breaks("execution count None", sealed=False)
def one_cell_not_executed(nb):
    cell(nb, "print(sum").update(execution_count=None, outputs=[])


@breaks("edited after it was executed", sealed=False)
def edited_afterwards(nb):
    cell(nb, "# 1").source += "\n\nOne more sentence."


@breaks("no source hash", sealed=False)
def no_hash(nb):
    del nb.metadata.course["source_hash"]


@breaks("occurs more than once", sealed=False)
def repeated_id(nb):
    nb.cells[3]["id"] = nb.cells[4]["id"]


@breaks("not a valid notebook", sealed=False)
def missing_id(nb):
    del nb.cells[3]["id"]


@breaks("not a valid notebook", sealed=False)
def old_format(nb):
    nb.nbformat_minor = 4


@breaks("times in its metadata", sealed=False)
def timing_metadata(nb):
    cell(nb, "total").metadata["execution"] = {"iopub.status.busy": "2024-01-01T00:00:00Z"}


@breaks("metadata 'widgets'", sealed=False)
def widget_state(nb):
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}


@breaks("metadata 'language_info'", sealed=False)
def python_version(nb):
    nb.metadata.language_info["version"] = "3.11.2"


@breaks("error output ValueError")
def error_output(nb):
    output = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    cell(nb, "print(sum").outputs = [output]


@breaks("output on stderr")
def stderr_output(nb):
    cell(nb, "print(sum").outputs.append(v4.new_output("stream", name="stderr", text="Warning"))


@breaks("absolute path in its source: /home/someone/data")
def posix_path_in_source(nb):
    cell(nb, "print(sum").source += "\nfolder = '/home/someone/data'"


@breaks("absolute path in its output: C:\\Users\\someone")
def windows_path_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "saved to C:\\Users\\someone\\model.pt\n"


@breaks("absolute path in its output: /srv/digits/model.pt")
def path_in_alt_text(nb):
    alt = nb.cells[7].outputs[0].metadata["image/png"]
    alt["alt"] += " from /srv/digits/model.pt"


@breaks("this machine's user name in its output: ada.lovelace")
def user_name_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "written by ada.lovelace\n"


@breaks("this machine's user name in its source: ada.lovelace")
def user_name_in_source(nb):
    cell(nb, "# 1").source += "\n\nAsk Ada.Lovelace."


@breaks("this machine's host name in its output: engine")
def host_name_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "on engine\n"


@breaks("this machine's host name in its source: engine")
def host_name_in_source(nb):
    cell(nb, "print(sum").source += "\nserver = 'me@engine'"


@breaks("a memory address in its output")
def memory_address(nb):
    cell(nb, "total").outputs[0].data["text/plain"] = "<map at 0x7f3a2b4c5d6e>"


@breaks("without a reason")
def unexplained_ignore(nb):
    del cell(nb, "print(f'{time").metadata["course"]


@breaks("without a reason")
def hardly_explained_ignore(nb):
    cell(nb, "print(f'{time").metadata["course"]["ignore_reason"] = "because"


@breaks("an ignore_reason, but no tag")
def reason_without_tag(nb):
    cell(nb, "print(f'{time").metadata["tags"] = []


@breaks("an NBVAL comment")
def ignored_by_comment(nb):
    cell(nb, "print(sum").source = "# NBVAL_IGNORE_OUTPUT\nprint(sum(numbers))"


@breaks("the tag nbval-skip is refused")
def skipped_cell(nb):
    cell(nb, "print(sum").metadata["tags"] = ["nbval-skip"]


@breaks("is for exercise cells only")
def raising_cell(nb):
    cell(nb, "print(sum").metadata["tags"] = ["raises-exception"]


@breaks("nbval-ignore-output on an exercise cell")
def ignored_check(nb):
    check = cell(nb, "assert add2")
    check.metadata["tags"] += IGNORE["tags"]
    check.metadata["course"] = IGNORE["course"]


@breaks("cells with output are ignored: at most a third may")
def mostly_ignored(nb):
    quiet = [c for c in nb.cells if c.get("outputs") and "nbgrader" not in c.metadata]
    for c in quiet:
        c.metadata.update(copy.deepcopy(IGNORE))


@breaks("cells have compared text output: at least 5 expected")
def hardly_any_output(nb):
    kept = ("data", "print(f'{time", "print(sum", "total")
    for c in nb.cells:
        if c.cell_type == "code" and not c.source.startswith(kept):
            c.outputs = []


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


@breaks("not valid Python")
def no_python(nb):
    cell(nb, "print(sum").source = "print(sum(numbers)"


@breaks("31 lines of code: at most 30")
def long_cell(nb):
    cell(nb, "print(sum").source += 30 * "\n# on and on"


@breaks("61 lines of code: at most 60")
def long_check(nb):
    check = cell(nb, "assert add2")
    check.source += (60 - check.source.count("\n")) * "\n# on and on"


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


@breaks("exercise 2: uses 'total', which neither the setup cells nor its own cells define")
def foreign_name(nb):
    cell(nb, "assert add2").source = cell(nb, "assert add2").source.replace(
        "numbers[2]", "total / 2"
    )


@breaks("exercise 3: uses 'add2', which neither")
def other_answer(nb):
    answer = cell(nb, "def add3")
    answer.source = answer.source.replace("return a + b", "return add2(a, b)")


@breaks("3 exercises: 4 to 7 expected")
def too_few_exercises(nb):
    start = nb.cells.index(cell(nb, "### Exercise 4"))
    del nb.cells[start : start + 3]


@breaks("exercises numbered [1, 2, 3, 3]")
def misnumbered(nb):
    cell(nb, "### Exercise 4").source = "### Exercise 3 · Add"
    for c, role in ((cell(nb, "def add4"), "answer"), (cell(nb, "assert add4"), "check")):
        c.metadata.nbgrader["grade_id"] = f"ex3_{role}"


@breaks("grade_id 'exercise2': 'ex2_answer' expected")
def other_grade_id(nb):
    cell(nb, "def add2").metadata.nbgrader["grade_id"] = "exercise2"


@breaks("points 0: more than 0 expected")
def no_points(nb):
    cell(nb, "assert add2").metadata.nbgrader["points"] = 0


@breaks("nbgrader locked is False: True expected")
def unlocked_check(nb):
    cell(nb, "assert add2").metadata.nbgrader["locked"] = False


@breaks("not tagged raises-exception")
def stops_at_an_open_exercise(nb):
    cell(nb, "def add2").metadata["tags"] = []


@breaks("the check cell does not follow the answer cell")
def code_in_between(nb):
    nb.cells.insert(nb.cells.index(cell(nb, "assert add2")), code("print(numbers)"))


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
    check = cell(nb, "assert add2")
    check.source = check.source.replace("assert add2(2, 2) == 4", "# later")


@breaks("no solution between")
def no_solution(nb):
    answer = cell(nb, "def add2")
    answer.source = "def add2(a, b):\n    return a + b\n\n\nadd2(1, 2)"


@breaks("does not end with a print call")
def ends_with_a_float(nb):
    check = cell(nb, "assert add2")
    check.source = check.source.replace("print('Exercise 2: right')", "1.0")


@breaks("does not end with a print call without its hidden tests")
def hides_its_print(nb):
    check = cell(nb, "assert add2")
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


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with names that must not be found in a notebook."""
    monkeypatch.setattr("getpass.getuser", lambda: "ada.lovelace")
    monkeypatch.setattr("socket.gethostname", lambda: "engine.example.org")


def test_sound_notebook_keeps_every_contract(chapter: Path, machine: None) -> None:
    assert contracts.problems(chapter) == []
    assert contracts.main([str(chapter)]) == 0


@pytest.mark.parametrize("name", [*SEALED, *UNSEALED])
def test_contracts_catch(
    name: str, chapter: Path, machine: None, capsys: pytest.CaptureFixture
) -> None:
    change, expected = {**SEALED, **UNSEALED}[name]
    nb = notebooks.read(chapter)
    change(nb)
    nb = execute.normalise(nb) if name in SEALED else nb
    chapter.write_text(notebooks.dumps(nb), encoding="utf-8")
    found = contracts.problems(chapter)
    assert found, f"{name} went unnoticed"
    assert all(expected in problem for problem in found), found
    assert contracts.main([str(chapter)]) == 1
    assert f"{notebooks.shown(chapter)}: {found[0]}" in capsys.readouterr().out


def test_contracts_catch_a_stripped_notebook(chapter: Path) -> None:
    nb = notebooks.read(chapter)
    for c in filter(notebooks.is_code, nb.cells):
        c.update(outputs=[], execution_count=None)
    notebooks.write(chapter, nb)
    found = contracts.problems(chapter, "execution")
    assert found == ["never executed, or its outputs were stripped: run python -m tools.execute"]
    assert any("compared text output" in problem for problem in contracts.problems(chapter))


def test_contracts_catch_names_of_file_and_folder(chapter: Path) -> None:
    other = chapter.rename(chapter.with_name("notebook.ipynb"))
    found = contracts.problems(other, "text")
    assert found == [f"the notebook 'notebook' lies in the folder {NAME!r}: same name expected"]
    folder = chapter.parent.rename(chapter.parent.with_name("1-Sums"))
    assert any("not called NN_words" in p for p in contracts.problems(folder / other.name, "text"))


def test_contracts_catch_what_is_no_notebook(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text("{", encoding="utf-8")
    assert "expected JSON" in contracts.problems(path)[0]
    path.write_text('{"nbformat": 3, "worksheets": []}', encoding="utf-8")
    assert "expected a notebook of format 4" in contracts.problems(path)[0]
    path.write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}')
    assert "parts missing" in contracts.problems(path)[0]
    path.write_text(
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": '
        '[{"cell_type": "code", "id": "a", "metadata": {}, "source": ""}]}'
    )
    assert all("not a valid notebook" in problem for problem in contracts.problems(path))


def test_contracts_stand_an_empty_notebook(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.ipynb"
    notebooks.write(path, v4.new_notebook())
    found = "\n".join(contracts.problems(path))
    for expected in ("source hash", "0 exercises", "tagged setup", "'Terms' is missing"):
        assert expected in found


def test_a_name_that_is_a_word_is_no_leak(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "numbers")
    assert contracts.problems(chapter) == []


def test_every_check_is_in_a_group() -> None:
    named = {name for name in dir(contracts) if name.startswith("check_")}
    assert named == {check.__name__ for group in contracts.GROUPS.values() for check in group}


@pytest.mark.parametrize(
    "text",
    [
        "/root/course",
        "see /tmp",
        "'/mnt/data/mnist.gz'",
        "open(/opt/models/a.pt)",
        "file:///C:/a.txt",
        "D:\\data\\mnist",
        "'C:\\\\Users\\\\ada'",
        "c:\\users\\ada",
        "E:/data/mnist",
        "[data](/home/ada/data)",
    ],
)
def test_absolute_paths_are_seen(text: str) -> None:
    assert contracts.absolute_paths(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/home/ada/index.html",
        "<td>1</td><br/><br />",
        "28/28/1, 1/255 and and/or",
        "../../data/README.md and data/MNIST/raw",
        "images / 255 / 2",
        'f"{folder}/raw/images"',
        "Labels:\\nfoo\\nbar",
        "pixels: 0/255\n/ 255",
        "src='data:image/png;base64,/9j/4AAQSkZJRgAB/AQ'",
        "x[:, ::2] and 12:30/13:45",
    ],
)
def test_other_texts_are_no_paths(text: str) -> None:
    assert contracts.absolute_paths(text) == []


def test_formulas_are_no_paths() -> None:
    assert contracts.absolute_paths("$F:\\R\\to\\R$")
    assert (
        contracts.absolute_paths(contracts.without_formulas(v4.new_markdown_cell("$F:\\R\\to$")))
        == []
    )


# -- executing ----------------------------------------------------------------------------------


def test_executing_twice_changes_nothing(chapter: Path, capsys: pytest.CaptureFixture) -> None:
    """The cell that prints a time would differ; it is tagged, so the file stays byte for byte."""
    before, written = chapter.read_bytes(), chapter.stat().st_mtime_ns
    assert execute.main([str(chapter)]) == 0
    assert "unchanged" in capsys.readouterr().out
    assert execute.main(["--check", str(chapter)]) == 0
    assert (chapter.read_bytes(), chapter.stat().st_mtime_ns) == (before, written)
    assert execute.main(["--fresh", str(chapter)]) == 0
    after = notebooks.read(chapter)
    differing = [
        new.source
        for old, new in zip(json.loads(before)["cells"], after.cells, strict=True)
        if old["cell_type"] == "code"
        and old["outputs"]
        != json.loads(v4.writes(v4.new_notebook(cells=[new])))["cells"][0]["outputs"]
    ]
    assert differing == [cell(after, "print(f'{time").source]


@pytest.mark.parametrize("change", ["output", "alt text", "record", "count", "source", "stripped"])
def test_executing_notices(change: str, chapter: Path, capsys: pytest.CaptureFixture) -> None:
    sound_bytes = chapter.read_bytes()
    nb = notebooks.read(chapter)
    if change == "output":
        cell(nb, "print(sum").outputs[0].text = "7\n"
    elif change == "alt text":
        nb.cells[7].outputs[0].metadata["image/png"]["alt"] += "!"
    elif change == "record":
        nb.cells[-2].outputs[0].metadata.course.exam["errors"] = 4
    elif change == "count":
        cell(nb, "print(sum").execution_count = 40
    elif change == "source":
        nb.cells[0].source += "\n\nAnother sentence."
    else:
        cell(nb, "print(sum").update(outputs=[], execution_count=None)
    notebooks.write(chapter, nb)
    before = chapter.read_bytes()
    assert execute.main(["--check", str(chapter)]) == 1
    assert "would change" in capsys.readouterr().out
    assert chapter.read_bytes() == before
    assert execute.main([str(chapter)]) == 0
    assert contracts.problems(chapter) == []
    if change != "source":
        old, new = json.loads(sound_bytes), json.loads(chapter.read_text(encoding="utf-8"))
        timed = next(i for i, c in enumerate(old["cells"]) if "perf_counter" in c["source"][0])
        del old["cells"][timed]["outputs"], new["cells"][timed]["outputs"]
        assert new == old


def test_failing_cell_leaves_the_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    good = write_cells(tmp_path / "good.ipynb", "print(1)")
    bad = write_cells(tmp_path / "bad.ipynb", "print(1)", "\n# next\n1 / 0")
    before = bad.read_bytes()
    assert execute.main([str(bad), str(good)]) == 1
    text = capsys.readouterr().err
    assert "cell 2 `# next`: ZeroDivisionError: division by zero" in text
    assert "the file is as it was" in text
    assert bad.read_bytes() == before
    assert notebooks.read(good).cells[0].execution_count == 1, "the others are executed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb", "good.ipynb"]


def test_cells_tagged_as_raising_may_not_raise_either(tmp_path: Path) -> None:
    path = write_cells(tmp_path / "a.ipynb", "raise KeyError('open')")
    nb = notebooks.read(path)
    nb.cells[0].metadata["tags"] = ["raises-exception"]
    with pytest.raises(execute.ExecutionError, match="cell 1 .*KeyError"):
        execute.run(nb, tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import time\ntime.sleep(30)", "not done after 1 s"),
        ("import os\nos._exit(3)", "kernel died"),
    ],
)
def test_cells_without_end(source: str, message: str, tmp_path: Path) -> None:
    nb = notebooks.read(write_cells(tmp_path / "a.ipynb", "print(1)", source))
    with pytest.raises(execute.ExecutionError, match=message):
        execute.run(nb, tmp_path, timeout=1)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these to one process")
def test_interruption_leaves_the_file(stop: signal.Signals, tmp_path: Path) -> None:
    wait = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(120)"
    path = write_cells(tmp_path / "a.ipynb", "print(1)", wait)
    before = path.read_bytes()
    (tmp_path / "tmp").mkdir()
    # A shell's background job ignores SIGINT and hands that on; what has a handler it does not.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.execute", str(path)],
        cwd=notebooks.ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, inherited)
    pid = tmp_path / "pid"
    wait_until(lambda: pid.exists() and pid.read_text())
    kernel = int(pid.read_text())
    process.send_signal(stop)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cell 2 `import os, time`: interrupted" in err
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"a.ipynb", "pid", "tmp"}
    assert list((tmp_path / "tmp").iterdir()) == []
    wait_until(lambda: not psutil.pid_exists(kernel))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def test_interrupting_stops_the_notebooks_that_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(client: object, on_start: object) -> None:
        raise execute.ExecutionError("cell 1: interrupted") from KeyboardInterrupt()

    monkeypatch.setattr(execute, "run_cells", interrupt)
    paths = [write_cells(tmp_path / f"{name}.ipynb", "print(1)") for name in "ab"]
    before = [path.read_bytes() for path in paths]
    assert execute.main([*map(str, paths)]) == 1
    assert [path.read_bytes() for path in paths] == before


def test_an_edit_while_executing_is_not_overwritten(chapter: Path) -> None:
    nb = notebooks.read(chapter)
    cell(nb, "total").source = f"open({str(chapter)!r}, 'a').write(' ')\ntotal = 6\ntotal"
    notebooks.write(chapter, nb)
    with pytest.raises(execute.ExecutionError, match="edited while it was executed"):
        execute.execute(chapter)
    assert chapter.read_text(encoding="utf-8") == notebooks.dumps(nb) + " "


def test_executed_notebooks_are_in_normal_form(tmp_path: Path) -> None:
    path = write_cells(
        tmp_path / "a.ipynb",
        "import sys\nprint(1)\nsys.stdout.flush()\nprint(2)",
        "",
        "print('10 %\\r20 %')",
        "from IPython.display import display\nprint(1); display('x'); print(2)",
        "import os, pathlib\nlog = pathlib.Path(os.environ['COURSE_EXAM_LOG'])\n"
        "print(pathlib.Path.cwd().name, log.exists())",
    )
    nb = notebooks.read(path)
    nb.cells[0].metadata["execution"] = {"iopub.status.busy": "2024"}
    del nb.cells[0]["id"]
    nb.cells[2]["id"] = nb.cells[1]["id"]
    nb.metadata["widgets"] = {}
    path.write_text(notebooks.dumps(nb), encoding="utf-8")
    assert execute.execute(path)
    assert path.read_bytes().endswith(b"}\n")
    assert path.read_text(encoding="utf-8").startswith('{\n "cells": [\n  {\n   "cell_type"')
    nb = notebooks.read(path)
    assert notebooks.format_errors(nb) == []
    assert [c.execution_count for c in nb.cells] == [1, None, 2, 3, 4]
    assert [c.outputs[0].text for c in nb.cells if c.outputs][:2] == ["1\n2\n", "20 %\n"]
    assert [o.output_type for o in nb.cells[3].outputs] == ["stream", "display_data", "stream"]
    assert nb.cells[4].outputs[0].text == f"{tmp_path.name} False\n"
    assert len({c.id for c in nb.cells}) == 5
    assert "version" not in nb.metadata.language_info
    assert "widgets" not in nb.metadata
    assert nb.metadata.kernelspec.name == "python3"
    assert not execute.execute(path)


def test_ids_follow_from_the_source() -> None:
    def ids(*sources: str) -> list[str]:
        nb = v4.new_notebook(cells=[code(text) for text in sources])
        for c in nb.cells:
            del c["id"]
        notebooks.complete_ids(nb)
        return [c.id for c in nb.cells]

    assert ids("a", "b", "a") == ids("a", "b", "a")
    assert len(set(ids("a", "b", "a"))) == 3
    assert ids("a", "b")[1] == ids("c", "b")[1]


@pytest.mark.parametrize("part", ["source", "tags", "nbgrader", "type", "order"])
def test_source_hash_sees(part: str) -> None:
    nb, other = sound(), sound()
    c = cell(other, "def add2")
    if part == "source":
        c.source += " "
    elif part == "tags":
        c.metadata["tags"] = []
    elif part == "nbgrader":
        c.metadata.nbgrader["grade_id"] = "ex3_answer"
    elif part == "type":
        c["cell_type"] = "raw"
    else:
        other.cells.reverse()
    assert notebooks.source_hash(nb) != notebooks.source_hash(other)


def test_source_hash_overlooks_outputs_and_ids() -> None:
    nb, other = sound(), sound()
    other.cells[3].outputs = [v4.new_output("stream", text="x")]
    other.cells[3]["id"], other.cells[3]["execution_count"] = "x", 7
    assert notebooks.source_hash(nb) == notebooks.source_hash(other)


def test_a_failed_write_leaves_the_old_file(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError("disk full")

    before = chapter.read_bytes()
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        notebooks.write(chapter, sound())
    with pytest.raises(ValueError, match="not valid"):
        notebooks.write(chapter, v4.new_notebook(nbformat_minor=4))
    assert chapter.read_bytes() == before
    assert list(chapter.parent.iterdir()) == [chapter]


def test_chapters_come_in_order(tmp_path: Path) -> None:
    for name in ("10_last", "02_second", "01_first", "notes", "03_empty"):
        (tmp_path / name / ".ipynb_checkpoints").mkdir(parents=True)
        if name != "03_empty":
            write_cells(tmp_path / name / f"{name}.ipynb", "1")
            write_cells(tmp_path / name / ".ipynb_checkpoints" / f"{name}.ipynb", "1")
    found = [path.stem for path in notebooks.chapters(tmp_path)]
    assert found == ["01_first", "02_second", "10_last"]
    assert notebooks.find(["02_second"], tmp_path) == [tmp_path / "02_second" / "02_second.ipynb"]
    assert notebooks.find([], tmp_path) == notebooks.chapters(tmp_path)
    for wrong in ("04_none", "03_empty"):
        with pytest.raises(FileNotFoundError, match="the chapters are: 01_first, 02_second"):
            notebooks.find([wrong], tmp_path)
    assert notebooks.title("10_reading_a_page") == "10 · Reading a page"
    with pytest.raises(ValueError, match="expected NN_words"):
        notebooks.title("notes")


# -- strict nbval, in a project of its own with this project's settings -------------------------

ENVIRONMENT = """\
import os, pathlib
log = pathlib.Path(os.environ["COURSE_EXAM_LOG"])
print("sitting", 1 + log.exists())
_ = log.write_text("sat")"""
GUARDED = """\
import socket
for host in ("192.0.2.1", "server.invalid"):
    try:
        socket.create_connection((host, 80), timeout=5)
    except OSError as error:
        print(type(error).__name__, host in str(error))"""
VARYING = "print(object())\nprint('/tmp/run_2/model.pt', '/var/folders/x/T/a.pt')"
STORED_VARYING = "<object object at 0x7f0000000000>\n/tmp/1 /private/var/folders/y/T/2\n"
PROJECT_TESTS = """\
import os, socket
import pytest

def test_options(request):
    assert request.config.option.nbval_current_env
    assert os.path.isabs(request.config.option.nbval_sanitize_with)
    assert request.config.option.nbval_cell_timeout == 600

def test_network():
    with pytest.raises(OSError, match="network blocked.*192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
"""


def clean_environment() -> dict[str, str]:
    """The environment without what this test run itself has set."""
    own = {"PYTHONPATH", *notebooks.run_environment(Path())}
    return {k: v for k, v in os.environ.items() if k not in own and not k.startswith("PYTEST_")}


def pytest_in(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of a pytest run in another folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def stored(path: Path, *cells: tuple[str, str]) -> None:
    """A notebook of code cells, each with what it is said to have printed."""
    write_cells(path, *(text for text, _ in cells))
    nb = notebooks.read(path)
    for count, (c, (_, printed)) in enumerate(zip(nb.cells, cells, strict=True), start=1):
        c.execution_count = count
        c.outputs = [v4.new_output("stream", name="stdout", text=printed)] if printed else []
    notebooks.write(path, nb)


@pytest.fixture(scope="module")
def project(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the settings of this one, and with notebooks of its own."""
    root = tmp_path_factory.mktemp("project")
    for name in ("conftest.py", "pyproject.toml", notebooks.SANITIZER.name):
        shutil.copy(notebooks.ROOT / name, root / name)
    for name in ("tools", "tests/no_network"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(notebooks.ROOT / name, root / name, ignore=ignore)
    (root / "tests" / "test_it.py").write_text(PROJECT_TESTS, encoding="utf-8")
    folder = root / "notebooks"
    shutil.copytree(executed.parent, folder / NAME)
    printed = ("print(1)", "1\n"), ("print(2)", "2\n"), ("print(3)", "3\n")
    stored(folder / "wrong.ipynb", printed[0], ("print(2)", "two\n"), printed[2])
    stored(folder / "failing.ipynb", printed[0], ("1 / 0", ""), printed[2])
    write_cells(folder / "stripped.ipynb", "print(1)", "print('anything')", "print(3)")
    blocked = "NetworkBlockedError True\n" * 2
    for name in ("first", "second"):
        stored(folder / f"{name}.ipynb", (ENVIRONMENT, "sitting 1\n"), (GUARDED, blocked))
    stored(folder / "varying.ipynb", (VARYING, STORED_VARYING), ("print(0x803)", "2052\n"))
    write_cells(root / "workbook" / "learner.ipynb", "raise NotImplementedError")
    return root


@pytest.fixture(scope="module")
def nbval_run(project: Path) -> tuple[int, dict[str, list[str]], str]:
    """Exit status, outcomes by notebook and output of strict nbval, run in a subfolder."""
    status, text = pytest_in(project / "notebooks", "--nbval", "-v")
    outcomes: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(".ipynb::Cell ")
        if rest and rest.split()[1] in {"PASSED", "FAILED"}:
            outcomes.setdefault(name.rpartition("/")[2], []).append(rest.split()[1])
    return status, outcomes, text


def test_nbval_passes_the_sound_notebook(nbval_run: tuple) -> None:
    assert set(nbval_run[1][NAME]) == {"PASSED"}, nbval_run[2]
    assert len(nbval_run[1][NAME]) == sum(map(notebooks.is_code, sound().cells))


def test_nbval_fails_on_a_wrong_output(nbval_run: tuple) -> None:
    assert nbval_run[0] == 1
    assert nbval_run[1]["wrong"] == ["PASSED", "FAILED", "PASSED"], nbval_run[2]
    assert "mismatch 'stdout'" in nbval_run[2]


def test_nbval_fails_on_a_failing_cell(nbval_run: tuple) -> None:
    assert nbval_run[1]["failing"] == ["PASSED", "FAILED", "PASSED"], nbval_run[2]
    assert "ZeroDivisionError" in nbval_run[2]


def test_nbval_passes_a_stripped_notebook_and_the_contracts_do_not(
    nbval_run: tuple, project: Path
) -> None:
    assert nbval_run[1]["stripped"] == ["PASSED", "PASSED", "PASSED"], nbval_run[2]
    found = contracts.problems(project / "notebooks" / "stripped.ipynb")
    assert any("never executed" in problem for problem in found)


def test_each_notebook_has_an_exam_log_of_its_own_and_no_network(nbval_run: tuple) -> None:
    assert nbval_run[1]["first"] == nbval_run[1]["second"] == ["PASSED", "PASSED"], nbval_run[2]


def test_nbval_overlooks_addresses_and_temporary_paths_but_no_number(nbval_run: tuple) -> None:
    assert nbval_run[1]["varying"] == ["PASSED", "FAILED"], nbval_run[2]


@pytest.mark.parametrize(
    "text", ["0x00000803", "accuracy 0.8203", "3 at 0x7f3a2b4c5d6e", "tmp/7", "1/tmp/7"]
)
def test_sanitizers_leave_numbers(text: str) -> None:
    output = v4.new_output("stream", name="stdout", text=text)
    c = v4.new_code_cell(outputs=[output])
    assert execute.compared_outputs(c)["stdout"] == [text]


def test_settings_hold_without_nbval_and_in_subfolders(project: Path) -> None:
    status, text = pytest_in(project / "tests", "-v")
    assert status == 0, text
    assert "2 passed" in text


def test_learners_copies_are_not_collected(project: Path) -> None:
    _, text = pytest_in(project, "--nbval", "--collect-only", "-q", ".")
    assert f"notebooks/{NAME}/{NAME}.ipynb::Cell 0" in text
    assert "learner" not in text


def test_comparison_is_nbvals_own(nbval_run: tuple, project: Path) -> None:
    """What nbval passes, executing leaves alone; what it refuses, executing would rewrite."""
    for name, same in ((f"{NAME}/{NAME}", True), ("wrong", False)):
        path = project / "notebooks" / f"{name}.ipynb"
        nb = notebooks.read(path)
        fresh = execute.run(nb, path.parent)
        found = [
            execute.compared_outputs(a) == execute.compared_outputs(b)
            for a, b in zip(nb.cells, fresh.cells, strict=True)
            if notebooks.is_code(a)
        ]
        assert all(found) is same
        assert found == [o == "PASSED" for o in nbval_run[1][path.stem]]


# -- the network ----------------------------------------------------------------------------------

OUTSIDE = ["192.0.2.1", "2001:db8::1", "server.invalid", b"server.invalid", "192.0.2.1%lo"]
INSIDE = ["127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost", "", None, b"127.0.0.1"]


def guard_module() -> object:
    """The guard's module under a name at which it hides no ``sitecustomize``."""
    import importlib.util

    place = notebooks.ROOT / "tests" / "no_network" / "sitecustomize.py"
    spec = importlib.util.spec_from_file_location("guard", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("host", OUTSIDE)
def test_other_machines_are_seen(host: object) -> None:
    assert not guard_module().is_own_machine(host)


@pytest.mark.parametrize("host", INSIDE)
def test_this_machine_is_seen(host: object) -> None:
    assert guard_module().is_own_machine(host)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda s: s.connect(("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.connect_ex(("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.sendto(b"x", ("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.sendto(b"x", ("255.255.255.255", 9)), "255.255.255.255"),
        (lambda s: socket.getaddrinfo("server.invalid", 80), "server.invalid"),
        (lambda s: socket.gethostbyname("server.invalid"), "server.invalid"),
        (lambda s: socket.gethostbyname_ex("server.invalid"), "server.invalid"),
        (lambda s: socket.gethostbyaddr("192.0.2.1"), "192.0.2.1"),
        (lambda s: socket.getnameinfo(("192.0.2.1", 80), 0), "192.0.2.1"),
        (lambda s: socket.create_connection(("server.invalid", 80)), "server.invalid"),
    ],
)
def test_network_is_blocked_in_this_process(call: Callable, named: str) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s,
        pytest.raises(OSError, match=f"network blocked: .*{named}"),
    ):
        s.settimeout(5)
        call(s)


def test_a_download_says_that_the_network_is_blocked() -> None:
    import urllib.request

    with pytest.raises(OSError, match=r"network blocked: .*server\.invalid"):
        urllib.request.urlopen("http://server.invalid/mnist.gz", timeout=5)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, server.getsockname()[1]), timeout=5):
                server.accept()[0].close()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets here")
def test_unix_sockets_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # a relative name, as a path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("socket")
        server.listen()
        client.connect("socket")


def python(code_text: str, *path: Path) -> str:
    """What a child process prints; folders of ``path`` follow the guard's on its PYTHONPATH."""
    extra = os.pathsep.join([os.environ["PYTHONPATH"], *map(str, path)])
    done = subprocess.run(
        [sys.executable, "-c", code_text],
        env={**os.environ, "PYTHONPATH": extra},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_network_is_blocked_in_child_processes() -> None:
    printed = python(
        GUARDED
        + "\nserver = socket.create_server(('127.0.0.1', 0))"
        + "\nsocket.create_connection(server.getsockname(), timeout=5)\nprint('loopback works')"
        + "\nimport multiprocessing.connection, subprocess, sys"
        + f"\nsubprocess.run([sys.executable, '-c', {GUARDED!r}])"
    )
    expected = ["NetworkBlockedError True"] * 2 + ["loopback works"]
    assert sorted(printed.split("\n")) == ["", *expected[:2] * 2, expected[2]], printed


def test_network_is_blocked_in_kernels(tmp_path: Path) -> None:
    nb = notebooks.read(write_cells(tmp_path / "a.ipynb", GUARDED))
    printed = execute.run(nb, tmp_path).cells[0].outputs[0].text
    assert printed == "NetworkBlockedError True\n" * 2


def test_the_guard_lets_another_sitecustomize_run(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.other = 'ran, too'\n")
    printed = python("import sitecustomize\nprint(other, sitecustomize.__file__)", tmp_path)
    assert printed == f"ran, too {tmp_path / 'sitecustomize.py'}\n"
    assert "NetworkBlockedError True" in python(GUARDED, tmp_path)


def test_no_proxy_leads_around_the_guard() -> None:
    import urllib.request

    assert urllib.request.getproxies_environment().keys() <= {"no"}
    assert urllib.request.proxy_bypass("server.invalid")


# -- measuring ------------------------------------------------------------------------------------

HUNGRY = "block = bytearray(300_000_000)\ndel block\nimport time\ntime.sleep(0.5)"


def test_chapters_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = write_cells(tmp_path / f"{NAME}.ipynb", "print(1)", HUNGRY, "print(2)")
    before = path.read_bytes()
    assert chapters.main([str(path), "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    assert f"{NAME} " in printed
    assert "cell 2 `block = bytearray(300_000_000)`" in printed
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(content["machine"]) == {"processor", "cores", "threads", "device", "torch"}
    (row,) = content["chapters"]
    assert (row["chapter"], row["cells"]) == (NAME, 3)
    assert 0.5 <= row["slowest_seconds"] <= row["seconds"] < 60
    assert 300 < row["peak_mb"] < 1_000, "a peak too short to be seen by looking is counted"
    assert path.read_bytes() == before


def test_a_chapter_that_fails_is_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(chapters, "machine", lambda: dict.fromkeys(("torch", "device"), "") | {
        "processor": "p", "cores": 1, "threads": 1
    })  # fmt: skip
    path = write_cells(tmp_path / f"{NAME}.ipynb", "1 / 0")
    assert chapters.main([str(path)]) == 1
    assert "cell 1 `1 / 0`: ZeroDivisionError" in capsys.readouterr().err
    assert chapters.main(["no such chapter"]) == 2
    assert chapters.main([str(path), "--json", str(tmp_path / "none" / "out.json")]) == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_unknown_measurements_are_refused(capsys: pytest.CaptureFixture) -> None:
    assert measurements.main(["nothing_of_the_kind"]) == 2
    error = capsys.readouterr().err
    assert "no measurement 'nothing_of_the_kind'; there are: " in error
    assert " chapters, " in error


def test_measurements_are_run_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr("runpy.run_module", lambda name, **_: started.append((name, sys.argv[1:])))
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert measurements.main([]) == 0
    assert measurements.main(["--json", "out.json"]) == 0
    assert measurements.main(["chapters", "01_explore_the_data"]) == 0
    assert started == [
        ("benchmarks.chapters", []),
        ("benchmarks.chapters", ["--json", "out.json"]),
        ("benchmarks.chapters", ["01_explore_the_data"]),
    ]
