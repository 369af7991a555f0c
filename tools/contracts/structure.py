"""A chapter's name, opening, sections and length."""

import re
from collections.abc import Iterator

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, prose_lines

MAX_WORDS = 5_000  # in all markdown, hints included
OPENING = ("You will be able to", "Before you start", "Time")
SOLUTIONS = "python course.py solution"
SECTIONS = (
    "Find the fault",
    "The hard digits",
    "Final exam",
    "What to remember",
    "Terms",
    "Read on",
)


def check_file_name(chapter: Chapter) -> Iterator[Problem]:
    """The notebook is called like its folder, and the folder like a chapter."""
    folder, name = chapter.path.parent.name, chapter.path.stem
    if folder != name:
        yield f"the notebook {name!r} lies in the folder {folder!r}: same name expected"
    if not notebooks.CHAPTER_NAME.fullmatch(folder):
        yield f"the folder {folder!r} is not called NN_words, like 01_explore_the_data"


def check_title(chapter: Chapter) -> Iterator[Problem]:
    """The first heading says the folder's name in words."""
    if not notebooks.CHAPTER_NAME.fullmatch(chapter.path.parent.name):
        return  # check_file_name says so
    wanted = notebooks.title(chapter.path.parent.name)
    _, level, text = chapter.headings[0] if chapter.headings else (0, 1, "nothing")
    starts = [name.partition(" · ")[2][:1] for name in (wanted, text)]
    # Further capitals are free: MNIST keeps its own.
    if level != 1 or text.casefold() != wanted.casefold() or starts[0] != starts[1]:
        yield f"the first heading is {'#' * level + ' ' + text!r}: {'# ' + wanted!r} expected"


def check_opening(chapter: Chapter) -> Iterator[Problem]:
    """Before any code the reader learns what is in it for them, what it takes and how long."""
    lines = [line.strip() for line in prose_lines(chapter.opening)]
    starts = r"(?:#{{1,6}}\s+|(?:[-+*]\s+)?(?:\*\*|__|\*|_)){}\b"
    places = [
        next((n for n, line in enumerate(lines) if re.match(starts.format(name), line)), None)
        for name in OPENING
    ]
    yield from _in_order(OPENING, places, "before the first code cell, as a heading or in bold")
    if SOLUTIONS not in chapter.opening:
        yield f"the text before the first code cell does not name {SOLUTIONS!r}"


def check_sections(chapter: Chapter) -> Iterator[Problem]:
    """The closing sections are all there, once each, in their order."""
    texts = [text if level == 2 else "" for _, level, text in chapter.headings]
    places = []
    for name in SECTIONS:
        pattern = re.compile(rf"(?:\d+\s*[·.]\s*)?{name}\b")
        found = [n for n, text in enumerate(texts) if pattern.match(text)]
        places.append(found[0] if found else None)
        if len(found) > 1:
            yield f"the section {name!r} stands {len(found)} times: once expected"
    yield from _in_order(SECTIONS, places, "as a heading of level 2")


def _in_order(names: tuple[str, ...], places: list[int | None], how: str) -> Iterator[str]:
    """Problems when names have no place, or places that do not ascend."""
    pairs = list(zip(places, names, strict=True))
    for place, name in pairs:
        if place is None:
            yield f"the section {name!r} is missing: expected {how}"
    known = [(place, name) for place, name in pairs if place is not None]
    if known != sorted(known):
        yield f"sections out of order: expected {', '.join(name for _, name in known)}"


def check_words(chapter: Chapter) -> Iterator[Problem]:
    """The text can be read in an afternoon."""
    words = sum(len(notebooks.source(cell).split()) for _, cell in chapter.markdown)
    if words > MAX_WORDS:
        yield f"{words} words of markdown: at most {MAX_WORDS} expected"
