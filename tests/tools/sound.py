"""One sound notebook, and deliberate offences against it, for the tests of the notebook tools."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from tools import contracts, notebooks, outputs

NAME = "01_two_plus_two"
PNG = (  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
SETUP = """\
import time
from types import SimpleNamespace

from IPython.display import display

plots, checking = SimpleNamespace(show=print), SimpleNamespace(solved=lambda name, other: other)"""
OPENING = """\
# 1 · Two plus two

**You will be able to** add. **No heading**, though.

**Before you start**: nothing. Go to [the first exercise](#Exercise-1-·-Add), read
[this file](01_two_plus_two.ipynb#Terms) or [the web](https://example.org/home/index.html).

**Time**: one minute. `python course.py solution 01 2` shows exercise 2's answer."""
EXAM = {"chapter": NAME, "model": "adder", "errors": 5, "n": 10_000, "low": 0.999, "high": 0.9998}
VERDICTS = {"chapter": NAME, "model": "adder", "predictions": [n % 10 for n in range(24)]}
HINTS = "\n\n".join(
    f"<details><summary>Hint {n}</summary>\n\nThere is a sign for it.\n\n</details>" for n in (1, 2)
)
IGNORE = {"tags": ["nbval-ignore-output"], "course": {"ignore_reason": "times differ between runs"}}


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
        v4.new_markdown_cell(f"### Exercise {number} · Add\n\nTwo numbers.\n\n{HINTS}"),
        code(
            f"def add{number}(a, b):\n    ### BEGIN SOLUTION\n    return a + b\n"
            f"    ### END SOLUTION\n\n\nadd{number}(1, 2)",
            tags=["raises-exception"],
            nbgrader=answer,
        ),
        code(
            f"# Check of exercise {number}\n"
            f"assert add{number}(1, 2) == numbers[2], 'add the two'\n### BEGIN HIDDEN TESTS\n"
            f"assert add{number}(2, 2) == 4\n### END HIDDEN TESTS\n"
            f"print('Exercise {number}: right')",
            tags=["raises-exception"],
            nbgrader=check,
            jupyter={"source_hidden": True},
        ),
    ]


def sound() -> NotebookNode:
    """A notebook, not yet executed, that keeps every contract."""
    cells = [
        v4.new_markdown_cell(OPENING),
        code(SETUP, tags=["setup"]),
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


def write_cells(path: Path, *sources: str) -> Path:
    """A notebook of plain code cells, not executed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nb = v4.new_notebook(cells=[code(text) for text in sources])
    notebooks.write(path, nb)
    return path


def cell(nb: NotebookNode, start: str) -> NotebookNode:
    """The first cell whose source starts so."""
    return next(c for c in nb.cells if c.source.startswith(start))


class Offences(dict[str, tuple[Callable[[NotebookNode], object], str, bool]]):
    """Changes of the sound notebook by name; as a decorator it registers one."""

    def __call__(self, expected: str, sealed: bool = True) -> Callable:
        """Register a change that breaks the contract whose problem contains ``expected``.

        After a ``sealed`` change the notebook is brought into normal form, as if executed since.
        """

        def register(change: Callable[[NotebookNode], object]) -> Callable:
            self[change.__name__] = (change, expected, sealed)
            return change

        return register

    def assert_caught(self, name: str, chapter: Path, capsys: pytest.CaptureFixture) -> None:
        """Commit the offence: it is the only one found, by the function and by the command."""
        change, expected, sealed = self[name]
        nb = notebooks.read(chapter)
        change(nb)
        nb = outputs.normalise(nb) if sealed else nb
        chapter.write_text(notebooks.dumps(nb), encoding="utf-8")
        found = contracts.problems(chapter)
        assert found, f"{name} went unnoticed"
        assert all(expected in problem for problem in found), found
        assert contracts.main([str(chapter)]) == 1
        assert f"{notebooks.shown(chapter)}: {found[0]}" in capsys.readouterr().out
