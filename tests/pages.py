"""A page in a real browser: notebooks opened and run in it, and what it shows of their cells."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser import Server

# No sandbox: containers and CI machines run as root. The rest keeps the browser off the network.
BROWSER_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextlib.contextmanager
def browser_page(
    browser: str, *, width: int = 1280, height: int = 1600, **options: object
) -> Iterator[Page]:
    """An empty page of the given size (pixels) in a fresh, headless browser (a program's path).

    `options` are more of Playwright's for a new page, as has_touch or color_scheme.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=browser, args=list(BROWSER_ARGS), headless=True
        )
        try:
            yield running.new_page(viewport={"width": width, "height": height}, **options)
        finally:
            running.close()


def open_notebook(page: Page, server: Server, path: str, *, timeout: float = 90) -> None:
    """Open the notebook at `path` in JupyterLab and wait until its cells are in the page.

    The side bars are folded away. `timeout` in seconds.
    """
    page.goto(server.page(path), timeout=timeout * 1000)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=timeout * 1000)
    page.wait_for_function("() => window.jupyterapp !== undefined", timeout=timeout * 1000)
    page.evaluate(
        "() => { const shell = window.jupyterapp.shell;"
        " shell.collapseLeft(); shell.collapseRight(); }"
    )
    wait_until_still(page, timeout=timeout)


def wait_until_still(page: Page, *, quiet: float = 1.5, timeout: float = 90) -> None:
    """Wait until all pictures are there and the notebook's height has not changed for `quiet` s."""
    script = """() => {
        const outer = document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer');
        const pictures = Array.from(document.querySelectorAll('.jp-NotebookPanel img'));
        return [outer ? outer.scrollHeight : 0, pictures.filter(p => !p.complete).length];
    }"""
    end = time.monotonic() + timeout
    seen, since = None, time.monotonic()
    while time.monotonic() < end:
        now = page.evaluate(script)
        if now != seen:
            seen, since = now, time.monotonic()
        elif now[1] == 0 and time.monotonic() - since >= quiet:
            return
        page.wait_for_timeout(100)
    raise TimeoutError(
        f"the notebook's page was still changing after {timeout:.0f} s: "
        f"height {seen[0]} px, {seen[1]} pictures not loaded"
    )


def restart_and_run_all(page: Page, *, timeout: float) -> None:
    """Choose Run > Restart Kernel and Run All Cells, and wait for the last code cell to be done.

    `timeout` in seconds. The notebook must come without stored outputs, as a learner's copy does.
    """
    # A kernel that is told to restart while it starts, on a busy machine, may hang.
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session"
        "?.kernel?.status === 'idle'",
        timeout=timeout * 1000,
    )
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Restart Kernel and Run All Cells").click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    script = """() => {
        const panel = window.jupyterapp.shell.currentWidget;
        const code = panel.content.widgets.filter(cell => cell.model.type === 'code');
        const kernel = panel.sessionContext.session?.kernel;
        return [kernel?.status, code.map(cell => cell.model.executionCount)];
    }"""
    end = time.monotonic() + timeout
    seen, since = None, time.monotonic()
    while True:
        now = status, counts = page.evaluate(script)
        if status == "idle" and counts[-1]:
            break
        if now != seen:
            seen, since = now, time.monotonic()
        idle = time.monotonic() - since if status == "idle" else 0
        if idle > 30 or time.monotonic() > end:
            done = sum(count is not None for count in counts)
            raise TimeoutError(
                f"{done} of {len(counts)} code cells ran; the kernel is {status}. "
                "A cell that fails stops what follows, unless it is tagged raises-exception."
            )
        page.wait_for_timeout(200)
    wait_until_still(page)


def shown_cells(page: Page) -> list[dict]:
    """What the page shows of each cell, top to bottom.

    Each is {"type": "code" or "markdown", "count": its execution count or None, "prompt": the text
    at its left, "errors": the texts of the outputs in red, "figures": [{"width", "height": pixels
    of the picture itself, "colours": how many different ones a grid of samples met}], "spoken": the
    texts for screen readers}.
    """
    script = """() => {
        const colours = picture => {
            const canvas = document.createElement('canvas');
            canvas.width = canvas.height = 64;
            const context = canvas.getContext('2d');
            context.drawImage(picture, 0, 0, 64, 64);
            const data = new Uint32Array(context.getImageData(0, 0, 64, 64).data.buffer);
            return new Set(data).size;
        };
        const texts = (cell, what) => Array.from(cell.querySelectorAll(what), e => e.textContent);
        const output = '.jp-OutputArea-output';
        const widgets = window.jupyterapp.shell.currentWidget.content.widgets;
        const counts = new Map(widgets.map(w => [w.node, w.model.executionCount ?? null]));
        return Array.from(document.querySelectorAll('.jp-NotebookPanel .jp-Cell'), cell => ({
            type: cell.classList.contains('jp-CodeCell') ? 'code' : 'markdown',
            count: counts.get(cell),
            prompt: texts(cell, '.jp-InputPrompt').join('').trim(),
            errors: texts(cell, `${output}[data-mime-type="application/vnd.jupyter.stderr"]`),
            figures: Array.from(cell.querySelectorAll(`${output} img`), picture => ({
                width: picture.naturalWidth,
                height: picture.naturalHeight,
                colours: picture.naturalWidth > 0 ? colours(picture) : 0,
            })),
            spoken: texts(cell, `${output} .jp-sr-only`),
        }));
    }"""
    return page.evaluate(script)
