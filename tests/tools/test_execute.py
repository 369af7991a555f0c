"""Executing: what changes a file, what leaves it, and what the file then holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from nbformat import v4

from tests.tools.sound import cell, write_cells
from tools import contracts, execute, notebooks


def test_executing_twice_changes_nothing(chapter: Path, capsys: pytest.CaptureFixture) -> None:
    """The cell that prints a time would differ; it is tagged, so the file stays byte for byte."""
    before, written = chapter.read_bytes(), chapter.stat().st_mtime_ns
    assert execute.main([str(chapter)]) == 0
    assert "unchanged" in capsys.readouterr().out
    assert execute.main(["--check", str(chapter)]) == 0
    assert (chapter.read_bytes(), chapter.stat().st_mtime_ns) == (before, written)
    assert execute.main(["--fresh", str(chapter)]) == 0
    after = notebooks.read(chapter)
    differing = [
        new.source
        for old, new in zip(json.loads(before)["cells"], after.cells, strict=True)
        if old["cell_type"] == "code"
        and old["outputs"]
        != json.loads(v4.writes(v4.new_notebook(cells=[new])))["cells"][0]["outputs"]
    ]
    assert differing == [cell(after, "print(f'{time").source]


@pytest.mark.parametrize("change", ["output", "alt text", "record", "count", "source", "stripped"])
def test_executing_notices(change: str, chapter: Path, capsys: pytest.CaptureFixture) -> None:
    sound_bytes = chapter.read_bytes()
    nb = notebooks.read(chapter)
    if change == "output":
        cell(nb, "print(sum").outputs[0].text = "7\n"
    elif change == "alt text":
        nb.cells[7].outputs[0].metadata["image/png"]["alt"] += "!"
    elif change == "record":
        nb.cells[-2].outputs[0].metadata.course.exam["errors"] = 4
    elif change == "count":
        cell(nb, "print(sum").execution_count = 40
    elif change == "source":
        nb.cells[0].source += "\n\nAnother sentence."
    else:
        cell(nb, "print(sum").update(outputs=[], execution_count=None)
    notebooks.write(chapter, nb)
    before = chapter.read_bytes()
    assert execute.main(["--check", str(chapter)]) == 1
    assert "would change" in capsys.readouterr().out
    assert chapter.read_bytes() == before
    assert execute.main([str(chapter)]) == 0
    assert contracts.problems(chapter) == []
    if change != "source":
        old, new = json.loads(sound_bytes), json.loads(chapter.read_text(encoding="utf-8"))
        timed = next(i for i, c in enumerate(old["cells"]) if "perf_counter" in c["source"][0])
        del old["cells"][timed]["outputs"], new["cells"][timed]["outputs"]
        assert new == old


def test_failing_cell_leaves_the_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    good = write_cells(tmp_path / "good.ipynb", "print(1)")
    bad = write_cells(tmp_path / "bad.ipynb", "print(1)", "\n# next\n1 / 0")
    before = bad.read_bytes()
    assert execute.main([str(bad), str(good)]) == 1
    text = capsys.readouterr().err
    assert "cell 2 `# next`: ZeroDivisionError: division by zero" in text
    assert "the file is as it was" in text
    assert bad.read_bytes() == before
    assert notebooks.read(good).cells[0].execution_count == 1, "the others are executed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb", "good.ipynb"]


def test_cells_tagged_as_raising_may_not_raise_either(tmp_path: Path) -> None:
    path = write_cells(tmp_path / "a.ipynb", "raise KeyError('open')")
    nb = notebooks.read(path)
    nb.cells[0].metadata["tags"] = ["raises-exception"]
    with pytest.raises(execute.ExecutionError, match="cell 1 .*KeyError"):
        execute.run(nb, tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import time\ntime.sleep(30)", "not done after 1 s"),
        ("import os\nos._exit(3)", "kernel died"),
    ],
)
def test_cells_without_end(source: str, message: str, tmp_path: Path) -> None:
    nb = notebooks.read(write_cells(tmp_path / "a.ipynb", "print(1)", source))
    with pytest.raises(execute.ExecutionError, match=message):
        execute.run(nb, tmp_path, timeout=1)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these to one process")
def test_interruption_leaves_the_file(stop: signal.Signals, tmp_path: Path) -> None:
    wait = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(120)"
    path = write_cells(tmp_path / "a.ipynb", "print(1)", wait)
    before = path.read_bytes()
    (tmp_path / "tmp").mkdir()
    # A shell's background job ignores SIGINT and hands that on; what has a handler it does not.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.execute", str(path)],
        cwd=notebooks.ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, inherited)
    pid = tmp_path / "pid"
    wait_until(lambda: pid.exists() and pid.read_text())
    kernel = int(pid.read_text())
    process.send_signal(stop)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cell 2 `import os, time`: interrupted" in err
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"a.ipynb", "pid", "tmp"}
    assert list((tmp_path / "tmp").iterdir()) == []
    wait_until(lambda: not psutil.pid_exists(kernel))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def test_interrupting_stops_the_notebooks_that_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(client: object, on_start: object) -> None:
        raise execute.ExecutionError("cell 1: interrupted") from KeyboardInterrupt()

    monkeypatch.setattr(execute, "run_cells", interrupt)
    paths = [write_cells(tmp_path / f"{name}.ipynb", "print(1)") for name in "ab"]
    before = [path.read_bytes() for path in paths]
    assert execute.main([*map(str, paths)]) == 1
    assert [path.read_bytes() for path in paths] == before


def test_an_edit_while_executing_is_not_overwritten(chapter: Path) -> None:
    nb = notebooks.read(chapter)
    cell(nb, "total").source = f"open({str(chapter)!r}, 'a').write(' ')\ntotal = 6\ntotal"
    notebooks.write(chapter, nb)
    with pytest.raises(execute.ExecutionError, match="edited while it was executed"):
        execute.execute(chapter)
    assert chapter.read_text(encoding="utf-8") == notebooks.dumps(nb) + " "


def test_executed_notebooks_are_in_normal_form(tmp_path: Path) -> None:
    path = write_cells(
        tmp_path / "a.ipynb",
        "import sys\nprint(1)\nsys.stdout.flush()\nprint(2)",
        "",
        "print('10 %\\r20 %')",
        "from IPython.display import display\nprint(1); display('x'); print(2)",
        "import os, pathlib\nlog = pathlib.Path(os.environ['COURSE_EXAM_LOG'])\n"
        "print(pathlib.Path.cwd().name, log.exists())",
    )
    nb = notebooks.read(path)
    nb.cells[0].metadata["execution"] = {"iopub.status.busy": "2024"}
    del nb.cells[0]["id"]
    nb.cells[2]["id"] = nb.cells[1]["id"]
    nb.metadata["widgets"] = {}
    path.write_text(notebooks.dumps(nb), encoding="utf-8")
    assert execute.execute(path)
    assert path.read_bytes().endswith(b"}\n")
    assert path.read_text(encoding="utf-8").startswith('{\n "cells": [\n  {\n   "cell_type"')
    nb = notebooks.read(path)
    assert notebooks.format_errors(nb) == []
    assert [c.execution_count for c in nb.cells] == [1, None, 2, 3, 4]
    assert [c.outputs[0].text for c in nb.cells if c.outputs][:2] == ["1\n2\n", "20 %\n"]
    assert [o.output_type for o in nb.cells[3].outputs] == ["stream", "display_data", "stream"]
    assert nb.cells[4].outputs[0].text == f"{tmp_path.name} False\n"
    assert len({c.id for c in nb.cells}) == 5
    assert "version" not in nb.metadata.language_info
    assert "widgets" not in nb.metadata
    assert nb.metadata.kernelspec.name == "python3"
    assert not execute.execute(path)
