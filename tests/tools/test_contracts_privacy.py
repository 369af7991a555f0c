"""Contracts: absolute paths are told from what only looks like one."""

from __future__ import annotations

import pytest
from nbformat import v4

from tools.contracts import privacy


@pytest.mark.parametrize(
    "text",
    [
        "/root/course",
        "see /tmp",
        "'/mnt/data/mnist.gz'",
        "open(/opt/models/a.pt)",
        "file:///C:/a.txt",
        "D:\\data\\mnist",
        "'C:\\\\Users\\\\ada'",
        "c:\\users\\ada",
        "E:/data/mnist",
        "[data](/home/ada/data)",
    ],
)
def test_absolute_paths_are_seen(text: str) -> None:
    assert privacy.absolute_paths(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/home/ada/index.html",
        "<td>1</td><br/><br />",
        "28/28/1, 1/255 and and/or",
        "../../data/README.md and data/MNIST/raw",
        "images / 255 / 2",
        'f"{folder}/raw/images"',
        "Labels:\\nfoo\\nbar",
        "pixels: 0/255\n/ 255",
        "src='data:image/png;base64,/9j/4AAQSkZJRgAB/AQ'",
        "x[:, ::2] and 12:30/13:45",
    ],
)
def test_other_texts_are_no_paths(text: str) -> None:
    assert privacy.absolute_paths(text) == []


def test_formulas_are_no_paths() -> None:
    assert privacy.absolute_paths("$F:\\R\\to\\R$")
    assert (
        privacy.absolute_paths(privacy.without_formulas(v4.new_markdown_cell("$F:\\R\\to$"))) == []
    )
