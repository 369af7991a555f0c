"""Every claim about a trained model fails on a control; and the tools for that."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_output

import tests.controls
from tests.controls import (
    Control,
    claims_of,
    load_controls,
    printed,
    printed_number,
    problems_of,
)
from tests.tiny_course import make_course, notebook
from tools.notebooks import ROOT, chapters, read

FOLDER = ROOT / "tests" / "controls"

# -- the chapters --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_claims_of_chapter_fail_on_their_controls(path: Path) -> None:
    controls = load_controls(FOLDER / f"{path.parent.name}.py")
    assert list(problems_of(read(path), controls)) == []


def test_controls_belong_to_chapters() -> None:
    files = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))
    assert files == [path.parent.name for path in chapters()]


# -- the tools themselves ------------------------------------------------------------------------

CLAIMS = """\
claim("at most 5 % errors", error < 0.05)
for name, error in errors.items():
    claim(f"{name}: at most {most:.0f} errors", error <= most)
claim("uint8 wraps round", (a - b)[0] == 246)"""


def problems(
    controls: dict | None = None, others: dict | None = None, source: str = CLAIMS
) -> list[str]:
    """What is said of a notebook with these claims; by default all is well."""
    sound = {
        "at most 5 % errors": Control("untrained", lambda: {"error": 0.9}),
        "{name}: at most {most:.0f} errors": Control("other arm", lambda: {"error": 9, "most": 5}),
    }
    module = SimpleNamespace(
        CONTROLS=sound | (controls or {}),
        NOT_ABOUT_A_MODEL={"uint8 wraps round": "a fact of NumPy"} if others is None else others,
    )
    return list(problems_of(notebook(new_code_cell(source)), module))


def test_sound_controls_have_no_problems() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("control", "pattern"),
    [
        (lambda: {"error": 0.01}, r"control 'weak': passes the claim, which .* error < 0.05"),
        (lambda: {"errors": 1}, r"gives no 'error', which the condition needs: error < 0.05"),
        (lambda: {"error": "much"}, r"error < 0.05 fails with TypeError"),
    ],
    ids=["passes", "name missing", "fails"],
)
def test_weak_control_is_reported(control: object, pattern: str) -> None:
    found = problems({"at most 5 % errors": Control("weak", control)})
    assert len(found) == 1
    assert re.search(pattern, found[0]), found


def test_condition_that_is_no_truth_value_is_reported() -> None:
    found = problems(source=CLAIMS.replace("error < 0.05", "error - 0.9"))
    assert len(found) == 1
    assert "gives 0.0, no truth value" in found[0]


def test_numpy_and_torch_are_given() -> None:
    source = CLAIMS.replace("error < 0.05", "np.mean(torch.tensor([error]).tolist()) < 0.05")
    assert problems(source=source) == []


def test_claims_without_control_and_controls_without_claim_are_reported() -> None:
    assert "no control, and not said to need none" in problems(others={})[0]
    gone = {"an older text": Control("untrained", dict)}
    assert problems(gone) == ["'an older text': the notebook has no such claim"]
    found = problems(others={"uint8 wraps round": "yes", "at most 5 % errors": "a fact of life"})
    assert len(found) == 2
    assert "say in a few words" in found[0]
    assert "has a control and is said not to need one" in found[1]


def test_claims_are_read_as_they_are_written() -> None:
    claims = claims_of(notebook(new_code_cell(CLAIMS)))
    assert [claim.text for claim in claims] == [
        "at most 5 % errors",
        "{name}: at most {most:.0f} errors",
        "uint8 wraps round",
    ]
    for source, message in (
        ("claim(text, True)", "a claim's text is a literal, not text"),
        ("claim('text', holds=True)", r"expected claim\(text, condition\)"),
    ):
        with pytest.raises(TypeError, match=message):
            claims_of(notebook(new_code_cell(source)))


def test_files_without_dictionaries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected the controls of a chapter"):
        load_controls(tmp_path / "01_none.py")
    (tmp_path / "01_half.py").write_text("CONTROLS = {}")
    with pytest.raises(AttributeError, match="expected a dictionary NOT_ABOUT_A_MODEL"):
        load_controls(tmp_path / "01_half.py")


def test_printed_numbers_come_from_the_executed_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = new_code_cell("...", id="table")
    cell.outputs = [new_output("stream", name="stdout", text="plain 1,234 errors\n")]
    make_course(tmp_path, notebook(cell))
    found = chapters(tmp_path / "notebooks")
    monkeypatch.setattr(tests.controls, "chapters", lambda: found)
    assert printed_number("01", "table", r"plain +([\d,]+)") == 1234
    assert printed("01", "table") == "plain 1,234 errors\n"
    with pytest.raises(LookupError, match="expected 'augmented' in what cell 'table' printed"):
        printed_number("01", "table", "augmented")
    with pytest.raises(LookupError, match="expected a cell 'chart' in chapter 01"):
        printed("01", "chart")
