"""Look through what came in, and put each learner's notebook where nbgrader grades it.

    python course.py collect FOLDER

FOLDER holds what came by mail, from a learning platform or from nbgrader's exchange, in any order:
notebooks in folders named after learners or with the learner in the file's name. Nothing in FOLDER
is changed. What can be graded goes to submitted/LEARNER/CHAPTER/CHAPTER.ipynb, doubled, split,
deleted and stripped cells put in order; what cannot be read is set aside; each odd one is reported,
here and in grading/collected.json, with the learner's id and the reason. A version that was there
before is kept in grading/earlier/.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from tools.grading.repair import UnreadableError, load, repair
from tools.notebooks import CHAPTER_NAME, ROOT, dumps, nbgrader, read, write_bytes
from tools.workbook import WorkbookError, learner_copy, load_config

REPORT = Path("grading") / "collected.json"
EARLIER = Path("grading") / "earlier"
ARCHIVES = (".zip", ".tar", ".gz", ".7z", ".rar")
_DECORATION = re.compile(r"(?i)[\s_.-]*(\(\d+\)|-?copy\d*|\bcopy( \d+)?)(?=\.|$|\s)")
_MOODLE = re.compile(r".+_(\d+)_assignsubmission_.*")  # Moodle's folders: name, number, kind
_LARGEST = 5_000_000  # bytes of a file beside a notebook that is taken along
_LARGEST_NOTEBOOK = 50_000_000


@dataclass
class Item:
    """A file that came in: whose, of which chapter, and the notebook in it or why there is none."""

    path: Path
    learner: str
    chapter: str
    notebook: NotebookNode | None = None
    problem: str = ""
    told: list[str] = field(default_factory=list)
    answered: bool = False

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Which of several counts: one that can be read and was worked in, then the newest."""
        return (self.notebook is not None, self.answered, self.path.stat().st_mtime)


def collect(folder: Path, root: Path = ROOT) -> dict[str, dict[str, dict]]:
    """Take in everything under ``folder``; returns the report by chapter and learner.

    Raises WorkbookError where ``root`` is no course, and OSError as the system does.
    """
    config = load_config(root)
    course = CourseDirectory(config=config)
    chapters = _chapters(root / course.source_directory, config)
    groups: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        if ".ipynb" in path.name.lower():
            item = _item(path, parts, chapters)
            groups[item.learner, item.chapter].append(item)
        elif path.name.lower().endswith(ARCHIVES):
            item = Item(path, _learner(parts, chapters), "", problem="an archive: unpack it first")
            groups[item.learner, ""].append(item)
    report: dict[str, dict[str, dict]] = defaultdict(dict)
    for (learner, chapter), items in groups.items():
        items.sort(key=lambda item: item.rank)
        report[chapter][learner] = _take(items, root / course.submitted_directory, root)
    _save(report, root)
    return report


def _chapters(folder: Path, config: Config) -> dict[str, NotebookNode]:
    """Every chapter as learners get it."""
    found = {}
    for path in sorted(folder.glob("*/*.ipynb")):
        if path.stem == path.parent.name and CHAPTER_NAME.fullmatch(path.stem):
            found[path.stem] = learner_copy(read(path), config, path.stem)
    return found


def _item(path: Path, parts: tuple[str, ...], chapters: dict[str, NotebookNode]) -> Item:
    """What a file is, by its content first and its name second."""
    named = next((c for c in chapters for part in reversed(parts) if c in part), "")
    item = Item(path, _learner(parts, chapters), named)
    try:
        if path.stat().st_size > _LARGEST_NOTEBOOK:
            raise UnreadableError(f"larger than {_LARGEST_NOTEBOOK / 1e6:g} MB")
        nb, item.told = load(path.read_bytes())
        texts = {cell.source.strip() for cell in nb.cells if cell.source.strip()}
        common = {
            name: len(texts & {cell.source.strip() for cell in released.cells})
            for name, released in chapters.items()
        }
        likeliest = max(common, key=common.__getitem__, default="")
        if likeliest and common[likeliest] > common.get(named, 0):
            if named:
                item.told.append(f"named after {named}, but it is {likeliest}")
            item.chapter = likeliest
        if not item.chapter:
            raise UnreadableError("a notebook of no chapter")
        item.notebook, repairs = repair(nb, chapters[item.chapter])
        item.told += repairs
        stubs = {c.source.strip() for c in chapters[item.chapter].cells if nbgrader(c)}
        item.answered = any(
            nbgrader(c).get("solution") and c.source.strip() not in stubs
            for c in item.notebook.cells
        )
    except (UnreadableError, OSError) as error:
        item.problem = str(error)
    except Exception as error:  # noqa: BLE001 (one strange file must not stop the others)
        item.problem = f"it cannot be repaired ({type(error).__name__}: {error})"
    return item


