"""What every chapter's notebook must keep, as small checks that return lists of problems.

    python -m tools.contracts [NOTEBOOK or chapter ...]

prints ``path: problem`` lines and exits 1 when there are any. A check takes a ``Chapter`` and
returns one line per problem, naming the cell; an empty list means that all is well. ``GROUPS``
lists the checks by subject.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import getpass
import html
import re
import socket
import symtable
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tools import notebooks, results
from tools.execute import normalise

MIN_ALT = 20  # letters in an alt text
MIN_REASON = 3  # words in the reason for an ignored output
MIN_COMPARED = 5  # cells whose text output is compared
MAX_IGNORED = 1 / 3  # of the cells with output
MAX_LINES, MAX_CHECK_LINES = 30, 60
EXERCISES = range(4, 8)
OPENING = ("You will be able to", "Before you start", "Time")
SECTIONS = (
    "Find the fault",
    "The hard digits",
    "Final exam",
    "What to remember",
    "Terms",
    "Read on",
)


# -- a notebook and its parts ------------------------------------------------------------------


@dataclass(frozen=True)
class Exercise:
    """An exercise as found: its heading's number and its two cells' places, where there are any."""

    number: int
    answer: int | None
    check: int | None


@dataclass(frozen=True)
class Chapter:
    """A stored notebook, with the views of it that the checks share."""

    path: Path
    nb: NotebookNode

    @cached_property
    def cells(self) -> list[tuple[int, NotebookNode]]:
        """All cells with their index."""
        return list(enumerate(self.nb.cells))

    @cached_property
    def code(self) -> list[tuple[int, NotebookNode]]:
        """The code cells with their index among all cells."""
        return [(i, cell) for i, cell in self.cells if notebooks.is_code(cell)]

    @cached_property
    def markdown(self) -> list[tuple[int, NotebookNode]]:
        """The markdown cells with their index among all cells."""
        return [(i, cell) for i, cell in self.cells if notebooks.is_markdown(cell)]

    @cached_property
    def headings(self) -> list[tuple[int, int, str]]:
        """All headings in order: cell index, level, text as rendered."""
        found = []
        for index, cell in self.markdown:
            for line in prose_lines(notebooks.source(cell)):
                if match := re.match(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$", line):
                    found.append((index, len(match[1]), rendered(match[2])))
        return found

    @cached_property
    def exercises(self) -> list[Exercise]:
        """The exercises in order of their headings."""
        starts = [
            (index, int(match[1]))
            for index, level, text in self.headings
            if level == 3 and (match := re.match(r"Exercise (\d+) · \S", text))
        ]
        ends = [*(index for index, _ in starts), len(self.nb.cells)][1:]
        found = []
        for (start, number), end in zip(starts, ends, strict=True):
            inside = [(i, cell) for i, cell in self.code if start < i < end]
            answer = next((i for i, cell in inside if notebooks.is_exercise_answer(cell)), None)
            check = next((i for i, cell in inside if notebooks.is_exercise_check(cell)), None)
            found.append(Exercise(number, answer, check))
        return found

    def at(self, index: int) -> str:
        """How problems name the cell at this index."""
        return notebooks.label(index, self.nb.cells[index])


Check = Callable[[Chapter], list[str]]


def prose_lines(text: str) -> Iterator[str]:
    """The lines of a markdown text that are not inside a fenced code block."""
    fence = ""
    for line in text.splitlines():
        mark = re.match(r" {0,3}(```+|~~~+)", line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        else:
            yield line


def prose(text: str) -> str:
    """A markdown text without fenced and inline code."""
    return re.sub(r"(`+)[^`].*?\1", "", "\n".join(prose_lines(text)))


def rendered(text: str) -> str:
    """The text of a line of markdown as a reader sees it: links, emphasis and code unwrapped."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<[^>]+>", "", text)
    text = re.sub(r"(`+)(.+?)\1", r"\2", text)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    text = re.sub(r"\*(.+?)\*|(?<!\w)_(.+?)_(?!\w)", lambda m: m[1] or m[2], text)
    return html.unescape(re.sub(r"\\([^\w\s])", r"\1", text)).strip()


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Every text in a code cell's outputs, alt texts and other metadata included."""
    for output in cell.get("outputs", []):
        yield str(output.get("text", ""))
        yield "\n".join(map(str, [output.get("evalue", ""), *output.get("traceback", [])]))
        yield from strings(output.get("metadata", {}))
        for kind, data in output.get("data", {}).items():
            if not kind.startswith("image/") or kind == "image/svg+xml":
                yield from strings(data)


def strings(value: object) -> Iterator[str]:
    """Every string in nested lists and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def images(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Cell index and alt text (empty when missing) of each image in the outputs, in order."""
    for index, cell in chapter.code:
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    about = output.get("metadata", {}).get(kind, {})
                    alt = about.get("alt", "") if isinstance(about, dict) else ""
                    yield index, str(alt).strip()


