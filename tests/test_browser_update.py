"""An update of a chapter that is open in JupyterLab, in a real browser."""

from __future__ import annotations

from pathlib import Path

from tests import browser as browsing
from tests.tiny_course import CHAPTER, make_course
from tests.tools.learner import ANSWER, NAME, change_chapter, chapter_version
from tools.notebooks import read
from tools.workbook import make_workbook

SOURCES = (
    "() => window.jupyterapp.shell.currentWidget.content.widgets"
    ".map(w => w.model.sharedModel.getSource())"
)
WRITE = (
    "text => window.jupyterapp.shell.currentWidget.content.widgets"
    ".find(w => w.model.sharedModel.getSource().startsWith('def double'))"
    ".model.sharedModel.setSource(text)"
)
RUN = "command => { window.jupyterapp.commands.execute(command); }"
WAIT = 120_000  # milliseconds


def test_an_update_with_the_chapter_open_keeps_the_answer(tmp_path: Path) -> None:
    program = browsing.require_browser()
    course = make_course(tmp_path / "course", chapter_version(1))
    make_workbook(course)
    mine = course / "workbook" / NAME
    with (
        browsing.lab_server(mine.parents[1], tmp_path / "state", timeout=300) as server,
        browsing.browser_page(program) as page,
    ):
        browsing.open_notebook(page, server, NAME, timeout=300)
        page.evaluate(WRITE, ANSWER)
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        change_chapter(course, 2)
        assert make_workbook(course, take=True).merged == [NAME]
        page.evaluate(RUN, "docmanager:reload")  # File › Reload Notebook from Disk
        shown = "() => document.body.innerText.includes('This is version 2')"
        page.wait_for_function(shown, timeout=WAIT)
        assert ANSWER in page.evaluate(SOURCES)
        # Something is written and not saved when the next update comes.
        page.evaluate(WRITE, ANSWER + "  # not saved")
        change_chapter(course, 3)
        assert make_workbook(course, take=True).merged == [NAME]
        page.evaluate(RUN, "docmanager:save")
        dialog = page.locator(".jp-Dialog")
        dialog.wait_for(timeout=WAIT)
        assert "has changed on disk" in dialog.inner_text(), "JupyterLab asks before it overwrites"
        dialog.get_by_role("button", name="Revert").click()
        page.wait_for_function(shown.replace("version 2", "version 3"), timeout=WAIT)
        assert ANSWER in page.evaluate(SOURCES)
    assert [path.name for path in mine.parent.glob("*.ipynb")] == [f"{CHAPTER}.ipynb"]
    assert ANSWER in [cell.source for cell in read(mine).cells]
