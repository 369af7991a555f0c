"""The notebook was executed once, from top to bottom, and holds nothing but what that left."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tools import notebooks, outputs
from tools.contracts.chapter import Chapter, Problem, finds, output_text, table

RUN = "run python -m tools.execute"
BAR = re.compile(r"\d%\|.*\||\d\s?(?:it|batch|image)/s|\ds/(?:it|batch|image)")  # as tqdm draws it
MAX_BARS = 400  # characters of progress bars in one cell's outputs
MAX_OUTPUTS = 12  # of one cell


def check_form(chapter: Chapter) -> Iterator[Problem]:
    """Executed once, from top to bottom; nothing tells when, where or how often it ran."""
    if chapter.code and all(cell.get("execution_count") is None for _, cell in chapter.code):
        yield f"never executed, or its outputs were stripped: {RUN}"
        return
    normal = outputs.normalise(chapter.nb)
    for key in ("kernelspec", "language_info", "widgets"):
        if chapter.nb.get("metadata", {}).get(key) != normal.metadata.get(key):
            yield f"metadata {key!r} is not as tools.execute writes it: {RUN}"
    seen = set()
    for (index, cell), other in zip(chapter.cells, normal.cells, strict=True):
        key = next((key for key in sorted(cell) if cell[key] != other[key]), "")
        if key in ("metadata", "outputs"):
            yield index, f"its {key} are not as tools.execute writes them: {RUN}"
        elif key and key not in seen:  # one wrong count makes most that follow wrong
            yield index, f"its {key} is {cell[key]!r}: {other[key]!r} expected; {RUN}"
        seen.add(key)


def check_hash(chapter: Chapter) -> Iterator[Problem]:
    """The outputs belong to this source."""
    stored = notebooks.stored_hash(chapter.nb)
    if stored is None:
        yield f"no source hash is stored: {RUN}"
    elif stored != notebooks.source_hash(chapter.nb):
        yield f"edited after it was executed: {RUN}"


def _error(cell: NotebookNode) -> str:
    errors = (o for o in cell.get("outputs", []) if o.get("output_type") == "error")
    return next((f"{error.get('ename')}: {error.get('evalue')}" for error in errors), "")


def _stderr(cell: NotebookNode) -> str:
    written = (o for o in cell.get("outputs", []) if o.get("name") == "stderr")
    return next((repr(str(output.get("text", "")).strip()[:60]) for output in written), "")


def _bars(cell: NotebookNode) -> int:
    """The characters of progress bars beyond what a few last lines take; 0 when there are few."""
    bars = sum(len(line) for line in output_text(cell).splitlines() if BAR.search(line))
    return bars if bars > MAX_BARS else 0


check_outputs = table(
    (_error, "error output {}"),
    (_stderr, "output on stderr: {}"),
    (finds(output_text, r"\bat (0x[0-9a-fA-F]{6,})"),
     "a memory address in its output: {}; print what says more, or end with plt.show()"),
    (_bars, f"{{}} characters of progress bars: at most {MAX_BARS} expected, a bar's last line"),
    (lambda cell: len(cell.get("outputs", [])) // (MAX_OUTPUTS + 1),
     f"more than {MAX_OUTPUTS} outputs: print less, or keep a bar's states out"),
)  # fmt: skip