# -- format and execution ----------------------------------------------------------------------


def check_format(chapter: Chapter) -> list[str]:
    """The file is a valid notebook of the format in use."""
    return [f"not a valid notebook: {error}" for error in notebooks.format_errors(chapter.nb)]


def check_ids(chapter: Chapter) -> list[str]:
    """Every cell has an id of its own."""
    ids = [cell.get("id") for _, cell in chapter.cells]
    problems = [f"{chapter.at(i)}: no cell id" for i, name in enumerate(ids) if not name]
    twice = [name for name, count in Counter(ids).items() if name and count > 1]
    return problems + [f"the cell id {name!r} occurs more than once" for name in twice]


def check_counts(chapter: Chapter) -> list[str]:
    """The notebook was executed once, from top to bottom: its cells are counted 1, 2, 3 …"""
    if chapter.code and all(cell.get("execution_count") is None for _, cell in chapter.code):
        return ["never executed, or its outputs were stripped: run python -m tools.execute"]
    problems, expected = [], 0
    for index, cell in chapter.code:
        expected += bool(notebooks.source(cell).strip())
        wanted = expected if notebooks.source(cell).strip() else None
        found = cell.get("execution_count")
        if found != wanted:
            problems.append(f"{chapter.at(index)}: execution count {found}, expected {wanted}")
    if problems:
        problems[0] += "; not executed from top to bottom: run python -m tools.execute"
    return problems


def check_hash(chapter: Chapter) -> list[str]:
    """The outputs belong to this source."""
    stored = notebooks.stored_hash(chapter.nb)
    if stored is None:
        return ["no source hash is stored: run python -m tools.execute"]
    if stored != notebooks.source_hash(chapter.nb):
        return ["edited after it was executed: run python -m tools.execute"]
    return []


def check_normal_form(chapter: Chapter) -> list[str]:
    """The file holds nothing that depends on when, where or how often the notebook ran."""
    normal = normalise(chapter.nb)
    notebook_metadata = chapter.nb.get("metadata", {})
    keys = {"kernelspec", "language_info", "widgets"}
    problems = [
        f"metadata {key!r} is not in the form that python -m tools.execute writes"
        for key in sorted(keys)
        if notebook_metadata.get(key) != normal.metadata.get(key)
    ]
    for index, cell in chapter.cells:
        other = normal.cells[index]
        if cell.get("metadata") != other.metadata:
            problems.append(f"{chapter.at(index)}: times in its metadata; run tools.execute")
        outputs, wanted = cell.get("outputs", []), other.get("outputs", [])
        if [without_count(o) for o in outputs] != [without_count(o) for o in wanted]:
            problems.append(f"{chapter.at(index)}: outputs not in normal form; run tools.execute")
    return problems


def without_count(output: NotebookNode) -> dict:
    """An output without its execution count, which ``check_counts`` looks after."""
    return {key: value for key, value in output.items() if key != "execution_count"}


def check_errors(chapter: Chapter) -> list[str]:
    """No cell shows an error."""
    return [
        f"{chapter.at(index)}: error output {output.get('ename')}: {output.get('evalue')}"
        for index, cell in chapter.code
        for output in cell.get("outputs", [])
        if output.get("output_type") == "error"
    ]


def check_stderr(chapter: Chapter) -> list[str]:
    """No cell writes to stderr: warnings are mended, bars kept out of the stored outputs."""
    return [
        f"{chapter.at(index)}: output on stderr: {str(output.get('text', '')).strip()[:60]!r}"
        for index, cell in chapter.code
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]


# -- nothing of a machine or a person ----------------------------------------------------------

ROOTS = (
    "Users|Volumes|content|data|dev|etc|home|kaggle|media|mnt|opt|private|proc|root|srv|tmp|usr|var"
    "|work|workspaces?"
)
POSIX_PATH = re.compile(
    r"(?<![\w./~<*:})\]\\-])"  # not within a word, a relative path, a tag or a division
    rf"/(?:(?:{ROOTS})(?![\w-])|[A-Za-z0-9._-]+/[A-Za-z0-9._-]+)[^\s'\"<>]*"
)
WINDOWS_PATH = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]:\\{1,2}[\w.~ -]+\\{1,2}[\w.~-]"
    r"|[a-z]:\\{1,2}(?i:users|windows|temp|program files)\b"
    r"|[A-Za-z]:/(?!/)[\w.~-]+/)[^\s'\"<>]*"
)
FILE_ADDRESS = re.compile(r"file://\S*")
MEMORY_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


