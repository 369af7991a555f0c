"""Strict nbval, in a project of its own with this project's settings."""

from __future__ import annotations

import copy
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from tests.tools.sound import NAME, PNG, sound, write_cells
from tools import contracts, execute, notebooks, outputs

ENVIRONMENT = """\
import os, pathlib
log = pathlib.Path(os.environ["COURSE_EXAM_LOG"])
print("sitting", 1 + log.exists())
_ = log.write_text("sat")"""
GUARDED = """\
import socket
for host in ("192.0.2.1", "server.invalid"):
    try:
        socket.create_connection((host, 80), timeout=5)
    except OSError as error:
        print(type(error).__name__, host in str(error))"""


def printed(text: str, name: str = "stdout") -> NotebookNode:
    return v4.new_output("stream", name=name, text=text)


def shown(text: str, kind: str = "display_data", **more: object) -> NotebookNode:
    return v4.new_output(kind, {"text/plain": text}, **more)


def html(text: str) -> NotebookNode:
    data = {"text/plain": "<IPython.core.display.HTML object>", "text/html": text}
    return v4.new_output("display_data", data)


def picture(content: str, metadata: dict, text: str = "a") -> NotebookNode:
    data = {"text/plain": text, "image/png": content}
    return v4.new_output("display_data", data, metadata=metadata)


VARYING = "print(object())\nprint('/tmp/run_2/model.pt', '/var/folders/x/T/a.pt')"
STORED_VARYING = "<object object at 0x7f0000000000>\n/tmp/1 /private/var/folders/y/T/2\n"
# What a cell does, what is stored of it, and whether strict nbval lets that pass.
SHOW = "from IPython.display import HTML, display; import sys\n"
DATA = 'display({"text/plain": "a", "image/png": "' + PNG + '"}, raw=True, metadata={"alt": "b"})'
VERDICTS = [
    ("print(1)", [printed("1\n")], True),
    ("print(1)", [printed("2\n")], False),
    ("print(1)", [printed("1")], False),
    ("print(1)", [], False),
    ("pass", [printed("1\n")], False),
    ("print('10 %\\r20 %')", [printed("20 %\n")], True),
    ("print('10 %\\r20 %')", [printed("10 %\r20 %\n")], True),
    ("print('10 %\\r20 %')", [printed("10 %\n")], False),
    ("print('10 %\\r')", [printed("10 %\r\n")], True),
    ("print('10 %\\r')", [printed("\n")], False),
    ("print('a\\r\\rb\\nc')", [printed("b\nc\n")], True),
    ("print('ab\\bc')", [printed("ac\n")], False),
    (SHOW + "print(1, file=sys.stderr)", [printed("1\n")], False),
    (SHOW + "print(1, file=sys.stderr)", [printed("1\n", "stderr")], True),
    (SHOW + "print(1); display(2); print(3)", [printed("1\n3\n"), shown("2")], True),
    (SHOW + "print(1); display(2); print(3)", [shown("2"), printed("1\n"), printed("3\n")], True),
    (SHOW + "display(1); display(2)", [shown("1"), shown("2")], True),
    (SHOW + "display(1); display(2)", [shown("2"), shown("1")], False),
    (SHOW + "display(1); display(2)", [shown("1")], False),
    ("1", [shown("1", "execute_result", execution_count=77)], True),
    ("1", [shown("1")], True),
    ("1", [shown("1.0")], False),
    (SHOW + "display(HTML('<b>1</b>'))", [html("<b>1</b>")], True),
    (SHOW + "display(HTML('<b>1</b>'))", [html("<b>2</b>")], False),
    (SHOW + "display(HTML('<b>1</b>'))", [shown("<IPython.core.display.HTML object>")], False),
    (SHOW + DATA, [picture(PNG, {"alt": "b"})], True),
    (SHOW + DATA, [picture("AAAA", {"alt": "b"})], True),
    (SHOW + DATA, [picture(PNG, {"alt": "b"}, "c")], False),
    (SHOW + DATA, [], False),
    ("print(object())", [printed("<object object at 0x7f0000000000>\n")], True),
    ("print(0x803)", [printed("2052\n")], False),
    ("print('/tmp/a/b.pt')", [printed("/private/var/folders/x/T/c.pt\n")], True),
]
PROJECT_TESTS = """\
import os, socket
import pytest

def test_options(request):
    assert request.config.option.nbval_current_env
    assert os.path.isabs(request.config.option.nbval_sanitize_with)
    assert request.config.option.nbval_cell_timeout == 600

def test_network():
    with pytest.raises(OSError, match="network blocked.*192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
"""


