"""Show which learners' submitted answers to a chapter are alike, for a person to look at.

    python course.py alike 01 [--least 50]

Every answer is cut into runs of nine tokens, with comments and layout left out and all names,
numbers and strings taken as equal, so that renaming hides nothing. Runs of the course's own cells,
and runs that more than a tenth of the class have (and more than three learners), are what anybody
would write and count for nothing. Of the rest, two learners' share in common is that of the smaller
of the two. (The idea of MOSS: Schleimer, Wilkerson and Aiken, 2003.)

What it cannot tell: who wrote an answer and who took it; whether two had a common source, the
printed solution, a forum or a language model, or sat beside each other; short answers, in which
there is little to tell apart; and work that was rewritten with thought. It is no proof of anything.
"""

from __future__ import annotations

import argparse
import io
import itertools
import keyword
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tools.notebooks import ROOT, is_code, is_exercise_answer, nbgrader, read
from tools.solution import NoSolutionError, find_chapter

RUN = 9  # tokens
FEWEST = 12  # runs in common below which nothing is said
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


@dataclass(frozen=True)
class Pair:
    """Two learners, the share of the smaller one's own runs in common (0 … 1), and where."""

    one: str
    other: str
    share: float
    exercises: tuple[str, ...]


def tokens(source: str) -> Iterator[str]:
    """The tokens of Python code that renaming does not change; what comes before an error."""
    lines = io.StringIO("".join(f"{line}\n" for line in source.splitlines()))
    try:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                yield "name"
            elif token.type in (tokenize.NUMBER, tokenize.STRING):
                yield "value"
            elif token.type not in _SILENT:
                yield token.string
    except (tokenize.TokenError, SyntaxError):
        return


def runs(nb: NotebookNode) -> set[tuple[str, ...]]:
    """The runs of tokens in a notebook's answers, each with its exercise in front."""
    found = set()
    for cell in nb.cells:
        if is_exercise_answer(cell) and is_code(cell):
            name = str(nbgrader(cell).get("grade_id"))
            words = list(tokens(cell.source))
            found |= {(name, *words[n : n + RUN]) for n in range(len(words) - RUN + 1)}
    return found


def alike(work: Mapping[str, NotebookNode], course: NotebookNode, least: float) -> list[Pair]:
    """Pairs of learners with at least ``least`` (0 … 1) of their own runs in common, most first.

    ``work`` holds each learner's notebook, ``course`` is the instructor's, with solutions.
    """
    found = {learner: runs(nb) for learner, nb in work.items()}
    counts = Counter(run for each in found.values() for run in each)
    common = runs(course) | {run for run, n in counts.items() if n > max(3, len(found) / 10)}
    own = {learner: each - common for learner, each in found.items()}
    pairs = []
    for one, other in itertools.combinations(sorted(own), 2):
        both = own[one] & own[other]
        if len(both) >= max(FEWEST, least * min(len(own[one]), len(own[other]))):
            share = len(both) / min(len(own[one]), len(own[other]))
            names = sorted({run[0].removesuffix("_answer") for run in both})
            pairs.append(Pair(one, other, share, tuple(names)))
    return sorted(pairs, key=lambda pair: -pair.share)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 2 when there is no such chapter or no work."""
    parser = argparse.ArgumentParser(prog="course.py alike", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("chapter", help="the chapter's number, for example 01")
    parser.add_argument("--least", type=float, default=50, help="percent in common (default: 50)")
    parser.add_argument("--submitted", type=Path, default=ROOT / "submitted", help="the work")
    options = parser.parse_args(arguments)
    try:
        chapter = find_chapter(options.chapter)
    except NoSolutionError as error:
        print(f"alike: {error}", file=sys.stderr)
        return 2
    work: dict[str, NotebookNode] = {}
    for path in sorted(options.submitted.glob(f"*/{chapter.stem}/{chapter.name}")):
        try:
            work[path.parents[1].name] = read(path)
        except ValueError as error:
            print(f"alike: left out: {error}", file=sys.stderr)
    if len(work) < 2:
        print(f"alike: expected two submissions or more in {options.submitted}", file=sys.stderr)
        return 2
    for pair in alike(work, read(chapter), options.least / 100):
        where = ", ".join(pair.exercises)
        print(f"{pair.share:4.0%}  {pair.one} and {pair.other}: {where}")
    print(f"{len(work)} submissions compared; alike is not copied: `alike --help` says why.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