def absolute_paths(text: str) -> list[str]:
    """The absolute file paths, posix or Windows style, in a text; web addresses are none."""
    found = FILE_ADDRESS.findall(text)
    text = re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+", "", text)
    text = re.sub(r"\b[a-z][a-z+.-]*://\S+", "", text)
    return found + POSIX_PATH.findall(text) + WINDOWS_PATH.findall(text)


def without_formulas(cell: NotebookNode) -> str:
    """A cell's source, in markdown without formulas, where a backslash begins no path."""
    text = notebooks.source(cell)
    if notebooks.is_markdown(cell):
        text = re.sub(r"\$\$.+?\$\$|\$[^$\n]+\$", "", text, flags=re.DOTALL)
    return text


def check_paths(chapter: Chapter) -> list[str]:
    """No absolute path stands in a source or an output."""
    problems = []
    for index, cell in chapter.cells:
        texts = {"source": without_formulas(cell), "output": "\n".join(output_texts(cell))}
        for place, text in texts.items():
            for path in dict.fromkeys(absolute_paths(text)):
                problems.append(f"{chapter.at(index)}: absolute path in its {place}: {path[:80]}")
    return problems


def own_names() -> dict[str, str]:
    """What would betray the present machine: the user's, home folder's and host's names.

    Names shorter than 4 letters, and root, are left out: they say nothing.
    """
    found = {}
    try:
        found |= {Path.home().name: "home folder's name", str(Path.home()): "home folder"}
        found[getpass.getuser()] = "user name"
    except (KeyError, OSError, ImportError, RuntimeError):
        pass  # an account without a name or a home, as containers have
    host = socket.gethostname()
    found |= {host: "host name", host.split(".")[0]: "host name"}
    return {k: v for k, v in found.items() if len(k) >= 4 and k not in {"root", "localhost"}}


def name_pattern(name: str) -> re.Pattern[str]:
    """Finds a name as a word of its own, whatever its case."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE)


def login_pattern(name: str) -> re.Pattern[str]:
    """Finds a name where it is a login, a host or a folder, not just a word."""
    word = re.escape(name) + r"(?![A-Za-z0-9])"
    return re.compile(
        rf"(?:home|Users)[/\\]+{word}|~{word}|(?<![A-Za-z0-9]){word}@|\w@{word}", re.IGNORECASE
    )


def check_names(chapter: Chapter) -> list[str]:
    """No name of the present user or machine stands in a source or an output.

    Some people are called ``mark`` or ``will``, and some machines ``digit``. So a plain word counts
    in outputs only, and only when the authors do not use it in their sources; next to an @ or in a
    path, and when no plain word, a name counts everywhere.
    """
    problems = []
    sources = "\n".join(notebooks.source(cell) for _, cell in chapter.cells)
    for name, what in own_names().items():
        plain_word = name.isalpha()
        anywhere = login_pattern(name) if plain_word else name_pattern(name)
        common = plain_word and bool(name_pattern(name).search(sources))
        in_output = anywhere if common else name_pattern(name)
        for index, cell in chapter.cells:
            if anywhere.search(notebooks.source(cell)):
                problems.append(f"{chapter.at(index)}: this machine's {what} in its source: {name}")
            if in_output.search("\n".join(output_texts(cell))):
                problems.append(f"{chapter.at(index)}: this machine's {what} in its output: {name}")
    return problems


def check_addresses(chapter: Chapter) -> list[str]:
    """No output shows an object's memory address."""
    return [
        f"{chapter.at(index)}: a memory address in its output: {match[0]}; print something that "
        "says more, or end the cell with plt.show()"
        for index, cell in chapter.code
        if (match := MEMORY_ADDRESS.search("\n".join(output_texts(cell))))
    ]


# -- what is compared --------------------------------------------------------------------------


def ignore_reason(cell: NotebookNode) -> str:
    """Why the cell's outputs are not compared; empty when nobody says."""
    course = cell.get("metadata", {}).get("course", {})
    return str(course.get("ignore_reason", "")).strip() if isinstance(course, dict) else ""


def check_ignore_reasons(chapter: Chapter) -> list[str]:
    """Whoever takes a cell out of the comparison says why, by a tag and not by a comment."""
    problems = []
    for index, cell in chapter.code:
        where, reason = chapter.at(index), ignore_reason(cell)
        if notebooks.is_ignored(cell) and len(reason.split()) < MIN_REASON:
            problems.append(
                f"{where}: tagged nbval-ignore-output without a reason: metadata "
                f'{{"course": {{"ignore_reason": "…"}}}} of {MIN_REASON} words or more expected'
            )
        if reason and not notebooks.is_ignored(cell):
            problems.append(f"{where}: an ignore_reason, but no tag nbval-ignore-output")
        if re.search(r"^\s*#+\s*(NBVAL_|PYTEST_VALIDATE_)", notebooks.source(cell), re.MULTILINE):
            problems.append(f"{where}: an NBVAL comment; use a tag and give the reason")
    return problems