def _learner(parts: tuple[str, ...], chapters: dict[str, NotebookNode]) -> str:
    """The learner's id: the first folder that is no chapter, else what the file's name has of it.

    Moodle's folders NAME_NUMBER_assignsubmission_file give the number, so that names stay apart.
    """
    for part in parts[:-1]:
        match = _MOODLE.fullmatch(part)
        if match:
            return match[1]
        if part not in chapters:
            return _tidy(part)
    stem = _DECORATION.sub("", re.sub(r"(?i)\.ipynb.*$", "", parts[-1]))
    for chapter in chapters:
        stem = stem.replace(chapter, "")
    return _tidy(stem) or "unknown"


def _tidy(name: str) -> str:
    return re.sub(r"[^\w.@-]+", "_", name).strip("_.- ")


def _take(items: list[Item], submitted: Path, root: Path) -> dict:
    """Put the best of one learner's files of one chapter in its place; returns what to report."""
    best = items[-1]
    told = list(best.told)
    for other in items[:-1]:
        if other.problem:
            told.append(f"set aside {other.path.name}: {other.problem}")
        elif best.path.read_bytes() != other.path.read_bytes():
            told.append(f"not taken: {other.path.name}, older or not worked in")
    where = f"{best.path.parent.name}/{best.path.name}"
    if best.notebook is None:
        return {"taken": "", "set_aside": f"{where}: {best.problem}", "remarks": told}
    place = submitted / best.learner / best.chapter
    target = place / f"{best.chapter}.ipynb"
    if best.learner == "unknown":
        reason = "whose is it? no folder and no file name says so"
        return {"taken": "", "set_aside": f"{where}: {reason}", "remarks": told}
    if best.path.name != target.name or best.chapter not in best.path.parts[:-1][-1:]:
        told.insert(0, f"came as {where}")
    place.mkdir(parents=True, exist_ok=True)
    content = dumps(best.notebook).encode("utf-8")
    if target.exists() and target.read_bytes() != content:
        kept = (
            root / EARLIER / best.learner / f"{best.chapter}-{datetime.now():%Y%m%d-%H%M%S}.ipynb"
        )
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(target, kept)
        if target != best.path:
            told.append("handed in again: this version takes the place of the one before")
    _bring_files(best, place)
    if not target.exists() or target.read_bytes() != content:
        write_bytes(target, content)
    return {"taken": str(best.path), "set_aside": "", "remarks": told}


def _bring_files(best: Item, place: Path) -> None:
    """The files beside the notebook, and what nbgrader needs to know when it came."""
    when = datetime.fromtimestamp(best.path.stat().st_mtime, UTC)
    (place / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")
    own_folder = best.path.parent.name in (best.learner, best.chapter)
    for path in best.path.parent.iterdir() if own_folder else ():
        plain = path.is_file() and not path.is_symlink() and ".ipynb" not in path.name
        if plain and path.parent != place and path.stat().st_size <= _LARGEST:
            shutil.copyfile(path, place / path.name)
    secret = place / "submission_secret.txt"  # release_feedback asks for one
    if not secret.exists():
        secret.write_text(secrets.token_hex(32), encoding="utf-8")


def _save(report: dict[str, dict[str, dict]], root: Path) -> None:
    """Keep the report for the table of points, beside what earlier runs said of others."""
    kept = collected(root)
    for chapter, learners in report.items():
        kept.setdefault(chapter, {}).update(learners)
    path = root / REPORT
    path.parent.mkdir(exist_ok=True)
    write_bytes(path, json.dumps(kept, indent=1, ensure_ascii=False).encode("utf-8"))


def collected(root: Path) -> dict[str, dict[str, dict]]:
    """What earlier runs reported, by chapter and learner."""
    try:
        return json.loads((root / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def lines(report: dict[str, dict[str, dict]]) -> list[str]:
    """The report for a person: each odd one, then the counts."""
    found, taken = [], 0
    for chapter, learners in sorted(report.items()):
        for learner, entry in sorted(learners.items()):
            taken += bool(entry["taken"])
            said = [f"SET ASIDE {entry['set_aside']}"] if entry["set_aside"] else []
            said += entry["remarks"]
            found += [f"{learner}  {chapter or '(no chapter)'}: {'; '.join(said)}"] if said else []
    return [*found, f"{taken} notebooks are in place, {len(found)} of all are reported above"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="course.py collect", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="where everything that came in lies")
    folder = parser.parse_args(arguments).folder.resolve()
    if not folder.is_dir():
        print(f"collect: expected a folder, got {folder}", file=sys.stderr)
        return 2
    try:
        print(*lines(collect(folder)), sep="\n")
    except (WorkbookError, OSError) as error:
        print(f"collect: {error}", file=sys.stderr)
        return 1
    return 0
