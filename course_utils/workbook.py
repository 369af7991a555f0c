"""The learner's own folder: where it lies, and how far the learner has come in it."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

_COURSE = Path(__file__).resolve().parents[1]
_OPEN = "This exercise is still open"  # the untouched answer raises it: nbgrader_config.py


def workbook_folder() -> Path:
    """The learner's folder; it need not exist yet.

    ``$COURSE_WORKBOOK`` when set, else ``workbook/`` in the course; but where the course is
    read-only, or it or that folder belongs to another user, ``~/handwriting-workbook``.
    """
    override = os.environ.get("COURSE_WORKBOOK")
    if override:
        return Path(os.path.expanduser(override)).absolute()
    inside = _COURSE / "workbook"
    place = inside if inside.exists() else _COURSE
    user = getattr(os, "geteuid", lambda: 0)()
    if os.access(place, os.W_OK) and user in (0, place.stat().st_uid):
        return inside
    return Path(os.path.expanduser("~/handwriting-workbook")).absolute()


@dataclass(frozen=True)
class ChapterProgress:
    """One chapter: its title, the time it takes in words, and each exercise's state by number.

    A state is ``"solved"`` (its check passed), ``"tried"`` (begun, or not passed) or ``"open"``.
    """

    title: str
    time: str
    exercises: dict[str, str]

    def __str__(self) -> str:
        states = list(self.exercises.values())
        left = [n + " (tried)" * (s == "tried") for n, s in self.exercises.items() if s != "solved"]
        line = f"{self.title:<32} {states.count('solved')} of {len(states)} solved"
        return line + (f"; left: {', '.join(left)}" if left else "")

    @property
    def finished(self) -> bool:
        """Whether every exercise is solved."""
        return set(self.exercises.values()) <= {"solved"}


@dataclass(frozen=True)
class Progress:
    """All chapters of a workbook, in order; a notebook shows it as a small table."""

    chapters: list[ChapterProgress]

    def __repr__(self) -> str:
        ahead = [chapter for chapter in self.chapters if not chapter.finished]
        lines = [str(chapter) for chapter in self.chapters]
        for word, chapter in zip(("Next:", "Then:", "Then:"), ahead, strict=False):
            lines.append(f"{word} {chapter.title}. {chapter.time}".rstrip())
        return "\n".join(lines if ahead else [*lines, "All exercises are solved."])


def progress(folder: Path | None = None) -> Progress:
    """What the learner's notebooks in ``folder`` tell, as they were last run and saved.

    ``folder``: a workbook, by default this learner's (``workbook_folder``). It is only read, and
    nothing leaves the machine. Raises FileNotFoundError when it holds no chapter.
    """
    folder = folder or workbook_folder()
    chapters = [
        _chapter(path)
        for path in sorted(folder.glob("[0-9][0-9]_*/*.ipynb"))
        if path.stem == path.parent.name
    ]
    if not chapters:
        raise FileNotFoundError(
            f"no chapters in {folder}: make your copies with `python course.py workbook`, or say "
            "with `--workbook PATH` (in a notebook: `progress(folder)`) where yours are"
        )
    return Progress(chapters)


def _chapter(path: Path) -> ChapterProgress:
    """What one notebook tells; without exercises and with a remark if it cannot be read."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells]
        marks = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return ChapterProgress(path.stem, f"It cannot be read: {error!r}.", {"all": "open"})
    title = re.search(r"^# (.+)$", "\n".join(texts), flags=re.MULTILINE)
    time = re.search(r"\*\*Time\.\*\* (.+?\.)(?=\s|$)", "\n".join(texts), flags=re.DOTALL)
    by_mark = {mark: cell for mark, cell in zip(marks, cells, strict=True) if mark}
    states = {
        mark.removeprefix("ex").removesuffix("_check"): _state(
            by_mark.get(mark.replace("_check", "_answer"), check), check
        )
        for mark, check in by_mark.items()
        if mark.endswith("_check")
    }
    words = " ".join(time[1].split()) if time else ""
    return ChapterProgress(title[1] if title else path.stem, words, states)


def _state(answer: dict, check: dict) -> str:
    """The state of one exercise: its check ran after its answer, printed ✓ and raised nothing."""
    outputs = check.get("outputs", [])
    said = "".join("".join(output.get("text", "")) for output in outputs)
    failed = any(output.get("output_type") == "error" for output in outputs)
    later = (check.get("execution_count") or 0) > (answer.get("execution_count") or 0)
    if "✓" in said and not failed and later:
        return "solved"
    return "open" if _OPEN in "".join(answer["source"]) else "tried"