def check_skips(chapter: Chapter) -> list[str]:
    """No cell is left out of a run."""
    return [
        f"{chapter.at(index)}: the tag {tag} is refused: every cell runs in the tests"
        for index, cell in chapter.cells
        for tag in notebooks.tags(cell)
        if tag in {"nbval-skip", "skip-execution"}
    ]


def check_raising(chapter: Chapter) -> list[str]:
    """Only exercise cells may be tagged as raising, and those are compared: never both tags."""
    problems = []
    for index, cell in chapter.code:
        exercise = notebooks.is_exercise_answer(cell) or notebooks.is_exercise_check(cell)
        found = set(notebooks.tags(cell)) & {"raises-exception", "nbval-raises-exception"}
        if found and not exercise:
            problems.append(f"{chapter.at(index)}: the tag {min(found)} is for exercise cells only")
        if exercise and notebooks.is_ignored(cell):
            problems.append(
                f"{chapter.at(index)}: nbval-ignore-output on an exercise cell: with "
                "raises-exception it would pass whatever happens"
            )
    return problems


def check_ignored_share(chapter: Chapter) -> list[str]:
    """Most outputs are compared."""
    with_output = [cell for _, cell in chapter.code if cell.get("outputs")]
    ignored = sum(map(notebooks.is_ignored, with_output))
    if ignored > MAX_IGNORED * len(with_output):
        return [
            f"{ignored} of {len(with_output)} cells with output are ignored: at most a third may"
        ]
    return []


def has_text_output(cell: NotebookNode) -> bool:
    """Whether a cell prints or shows text, other than the text that stands for a picture."""
    for output in cell.get("outputs", []):
        if output.get("output_type") == "stream" and str(output.get("text", "")).strip():
            return True
        kinds = output.get("data", {})
        pictures = any(kind.startswith("image/") for kind in kinds)
        if not pictures and any(kind.startswith("text/") for kind in kinds):
            return True
    return False


def check_compared(chapter: Chapter) -> list[str]:
    """Enough text output is compared: a notebook in which nothing is compared checks nothing."""
    compared = sum(
        has_text_output(cell) and not notebooks.is_ignored(cell) for _, cell in chapter.code
    )
    if compared < MIN_COMPARED:
        return [f"{compared} cells have compared text output: at least {MIN_COMPARED} expected"]
    return []


# -- the text ----------------------------------------------------------------------------------


def check_file_name(chapter: Chapter) -> list[str]:
    """The notebook is called like its folder, and the folder like a chapter."""
    folder, name = chapter.path.parent.name, chapter.path.stem
    problems = []
    if folder != name:
        problems.append(f"the notebook {name!r} lies in the folder {folder!r}: same name expected")
    if not notebooks.CHAPTER_NAME.fullmatch(folder):
        problems.append(f"the folder {folder!r} is not called NN_words, like 01_explore_the_data")
    return problems


def check_title(chapter: Chapter) -> list[str]:
    """The first heading says the folder's name in words."""
    try:
        wanted = notebooks.title(chapter.path.parent.name)
    except ValueError:
        return []  # check_file_name says so
    _, level, text = chapter.headings[0] if chapter.headings else (0, 1, "nothing")
    starts = [name.partition(" · ")[2][:1] for name in (wanted, text)]
    # Further capitals are free: MNIST keeps its own.
    if level != 1 or text.casefold() != wanted.casefold() or starts[0] != starts[1]:
        return [f"the first heading is {'#' * level + ' ' + text!r}: {'# ' + wanted!r} expected"]
    return []


def check_opening(chapter: Chapter) -> list[str]:
    """Before any code the reader learns what is in it for them, what it takes and how long."""
    first = chapter.code[0][0] if chapter.code else len(chapter.nb.cells)
    lines = [
        line.strip()
        for index, cell in chapter.markdown
        if index < first
        for line in prose_lines(notebooks.source(cell))
    ]
    starts = r"(?:#{{1,6}}\s+|(?:[-+*]\s+)?(?:\*\*|__|\*|_)){}\b"
    places = [
        next((n for n, line in enumerate(lines) if re.match(starts.format(name), line)), None)
        for name in OPENING
    ]
    return _in_order(OPENING, places, "before the first code cell, as a heading or in bold")


def check_sections(chapter: Chapter) -> list[str]:
    """The closing sections are all there, once each, in their order."""
    texts = [text if level == 2 else "" for _, level, text in chapter.headings]
    places, problems = [], []
    for name in SECTIONS:
        pattern = re.compile(rf"(?:\d+\s*[·.]\s*)?{name}\b")
        found = [n for n, text in enumerate(texts) if pattern.match(text)]
        places.append(found[0] if found else None)
        if len(found) > 1:
            problems.append(f"the section {name!r} stands {len(found)} times: once expected")
    return problems + _in_order(SECTIONS, places, "as a heading of level 2")


