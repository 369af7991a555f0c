"""The final exam: a finished model reads the locked test images once; the log of sittings."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from IPython import get_ipython
from IPython.display import publish_display_data
from torch import Tensor

from course_utils.data import locked_test_set
from course_utils.evaluation.accuracy import Accuracy, accuracy
from course_utils.workbook import workbook_folder


@dataclass(frozen=True)
class ExamResult:
    """The outcome of one sitting of the final exam."""

    chapter: str
    model: str
    accuracy: Accuracy
    sitting: int
    unlogged: str = ""  # why this sitting could not be logged, if so

    def __str__(self) -> str:
        text = f"Final exam, {self.model}: {self.accuracy}.\nThis is sitting {self.sitting}."
        return f"{text}\n{self._remark()}" if self.unlogged else text

    def markdown(self) -> str:
        """The result as a notebook shows it."""
        note = (
            "This is the first sitting."
            if self.sitting == 1
            else f"This is **sitting {self.sitting}**: if the model was changed since the first "
            "one, this figure flatters it."
        )
        text = f"**Final exam, {self.model}:** {self.accuracy}. {note}"
        return f"{text} {self._remark()}" if self.unlogged else text

    def _remark(self) -> str:
        return f"It could not be logged, so the next one will not count it: {self.unlogged}."


def final_exam(
    chapter: str, model: str, predict: Callable[[Tensor], Tensor | np.ndarray | Sequence[int]]
) -> ExamResult:
    """Let a finished model read the 10,000 locked test images, once.

    ``predict`` takes uint8 images (10000, 28, 28) and returns one digit per image. The result is
    shown with its 95 % interval and the number of times this model has sat the exam: if it was
    changed after a sitting, the next figure is no longer an honest estimate.
    Sittings are logged in ``exam_log.jsonl`` in the learner's workbook (or ``$COURSE_EXAM_LOG``),
    but not while nbgrader grades; when that cannot be done, the result is shown all the same.
    Raises ValueError when the answers are not 10,000 digits; such a sitting does not count.
    """
    test = locked_test_set()
    result = accuracy(predict(test.images.clone()), test.labels)
    exam = ExamResult(chapter, model, result, *_log_sitting(chapter, model, result))
    _show(exam)
    return exam


def _show(exam: ExamResult) -> None:
    """In a notebook an output that the results table is made from, elsewhere a printed line."""
    if get_ipython() is None:  # publishing would start an interactive shell
        print(exam)
        return
    publish_display_data(
        {"text/plain": str(exam), "text/markdown": exam.markdown()},
        metadata={
            "course": {
                "exam": {
                    "chapter": exam.chapter,
                    "model": exam.model,
                    "errors": exam.accuracy.errors,
                    **{k: v for k, v in asdict(exam.accuracy).items() if k != "right"},
                }
            }
        },
    )


def _exam_log() -> Path:
    override = os.environ.get("COURSE_EXAM_LOG")
    if override:
        return Path(override)
    if "NBGRADER_EXECUTION" in os.environ:
        return Path(os.devnull)  # grading a learner's notebook is no sitting of the instructor's
    return workbook_folder() / "exam_log.jsonl"


def _log_sitting(chapter: str, model: str, result: Accuracy) -> tuple[int, str]:
    """Append this sitting to the log: its number for this model, and why it failed, if it did."""
    log, sitting = Path("exam_log.jsonl"), 1
    try:
        log = _exam_log()
        content = log.read_bytes() if log.is_file() else b""
        sitting += sum(
            r.get("chapter") == chapter and r.get("model") == model for r in _records(content)
        )
        record = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "chapter": chapter,
            "model": model,
            "sitting": sitting,
            "errors": result.errors,
        }
        line = json.dumps(record, ensure_ascii=False) + "\n"
        if content and not content.endswith(b"\n"):
            line = "\n" + line  # the last one was cut short
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(line)
    except (OSError, ValueError) as error:  # ValueError: a path or a name that is no text
        return sitting, f"{log.name}: {getattr(error, 'strerror', None) or error}"
    return sitting, ""


def _records(content: bytes) -> list[dict]:
    """The sittings logged so far; a line that a crash has spoiled is passed over."""
    records = []
    for line in content.splitlines():
        try:
            record = json.loads(line.decode("utf-8"))
        except ValueError:  # not UTF-8, or not JSON
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
