"""Most of what a chapter prints is compared by the tests, and what is not says why."""

from collections.abc import Iterator

from nbformat import NotebookNode

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, finds, is_exercise, table
from tools.notebooks import is_ignored

MIN_REASON = 3  # words in the reason for an ignored output
MIN_COMPARED = 5  # cells whose text output is compared
MAX_IGNORED = 1 / 3  # of the cells with output


def ignore_reason(cell: NotebookNode) -> str:
    """Why the cell's outputs are not compared; empty when nobody says."""
    course = cell.get("metadata", {}).get("course", {})
    return str(course.get("ignore_reason", "")).strip() if isinstance(course, dict) else ""


def _tag(cell: NotebookNode, *names: str) -> str:
    """The first of these tags that the cell has; empty when it has none."""
    return next((tag for tag in notebooks.tags(cell) if tag in names), "")


def _raises(cell: NotebookNode) -> str:
    return _tag(cell, "raises-exception", "nbval-raises-exception")


check_tags = table(
    (lambda cell: _tag(cell, "nbval-skip", "skip-execution"),
     "the tag {} is refused: every cell runs in the tests"),
    (lambda cell: not is_exercise(cell) and _raises(cell), "the tag {} is for exercise cells only"),
    (lambda cell: is_exercise(cell) and is_ignored(cell),
     "nbval-ignore-output on an exercise cell: raising, it would pass whatever happens"),
    (lambda cell: is_ignored(cell) and len(ignore_reason(cell).split()) < MIN_REASON,
     "tagged nbval-ignore-output without a reason of three words or more in the metadata: "
     + '{{"course": {{"ignore_reason": "…"}}}}'),
    (lambda cell: not is_ignored(cell) and ignore_reason(cell),
     "an ignore_reason, but no tag nbval-ignore-output"),
    (finds(notebooks.source, r"^\s*#+\s*(NBVAL_|PYTEST_VALIDATE_)"),
     "an NBVAL comment; use a tag and give the reason"),
)  # fmt: skip


def has_text_output(cell: NotebookNode) -> bool:
    """Whether a cell prints or shows text, other than the text that stands for a picture."""
    for output in cell.get("outputs", []):
        kinds = [kind.partition("/")[0] for kind in output.get("data", {})]
        printed = output.get("output_type") == "stream" and str(output.get("text", "")).strip()
        if printed or ("text" in kinds and "image" not in kinds):
            return True
    return False


def check_shares(chapter: Chapter) -> Iterator[Problem]:
    """Most outputs are compared: a notebook in which nothing is compared checks nothing."""
    with_output = [cell for _, cell in chapter.code if cell.get("outputs")]
    ignored = sum(map(is_ignored, with_output))
    if ignored > MAX_IGNORED * len(with_output):
        yield f"{ignored} of {len(with_output)} cells with output are ignored: at most a third may"
    compared = sum(has_text_output(c) and not is_ignored(c) for c in with_output)
    if compared < MIN_COMPARED:
        yield f"{compared} cells have compared text output: at least {MIN_COMPARED} expected"
