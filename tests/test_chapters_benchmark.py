"""Chapters are measured, and measurements are run by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as measurements
from benchmarks import chapters
from tests.tools.sound import NAME, write_cells

HUNGRY = "block = bytearray(300_000_000)\ndel block\nimport time\ntime.sleep(0.5)"


def test_chapters_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = write_cells(tmp_path / f"{NAME}.ipynb", "print(1)", HUNGRY, "print(2)")
    before = path.read_bytes()
    assert chapters.main([str(path), "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    assert f"{NAME} " in printed
    assert "cell 2 `block = bytearray(300_000_000)`" in printed
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(content["machine"]) == {"processor", "cores", "threads", "device", "torch"}
    (row,) = content["chapters"]
    assert (row["chapter"], row["cells"]) == (NAME, 3)
    assert 0.5 <= row["slowest_seconds"] <= row["seconds"] < 60
    assert 300 < row["peak_mb"] < 1_000, "a peak too short to be seen by looking is counted"
    assert path.read_bytes() == before


def test_a_chapter_that_fails_is_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(chapters, "machine", lambda: dict.fromkeys(("torch", "device"), "") | {
        "processor": "p", "cores": 1, "threads": 1
    })  # fmt: skip
    path = write_cells(tmp_path / f"{NAME}.ipynb", "1 / 0")
    assert chapters.main([str(path)]) == 1
    assert "cell 1 `1 / 0`: ZeroDivisionError" in capsys.readouterr().err
    assert chapters.main(["no such chapter"]) == 2
    assert chapters.main([str(path), "--json", str(tmp_path / "none" / "out.json")]) == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_unknown_measurements_are_refused(capsys: pytest.CaptureFixture) -> None:
    assert measurements.main(["nothing_of_the_kind"]) == 2
    error = capsys.readouterr().err
    assert "no measurement 'nothing_of_the_kind'; there are: " in error
    assert " chapters, " in error


def test_measurements_are_run_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr("runpy.run_module", lambda name, **_: started.append((name, sys.argv[1:])))
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert measurements.main([]) == 0
    assert measurements.main(["--json", "out.json"]) == 0
    assert measurements.main(["chapters", "01_explore_the_data"]) == 0
    assert started == [
        ("benchmarks.chapters", []),
        ("benchmarks.chapters", ["--json", "out.json"]),
        ("benchmarks.chapters", ["01_explore_the_data"]),
    ]
