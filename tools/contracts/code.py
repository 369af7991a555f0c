"""Code cells are Python that works everywhere, short, and folded where they only draw or check."""

import ast
import warnings
from collections.abc import Iterator
from functools import cache

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, finds, table

MAX_LINES, MAX_CHECK_LINES = 30, 60  # of one cell
MAX_CODE = 900  # lines of a chapter, blank ones and comments not counted
OPEN_FIGURE = "teaches-drawing"  # tag of a figure's cell whose code is the lesson
FOLDED = 'metadata {{"jupyter": {{"source_hidden": true}}}} expected'
MAGICS = "pip|conda|mamba|uv|sx|system|bash|sh|cmd|script|sc"
DOWNLOADS = (
    r"\b(?:urlopen|urlretrieve|load_state_dict_from_url|download_url|hf_hub_download|fetch_openml)\b"
    r"|\b(?:requests|httpx)\.\w+|\btorch\.hub\b|\bdownload\s*=\s*True\b"
    r"|^\s*(?:import|from)\s+(?:requests|httpx|aiohttp|urllib\.request|urllib3)\b"
)


@cache
def plain_python(text: str) -> str:
    """A cell's source with IPython's magics and shell calls turned into function calls."""
    return TransformerManager().transform_cell(text)


def parse(text: str) -> ast.Module | None:
    """The syntax tree of a cell's source; None when it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(plain_python(text))
    except SyntaxError:
        return None


def _code(cell: NotebookNode) -> str:
    """The source of a code cell, empty for others."""
    return notebooks.source(cell) if notebooks.is_code(cell) else ""


def draws(cell: NotebookNode) -> bool:
    """Whether a cell calls ``plots.show``."""
    nodes = ast.walk(parse(_code(cell)) or ast.Module([], []))
    return any(isinstance(n, ast.Call) and ast.unparse(n.func) == "plots.show" for n in nodes)


def is_folded(cell: NotebookNode) -> bool:
    """Whether JupyterLab shows only the first line of a cell's source."""
    return bool(cell.get("metadata", {}).get("jupyter", {}).get("source_hidden"))


def _is_open_figure(cell: NotebookNode) -> bool:
    """Whether a cell shows how it draws, and neither teaches that nor is an exercise."""
    may = is_folded(cell) or notebooks.nbgrader(cell) or OPEN_FIGURE in notebooks.tags(cell)
    return not may and draws(cell)


def _too_long(cell: NotebookNode) -> str:
    most = MAX_CHECK_LINES if notebooks.is_exercise_check(cell) else MAX_LINES
    lines = len(_code(cell).splitlines())
    return f"{lines} lines of code: at most {most} expected" if lines > most else ""


check_cells = table(
    (lambda cell: parse(_code(cell)) is None, "not valid Python"),
    (_too_long, "{}"),
    (lambda cell: notebooks.is_exercise_answer(cell) and is_folded(cell),
     "folded, but the learner writes here"),
    (lambda cell: notebooks.is_exercise_check(cell) and not is_folded(cell),
     f"a check cell: {FOLDED}"),
    (_is_open_figure,
     f"a figure's cell: {FOLDED}, or the tag {OPEN_FIGURE} where its code is the lesson"),
    (finds(lambda cell: plain_python(_code(cell)), r"get_ipython\(\)\.(?:system|getoutput)\("),
     "! is refused: it does not work everywhere"),
    (finds(lambda cell: plain_python(_code(cell)), rf"\.run_(?:line|cell)_magic\('({MAGICS})'"),
     "%{} is refused: it does not work everywhere"),
    (finds(_code, DOWNLOADS), "a download ({}): none allowed"),
)  # fmt: skip


def check_total(chapter: Chapter) -> Iterator[Problem]:
    """All code of a chapter can be read in an afternoon."""
    lines = (line for _, cell in chapter.code for line in notebooks.source(cell).splitlines())
    total = sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)
    if total > MAX_CODE:
        yield f"{total} lines of code in all: at most {MAX_CODE} expected"


def is_setup(cell: NotebookNode) -> bool:
    """Whether an exercise may use what this cell defines."""
    return "setup" in notebooks.tags(cell)


def check_setup(chapter: Chapter) -> Iterator[Problem]:
    """The cells tagged setup come before all other code."""
    flags = [is_setup(cell) for _, cell in chapter.code]
    if not any(flags):
        yield "no cell is tagged setup: the first code cells are expected to be"
    for n, (index, _) in enumerate(chapter.code):
        if flags[n] and not all(flags[:n]):
            yield index, "tagged setup, but other code stands before it"