def _in_order(names: tuple[str, ...], places: list[int | None], how: str) -> list[str]:
    """Problems when names have no place, or places that do not ascend."""
    problems = [
        f"the section {name!r} is missing: expected {how}"
        for name, place in zip(names, places, strict=True)
        if place is None
    ]
    known = [(place, name) for name, place in zip(names, places, strict=True) if place is not None]
    if known != sorted(known, key=lambda pair: pair[0]):
        problems.append(f"sections out of order: expected {', '.join(n for _, n in known)}")
    return problems


def check_alt_texts(chapter: Chapter) -> list[str]:
    """Every picture says in words what it shows, and no two say the same."""
    problems, seen = [], {}
    for index, alt in images(chapter):
        if len(alt) < MIN_ALT:
            problems.append(
                f"{chapter.at(index)}: a picture's alt text is {alt!r}: {MIN_ALT} letters or more "
                "expected in the output's metadata"
            )
        elif alt in seen:
            problems.append(
                f"{chapter.at(index)}: the alt text of cell {seen[alt] + 1} again: {alt[:60]!r}"
            )
        seen.setdefault(alt, index)
    for index, cell in chapter.markdown:
        text = prose(notebooks.source(cell))
        alts = re.findall(r"!\[([^\]]*)\]", text)
        for tag in re.findall(r"<img\b[^>]*>", text, re.IGNORECASE):
            match = re.search(r"\balt=([\"'])(.*?)\1", tag)
            alts.append(match[2] if match else "")
        problems += [
            f"{chapter.at(index)}: a picture's alt text is {alt!r}: {MIN_ALT} letters expected"
            for alt in alts
            if len(alt.strip()) < MIN_ALT
        ]
    return problems


def anchor(text: str) -> str:
    """JupyterLab's anchor of a heading: its text with spaces replaced by hyphens."""
    return text.replace(" ", "-")


def anchors(chapter: Chapter) -> set[str]:
    """Everything a link within this notebook may point to."""
    found = {anchor(text) for _, _, text in chapter.headings}
    for _, cell in chapter.markdown:
        found.update(re.findall(r"\b(?:id|name)=[\"']([^\"']+)[\"']", notebooks.source(cell)))
    return found


def link_targets(text: str) -> list[str]:
    """The targets of all links and pictures in a markdown text, outside code."""
    text = prose(text)
    inline = re.findall(r"\]\(\s*(<[^>]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+[\"'][^)]*)?\s*\)", text)
    named = re.findall(r"^ {0,3}\[[^\]^][^\]]*\]:\s*(\S+)", text, re.MULTILINE)
    attributes = re.findall(r"\b(?:href|src)=[\"']([^\"']*)[\"']", text)
    return [target.strip("<>") for target in (*inline, *named, *attributes)]


def link_problem(chapter: Chapter, target: str) -> str:
    """Why a link leads nowhere; empty when it leads somewhere or to the web: no test goes there."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|//", target):
        return ""
    name, _, fragment = unquote(target).partition("#")
    place = chapter.path.parent / name
    if not name and not fragment:
        return "an empty link"
    if name and not place.exists():
        return f"the link {target} leads to no file"
    if not fragment or (name and place.suffix != ".ipynb"):
        return ""
    try:
        known = anchors(load(place) if name else chapter)
    except ValueError:
        return f"the link {target} leads to no readable notebook"
    return "" if anchor(fragment) in known else f"the link {target} leads to no heading"


def check_links(chapter: Chapter) -> list[str]:
    """Links to files and to headings lead somewhere."""
    return [
        f"{chapter.at(index)}: {problem}"
        for index, cell in chapter.markdown
        for target in link_targets(notebooks.source(cell))
        if (problem := link_problem(chapter, target))
    ]


# -- the code ----------------------------------------------------------------------------------

BEGIN_SOLUTION, END_SOLUTION = "BEGIN SOLUTION", "END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
REFUSED_MAGICS = {
    "pip",
    "conda",
    "mamba",
    "uv",
    "sx",
    "system",
    "bash",
    "sh",
    "cmd",
    "script",
    "sc",
}
DOWNLOADS = re.compile(
    r"\b(?:urlopen|urlretrieve|load_state_dict_from_url|download_url|hf_hub_download|fetch_openml)\b"
    r"|\b(?:requests|httpx)\.\w+|\btorch\.hub\b|\bdownload\s*=\s*True\b"
    r"|^\s*(?:import|from)\s+(?:requests|httpx|aiohttp|urllib\.request|urllib3)\b",
    re.MULTILINE,
)


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


def check_syntax(chapter: Chapter) -> list[str]:
    """Every code cell is Python."""
    return [
        f"{chapter.at(index)}: not valid Python"
        for index, cell in chapter.code
        if parse(notebooks.source(cell)) is None
    ]


def check_length(chapter: Chapter) -> list[str]:
    """No code cell is longer than a reader can follow."""
    problems = []
    for index, cell in chapter.code:
        lines = len(notebooks.source(cell).splitlines())
        most = MAX_CHECK_LINES if notebooks.is_exercise_check(cell) else MAX_LINES
        if lines > most:
            problems.append(f"{chapter.at(index)}: {lines} lines of code: at most {most} expected")
    return problems


def shell_calls(text: str) -> list[str]:
    """The refused magics and shell calls in a cell's source, by name."""
    found = []
    for node in ast.walk(parse(text) or ast.Module([], [])):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (
            isinstance(node.func.value, ast.Call) and "get_ipython" in ast.dump(node.func.value)
        ):
            continue
        if node.func.attr in {"system", "getoutput"}:
            found.append("!")
        elif node.args and getattr(node.args[0], "value", None) in REFUSED_MAGICS:
            found.append(f"%{node.args[0].value}")  # type: ignore[attr-defined]
    return found


