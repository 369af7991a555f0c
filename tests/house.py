"""The rules of the house, as functions over a folder that return one line for each offence.

A room is a module or a package of ``course_utils``; ``tools``, ``benchmarks`` and ``notebooks`` are
rooms as well, and the tests of a room (``tests/ROOM/…`` or ``tests/test_ROOM….py``) belong to it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from tools.contracts.code import plain_python

# From the ground up: a room imports only from floors below its own.
FLOORS = (
    ("data", "augment", "checking", "workbook"),
    ("models", "evaluation", "plots"),
    ("training",),
    ("ink",),
    ("reading", "studies"),
)
# On the same floor, from a room named before it, and only these (room, what it may import from).
BESIDE: frozenset[tuple[str, str]] = frozenset({("studies", "reading")})
# Rooms whose files are imported themselves: each is one experiment with names of its own.
OPEN = frozenset({"studies"})
MAX_LINES = 350  # of one file
MAX_FUNCTION = 60  # lines: a screen
MAX_TOTAL = {"course_utils": 6_580, "tools": 6_200}  # of all files; 2,050 of tools are grading/
NOT_COUNTED = {"course_utils": ("reading", "checking")}
PACKAGES = ("course_utils", "tools", "benchmarks")

FLOOR = {room: n for n, rooms in enumerate(FLOORS) for room in rooms}


def code_files(root: Path) -> Iterator[tuple[str, str]]:
    """Path (with ``/``) and source of every Python file and of every notebook's code cells."""
    folders = [root / name for name in (*PACKAGES, "tests")]
    paths = [*root.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    for path in sorted(paths):
        yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted(root.glob("notebooks/*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield path.relative_to(root).as_posix(), plain_python("".join(cell["source"]))


def room_of(path: str) -> str:
    """The room that a file belongs to: ``course_utils/data/mnist.py`` to ``data``."""
    first, _, rest = path.partition("/")
    inside = rest.partition("/")[0].removesuffix(".py")
    if first == "tests" and inside.startswith("test_"):
        names = [name for name in (*FLOOR, *PACKAGES) if f"{inside}_".startswith(f"test_{name}_")]
        return names[0] if names else inside
    return inside if first in ("course_utils", "tests") else first.removesuffix(".py")


def imports(path: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Every import: the module, what is taken from it ("" for itself), and its name here."""
    here = path.removesuffix(".py").removesuffix("/__init__").split("/")
    package = here if path.endswith("__init__.py") else here[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, "", name.asname or name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for name in node.names:
                yield module, name.name, name.asname or name.name


def import_problems(root: Path) -> list[str]:
    """Imports upwards, sideways, past a room's door, and of names with a leading underscore."""
    found = []
    for path, text in code_files(root):
        room, foreign = room_of(path), set()
        for module, taken, name in imports(path, text):
            full = f"{module}.{taken}".rstrip(".")
            package, *inside = full.split(".")
            if package not in PACKAGES or not inside:
                continue
            other = inside[0] if package == "course_utils" else package
            if path.startswith("course_utils/"):
                found += [f"{path}: {line}" for line in _floor_problems(room, package, other)]
            if room == other:
                continue
            foreign.add(name)
            if package == "course_utils" and _is_past_the_door(root, module, taken):
                found.append(f"{path}: {full}: import it from course_utils.{other}")
            elif any(part.startswith("_") and not part.endswith("__") for part in inside):
                found.append(f"{path}: {full}: a private name of another room")
        found += [f"{path}: {line}" for line in _private_attributes(text, foreign)]
    return found


def _floor_problems(room: str, package: str, other: str) -> Iterator[str]:
    """What is wrong with the import of one room of ``course_utils`` from another."""
    if package != "course_utils":
        yield f"{room} imports {package}: a room imports only from rooms"
    elif other == room or room not in FLOOR or other not in FLOOR:
        return  # unknown rooms are told by room_problems
    elif FLOOR[other] > FLOOR[room]:
        yield f"{room} imports {other}, which is on a floor above"
    elif FLOOR[other] == FLOOR[room] and (room, other) not in BESIDE:
        yield f"{room} imports {other}, which is on the same floor"


def _is_past_the_door(root: Path, module: str, taken: str) -> bool:
    """Whether an import names a file inside a room, and not what the room itself offers."""
    room, *inside = [*module.split("."), taken][1:]
    place = root / "course_utils" / room
    if room in OPEN or not inside or not inside[0]:
        return False
    offered = _offered(place / "__init__.py") if [*inside] == [taken] else set()
    is_file = (place / f"{inside[0]}.py").exists() or (place / inside[0]).is_dir()
    return is_file and inside[0] not in offered


def _offered(path: Path) -> set[str]:
    """The names in a room's ``__all__``."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _private_attributes(text: str, foreign: set[str]) -> Iterator[str]:
    """Private names that are reached through a module of another room: ``plots._ticks``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            private = node.attr.startswith("_") and not node.attr.endswith("__")
            if private and node.value.id in foreign:
                yield f"{node.value.id}.{node.attr}: a private name of another room"


def room_problems(root: Path) -> list[str]:
    """Files and folders of ``course_utils`` that are no room of any floor."""
    folder = root / "course_utils"
    names = {
        path.stem
        for path in folder.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }
    return [f"course_utils/{name}: on no floor" for name in sorted(names - {"__init__"} - {*FLOOR})]


def size_problems(root: Path) -> list[str]:
    """Files, functions and packages that are too long."""
    found, totals = [], dict.fromkeys(MAX_TOTAL, 0)
    for path, text in code_files(root):
        package, lines = path.partition("/")[0], len(text.splitlines())
        if lines > MAX_LINES and package in (*PACKAGES, "course.py"):
            found.append(f"{path}: {lines} lines: at most {MAX_LINES}")
        for node in ast.walk(ast.parse(text)) if package in (*PACKAGES, "course.py") else []:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION:
                    found.append(f"{path}: {node.name} has {length} lines: at most {MAX_FUNCTION}")
        if package in totals and room_of(path) not in NOT_COUNTED.get(package, ()):
            totals[package] += lines
    for package, total in totals.items():
        if total > MAX_TOTAL[package]:
            found.append(f"{package}: {total} lines in all: at most {MAX_TOTAL[package]}")
    return found
