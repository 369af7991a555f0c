"""Pictures of a notebook as JupyterLab shows it, stored outputs included, for reading it through.

    python -m tools.screenshot NOTEBOOK OUT_DIR

writes OUT_DIR/NAME_01.png, NAME_02.png, ... from top to bottom. Needs a Chromium or Chrome.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.sign import NotebookNotary

from tests import browser as browsing

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = {".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp"}

SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {
        **browsing.ALL_CELLS_IN_PAGE["@jupyterlab/notebook-extension:tracker"],
        "scrollPastEnd": False,  # no empty page after the last cell
    }
}


def copy_for_reading(notebook: Path, folder: Path) -> None:
    """Copy the notebook and the pictures beside it into `folder`: JupyterLab may save it there."""
    folder.mkdir(parents=True)
    shutil.copy(notebook, folder)
    for path in notebook.parent.iterdir():
        if path.suffix.lower() in PICTURES and path.is_file():
            shutil.copy(path, folder)


def trust(notebook: Path, data_dir: Path) -> None:
    """Sign the notebook, so that JupyterLab with `data_dir` shows its HTML outputs as well."""
    data_dir.mkdir(parents=True, exist_ok=True)
    NotebookNotary(data_dir=str(data_dir)).sign(nbformat.read(notebook, as_version=4))


def take_slices(page: Page, out: Path, name: str, height: int) -> list[Path]:
    """Photograph the open notebook from top to bottom in slices of at most `height` pixels."""
    panel = page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer").first
    box = panel.bounding_box()
    assert box is not None, "the notebook is not visible"
    total = panel.evaluate("p => p.scrollHeight")
    visible = int(panel.evaluate("p => p.clientHeight"))
    step = min(height, visible)
    written = []
    for number, top in enumerate(range(0, total, step), start=1):
        panel.evaluate("(p, top) => { p.scrollTop = top; }", top)
        page.wait_for_timeout(150)
        # Near the end the page cannot scroll that far: what is new is at the bottom.
        skip = top - panel.evaluate("p => p.scrollTop")
        part = min(step, total - top)
        clip = {
            "x": box["x"],
            "y": box["y"] + skip,
            "width": box["width"],
            "height": part,
        }
        path = out / f"{name}_{number:02d}.png"
        page.screenshot(path=path, clip=clip)
        written.append(path)
    return written


def screenshot(
    notebook: Path,
    out: Path,
    *,
    width: int = 1280,
    height: int = 1600,
    browser: str | None = None,
) -> list[Path]:
    """Write pictures of `notebook`, `width` pixels wide and at most `height` high, into `out`.

    Returns their paths, top to bottom. Pictures of the same name left from before are removed.
    Raises FileNotFoundError when the notebook or a browser is missing.
    """
    browser = browser or browsing.find_browser()
    if browser is None:
        names = ", ".join(browsing.BROWSER_NAMES)
        raise FileNotFoundError(
            f"no browser: none of {names} is on PATH; install one or set COURSE_BROWSER"
        )
    if not notebook.is_file():
        raise FileNotFoundError(f"expected a notebook, found no file: {notebook}")
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{notebook.stem}_[0-9][0-9]*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder, state = Path(temporary, "served"), Path(temporary, "jupyter")
        copy_for_reading(notebook, folder)
        trust(folder / notebook.name, state / "data")
        with (
            browsing.lab_server(folder, state, settings=SETTINGS) as server,
            # 130 px: JupyterLab's own bars above and below the notebook.
            browsing.browser_page(browser, width=width, height=height + 130) as page,
        ):
            browsing.open_notebook(page, server, notebook.name)
            return take_slices(page, out, notebook.stem, height)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--width", type=int, default=1280, help="pixels (default 1280)")
    parser.add_argument("--height", type=int, default=1600, help="of a slice (default 1600)")
    args = parser.parse_args(argv)
    try:
        written = screenshot(args.notebook, args.out_dir, width=args.width, height=args.height)
    except FileNotFoundError as error:
        print(f"screenshot: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
