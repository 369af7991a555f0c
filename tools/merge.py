"""Take a chapter's newer version into a learner's notebook, cell by cell, and lose nothing.

Cells are told by nbgrader's ``grade_id``, else by their id. What the learner wrote stays: answers
in their cells, so that they count, cells of the learner's own behind the cell they stood behind.
Where both sides changed a cell, both texts are left, the second as a note below it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.notebooks import (
    FORMAT,
    complete_ids,
    first_line,
    is_code,
    is_exercise_answer,
    is_exercise_check,
    nbgrader,
    source,
)

CHAPTERS = "**From the update:** you had begun this cell when the chapter changed it. Its new text:"
YOURS = "**From the update:** the chapter changed the cell above, and so had you. Your text was:"


@dataclass
class Merged:
    """A notebook with both sides in it, and one line for each place where they met."""

    notebook: NotebookNode
    conflicts: list[str] = field(default_factory=list)


class _Names:
    """One name for a cell in all versions: told by its mark, else its id, else its text."""

    def __init__(self, new: NotebookNode, base: NotebookNode | None) -> None:
        self._by_mark: dict[str, str] = {}
        self._by_text: dict[tuple, str] = {}
        self.by_id = {cell.id: cell.id for cell in new.cells}
        for cell in [*new.cells, *(base.cells if base else [])]:
            name = self.by_id.setdefault(cell.id, self.of(cell))
            self._by_mark.setdefault(nbgrader(cell).get("grade_id"), name)
            self._by_text.setdefault(text(cell), name)

    def of(self, cell: NotebookNode) -> str:
        """The cell's name: its id in the newest version that has it."""
        mark, name = nbgrader(cell).get("grade_id"), cell.get("id", "")
        if mark and mark in self._by_mark:
            return self._by_mark[mark]
        return self.by_id.get(name) or self._by_text.get(text(cell), name)


def text(cell: NotebookNode) -> tuple[str, str, str]:
    """What somebody wrote in a cell: its kind, its source and its attachments."""
    return str(cell.get("cell_type")), source(cell), repr(cell.get("attachments") or {})


def in_common(one: NotebookNode, other: NotebookNode) -> int:
    """How many cells two notebooks share, place aside."""
    first, second = ({(c.get("id"), text(c)) for c in nb.cells} for nb in (one, other))
    return len(first & second)


def merge(base: NotebookNode | None, mine: NotebookNode, new: NotebookNode) -> Merged:
    """The learner's notebook ``mine``, begun with ``base``, brought to the version ``new``.

    Without ``base`` nobody can say who changed a cell: then answers stay, and of any other cell
    that differs both texts are left. The arguments stay as they are.
    """
    names = _Names(new, base)
    begun = {names.of(cell): cell for cell in base.cells} if base else {}
    theirs = {names.of(cell): cell for cell in new.cells}
    yours: dict[str, NotebookNode] = {}
    for cell in mine.cells:  # of several with one grade_id, the one with the chapter's own cell id
        name, known = names.of(cell), cell.get("id") in names.by_id
        if name not in yours or (known and yours[name].get("id") not in names.by_id):
            yours[name] = cell
    result = Merged(copy.deepcopy(new))
    placed: dict[str, list[NotebookNode]] = {"": []}
    for name, cell in theirs.items():
        placed[name] = _settled(begun.get(name), yours.get(name), cell, base is None, result)
    behind = ""
    for cell in mine.cells:
        name = names.of(cell)
        if name in theirs and cell is yours[name]:
            behind = name
        elif name not in begun or cell is not yours[name]:
            placed[behind].append(copy.deepcopy(cell))  # the learner's own, or a doubled one
        elif text(cell) != text(begun[name]):
            result.conflicts.append(f"`{first_line(cell)}`: gone from the chapter; yours stays")
            placed[behind].append(_plain(cell))
    written = {source(cell) for cell in mine.cells}
    cells = [cell for group in placed.values() for cell in group]
    result.notebook.cells = [c for c in cells if "update" not in c or source(c) not in written]
    for cell in result.notebook.cells:
        cell.pop("update", None)
    result.notebook.update(nbformat=FORMAT[0], nbformat_minor=FORMAT[1])
    complete_ids(result.notebook)
    return result


def _settled(
    base: NotebookNode | None,
    mine: NotebookNode | None,
    new: NotebookNode,
    unknown: bool,
    result: Merged,
) -> list[NotebookNode]:
    """What stands in the place of the chapter's cell ``new``: one cell, or two, or none."""
    if mine is None:
        deleted = base is not None and text(base) == text(new) and not nbgrader(new)
        return [] if deleted else [copy.deepcopy(new)]
    if text(mine) == text(new):
        return [_with(new, mine)]
    if base is not None and text(mine) == text(base):
        return [copy.deepcopy(new)]
    same = base is not None and text(base) == text(new)
    if is_exercise_answer(new):
        kept = _with(new, mine)
        if same or unknown:
            return [kept]
        result.conflicts.append(f"`{first_line(new)}`: your answer stays; the new text is below it")
        return [kept, _note(CHAPTERS, new)]
    if same and not is_exercise_check(new):
        return [_with(new, mine) if text(mine)[0] == text(new)[0] else copy.deepcopy(mine)]
    result.conflicts.append(f"`{first_line(new)}`: is the chapter's now; your text is below it")
    return [copy.deepcopy(new), _note(YOURS, mine)]


def _with(new: NotebookNode, mine: NotebookNode) -> NotebookNode:
    """The chapter's cell, with its marks, but with the learner's text and outputs in it."""
    cell = copy.deepcopy(new)
    cell.source = source(mine)
    if is_code(new) and is_code(mine):
        cell.outputs = copy.deepcopy(mine.get("outputs", []))
        cell.execution_count = mine.get("execution_count")
    elif mine.get("attachments"):
        cell.attachments = copy.deepcopy(mine.attachments)
    return cell


def _plain(mine: NotebookNode) -> NotebookNode:
    """A cell that the chapter no longer has, as an ordinary cell of the learner's."""
    cell = copy.deepcopy(mine)
    for key in ("nbgrader", "deletable", "editable"):
        cell.get("metadata", {}).pop(key, None)
    return cell


def _note(words: str, cell: NotebookNode) -> NotebookNode:
    """A cell that shows another's text, so that it is read and not run."""
    note = new_markdown_cell(f"{words}\n\n~~~~\n{source(cell)}\n~~~~")
    if cell.get("attachments"):
        note["attachments"] = copy.deepcopy(cell.attachments)
    note["update"] = True  # it is left out where it stands already
    note.pop("id")
    return note
