"""Every chapter's notebook keeps every contract. What its cells print is compared by nbval."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import contracts, notebooks

CHAPTERS = notebooks.chapters()


def test_there_are_chapters() -> None:
    """Without one the tests below would check nothing."""
    assert CHAPTERS, f"no chapter found in {notebooks.NOTEBOOKS}"


def test_every_notebook_is_a_chapter() -> None:
    """A notebook elsewhere under notebooks/ would escape the contracts."""
    found = {
        path
        for path in notebooks.NOTEBOOKS.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert found == set(CHAPTERS)


def test_chapters_are_numbered_without_repetition() -> None:
    numbers = [re.match(r"\d+", path.parent.name)[0] for path in CHAPTERS]
    assert len(set(numbers)) == len(numbers), f"chapters numbered {numbers}"


@pytest.mark.parametrize("group", contracts.GROUPS)
@pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_contract(path: Path, group: str) -> None:
    found = contracts.problems(path, group)
    assert not found, f"{len(found)} broken:\n" + "\n".join(found)