def clean_environment() -> dict[str, str]:
    """The environment without what this test run itself has set."""
    own = {"PYTHONPATH", *notebooks.run_environment(Path())}
    return {k: v for k, v in os.environ.items() if k not in own and not k.startswith("PYTEST_")}


def pytest_in(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of a pytest run in another folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def stored(path: Path, *cells: tuple[str, str]) -> None:
    """A notebook of code cells, each with what it is said to have printed."""
    write_cells(path, *(text for text, _ in cells))
    nb = notebooks.read(path)
    for count, (c, (_, printed)) in enumerate(zip(nb.cells, cells, strict=True), start=1):
        c.execution_count = count
        c.outputs = [v4.new_output("stream", name="stdout", text=printed)] if printed else []
    notebooks.write(path, nb)


@pytest.fixture(scope="module")
def project(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the settings of this one, and with notebooks of its own."""
    root = tmp_path_factory.mktemp("project")
    for name in ("conftest.py", "pyproject.toml", notebooks.SANITIZER.name):
        shutil.copy(notebooks.ROOT / name, root / name)
    for name in ("tools", "tests/no_network"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(notebooks.ROOT / name, root / name, ignore=ignore)
    (root / "tests" / "test_it.py").write_text(PROJECT_TESTS, encoding="utf-8")
    folder = root / "notebooks"
    shutil.copytree(executed.parent, folder / NAME)
    printed = ("print(1)", "1\n"), ("print(2)", "2\n"), ("print(3)", "3\n")
    stored(folder / "wrong.ipynb", printed[0], ("print(2)", "two\n"), printed[2])
    stored(folder / "failing.ipynb", printed[0], ("1 / 0", ""), printed[2])
    write_cells(folder / "stripped.ipynb", "print(1)", "print('anything')", "print(3)")
    blocked = "NetworkBlockedError True\n" * 2
    for name in ("first", "second"):
        stored(folder / f"{name}.ipynb", (ENVIRONMENT, "sitting 1\n"), (GUARDED, blocked))
    stored(folder / "varying.ipynb", (VARYING, STORED_VARYING), ("print(0x803)", "2052\n"))
    path = write_cells(folder / "verdicts.ipynb", *(text for text, _, _ in VERDICTS))
    nb = notebooks.read(path)
    for count, (c, (_, found, _)) in enumerate(zip(nb.cells, VERDICTS, strict=True), start=1):
        c.execution_count, c.outputs = count, found
    notebooks.write(path, nb)
    write_cells(root / "workbook" / "learner.ipynb", "raise NotImplementedError")
    return root


@pytest.fixture(scope="module")
def nbval_run(project: Path) -> tuple[int, dict[str, list[str]], str]:
    """Exit status, outcomes by notebook and output of strict nbval, run in a subfolder."""
    status, text = pytest_in(project / "notebooks", "--nbval", "-v")
    outcomes: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(".ipynb::Cell ")
        if rest and rest.split()[1] in {"PASSED", "FAILED"}:
            outcomes.setdefault(name.rpartition("/")[2], []).append(rest.split()[1])
    return status, outcomes, text


def test_nbval_passes_the_sound_notebook(nbval_run: tuple) -> None:
    assert set(nbval_run[1][NAME]) == {"PASSED"}, nbval_run[2]
    assert len(nbval_run[1][NAME]) == sum(map(notebooks.is_code, sound().cells))


def test_nbval_fails_on_a_wrong_output(nbval_run: tuple) -> None:
    assert nbval_run[0] == 1
    assert nbval_run[1]["wrong"] == ["PASSED", "FAILED", "PASSED"], nbval_run[2]
    assert "mismatch 'stdout'" in nbval_run[2]


def test_nbval_fails_on_a_failing_cell(nbval_run: tuple) -> None:
    assert nbval_run[1]["failing"] == ["PASSED", "FAILED", "PASSED"], nbval_run[2]
    assert "ZeroDivisionError" in nbval_run[2]


def test_nbval_passes_a_stripped_notebook_and_the_contracts_do_not(
    nbval_run: tuple, project: Path
) -> None:
    assert nbval_run[1]["stripped"] == ["PASSED", "PASSED", "PASSED"], nbval_run[2]
    found = contracts.problems(project / "notebooks" / "stripped.ipynb")
    assert any("never executed" in problem for problem in found)


def test_each_notebook_has_an_exam_log_of_its_own_and_no_network(nbval_run: tuple) -> None:
    assert nbval_run[1]["first"] == nbval_run[1]["second"] == ["PASSED", "PASSED"], nbval_run[2]


def test_nbval_overlooks_addresses_and_temporary_paths_but_no_number(nbval_run: tuple) -> None:
    assert nbval_run[1]["varying"] == ["PASSED", "FAILED"], nbval_run[2]


@pytest.mark.parametrize(
    "text", ["0x00000803", "accuracy 0.8203", "3 at 0x7f3a2b4c5d6e", "tmp/7", "1/tmp/7"]
)
def test_sanitizers_leave_numbers(text: str) -> None:
    output = v4.new_output("stream", name="stdout", text=text)
    c = v4.new_code_cell(outputs=[output])
    assert outputs.compared_outputs(c)["stdout"] == [text]


def test_settings_hold_without_nbval_and_in_subfolders(project: Path) -> None:
    status, text = pytest_in(project / "tests", "-v")
    assert status == 0, text
    assert "2 passed" in text


def test_learners_copies_are_not_collected(project: Path) -> None:
    _, text = pytest_in(project, "--nbval", "--collect-only", "-q", ".")
    assert f"notebooks/{NAME}/{NAME}.ipynb::Cell 0" in text
    assert "learner" not in text


@pytest.mark.parametrize("name", [f"{NAME}/{NAME}", "wrong", "verdicts"])
def test_comparison_is_nbvals_own(name: str, nbval_run: tuple, project: Path) -> None:
    """What nbval passes, executing leaves alone; what it refuses, executing would rewrite."""
    path = project / "notebooks" / f"{name}.ipynb"
    nb = notebooks.read(path)
    fresh = execute.run(nb, path.parent)
    found = [
        outputs.compared_outputs(a) == outputs.compared_outputs(b)
        for a, b in zip(nb.cells, fresh.cells, strict=True)
        if notebooks.is_code(a)
    ]
    assert found == [o == "PASSED" for o in nbval_run[1][path.stem]]
    if name == "verdicts":
        assert found == [same for _, _, same in VERDICTS]
    else:
        assert all(found) is (name != "wrong")


def test_executing_notices_metadata_which_nbval_overlooks() -> None:
    one, other = (v4.new_code_cell(outputs=[picture(PNG, {"alt": alt})]) for alt in "ab")
    assert outputs.compared_outputs(one) != outputs.compared_outputs(other)


def test_patterns_are_read_as_nbval_reads_them() -> None:
    from nbval.plugin import get_sanitize_patterns

    read = get_sanitize_patterns(notebooks.SANITIZER.read_text(encoding="utf-8"))
    assert outputs.sanitizers() == read
    assert len(read) == 3


@pytest.mark.parametrize("seed", range(20))
def test_streams_are_joined_as_nbval_joins_them(seed: int) -> None:
    """Texts of letters, returns and new lines by chance, on two streams, with pictures between."""
    from nbval.plugin import coalesce_streams, transform_streams_for_comparison

    chance = random.Random(seed)
    given = [
        printed("".join(chance.choices("ab\r\n", k=chance.randrange(8))), name)
        for name in chance.choices(["stdout", "stderr"], k=6)
    ]
    given.insert(3, shown("a"))
    theirs = transform_streams_for_comparison(coalesce_streams(copy.deepcopy(given)))
    ours = outputs.compared_outputs(v4.new_code_cell(outputs=given))
    for output in theirs:
        for name in output.keys() & {"stdout", "stderr"}:
            assert ours[name] == [output[name]]
