"""Notebooks as files: found, given ids, hashed and written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from nbformat import v4

from tests.tools.sound import cell, code, sound, write_cells
from tools import notebooks


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