def check_shell(chapter: Chapter) -> list[str]:
    """No cell installs anything, calls a shell or fetches anything from the network."""
    problems = []
    for index, cell in chapter.code:
        text = notebooks.source(cell)
        for call in shell_calls(text):
            problems.append(f"{chapter.at(index)}: {call} is refused: it does not work everywhere")
        if match := DOWNLOADS.search(text):
            problems.append(f"{chapter.at(index)}: a download ({match[0].strip()}): none allowed")
    return problems


def is_setup(cell: NotebookNode) -> bool:
    """Whether an exercise may use what this cell defines."""
    return "setup" in notebooks.tags(cell)


def check_setup(chapter: Chapter) -> list[str]:
    """The cells tagged setup come before all other code."""
    flags = [is_setup(cell) for _, cell in chapter.code]
    if not any(flags):
        return ["no cell is tagged setup: the first code cells are expected to be"]
    late = [index for n, (index, _) in enumerate(chapter.code) if flags[n] and not all(flags[:n])]
    return [f"{chapter.at(index)}: tagged setup, but other code stands before it" for index in late]


# -- names: what a cell defines and what it uses -----------------------------------------------

ALWAYS_THERE = set(dir(builtins)) | {"display", "get_ipython", "__name__", "__file__", "_"}


@dataclass(frozen=True)
class Names:
    """The names that a piece of code defines at its top level, and those it takes from there."""

    defined: frozenset[str]
    used: frozenset[str]


def names_of(text: str) -> Names:
    """What code defines and uses at top level, functions, classes and comprehensions included.

    Code that is no Python defines and uses nothing; ``check_syntax`` reports it.
    """
    try:
        top = symtable.symtable(plain_python(text), "cell", "exec")
    except SyntaxError:
        return Names(frozenset(), frozenset())
    defined = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    used = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    below = list(top.get_children())
    while below:
        table = below.pop()
        below += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                used.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                defined.add(symbol.get_name())
    return Names(frozenset(defined), frozenset(used))


def check_exercise_names(chapter: Chapter) -> list[str]:
    """An exercise uses only names from the setup cells and from its own two cells."""
    setup = names_of("\n".join(notebooks.source(c) for _, c in chapter.code if is_setup(c)))
    problems = []
    for exercise in chapter.exercises:
        own = [i for i in (exercise.answer, exercise.check) if i is not None]
        names = names_of("\n".join(notebooks.source(chapter.nb.cells[i]) for i in own))
        for name in sorted(names.used - names.defined - setup.defined - ALWAYS_THERE):
            problems.append(
                f"exercise {exercise.number}: uses {name!r}, which neither the setup cells nor "
                "its own cells define"
            )
    return problems


def check_story_names(chapter: Chapter) -> list[str]:
    """The other cells never need an exercise's answer, nor meet a name that one has changed.

    Otherwise an open or a wrong answer would break what follows.
    """
    problems: list[str] = []
    told: set[str] = set()  # defined by the cells that are no exercise, so far
    changed: dict[str, str] = {}  # by an exercise, after that
    for index, cell in chapter.code:
        names = names_of(notebooks.source(cell))
        if notebooks.is_exercise_answer(cell) or notebooks.is_exercise_check(cell):
            changed |= dict.fromkeys(names.defined, chapter.at(index))
            continue
        for name in sorted(names.used - names.defined):
            if name in changed:
                problems.append(
                    f"{chapter.at(index)}: uses {name!r}, which an exercise defines: "
                    f"{changed[name]}"
                )
            elif name not in told | ALWAYS_THERE:
                problems.append(f"{chapter.at(index)}: uses {name!r}, which no cell before defines")
        told |= names.defined
        for name in names.defined:
            changed.pop(name, None)
    return problems


