"""course.py: what its commands run, and how they end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import course

ROOT = course.ROOT
PY = Path("py")  # stands for the environment's interpreter where none is run


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("lab", ["tools.lab -k data"]),
        ("test", ["pytest --nbval -n2 --dist=loadfile --no-loadscope-reorder -k data"]),
        ("setup", []),
        ("progress", ["tools.progress -k data"]),
        ("update", ["tools.update -k data"]),
        ("solution", ["tools.solution -k data"]),
        ("workbook", ["tools.workbook -k data"]),
        ("slides", ["tools.slides -k data"]),
        ("alike", ["tools.alike -k data"]),
        ("collect", ["tools.collect -k data"]),
        ("grade", ["tools.grade -k data"]),
        ("execute", ["tools.execute -k data"]),
        ("results", ["tools.results -k data"]),
        ("misconceptions", ["tools.misconceptions -k data"]),
        ("lint", ["ruff check -k data", "ruff format --check -k data"]),
        ("format", ["ruff check --fix -k data", "ruff format -k data"]),
        ("lock", ["tools.lock -k data"]),
        ("bench", ["benchmarks -k data"]),
        ("models", ["tools.models -k data"]),
    ],
)
def test_a_command_runs_what_it_says(command, expected, capsys) -> None:
    seen = []

    def run(line: list[str], python: Path) -> int:
        assert line[:2] == [str(PY), "-m"] and python == PY
        seen.append(" ".join(line[2:]))
        return 0

    assert course.perform(command, PY, ["-k", "data"], run) == 0
    assert seen == expected
    said = "The environment is ready: py\n" if command == "setup" else ""
    assert capsys.readouterr().out == said, "a ready environment is no news"


def test_every_command_is_tried_above() -> None:
    (parameters,) = test_a_command_runs_what_it_says.pytestmark
    assert [command for command, _ in parameters.args[1]] == list(course.COMMANDS)


@pytest.mark.parametrize("command", ["lint", "format", "bench"])
@pytest.mark.parametrize("statuses", [[3, 0], [0, 3], [3, 4]])
def test_the_first_failure_is_the_exit_status(command, statuses) -> None:
    ends = iter(statuses)
    count = 1 if command == "bench" else 2  # lint shows all there is to mend
    expected = next(filter(None, statuses[:count]), 0)
    assert course.perform(command, PY, [], lambda *_: next(ends)) == expected
    assert len(list(ends)) == 2 - count


def test_an_unknown_command_is_told_the_known_ones() -> None:
    with pytest.raises(SystemExit, match="expected one of lab, test, setup.*; got 'tset'"):
        course.main(["tset"])


@pytest.fixture
def calls(monkeypatch) -> list[tuple]:
    """What `main` carries out, with the two variables that its options set; nothing is run."""
    seen: list[tuple] = []

    def perform(command: str, python: Path, extra: list[str]) -> int:
        variables = (os.environ.get("COURSE_TORCH"), os.environ.get("COURSE_HERE"))
        seen.append((command, extra, *variables))
        return 0

    for name in ("COURSE_TORCH", "COURSE_HERE"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setattr(course, "choose_python", lambda command: PY)
    monkeypatch.setattr(course, "perform", perform)
    return seen


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["setup"], ("setup", [], None, None)),
        (["setup", "--cpu"], ("setup", [], "cpu", None)),
        (["--cpu", "test", "-k", "x"], ("test", ["-k", "x"], "cpu", None)),
        (["--here", "lab", "--port=1"], ("lab", ["--port=1"], None, "1")),
        (["solution", "03", "2"], ("solution", ["03", "2"], None, None)),
    ],
)
def test_the_options_of_course_py_itself(argv, expected, calls) -> None:
    assert course.main(argv) == 0
    assert calls == [expected]


@pytest.mark.parametrize("argv", [[], ["help"], ["--help"], ["lab", "--help"], ["test", "-h"]])
def test_asking_for_help_installs_nothing(argv, calls, root, monkeypatch, capsys) -> None:
    make = course.Setup
    monkeypatch.setattr(course, "Setup", lambda: make(root))
    assert course.main(argv) == 0
    assert calls == []
    assert "python course.py lab | test | setup" in capsys.readouterr().out
    assert not (root / ".venv").exists()


def test_in_a_ready_environment_the_tools_tell_of_themselves(calls, root, ensure, monkeypatch):
    ensure(root)
    make = course.Setup
    monkeypatch.setattr(course, "Setup", lambda: make(root))
    course.main(["lab", "--help"])
    assert calls == [("lab", ["--help"], None, None)]


def test_programs_of_the_environment_come_first() -> None:
    python = ROOT / ".venv" / "bin" / "python"
    base = {"PATH": "elsewhere", "PIP_USER": "1", "PIP_TARGET": "y", "PYTHONHOME": "x", "KEPT": "y"}
    env = course.environment(python, base)
    assert env["PATH"].split(os.pathsep) == [str(python.parent), "elsewhere"]
    assert env["PIP_USER"] == "0"
    assert "PIP_TARGET" not in env and "PYTHONHOME" not in env
    assert env["KEPT"] == "y"
    assert base["PIP_USER"] == "1", "changed the caller's own"
    settings = Path(env["JUPYTER_CONFIG_PATH"]) / "labconfig" / "default_setting_overrides.json"
    assert settings.is_file()


def test_run_gives_the_status_and_stands_in_the_given_folder(tmp_path) -> None:
    script = "import os, sys; sys.exit(7 if os.path.samefile('.', sys.argv[1]) else 1)"
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert course.run(command, Path(sys.executable), tmp_path) == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without telling it")
@pytest.mark.parametrize(("name", "ends_with"), [("SIGTERM", 5), ("SIGINT", 5), ("SIGINT", 0)])
def test_run_lets_the_command_end_in_its_own_way(name, ends_with) -> None:
    """Ctrl-C reaches both; a request to terminate reaches the parent alone."""
    child = textwrap.dedent(
        """
        import os, signal, sys, time
        def end(*_):
            time.sleep(0.5)  # JupyterLab, too, has things to put away
            os.write(1, b"ended in order\\n")
            sys.exit(int(sys.argv[1]))
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        os.write(1, b"started\\n")
        time.sleep(60)
        """
    )
    script = textwrap.dedent(
        """
        import course, pathlib, sys
        command = [sys.executable, "-c", *sys.argv[1:]]
        try:
            sys.exit(course.run(command, pathlib.Path(sys.executable)))
        except KeyboardInterrupt:
            sys.exit(130)
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, child, str(ends_with)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout.readline() == "started\n"
    if name == "SIGINT":
        os.killpg(parent.pid, signal.SIGINT)
    else:
        parent.terminate()
    said, _ = parent.communicate(timeout=30)
    assert said == "ended in order\n"
    assert parent.returncode == (130 if (name, ends_with) == ("SIGINT", 5) else ends_with)


