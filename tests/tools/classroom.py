"""One submission of every kind that a class has handed in, and what each must be graded with."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.tiny_course import CHECK, SOLUTION, exercise, notebook
from tools.notebooks import nbgrader
from tools.workbook import learner_copy, load_config

TOTAL = """\
def total(numbers):
    ### BEGIN SOLUTION
    return sum(numbers)
    ### END SOLUTION"""
TOTAL_CHECK = """\
expected = 6
assert total([1, 2, 3]) == expected, "total gives the sum of its numbers"
### BEGIN HIDDEN TESTS
expected = 12345
assert total([12340, 5]) == expected, "large numbers count too"
### END HIDDEN TESTS
print("right")"""

DOUBLE = "def double(numbers):\n    return [n + n for n in numbers]"
SUM = "def total(numbers):\n    return sum(numbers)"


def chapter() -> NotebookNode:
    """A chapter with two exercises of 2 points."""
    return notebook(*exercise("ex1", SOLUTION, CHECK), *exercise("ex2", TOTAL, TOTAL_CHECK))


@dataclass
class Kind:
    """A way of handing in: points for both exercises, None for ungraded; what must be said."""

    points: tuple[float | None, float | None]
    said: str = ""  # a regular expression that a remark must match; empty: no remark at all
    change: Callable[[NotebookNode], NotebookNode | None] = lambda nb: None
    content: Callable[[NotebookNode], bytes] = lambda nb: json.dumps(nb).encode()
    place: str = "{learner}/{chapter}/{chapter}.ipynb"


def cell(nb: NotebookNode, name: str) -> NotebookNode:
    """The graded cell with this grade_id."""
    return next(c for c in nb.cells if nbgrader(c).get("grade_id") == name)


def at(nb: NotebookNode, name: str) -> int:
    """The place of a graded cell."""
    return nb.cells.index(cell(nb, name))


def solved(nb: NotebookNode, first: str = DOUBLE, second: str = SUM) -> NotebookNode:
    """A learner's copy with these answers."""
    nb = copy.deepcopy(nb)
    cell(nb, "ex1_answer").source, cell(nb, "ex2_answer").source = first, second
    return nb


def submission(released: NotebookNode, kind: Kind) -> bytes:
    """What a learner hands in."""
    nb = solved(released)
    return kind.content(kind.change(nb) or nb)


def answer(text: str, second: str = SUM) -> Callable[[NotebookNode], None]:
    """The change of handing in this answer to exercise 1."""

    def change(nb: NotebookNode) -> None:
        cell(nb, "ex1_answer").source, cell(nb, "ex2_answer").source = text, second

    return change


def first_lines(text: str) -> Callable[[NotebookNode], None]:
    """The change of beginning both answers with these lines and leaving out what they ask."""
    attack = "def {}(numbers):\n    return None"
    return answer(f"{text}\n{attack.format('double')}", attack.format("total"))


def without(name: str) -> Callable[[NotebookNode], None]:
    """The change of deleting a cell."""
    return lambda nb: nb.cells.remove(cell(nb, name))


def doubled(name: str) -> Callable[[NotebookNode], None]:
    """The change of copying a cell, as JupyterLab does: with its marks."""
    return lambda nb: nb.cells.insert(at(nb, name), copy.deepcopy(cell(nb, name)))


def split(nb: NotebookNode) -> None:
    """Ctrl+Shift+− inside an answer."""
    first, rest = DOUBLE.split("\n")
    copied = copy.deepcopy(cell(nb, "ex1_answer"))
    cell(nb, "ex1_answer").source, copied.source = first, rest
    nb.cells.insert(at(nb, "ex1_answer") + 1, copied)


def two_answers(nb: NotebookNode) -> None:
    """A first try left standing above the copy that is right."""
    doubled("ex1_answer")(nb)
    cell(nb, "ex1_answer").source = "def double(numbers):\n    return 1"


def check_first(nb: NotebookNode) -> None:
    """A check moved above its answer."""
    i = at(nb, "ex1_answer")
    nb.cells[i], nb.cells[i + 1] = nb.cells[i + 1], nb.cells[i]


def stripped(nb: NotebookNode) -> None:
    """Metadata and ids gone, as some converters leave a notebook."""
    for found in nb.cells:
        found.metadata = {}
        found.pop("id")
    nb.nbformat_minor = 4


def edited_id(nb: NotebookNode) -> None:
    """A mark edited by hand."""
    nbgrader(cell(nb, "ex1_answer"))["grade_id"] = "my answer"


