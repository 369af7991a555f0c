"""The contracts as a whole: a sound notebook passes, whatever is no notebook does not."""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import v4

from tests.tools.sound import NAME
from tools import contracts, notebooks


def test_sound_notebook_keeps_every_contract(chapter: Path, machine: None) -> None:
    assert contracts.problems(chapter) == []
    assert contracts.main([str(chapter)]) == 0


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


def test_every_check_is_in_a_group() -> None:
    folder = Path(contracts.__file__).parent
    written = set(re.findall(
        r"^(?:def )?(check_\w+)(?:\(chapter| = table)",
        "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py")),
        re.MULTILINE,
    ))  # fmt: skip
    run = [check for group in contracts.GROUPS.values() for check in group]
    assert len(run) == len(set(run)) == len(written) >= 20
