"""Make of a notebook that came in one that can be graded, from the assignment's own cells.

The learner's words are kept: an answer's text is never changed but by joining what a split took
apart, and what is not an exercise's cell stays where it is. Marks, checks and the kernel are the
assignment's. Each repair is told in a sentence.
"""

from __future__ import annotations

import ast
import copy
import json
import re

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from tools.notebooks import FORMAT, complete_ids, format_errors, is_code, nbgrader

_DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", flags=re.MULTILINE)
_NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class UnreadableError(Exception):
    """No notebook of this chapter can be made of it; the message says why."""


def load(content: bytes) -> tuple[NotebookNode, list[str]]:
    """The notebook in a file's content, in today's format, and what was done to read it.

    Raises UnreadableError.
    """
    told = []
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableError("the file is empty")
    encoding = "utf-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    if encoding != "utf-8":
        told.append("a byte-order mark at the beginning was left out")
    try:
        data = json.loads(content.decode(encoding))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not a notebook: the file is no JSON ({str(error)[:80]})") from None
    if not isinstance(data, dict) or not isinstance(data.get("nbformat"), int):
        raise UnreadableError("not a notebook: the file is JSON, but has no cells")
    try:
        if data["nbformat"] < FORMAT[0]:
            told.append(f"converted from notebook format {data['nbformat']}")
            data = nbformat.convert(nbformat.from_dict(data), FORMAT[0])
        return _rebuilt(data), told
    except Exception as error:  # noqa: BLE001 (whatever a stranger's file does to the reader)
        raise UnreadableError(f"a damaged notebook ({type(error).__name__}: {error})") from None


def _rebuilt(data: dict) -> NotebookNode:
    """The notebook with every cell in due form; outputs that are not are left out."""
    cells = []
    for old in data["cells"]:
        source = old.get("source", "")
        source = "".join(source) if isinstance(source, list) else str(source)
        kind = old.get("cell_type") if old.get("cell_type") in _NEW else "raw"
        metadata = old.get("metadata") if isinstance(old.get("metadata"), dict) else {}
        cell = _NEW[kind](source, metadata=nbformat.from_dict(metadata))
        if isinstance(old.get("id"), str):
            cell["id"] = old["id"]
        if kind == "code":
            cell.outputs = nbformat.from_dict(old.get("outputs") or [])
        cells.append(cell)
    metadata = data.get("metadata") if isinstance(data.get("metadata"), dict) else {}
    nb = new_notebook(metadata=nbformat.from_dict(metadata))
    nb.cells, nb.nbformat_minor = cells, FORMAT[1]
    complete_ids(nb)
    if format_errors(nb):
        for cell in filter(is_code, nb.cells):
            cell.outputs = []
    return nb


