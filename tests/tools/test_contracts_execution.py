"""Contracts: executed as a whole, nothing of a machine or a person, and compared."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from nbformat import v4

from tests.tools.sound import IGNORE, Offences, cell
from tools import contracts, notebooks

breaks = Offences()


@breaks("its execution_count is", sealed=False)
def shuffled_counts(nb):
    a, b = cell(nb, "print(sum"), cell(nb, "total")
    a.execution_count, b.execution_count = b.execution_count, a.execution_count
    b.outputs[0].execution_count = b.execution_count


@breaks("its execution_count is None: 3 expected", sealed=False)
def one_cell_not_executed(nb):
    cell(nb, "print(sum").update(execution_count=None, outputs=[])


@breaks("edited after it was executed", sealed=False)
def edited_afterwards(nb):
    cell(nb, "# 1").source += "\n\nOne more sentence."


@breaks("no source hash", sealed=False)
def no_hash(nb):
    del nb.metadata.course["source_hash"]


@breaks("its id is", sealed=False)
def repeated_id(nb):
    nb.cells[3]["id"] = nb.cells[4]["id"]


@breaks("not a valid notebook", sealed=False)
def missing_id(nb):
    del nb.cells[3]["id"]


@breaks("not a valid notebook", sealed=False)
def old_format(nb):
    nb.nbformat_minor = 4


@breaks("its metadata are not as tools.execute writes them", sealed=False)
def timing_metadata(nb):
    cell(nb, "total").metadata["execution"] = {"iopub.status.busy": "2024-01-01T00:00:00Z"}


@breaks("metadata 'widgets'", sealed=False)
def widget_state(nb):
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}


@breaks("metadata 'language_info'", sealed=False)
def python_version(nb):
    nb.metadata.language_info["version"] = "3.11.2"


@breaks("its outputs are not as tools.execute writes them", sealed=False)
def split_stream(nb):
    outputs = cell(nb, "print(sum").outputs
    outputs.append(copy.deepcopy(outputs[0]))


@breaks("510 characters of progress bars: at most 400 expected")
def bar_with_all_its_states(nb):
    states = [f"epoch 1: {n:3}%|{'█' * n:10}| {n}/10 [00:{n:02}<00:00, 9it/s]" for n in range(10)]
    cell(nb, "print(sum").outputs[0].text += "\n".join(states) + "\n"


@breaks("more than 12 outputs")
def an_output_for_each_state(nb):
    shown = [v4.new_output("display_data", {"text/plain": f"step {n}"}) for n in range(12)]
    cell(nb, "print(sum").outputs += shown


@breaks("error output ValueError")
def error_output(nb):
    output = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    cell(nb, "print(sum").outputs = [output]


@breaks("output on stderr")
def stderr_output(nb):
    cell(nb, "print(sum").outputs.append(v4.new_output("stream", name="stderr", text="Warning"))


@breaks("absolute path in its source: /home/someone/data")
def posix_path_in_source(nb):
    cell(nb, "print(sum").source += "\nfolder = '/home/someone/data'"


@breaks("absolute path in its output: C:\\Users\\someone")
def windows_path_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "saved to C:\\Users\\someone\\model.pt\n"


@breaks("absolute path in its output: /srv/digits/model.pt")
def path_in_alt_text(nb):
    alt = nb.cells[7].outputs[0].metadata["image/png"]
    alt["alt"] += " from /srv/digits/model.pt"


@breaks("this machine's user name in its output: ada.lovelace")
def user_name_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "written by ada.lovelace\n"


@breaks("this machine's user name in its source: ada.lovelace")
def user_name_in_source(nb):
    cell(nb, "# 1").source += "\n\nAsk Ada.Lovelace."


@breaks("this machine's host name in its output: engine")
def host_name_in_output(nb):
    cell(nb, "print(sum").outputs[0].text += "on engine\n"


@breaks("this machine's host name in its source: engine")
def host_name_in_source(nb):
    cell(nb, "print(sum").source += "\nserver = 'me@engine'"


@breaks("a memory address in its output")
def memory_address(nb):
    cell(nb, "total").outputs[0].data["text/plain"] = "<map at 0x7f3a2b4c5d6e>"


@breaks("without a reason")
def unexplained_ignore(nb):
    del cell(nb, "print(f'{time").metadata["course"]


@breaks("without a reason")
def hardly_explained_ignore(nb):
    cell(nb, "print(f'{time").metadata["course"]["ignore_reason"] = "because"


@breaks("an ignore_reason, but no tag")
def reason_without_tag(nb):
    cell(nb, "print(f'{time").metadata["tags"] = []


@breaks("an NBVAL comment")
def ignored_by_comment(nb):
    cell(nb, "print(sum").source = "# NBVAL_IGNORE_OUTPUT\nprint(sum(numbers))"


@breaks("the tag nbval-skip is refused")
def skipped_cell(nb):
    cell(nb, "print(sum").metadata["tags"] = ["nbval-skip"]


@breaks("is for exercise cells only")
def raising_cell(nb):
    cell(nb, "print(sum").metadata["tags"] = ["raises-exception"]


@breaks("nbval-ignore-output on an exercise cell")
def ignored_check(nb):
    check = cell(nb, "# Check of exercise 2")
    check.metadata["tags"] += IGNORE["tags"]
    check.metadata["course"] = IGNORE["course"]


@breaks("cells with output are ignored: at most a third may")
def mostly_ignored(nb):
    quiet = [c for c in nb.cells if c.get("outputs") and "nbgrader" not in c.metadata]
    for c in quiet:
        c.metadata.update(copy.deepcopy(IGNORE))


@breaks("cells have compared text output: at least 5 expected")
def hardly_any_output(nb):
    kept = ("data", "print(f'{time", "print(sum", "total")
    for c in nb.cells:
        if c.cell_type == "code" and not c.source.startswith(kept):
            c.outputs = []


@pytest.mark.parametrize("name", breaks)
def test_contracts_catch(
    name: str, chapter: Path, machine: None, capsys: pytest.CaptureFixture
) -> None:
    breaks.assert_caught(name, chapter, capsys)


def test_contracts_catch_a_stripped_notebook(chapter: Path) -> None:
    nb = notebooks.read(chapter)
    for c in filter(notebooks.is_code, nb.cells):
        c.update(outputs=[], execution_count=None)
    notebooks.write(chapter, nb)
    found = contracts.problems(chapter, "execution")
    assert found == ["never executed, or its outputs were stripped: run python -m tools.execute"]
    assert any("compared text output" in problem for problem in contracts.problems(chapter))


def test_a_name_that_is_a_word_is_no_leak(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "numbers")
    assert contracts.problems(chapter) == []
