"""Take the newest version of the chapters into the learner's notebooks, and keep all work.

    python course.py update [CHAPTER ...]          a chapter by its folder's name; all without one
    python course.py update --undo [CHAPTER ...]   put back what the last update changed

Answers stay in their cells and the learner's own cells where they were. Where both the learner and
the chapter changed a cell, both texts are left and the command says so. The notebook is the same
file as before; what it was is kept, and ``--undo`` brings it back (twice: forward again).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.workbook import workbook_folder
from tools.keep import Keep
from tools.manifest import Manifest, fingerprint
from tools.notebooks import ROOT, dumps, read
from tools.workbook import MANIFEST, Report, busy, make_workbook, say

OPEN = (
    "Is a chapter open in JupyterLab? Save it before an update; after it choose File › Reload "
    "Notebook from Disk, and Revert should JupyterLab ask."
)


def undo(target: Path, chapters: Sequence[str] = ()) -> Report:
    """Put back what the last update of these chapters, or the last of all, changed in ``target``.

    Raises WorkbookError as ``make_workbook`` does.
    """
    with busy(target):
        keep, report = Keep(target), Report()
        report.restored = keep.undo(list(chapters))
        manifest, report.notes = Manifest.load(target / MANIFEST)
        for key in report.restored:  # so that the newer version is news again
            known = manifest.versions.get(key, [])
            base = key.endswith(".ipynb") and keep.begun_with(key, read(target / key), known)
            if base:
                manifest.remember(key, fingerprint(key, dumps(base).encode("utf-8")))
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 1 when something could not be updated."""
    parser = argparse.ArgumentParser(prog="course.py update", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="for example 01_words")
    parser.add_argument("--undo", action="store_true", help="put back what the last one changed")
    options = parser.parse_args(arguments)
    target, chapters = workbook_folder(), [Path(name).name for name in options.chapters]

    def run() -> Report:
        if options.undo:
            return undo(target, chapters)
        return make_workbook(ROOT, target, take=True, only=chapters)

    status = say(run, target, "update")
    if status == 0:
        print(OPEN)
    return status


if __name__ == "__main__":
    sys.exit(main())
