"""What the README and the other texts say about the repository is so."""

import re
from pathlib import Path

import pytest

from tools.notebooks import ROOT, chapters, title

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = sorted([*ROOT.glob("*.md"), ROOT / "data" / "README.md"])


def test_the_chapter_map_lists_every_chapter_in_order() -> None:
    section = README.split("## The chapters")[1].split("\n## ")[0]
    rows = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\)", section, re.MULTILINE)
    expected = [(title(path.parent.name), path.relative_to(ROOT).as_posix()) for path in chapters()]
    assert rows == expected


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not target.startswith("http")]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_every_picture_of_the_readme_is_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(", README)
    assert pictures
    assert all(len(alt) >= 20 for alt in pictures)
