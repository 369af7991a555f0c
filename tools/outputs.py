"""A notebook's outputs in normal form, and compared as the tests compare them.

The tests compare with nbval; ``compared_outputs`` holds the same of an output against another,
and its metadata as well, where alt texts and exam results are kept.
"""

from __future__ import annotations

import configparser
import copy
import re
from collections import defaultdict
from functools import cache
from typing import Any

from nbformat import NotebookNode

from tools import notebooks

WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# Keys of an output that nbval does not compare either, but for "metadata".
NOT_COMPARED = frozenset(
    {"data", "traceback", "prompt_number", "output_type", "name", "execution_count", WIDGET}
    | {"image/png", "image/jpeg"}
)


def left_on_screen(text: str) -> str:
    """What a terminal still shows of a printed text: a carriage return begins its line anew."""
    lines = text.split("\n")
    # A return at a line's very end has nothing after it that would overwrite the line.
    return "\n".join(line[:-1].rpartition("\r")[2] + line[-1:] for line in lines)


def normalise(nb: NotebookNode) -> NotebookNode:
    """A copy without anything that depends on when, where or how often the notebook ran.

    Cells are counted 1, 2, 3 …; missing or repeated ids are filled in; the source hash is noted;
    times, widget state and versions are dropped; neighbouring stream outputs become one.
    """
    nb = copy.deepcopy(nb)
    nb.nbformat, nb.nbformat_minor = notebooks.FORMAT
    notebooks.complete_ids(nb)
    nb.metadata.pop("widgets", None)
    nb.metadata["kernelspec"] = NotebookNode(KERNELSPEC)
    nb.metadata["language_info"] = NotebookNode(LANGUAGE)
    course = nb.metadata.get("course")
    nb.metadata["course"] = NotebookNode(course if isinstance(course, dict) else {})
    nb.metadata.course["source_hash"] = notebooks.source_hash(nb)
    count = 0
    for cell in nb.cells:
        for key in ("execution", "ExecuteTime", "trusted"):
            cell.metadata.pop(key, None)
        if notebooks.is_code(cell):
            count += bool(notebooks.source(cell).strip())
            _normalise_outputs(cell, count)
    return nb


def _normalise_outputs(cell: NotebookNode, count: int) -> None:
    """Number the cell and its results, drop widget views, join streams, as ``normalise`` says."""
    if not notebooks.source(cell).strip():
        cell["outputs"], cell["execution_count"] = [], None
        return
    cell["execution_count"] = count
    joined: list[NotebookNode] = []
    for output in cell.get("outputs", []):
        if "data" in output:
            output["data"].pop(WIDGET, None)
        if output.get("output_type") == "execute_result":
            output["execution_count"] = count
        last = joined[-1] if joined else NotebookNode()
        if output.get("output_type") == "stream" and last.get("name") == output.get("name"):
            last["text"] += output["text"]
        else:
            joined.append(output)
    for output in joined:
        if output.get("output_type") == "stream":
            output["text"] = left_on_screen(output["text"])
    cell["outputs"] = joined


@cache
def sanitizers() -> list[tuple[str, str]]:
    """The pairs (pattern, replacement) that the tests use, too."""
    config = configparser.ConfigParser(delimiters=":", interpolation=None)
    config.read_string(notebooks.SANITIZER.read_text(encoding="utf-8"))
    return [(config[name]["regex"], config[name]["replace"]) for name in config.sections()]


def _sanitized(value: Any) -> Any:
    """A text without addresses and temporary paths, as the tests compare it."""
    if isinstance(value, str):
        for pattern, replacement in sanitizers():
            value = re.sub(pattern, replacement, value)
    return value


def compared_outputs(cell: NotebookNode) -> dict[str, list[Any]]:
    """What the tests compare of a code cell's outputs, by stream or data type, and its metadata.

    All that goes to one stream counts as one text, whatever is shown in between. Empty for a cell
    tagged ``nbval-ignore-output``.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    streams: dict[str, str] = defaultdict(str)
    for output in [] if notebooks.is_ignored(cell) else cell.get("outputs", []):
        if output.get("output_type") == "stream":
            streams[output["name"]] += output["text"]
            continue
        for key, value in {**output, **output.get("data", {})}.items():
            if key not in NOT_COMPARED:
                found[key].append(_sanitized(value))
    return found | {name: [_sanitized(left_on_screen(text))] for name, text in streams.items()}


def says_the_same(text: str, stored: NotebookNode, executed: NotebookNode) -> bool:
    """Whether the file with this ``text`` may stay when it was now executed anew.

    It may when it is in normal form, source hash included, and all compared outputs agree.
    """
    if notebooks.dumps(normalise(stored)) != text:
        return False
    pairs = zip(stored.cells, executed.cells, strict=True)
    return all(
        compared_outputs(old) == compared_outputs(new)
        for old, new in pairs
        if notebooks.is_code(old)
    )
