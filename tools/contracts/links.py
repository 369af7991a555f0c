"""Pictures are described in words, and links lead somewhere."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, load, prose

MIN_ALT = 20  # letters in an alt text


def pictures(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Cell index and alt text (empty when missing) of each picture in outputs and texts."""
    for index, cell in chapter.code:
        for output in cell.get("outputs", []):
            for kind in (k for k in output.get("data", {}) if k.startswith("image/")):
                about = output.get("metadata", {}).get(kind, {})
                yield index, str(about.get("alt", "") if isinstance(about, dict) else "").strip()
    for index, cell in chapter.markdown:
        text = prose(notebooks.source(cell))
        for alt in re.findall(r"!\[([^\]]*)\]", text):
            yield index, alt.strip()
        for tag in re.findall(r"<img\b[^>]*>", text, re.IGNORECASE):
            match = re.search(r"\balt=([\"'])(.*?)\1", tag)
            yield index, match[2].strip() if match else ""


def check_alt_texts(chapter: Chapter) -> Iterator[Problem]:
    """Every picture says in words what it shows, and no two say the same."""
    seen: dict[str, int] = {}
    for index, alt in pictures(chapter):
        if len(alt) < MIN_ALT:
            yield index, f"a picture's alt text is {alt!r}: {MIN_ALT} letters or more expected"
        elif alt in seen:
            yield index, f"the alt text of cell {seen[alt] + 1} again: {alt[:60]!r}"
        seen.setdefault(alt, index)


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


def check_links(chapter: Chapter) -> Iterator[Problem]:
    """Links to files and to headings lead somewhere."""
    for index, cell in chapter.markdown:
        for target in link_targets(notebooks.source(cell)):
            if problem := link_problem(chapter, target):
                yield index, problem