def edited_check(nb: NotebookNode) -> None:
    """A check that asks nothing, for 200 points."""
    found = cell(nb, "ex1_check")
    found.source = "print('right')"
    nbgrader(found)["points"] = 200
    cell(nb, "ex1_answer").source = "def double(numbers):\n    return 0"


def own_cell(nb: NotebookNode) -> None:
    """An answer in a cell of one's own, above the untouched one."""
    nb.cells.insert(at(nb, "ex1_answer"), new_code_cell(DOUBLE))
    released = learner_copy(chapter(), load_config())
    cell(nb, "ex1_answer").source = cell(released, "ex1_answer").source


def other_types(nb: NotebookNode) -> None:
    """A check made raw, an answer made markdown."""
    for name, kind in (("ex1_check", "raw"), ("ex2_answer", "markdown")):
        found = cell(nb, name)
        found["cell_type"] = kind
        found.pop("outputs")
        found.pop("execution_count")


def other_kernel(nb: NotebookNode) -> None:
    nb.metadata["kernelspec"] = {"name": "julia-1.10", "display_name": "Julia"}


def own_helper(nb: NotebookNode) -> None:
    """An answer that uses a cell of the learner's own."""
    nb.cells.insert(2, new_code_cell("import math\nTWO = math.sqrt(4)"))
    cell(nb, "ex1_answer").source = DOUBLE.replace("n + n", "int(TWO * n)")


def format_3(nb: NotebookNode) -> bytes:
    """Written by a program of ten years ago; ids and most metadata are not kept."""
    old = nbformat.convert(copy.deepcopy(nb), 3)
    return json.dumps(old).encode()


def format_4_2(nb: NotebookNode) -> bytes:
    nb.nbformat_minor = 2
    for found in nb.cells:
        found.pop("id")
    return json.dumps(nb).encode()