# -- the exercises -----------------------------------------------------------------------------

ANSWER_FLAGS = {
    "schema_version": 3,
    "solution": True,
    "grade": False,
    "locked": False,
    "task": False,
}
CHECK_FLAGS = {"schema_version": 3, "solution": False, "grade": True, "locked": True, "task": False}


def check_exercise_count(chapter: Chapter) -> list[str]:
    """There are enough exercises, not too many, numbered 1, 2, 3 …"""
    numbers = [exercise.number for exercise in chapter.exercises]
    problems = []
    if len(numbers) not in EXERCISES:
        problems.append(f"{len(numbers)} exercises: {min(EXERCISES)} to {max(EXERCISES)} expected")
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"exercises numbered {numbers}: 1, 2, 3 … expected")
    return problems


def check_exercise_pairs(chapter: Chapter) -> list[str]:
    """Each exercise is a heading, one answer cell and one check cell, with nothing in between."""
    problems, paired = [], set()
    for exercise in chapter.exercises:
        name, answer, check = f"exercise {exercise.number}", exercise.answer, exercise.check
        if answer is None or check is None:
            missing = "answer" if answer is None else "check"
            problems.append(f"{name}: no {missing} cell after its heading")
            continue
        paired |= {answer, check}
        between = [i for i, _ in chapter.code if answer < i < check]
        if check < answer or between:
            problems.append(f"{name}: the check cell does not follow the answer cell")
    for index, cell in chapter.cells:
        if notebooks.nbgrader(cell) and index not in paired:
            problems.append(
                f"{chapter.at(index)}: nbgrader metadata outside an exercise's two cells"
            )
    return problems


def check_exercise_metadata(chapter: Chapter) -> list[str]:
    """The nbgrader metadata of both cells is as expected, and an error in them stops nothing."""
    problems = []
    for exercise in chapter.exercises:
        pairs = ((exercise.answer, "answer", ANSWER_FLAGS), (exercise.check, "check", CHECK_FLAGS))
        for index, role, flags in pairs:
            if index is None:
                continue
            cell = chapter.nb.cells[index]
            problems += [
                f"{chapter.at(index)}: {problem}"
                for problem in _metadata_problems(cell, f"ex{exercise.number}_{role}", flags)
            ]
    return problems


def _metadata_problems(cell: NotebookNode, grade_id: str, flags: dict) -> list[str]:
    """What is wrong with one exercise cell's metadata."""
    found, problems = notebooks.nbgrader(cell), []
    if found.get("grade_id") != grade_id:
        problems.append(f"grade_id {found.get('grade_id')!r}: {grade_id!r} expected")
    for key, wanted in flags.items():
        value = found.get(key, False if key == "task" else None)
        if value != wanted:
            problems.append(f"nbgrader {key} is {value}: {wanted} expected")
    points = found.get("points")
    if flags["grade"] and (isinstance(points, bool) or not isinstance(points, (int, float))):
        problems.append(f"points {points}: a number expected")
    elif flags["grade"] and points <= 0:
        problems.append(f"points {points}: more than 0 expected")
    extra = sorted(
        set(found) - set(flags) - {"grade_id"} - ({"points"} if flags["grade"] else set())
    )
    if extra:
        problems.append(f"unexpected nbgrader metadata: {', '.join(extra)}")
    if "raises-exception" not in notebooks.tags(cell):
        problems.append("not tagged raises-exception: an open exercise would stop what follows")
    return problems


def regions(text: str, begin: str, end: str, stub: str = "") -> tuple[list[str], str] | None:
    """The contents of the regions between two markers, and the text with ``stub`` for each.

    None when the markers are not balanced.
    """
    inside: list[str] = []
    outside: list[str] = []
    open_region: list[str] | None = None
    for line in text.splitlines():
        if begin in line and open_region is None:
            open_region = []
            outside.append(line[: len(line) - len(line.lstrip())] + stub)
        elif end in line and open_region is not None:
            inside.append("\n".join(open_region))
            open_region = None
        elif begin in line or end in line:
            return None
        elif open_region is not None:
            open_region.append(line)
        else:
            outside.append(line)
    return None if open_region is not None else (inside, "\n".join(outside))


