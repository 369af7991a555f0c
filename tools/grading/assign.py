"""Refuses an assignment that the gradebook could not take, before anything is removed."""

from __future__ import annotations

from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException

from tools.notebooks import nbgrader, read


class CarefulExporter(NotebookExporter):
    """nbgrader's exporter, made at the start of ``generate_assignment``, when release/ is whole."""

    def __init__(self, config: object = None, **options: object) -> None:
        super().__init__(config=config, **options)
        converter = options.get("parent")
        if getattr(converter, "no_database", True):
            return
        for paths in converter.assignments.values():
            for path in map(Path, paths):
                changed = changed_cells(path, converter.coursedir.db_url)
                if changed:
                    converter.log.error(changed)
                    raise NbGraderException(changed)


def changed_cells(path: Path, db_url: str) -> str:
    """Which graded cells came or went since the class handed in; nothing where that is no matter.

    Cells without points may change at any time.
    """
    now = {nbgrader(cell)["grade_id"] for cell in read(path).cells if nbgrader(cell)}
    with Gradebook(db_url) as gradebook:
        try:
            notebook = gradebook.find_notebook(path.stem, path.parent.name)
        except MissingEntry:
            return ""
        before = {cell.name for cell in notebook.source_cells}
        if before == now or not notebook.submissions:
            return ""
    added, gone = ", ".join(sorted(now - before)), ", ".join(sorted(before - now))
    return (
        f"Cannot add or remove cells: {path.stem} was graded with others (added: {added or 'none'};"
        f" gone: {gone or 'none'}). release/ stays as it is. Put the cells back, or give the "
        "chapter with its new cells another name"
    )