def repair(nb: NotebookNode, released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The notebook with every exercise's cells once, in order, and marked; and what was repaired.

    ``released`` is the chapter as learners get it. Raises UnreadableError when nothing in the
    notebook belongs to an exercise of the chapter.
    """
    wanted = {nbgrader(cell)["grade_id"]: cell for cell in released.cells if nbgrader(cell)}
    nb = copy.deepcopy(nb)
    told: list[str] = []
    claims = _claims(nb, wanted, told)
    if wanted and not any(claims.values()):
        raise UnreadableError("nothing in it belongs to an exercise of this chapter")
    _claim_own_cells(nb, released, wanted, claims, told)
    parents = _checks_answers(wanted)
    first = {name: (cells[0] if cells else None) for name, cells in claims.items()}
    for name, cell in wanted.items():
        made = copy.deepcopy(cell)
        if nbgrader(cell).get("solution"):
            made.source = _answer(name, cell, claims[name], told)
            old = next((c for c in claims[name] if is_code(c)), None)
            if is_code(made) and old is not None:
                made.outputs = old.outputs
        else:
            _tell_of_check(name, cell, claims[name], told)
        _place(nb, made, first, name, parents, told)
    mine = {id(cell) for cell in first.values()}
    for cell in nb.cells:
        if id(cell) not in mine:
            cell.metadata.pop("nbgrader", None)
            cell.metadata.pop("deletable", None)
    nb.metadata["kernelspec"] = copy.deepcopy(released.metadata.get("kernelspec", {}))
    complete_ids(nb)
    return nb, list(dict.fromkeys(told))


def said(name: str) -> str:
    """How a person names a graded cell: ``ex2_check`` is the check of exercise 2."""
    match = re.fullmatch(r"ex(\d+)_(\w+)", name)
    return f"exercise {match[1]}, {match[2]}" if match else name


def _claims(nb: NotebookNode, wanted: dict, told: list[str]) -> dict[str, list[NotebookNode]]:
    """The cells that are, or once were, those of the assignment; by mark, by id, by content."""
    claims: dict[str, list[NotebookNode]] = {name: [] for name in wanted}
    by_id = {cell.get("id"): name for name, cell in wanted.items()}
    left = []
    for cell in nb.cells:
        name = nbgrader(cell).get("grade_id")
        if isinstance(name, str) and name in claims:
            claims[name].append(cell)
        elif cell.get("id") in by_id and not claims[by_id[cell["id"]]]:
            claims[by_id[cell["id"]]].append(cell)
            told.append(f"{said(by_id[cell['id']])}: its marks were gone or changed, put back")
        else:
            left.append(cell)
    for name, cell in wanted.items():
        for other in left if not claims[name] else ():
            if _looks_like(other, cell):
                claims[name].append(other)
                told.append(f"{said(name)}: its marks were gone, known by its text, put back")
                left.remove(other)
                break
    return claims


def _looks_like(found: NotebookNode, cell: NotebookNode) -> bool:
    """Whether an unmarked cell has the text of an assignment's cell: its heading, or function."""
    if not nbgrader(cell).get("solution"):
        first, other = (c.source.strip().split("\n")[0] for c in (cell, found))
        return found.source.strip() == cell.source.strip() or (
            first == other and first.startswith("# Check of ")
        )
    functions = _DEFINED.findall(cell.source)
    return bool(functions) and functions[0] in _DEFINED.findall(found.source)


def _claim_own_cells(
    nb: NotebookNode, released: NotebookNode, wanted: dict, claims: dict, told: list[str]
) -> None:
    """Where an answer's cell is untouched, take the learner's own cell that has the function."""
    known = {cell.source.strip() for cell in released.cells}
    taken = {id(cell) for cells in claims.values() for cell in cells}
    for name, cell in wanted.items():
        open_ones = [c for c in claims[name] if c.source.strip() != cell.source.strip()]
        if not nbgrader(cell).get("solution") or open_ones or not claims[name]:
            continue
        for other in reversed(nb.cells):
            own = is_code(other) and id(other) not in taken and other.source.strip() not in known
            if own and _looks_like(other, cell):
                copied = copy.deepcopy(other)
                claims[name].append(copied)
                told.append(f"{said(name)}: untouched; taken from a cell of the learner's own")
                break


def _checks_answers(wanted: dict) -> dict[str, str]:
    """For each cell of the assignment the one that it follows: a check its answer."""
    order = list(wanted)
    return dict(zip(order[1:], order, strict=False))


def _answer(name: str, cell: NotebookNode, found: list[NotebookNode], told: list[str]) -> str:
    """The text of an answer from all cells that carry its mark."""
    stub = cell.source.strip()
    texts = [c.source for c in found if c.source.strip() != stub]
    texts = list(dict.fromkeys(texts))
    if not found:
        told.append(f"{said(name)}: its cell was deleted, put back unsolved")
    if any(c.cell_type != cell.cell_type for c in found):
        told.append(f"{said(name)}: its cell was no code, made code again")
    if not texts:
        return cell.source
    if len(texts) == 1:
        if len(found) > 1 and "own" not in "".join(told[-1:]):
            told.append(f"{said(name)}: its cell was there {len(found)} times")
        return texts[0]
    functions = _DEFINED.findall(cell.source)[:1]
    whole = [t for t in texts if not functions or functions[0] in _DEFINED.findall(t)]
    joined = "\n".join(texts)
    complete = [t for t in whole if _compiles(t)]
    if len(complete) < 2 and _compiles(joined):
        told.append(f"{said(name)}: its cell was split, joined again")
        return joined
    told.append(f"{said(name)}: {len(texts)} different answers, the last one counts")
    return (complete or whole or texts)[-1]


def _compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _tell_of_check(
    name: str, cell: NotebookNode, found: list[NotebookNode], told: list[str]
) -> None:
    if not found:
        told.append(f"{said(name)}: its cell was deleted, put back")
    elif len(found) > 1:
        told.append(f"{said(name)}: its cell was there {len(found)} times")
    elif found[0].source.strip() != cell.source.strip():
        told.append(f"{said(name)}: its text was changed, put back")
    elif found[0].cell_type != cell.cell_type:
        told.append(f"{said(name)}: its cell was no code, made code again")
    if found and nbgrader(found[0]).get("points") not in (None, nbgrader(cell).get("points")):
        told.append(f"{said(name)}: its points were changed, put back")


def _place(
    nb: NotebookNode, made: NotebookNode, first: dict, name: str, parents: dict, told: list[str]
) -> None:
    """Put a cell where the learner has it, or behind the cell that it follows."""
    old, before = first[name], first.get(parents.get(name, ""))
    at = next((i for i, c in enumerate(nb.cells) if c is old), None)
    after = next((i for i, c in enumerate(nb.cells) if c is before), -1)
    first[name] = made
    if at is not None and at > after:
        nb.cells[at] = made
        return
    if at is not None:
        told.append(f"{said(name)}: it stood before what it belongs to, moved behind it")
        del nb.cells[at]
        after -= at < after
    nb.cells.insert(after + 1 if before is not None else len(nb.cells), made)