def test_the_makefile_has_every_command_and_nothing_else() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^TARGETS := (.+)$", makefile.replace("\\\n", ""), flags=re.MULTILINE)[1]
    assert tuple(targets.split()) == course.COMMANDS


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", course.COMMANDS)
def test_make_passes_on_the_target_and_its_arguments(target) -> None:
    # What `make test PYTHON=...` hands on to a make below it is not what is asked about here.
    handed_on = ("PYTHON", "ARGS", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")
    env = {key: value for key, value in os.environ.items() if key not in handed_on}
    command = ["make", "--no-print-directory", "-n", target, "ARGS=-k data"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert said.stdout == f"python3 course.py {target} -k data\n"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "INSTRUCTORS.md"])
def test_every_make_command_of_the_documents_exists(name) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ *|`)(?:\$ )?make ([a-z]+)", text, flags=re.MULTILINE))
    named |= set(re.findall(r"course\.py (?:--\w+ )?([a-z]+)", text))
    assert named, f"{name} names no command"
    assert named <= {"help", *course.COMMANDS}, named - set(course.COMMANDS)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["lab", "--workbook", "mine", "--port=1"], (["lab", "--port=1"], "mine")),
        (["--workbook=mine", "update", "--undo"], (["update", "--undo"], "mine")),
        (["progress"], (["progress"], None)),
    ],
)
def test_the_workbook_is_named_from_where_the_user_is(
    argv, expected, calls, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("COURSE_WORKBOOK", "")
    monkeypatch.chdir(tmp_path)
    course.main(argv)
    line, place = expected
    assert [calls[0][0], *calls[0][1]] == line
    assert os.environ["COURSE_WORKBOOK"] == (str(tmp_path / place) if place else "")


@pytest.mark.parametrize("argv", [["lab", "--workbook"], ["lab", "--workbook", "--undo"]])
def test_a_workbook_without_a_folder_is_refused(argv, calls) -> None:
    with pytest.raises(SystemExit, match="--workbook: expected a folder behind it"):
        course.main(argv)
    assert calls == []
