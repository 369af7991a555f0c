"""Nothing in a notebook tells of a machine or a person."""

import getpass
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, output_text

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


def check_paths(chapter: Chapter) -> Iterator[Problem]:
    """No absolute path stands in a source or an output."""
    for index, cell in chapter.cells:
        for place, text in (("source", without_formulas(cell)), ("output", output_text(cell))):
            for path in dict.fromkeys(absolute_paths(text)):
                yield index, f"absolute path in its {place}: {path[:80]}"


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


def check_names(chapter: Chapter) -> Iterator[Problem]:
    """No name of the present user or machine stands in a source or an output.

    Some people are called ``mark`` or ``will``, and some machines ``digit``. So a plain word counts
    in outputs only, and only when the authors do not use it in their sources; next to an @ or in a
    path, and when no plain word, a name counts everywhere.
    """
    sources = "\n".join(notebooks.source(cell) for _, cell in chapter.cells)
    for name, what in own_names().items():
        plain_word = name.isalpha()
        anywhere = login_pattern(name) if plain_word else name_pattern(name)
        common = plain_word and bool(name_pattern(name).search(sources))
        in_output = anywhere if common else name_pattern(name)
        for index, cell in chapter.cells:
            if anywhere.search(notebooks.source(cell)):
                yield index, f"this machine's {what} in its source: {name}"
            if in_output.search(output_text(cell)):
                yield index, f"this machine's {what} in its output: {name}"