def check_markers(chapter: Chapter) -> list[str]:
    """Solutions stand in answer cells, hidden tests in check cells, each between two markers."""
    problems = []
    kinds = (
        ("solution", notebooks.is_exercise_answer, BEGIN_SOLUTION, END_SOLUTION),
        ("hidden tests", notebooks.is_exercise_check, BEGIN_HIDDEN, END_HIDDEN),
    )
    for index, cell in chapter.cells:
        text = notebooks.source(cell)
        for what, belongs, begin, end in kinds:
            found = regions(text, begin, end)
            if not belongs(cell):
                if begin in text or end in text:
                    problems.append(
                        f"{chapter.at(index)}: {what} markers do not belong in this cell"
                    )
            elif found is None:
                problems.append(f"{chapter.at(index)}: {what} markers are not balanced")
            elif not found[0] or not all(has_statements(part) for part in found[0]):
                problems.append(f"{chapter.at(index)}: no {what} between ### {begin} and ### {end}")
    return problems


def has_statements(text: str) -> bool:
    """Whether there is more in a text than blank lines and comments."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def check_check_endings(chapter: Chapter) -> list[str]:
    """A check cell ends with a print call, with its hidden tests and without them.

    nbgrader would take the value of a last expression for a partial score.
    """
    problems = []
    for index, cell in chapter.code:
        if not notebooks.is_exercise_check(cell):
            continue
        text = notebooks.source(cell)
        found = regions(text, BEGIN_HIDDEN, END_HIDDEN)
        versions = {"": text, " without its hidden tests": found[1] if found else text}
        for which, version in versions.items():
            if not ends_with_print(version):
                problems.append(f"{chapter.at(index)}: does not end with a print call{which}")
    return problems


def ends_with_print(text: str) -> bool:
    """Whether the last statement of a cell's source is a call of print."""
    tree = parse(text)
    last = tree.body[-1] if tree and tree.body else None
    call = last.value if isinstance(last, ast.Expr) else None
    return (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
    )


def check_stubs(chapter: Chapter) -> list[str]:
    """With its solution taken out an answer cell is still Python."""
    problems = []
    for index, cell in chapter.code:
        if notebooks.is_exercise_answer(cell):
            text, stub = notebooks.source(cell), "raise NotImplementedError()"
            found = regions(text, BEGIN_SOLUTION, END_SOLUTION, stub)
            if found and parse(found[1]) is None:
                problems.append(f"{chapter.at(index)}: no valid Python once the solution is out")
    return problems


# -- results -----------------------------------------------------------------------------------


def check_records(chapter: Chapter) -> list[str]:
    """The notebook holds a final exam's result and what its model makes of the hard digits."""
    try:
        found = results.records(chapter.nb, chapter.path.parent.name)
    except ValueError as error:
        return [str(error)]
    missing = [key for key in ("exams", "verdicts") if not found[key]]
    return [f"no output carries a record of {key} in its metadata" for key in missing]


GROUPS: dict[str, tuple[Check, ...]] = {
    "format": (check_format, check_ids),
    "execution": (check_counts, check_hash, check_normal_form, check_errors, check_stderr),
    "privacy": (check_paths, check_names, check_addresses),
    "comparison": (
        check_ignore_reasons,
        check_skips,
        check_raising,
        check_ignored_share,
        check_compared,
    ),
    "text": (check_file_name, check_title, check_opening, check_sections),
    "pictures": (check_alt_texts,),
    "links": (check_links,),
    "code": (check_syntax, check_length, check_shell, check_setup, check_story_names),
    "exercises": (
        check_exercise_count,
        check_exercise_pairs,
        check_exercise_metadata,
        check_markers,
        check_check_endings,
        check_stubs,
        check_exercise_names,
    ),
    "results": (check_records,),
}


# -- command -----------------------------------------------------------------------------------


def load(path: Path) -> Chapter:
    """Read a notebook for checking. Raises ValueError when it is none."""
    path = Path(path).resolve()
    return Chapter(path, notebooks.read(path))


def problems(path: Path, group: str | None = None) -> list[str]:
    """Everything that is wrong with a notebook, one line each; only one group's when named."""
    try:
        chapter = load(path)
    except ValueError as error:
        return [f"cannot be read: {error}"]
    if errors := check_format(chapter):
        return errors if group in (None, "format") else []
    checks = GROUPS[group] if group else tuple(c for group in GROUPS.values() for c in group)
    return [problem for check in checks for problem in check(chapter)]


def main(argv: list[str] | None = None) -> int:
    """Check the notebooks named on the command line; 1 when there are problems, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.contracts", description="Check what every chapter must keep."
    )
    parser.add_argument(
        "notebooks", nargs="*", help="notebooks, folders or chapter names (default: all chapters)"
    )
    try:
        paths = notebooks.find(parser.parse_args(argv).notebooks)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    found = [(path, problem) for path in paths for problem in problems(path)]
    for path, problem in found:
        print(f"{notebooks.shown(path)}: {problem}")
    if not paths:
        print(f"no chapters in {notebooks.shown(notebooks.NOTEBOOKS)}", file=sys.stderr)
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