def kinds(course: Path) -> dict[str, Kind]:
    """Every kind by the learner's id; ``course`` is what attackers are after."""
    loop = "    while True:\n        {}"
    gradebook = (
        "import sqlite3\ntry:\n"
        f"    base = sqlite3.connect({str(course / 'gradebook.db')!r})\n"
        "    base.execute('update grade set manual_score = 2')\n    base.commit()\n"
        "except Exception:\n    pass"
    )
    read_solution = (
        "import json, pathlib\nimport course_utils\n"
        "roots = [pathlib.Path(course_utils.__file__).parents[1], "
        f"pathlib.Path({str(course)!r})]\n"
        "found = [p for r in roots for p in r.glob('notebooks/*/*.ipynb')]\n"
        "def ask(name):\n    for path in found:\n        for c in "
        "json.loads(path.read_text())['cells']:\n"
        "            if f'def {name}(' in ''.join(c['source']):\n"
        "                exec(''.join(c['source']), globals())\n"
        "                return globals()[name]\n"
    )
    thread = "import threading, time\ndef tell():\n    while True:\n        print('.')\n"
    thread += "        time.sleep(0.01)\nthreading.Thread(target=tell, daemon=True).start()\n"
    left = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; "
    left += "time.sleep(600)'])\n"
    network = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\n"
    network += "except OSError:\n    pass\n"
    delete = f"import shutil\nshutil.rmtree({str(course / 'submitted')!r}, ignore_errors=True)\n"
    data = "import pathlib, course_utils\nfor p in pathlib.Path(course_utils.__file__).parents[1]"
    data += ".glob('data/no-such-*'):\n    p.unlink()\n"
    patch = "import builtins\nbuiltins.len = lambda x: 3\nbuiltins.list = dict\n"
    frame = "import sys\ndef total(numbers):\n    return sys._getframe(1).f_globals['expected']"
    trace = (
        "def total(numbers):\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n"
        "        return e.__traceback__.tb_frame.f_back.f_globals['expected']"
    )
    strip = (
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
        "        return ast.Pass()\nget_ipython().ast_transformers.append(T())\n"
    )
    always = "class Yes:\n    __eq__ = lambda s, o: True\n    __len__ = lambda s: 3\n"
    deep = "def double(numbers):\n    while True:\n        try:\n            while True:\n"
    deep += "                try:\n                    while True: pass\n"
    deep += "                except: pass\n        except: pass"
    return {
        "perfect": Kind((2, 2), "set aside scratch.ipynb"),
        "untouched": Kind((0, 0), change=lambda nb: None, content=lambda nb: b""),
        "one_wrong": Kind((0, 2), change=answer("def double(n):\n    return [2, 4, 6]")),
        "answer_deleted": Kind((0, 2), "1, answer: its cell was deleted", without("ex1_answer")),
        "check_deleted": Kind((2, 2), "1, check: its cell was deleted", without("ex1_check")),
        "check_copied": Kind((2, 2), "check: its cell was there 2 times", doubled("ex1_check")),
        "answer_copied": Kind((2, 2), "answer: its cell was there 2 times", doubled("ex1_answer")),
        "two_answers": Kind((2, 2), "2 different answers, the last", two_answers),
        "answer_split": Kind((2, 2), "was split, joined again", split),
        "check_first": Kind((2, 2), "stood before what it belongs to", check_first),
        "endless": Kind((0, 2), "1: not done", answer("def double(n):\n" + loop.format("pass"))),
        "endless_print": Kind(
            (0, 2), "1: not done", answer("def double(n):\n" + loop.format("print('x' * 999)"))
        ),
        "endless_bare": Kind((0, 2), "1: not done", answer(deep)),
        "os_exit": Kind(
            (0, 2), "ended before its check", answer("import os\ndef double(n):\n    os._exit(0)")
        ),
        "exit": Kind((0, 2), change=answer("def double(n):\n    exit()")),
        "exit_outside": Kind((2, 2), change=answer(DOUBLE + "\nexit()")),
        "network": Kind((2, 2), "socket.connect|", answer(network + DOUBLE)),
        "deletes_data": Kind((2, 2), "", answer(data + DOUBLE)),
        "deletes_submitted": Kind(
            (2, 2), "changed submitted|opens .*submitted|", answer(delete + DOUBLE)
        ),
        "gradebook": Kind((0, 0), "changed gradebook|", first_lines(gradebook)),
        "warns": Kind(
            (2, 2),
            change=answer("import warnings\n" + DOUBLE.replace("ret", "warnings.warn('o');ret")),
        ),
        "patched": Kind(
            (0, 2), "replaces builtins.len", answer(patch + "def double(n):\n    return [2, 4, 6]")
        ),
        "strips_asserts": Kind((0, 0), "would transform the cells", first_lines(strip)),
        "frame": Kind((2, 0), "looks into the running check", answer(DOUBLE, frame)),
        "traceback": Kind((2, 0), "looks into the running check", answer(DOUBLE, trace)),
        "globals": Kind(
            (2, 0), "", answer(DOUBLE, "def total(n):\n    return globals()['expected']")
        ),
        "always_equal": Kind((0, 2), "", answer(always + "def double(n):\n    return None")),
        "reads_solutions": Kind(
            (0, 0),
            "opens .*notebooks|",
            answer(
                read_solution + "double = ask('double')",
                "def total(n):\n    return ask('total')(n)",
            ),
        ),
        "not_json": Kind((None, None), "not a notebook", content=lambda nb: b"<html>"),
        "empty": Kind((None, None), "the file is empty", content=lambda nb: b""),
        "cut_off": Kind((None, None), "no JSON", content=lambda nb: json.dumps(nb)[:900].encode()),
        "bom": Kind(
            (2, 2), "byte-order mark", content=lambda nb: b"\xef\xbb\xbf" + json.dumps(nb).encode()
        ),
        "downloaded_twice": Kind(
            (2, 2), r"came as .*\(1\)", place="{learner}/{chapter}/{chapter} (1).ipynb"
        ),
        "chapter_missing": Kind((2, 2), "came as", place="{learner}/{chapter}.ipynb"),
        "too_deep": Kind((2, 2), "", place="{learner}/my work/{chapter}/{chapter}.ipynb"),
        "by_mail": Kind((2, 2), "came as", place="{learner}_{chapter}.ipynb"),
        "other_name": Kind((2, 2), "came as .*Untitled3", place="{learner}/Untitled3.ipynb"),
        "stripped": Kind((2, 2), "known by its text", stripped),
        "edited_id": Kind((2, 2), "its marks were gone", edited_id),
        "format_3": Kind((2, 2), "converted from notebook format 3", content=format_3),
        "format_4_2": Kind((2, 2), content=format_4_2),
        "other_kernel": Kind((2, 2), change=other_kernel),
        "pip": Kind(
            (2, 2), "not carried out.*numpy==1.26", answer("!pip install numpy==1.26 -q\n" + DOUBLE)
        ),
        "edited_check": Kind((0, 2), "check: its (text|points)", edited_check),
        "own_cell": Kind((2, 2), "a cell of the learner's own", own_cell),
        "own_helper": Kind((2, 2), change=own_helper),
        "other_types": Kind((2, 2), "made code again", other_types),
        "asks": Kind((0, 2), change=answer("def double(n):\n    return input()")),
        "thread": Kind((2, 2), "leaves a thread", change=answer(thread + DOUBLE)),
        "left_process": Kind((2, 2), "subprocess|", answer(left + DOUBLE)),
    }
