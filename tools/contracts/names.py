"""Names: an exercise needs only the set-up, and the story never needs an exercise's answer."""

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem, is_exercise
from tools.contracts.code import is_setup, parse

ALWAYS_THERE = set(dir(builtins)) | {"display", "get_ipython", "__name__", "__file__", "_"}
SOLVED = "checking.solved"  # gives the learner's function when it passed, else the course's


@dataclass(frozen=True)
class Names:
    """The names that a piece of code defines at its top level, and those it takes from there."""

    defined: frozenset[str]
    used: frozenset[str]


def names_of(text: str) -> Names:
    """What code defines and uses at top level, functions, classes and comprehensions included.

    Code that is no Python defines and uses nothing; ``check_syntax`` reports it.
    """
    tree = parse(text)
    try:
        top = symtable.symtable(ast.unparse(tree) if tree else "", "cell", "exec")
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


def check_exercise_names(chapter: Chapter) -> Iterator[Problem]:
    """An exercise uses only names from the setup cells and from its own two cells."""
    setup = names_of("\n".join(notebooks.source(c) for _, c in chapter.code if is_setup(c)))
    for exercise in chapter.exercises:
        own = [i for i in (exercise.answer, exercise.check) if i is not None]
        names = names_of("\n".join(notebooks.source(chapter.nb.cells[i]) for i in own))
        for name in sorted(names.used - names.defined - setup.defined - ALWAYS_THERE):
            yield (
                f"exercise {exercise.number}: uses {name!r}, which neither the setup cells nor "
                "its own cells define"
            )


def check_story_names(chapter: Chapter) -> Iterator[Problem]:
    """The other cells never need an exercise's answer, nor meet a name that one has changed.

    Otherwise an open or a wrong answer would break what follows; ``checking.solved`` asks for it by
    its name in quotes, since an answer cell with a syntax error defines no name at all.
    """
    told: set[str] = set()  # defined by the cells that are no exercise, so far
    changed: dict[str, str] = {}  # by an exercise, after that
    for index, cell in chapter.code:
        names = names_of(notebooks.source(cell))
        if is_exercise(cell):
            changed |= dict.fromkeys(names.defined, notebooks.label(index, cell))
            continue
        for name in sorted(names.used - names.defined):
            if name in changed:
                yield index, f"uses {name!r}, which an exercise defines: {changed[name]}"
            elif name not in told | ALWAYS_THERE:
                yield index, f"uses {name!r}, which no cell before defines"
        told |= names.defined
        for name in names.defined:
            changed.pop(name, None)


def check_solved(chapter: Chapter) -> Iterator[Problem]:
    """``checking.solved`` asks, in quotes, for a function of an exercise that came before."""
    answers: set[str] = set()
    for index, cell in chapter.code:
        text = notebooks.source(cell)
        if notebooks.is_exercise_answer(cell):
            answers |= names_of(text).defined
        for node in ast.walk(parse(text) or ast.Module([], [])):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == SOLVED:
                first = node.args[0] if node.args else None
                if not isinstance(first, ast.Constant) or first.value not in answers:
                    wanted = "the name of a function of an exercise before it, in quotes"
                    yield index, f"{ast.unparse(node)}: expected {wanted}"
