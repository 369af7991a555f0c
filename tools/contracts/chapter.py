"""A stored notebook as the contracts see it: its parts, its prose, and the texts of its outputs."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from tools import notebooks

# A sentence about the notebook, or a cell's index and a sentence about the cell.
Problem = str | tuple[int, str]


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
    def opening(self) -> str:
        """The markdown before the first code cell."""
        first = self.code[0][0] if self.code else len(self.nb.cells)
        return "\n".join(notebooks.source(cell) for i, cell in self.markdown if i < first)

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
        kinds = notebooks.is_exercise_answer, notebooks.is_exercise_check
        return [
            Exercise(number, *(
                next((i for i, cell in self.code if start < i < end and is_kind(cell)), None)
                for is_kind in kinds
            ))
            for (start, number), end in zip(starts, ends, strict=True)
        ]  # fmt: skip

    def sentence(self, problem: Problem) -> str:
        """A problem in words, with the cell where there is one."""
        if isinstance(problem, str):
            return problem
        return f"{notebooks.label(problem[0], self.nb.cells[problem[0]])}: {problem[1]}"


Check = Callable[[Chapter], Iterator[Problem]]


def load(path: Path) -> Chapter:
    """Read a notebook for checking. Raises ValueError when it is none."""
    path = Path(path).resolve()
    return Chapter(path, notebooks.read(path))


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


def output_text(cell: NotebookNode) -> str:
    """Every text in a code cell's outputs, alt texts and other metadata included."""
    found: list[str] = []
    for output in cell.get("outputs", []):
        data = output.get("data", {}).items()
        texts = [v for k, v in data if not k.startswith("image/") or k == "image/svg+xml"]
        found += _strings([{k: v for k, v in output.items() if k != "data"}, texts])
    return "\n".join(found)


def _strings(value: object) -> list[str]:
    """Every string in nested lists and dictionaries."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [value] if isinstance(value, str) else []


def is_exercise(cell: NotebookNode) -> bool:
    """Whether this is an exercise's answer cell or check cell."""
    return notebooks.is_exercise_answer(cell) or notebooks.is_exercise_check(cell)


def finds(text: Callable[[NotebookNode], str], pattern: str) -> Callable[[NotebookNode], str]:
    """What ``pattern``, or its last group, matches in the text that ``text`` takes of a cell."""
    compiled = re.compile(pattern, re.MULTILINE)

    def find(cell: NotebookNode) -> str:
        match = compiled.search(text(cell))
        return match[compiled.groups].strip() if match else ""

    return find


def table(*rows: tuple[Callable[[NotebookNode], object], str]) -> Check:
    """A check of every cell by rows (what is wrong in a cell, message with ``{}`` for that)."""

    def check(chapter: Chapter) -> Iterator[Problem]:
        for index, cell in chapter.cells:
            for find, message in rows:
                if found := find(cell):
                    yield index, message.format(found)

    return check
