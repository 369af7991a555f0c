"""Make slides of a chapter's own cells: its goals, figures, predictions and conclusions.

    python course.py slides 01 [--out FILE]

The page, ``slides/01_explore_the_data.html`` by default, holds everything it needs and asks no
network. Arrow keys, Page Up and Page Down, Space or a tap turn the slides; printed, each is a page.
A formula that Matplotlib cannot set (a matrix, several lines) is shown as it is written.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from matplotlib.mathtext import math_to_image
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode

from tools.notebooks import NOTEBOOKS, ROOT, is_code, is_markdown, read, write_bytes
from tools.solution import NoSolutionError, find_chapter

STYLE = """\
body { margin: 0; font: 1.6rem/1.4 sans-serif; color: #111; background: #fff }
section { box-sizing: border-box; min-height: 100vh; padding: 4vh 6vw; display: none }
section:target, body:not(:has(section:target)) section:first-of-type { display: block }
h2 { margin: 0 0 3vh; font-size: 1.3em } section:first-of-type h2 { font-size: 1.8em }
figure { margin: 0; text-align: center } figure img { max-width: 100%; height: 76vh;
  object-fit: contain } img { height: 1.25em; vertical-align: -0.3em }
.formula { text-align: center } .formula img { height: 2.2em }
.predict { border-left: 0.4rem solid #06c; padding-left: 1rem }
table { border-collapse: collapse } td, th { padding: 0.2em 0.8em; border-bottom: 1px solid #999 }
footer { position: fixed; right: 1rem; bottom: 0.5rem; font-size: 0.9rem; color: #555 }
@media print { section, section:target { display: block; break-after: page }
  footer { display: none } }
"""
SCRIPT = """\
const slides = document.querySelectorAll("section");
const now = () => Math.max(0, [...slides].findIndex(s => "#" + s.id === location.hash));
const show = n => { location.hash = slides[Math.min(Math.max(n, 0), slides.length - 1)].id; };
const tell = () => { document.querySelector("footer").textContent =
  (now() + 1) + " / " + slides.length; };
document.addEventListener("keydown", e => {
  if (["ArrowRight", "PageDown", " "].includes(e.key)) { e.preventDefault(); show(now() + 1); }
  if (["ArrowLeft", "PageUp"].includes(e.key)) { e.preventDefault(); show(now() - 1); }
});
document.addEventListener("click", e => { if (!e.target.closest("a")) show(now() + 1); });
addEventListener("hashchange", tell); tell();
"""
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?!\s)([^$\n]+?)\$", flags=re.DOTALL)


def slides(nb: NotebookNode) -> Iterator[tuple[str, str]]:
    """The heading of each slide and its content as HTML."""
    heading = ""
    for number, cell in enumerate(nb.cells):
        if is_markdown(cell):
            found = re.search(r"^(##?) (.+)$", cell.source, flags=re.MULTILINE)
            heading = found[2] if found else heading
            if number == 0 or heading == "What to remember" and found:
                text = cell.source.split("**Before you start")[0]
                yield heading, rendered(text.replace(found[0] if found else "", "", 1))
            for kind in ("Predict", "What we see"):
                for text in paragraphs(cell.source, kind):
                    css = "predict" if kind == "Predict" else "see"
                    yield heading, f'<div class="{css}">{rendered(text)}</div>'
        elif is_code(cell):
            for output in cell.get("outputs", []):
                picture = output.get("data", {}).get("image/png")
                if picture:
                    alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                    yield heading, f"<figure>{image(picture, alt)}</figure>"


def paragraphs(text: str, name: str) -> list[str]:
    """The paragraphs of a cell from one that begins with a name in bold up to the next heading."""
    found = re.findall(rf"^\*\*{name}[.,:].*?(?=^#|^\*\*|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return [part.strip() for part in found]


def rendered(markdown: str) -> str:
    """Markdown as HTML, its formulas as pictures."""
    formulas: list[str] = []

    def keep(match: re.Match) -> str:
        formulas.append(formula(match[1] or match[2], block=bool(match[1])))
        return f"FORMULA{len(formulas) - 1}END"

    page = markdown2html_mistune(_MATH.sub(keep, markdown))
    return re.sub(r"FORMULA(\d+)END", lambda match: formulas[int(match[1])], page)


def formula(tex: str, block: bool) -> str:
    """A formula as a picture with its source as its text; the source alone if it cannot be set."""
    tex = " ".join(tex.split()).replace(r"\lVert", r"\|").replace(r"\rVert", r"\|")
    try:
        picture = io.BytesIO()
        math_to_image(f"${tex}$", picture, dpi=200, format="png")
        shown = image(base64.b64encode(picture.getvalue()).decode(), tex)
    except ValueError:
        shown = f"<code>{html.escape(tex)}</code>"
    return f'<span class="formula">{shown}</span>' if block else shown


def image(base64_png: str, alt: str) -> str:
    """An image that lies in the page itself."""
    data = "".join(base64_png.split())
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{data}">'


def page(nb: NotebookNode) -> str:
    """All slides of a chapter as one HTML page."""
    parts = [
        f'<section id="s{n}"><h2>{html.escape(heading)}</h2>{body}</section>'
        for n, (heading, body) in enumerate(slides(nb), start=1)
    ]
    title = re.search(r"^# (.+)$", nb.cells[0].source, flags=re.MULTILINE)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title[1] if title else 'Slides')}</title>\n<style>{STYLE}</style>"
        "</head><body>\n" + "\n".join(parts) + f"\n<footer></footer><script>{SCRIPT}</script>"
        "</body></html>\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the page; returns the exit status, 2 when there is no such chapter."""
    parser = argparse.ArgumentParser(prog="course.py slides", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("chapter", help="the chapter's number, for example 01")
    parser.add_argument("--out", type=Path, help="the page to write")
    options = parser.parse_args(arguments)
    try:
        path = find_chapter(options.chapter, NOTEBOOKS)
    except NoSolutionError as error:
        print(f"slides: {error}", file=sys.stderr)
        return 2
    out = options.out or ROOT / "slides" / f"{path.stem}.html"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, page(read(path)).encode("utf-8"))
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
