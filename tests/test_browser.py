"""Chapter 1's learner copy in a real browser: it runs to its end, and what it shows is there."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

import course
from tests import browser as browsing

CHAPTER = "01_explore_the_data"
NOTEBOOK = f"{CHAPTER}/{CHAPTER}.ipynb"
RUN_SECONDS = 400  # of which the chapter's own code takes under a minute on two cores


@dataclass(frozen=True)
class Seen:
    """A learner's copy before it ran, and what the page showed of its cells and asked for after."""

    cells: list[nbformat.NotebookNode]
    shown: list[dict]
    notices: list[str]
    requests: list[str]
    server: str

    def pairs(self) -> list[tuple[nbformat.NotebookNode, dict]]:
        """Each code cell with what was shown of it."""
        both = zip(self.cells, self.shown, strict=True)
        return [(cell, shown) for cell, shown in both if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def browser() -> str:
    """The browser's path. Skips or fails where there is none, before anything slow is done."""
    return browsing.require_browser()


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh learner's copies of all chapters in a temporary folder."""
    folder = tmp_path_factory.mktemp("lab") / "workbook"
    command = [sys.executable, "-m", "tools.workbook", "--target", str(folder)]
    done = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def seen(browser: str, workbook: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Chapter 1's copy, opened in JupyterLab and run from top to bottom by the Run menu."""
    cells = nbformat.read(workbook / NOTEBOOK, as_version=4).cells
    state = tmp_path_factory.mktemp("jupyter")
    env = {"COURSE_EXAM_LOG": str(state / "exam_log.jsonl")}
    with (
        browsing.lab_server(workbook, state, env=env) as server,
        browsing.browser_page(browser) as page,
    ):
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        browsing.open_notebook(page, server, NOTEBOOK)
        browsing.restart_and_run_all(page, timeout=RUN_SECONDS)
        notices = page.locator(".Toastify__toast").all_inner_texts()
        yield Seen(cells, browsing.shown_cells(page), notices, requests, server.url)


def is_check(cell: nbformat.NotebookNode) -> bool:
    """Whether the cell checks an exercise's answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def is_answer(cell: nbformat.NotebookNode) -> bool:
    """Whether the cell is where a learner writes an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def test_the_page_has_every_cell_and_each_ran_in_its_turn(seen: Seen) -> None:
    assert [shown["type"] for shown in seen.shown] == [cell.cell_type for cell in seen.cells]
    pairs = [(cell, shown) for cell, shown in seen.pairs() if cell.source.strip()]
    assert pairs, "the chapter has no code"
    for number, (cell, shown) in enumerate(pairs, start=1):
        assert shown["count"] == number, cell.source
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert shown["prompt"] == ("" if hidden else f"[{number}]:"), cell.source


def test_figures_have_pixels(seen: Seen) -> None:
    figures = [figure for shown in seen.shown for figure in shown["figures"]]
    assert len(figures) >= 5, f"expected a chapter full of figures, saw {len(figures)}"
    for number, figure in enumerate(figures, start=1):
        assert figure["width"] > 0 and figure["height"] > 0, f"figure {number} did not load"
        assert figure["colours"] > 1, f"figure {number} is one plain colour"


def test_each_figure_is_described_to_screen_readers(seen: Seen) -> None:
    for cell, shown in seen.pairs():
        spoken = [text for text in shown["spoken"] if len(text.strip()) >= 20]
        assert len(spoken) == len(shown["figures"]), (
            f"{len(shown['figures'])} figures, but {len(spoken)} descriptions "
            f"({shown['spoken']}) below the cell\n{cell.source}"
        )


def test_open_exercises_say_so(seen: Seen) -> None:
    checks = [(cell, shown) for cell, shown in seen.pairs() if is_check(cell)]
    assert len(checks) >= 4, f"expected four exercises or more, saw {len(checks)}"
    for cell, shown in checks:
        text = "".join(shown["errors"])
        assert "NotImplementedError" in text, f"{cell.metadata.nbgrader.grade_id} shows {text!r}"


def test_no_other_cell_shows_an_error(seen: Seen) -> None:
    for cell, shown in seen.pairs():
        if is_answer(cell):
            assert all("NotImplementedError" in text for text in shown["errors"]), shown["errors"]
        elif not is_check(cell):
            assert not shown["errors"], f"{cell.source}\nshows\n{shown['errors']}"


def test_no_notice_hides_a_part_of_the_page(seen: Seen) -> None:
    assert not seen.notices


def test_the_page_asks_nobody_but_its_own_server(seen: Seen) -> None:
    local = (seen.server + "/", seen.server.replace("http", "ws", 1) + "/", "data:", "blob:")
    foreign = [url for url in seen.requests if not url.startswith(local)]
    assert not foreign
    assert seen.requests, "no request was seen at all: the listener did not work"


def test_lab_prints_an_address_that_opens_chapter_1(
    workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    fresh = tmp_path / "workbook"  # JupyterLab has not been used here yet
    (fresh / CHAPTER).mkdir(parents=True)
    (fresh / NOTEBOOK).write_bytes((workbook / NOTEBOOK).read_bytes())
    with browsing.lab_server(fresh, tmp_path / "jupyter") as server:
        log = server.log.read_text(encoding="utf-8")
        address = f"{server.url}/lab/tree/{NOTEBOOK}?token="
        assert re.search(re.escape(address), log), log
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address + server.token, timeout=30) as answer:
            assert answer.status == 200
            assert "jupyter-config-data" in answer.read().decode("utf-8")


@pytest.mark.parametrize("ci", [False, True])
def test_a_missing_browser_skips_but_fails_on_ci(
    ci: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    monkeypatch.setenv("CI", "true" if ci else "")
    monkeypatch.setattr(browsing.sys, "platform", "linux")
    outcome = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(outcome, match="install Chromium or Chrome, or set COURSE_BROWSER"):
        browsing.require_browser()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_driver_that_does_not_start_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browsing.driver_problem() == ""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho cannot open libatomic.so.1 >&2; exit 127\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(browsing.sys, "executable", str(broken))
    monkeypatch.setattr(browsing, "find_browser", lambda: "/a/browser")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"libatomic\.so\.1"):
        browsing.require_browser()


def test_a_wrong_course_browser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_BROWSER", "/no/such/browser")
    with pytest.raises(FileNotFoundError, match=r"COURSE_BROWSER names '/no/such/browser'"):
        browsing.find_browser()
