"""Which rules the exercises of a chapter break; the rules stand in the package's docstring."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode
from traitlets.config import Config

from tools.exercises import saboteurs
from tools.exercises.cells import Exercise, find_exercises, setup_sources
from tools.exercises.kernel import KernelFailedError, Outcome, Try, run_tries

MIN_WRONG, MIN_RIGHT = 4, 1


class RightAnswer(Protocol):
    """What this module reads of ``tests.exercises.Right``."""

    name: str
    code: str


class WrongAnswer(Protocol):
    """What this module reads of ``tests.exercises.Wrong``."""

    name: str
    code: str
    message: str
    error: str
    hidden: bool


@dataclass(frozen=True)
class Answers:
    """What a chapter's file of answers holds, each by exercise (``"ex1"``).

    ``exempt`` has, by saboteur, the reason why the exercise is exempt from it.
    """

    wrong: Mapping[str, Sequence[WrongAnswer]]
    right: Mapping[str, Sequence[RightAnswer]] = field(default_factory=dict)
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Question:
    """A try, and the function from its outcome to what is wrong with it."""

    label: str
    tried: Try
    judge: Callable[[Outcome], Iterator[str]]


def check_exercises(
    notebook: NotebookNode,
    answers: Answers,
    folder: Path,
    config: Config,
    sabotage: bool = True,
) -> list[str]:
    """What breaks the rules for exercises (see the package) in an instructor's notebook.

    Cells run in ``folder``; ``sabotage=False`` leaves the saboteurs out. The list of problems, one
    sentence each, is empty when all is well.
    """
    exercises, problems = find_exercises(notebook, config)
    if not exercises:
        problems.append("no exercises found: expected cells ex1_answer and ex1_check")
    names = [exercise.name for exercise in exercises]
    for kind, given in (("wrong answers", answers.wrong), ("right answers", answers.right)):
        problems += [f"{name}: {kind} to no exercise" for name in given if name not in names]
    problems += [f"{name}: exempt, but no exercise" for name in answers.exempt if name not in names]
    questions = []
    for exercise in exercises:
        problems += _written_problems(exercise, answers)
        questions += _questions(exercise, answers)
        questions += _sabotage(exercise, answers) if sabotage else []
    try:
        tries = [question.tried for question in questions]
        setup = setup_sources(notebook) + ([saboteurs.SETUP] if sabotage else [])
        outcomes = run_tries(setup, tries, folder)
    except KernelFailedError as error:
        return [*problems, str(error)]
    for question, outcome in zip(questions, outcomes, strict=True):
        problems += [f"{question.label}: {problem}" for problem in question.judge(outcome)]
        problems += [
            f"{question.label}: changes `{name}` of the setup cells in place"
            for name in outcome.changed
        ]
    return problems


def _written_problems(exercise: Exercise, answers: Answers) -> Iterator[str]:
    """What can be said of an exercise without running it."""
    name, wrong = exercise.name, answers.wrong.get(exercise.name, [])
    right = answers.right.get(name, [])
    if exercise.check == exercise.visible_check:
        yield f"{name}: the check has no hidden tests"
    if len(wrong) < MIN_WRONG:
        yield f"{name}: expected at least {MIN_WRONG} wrong answers, got {len(wrong)}"
    if len(right) < MIN_RIGHT:
        yield f"{name}: expected a right answer in another style, got none"
    seen = {_normal(exercise.solution): "the solution"}
    for kind, answer in [("wrong", answer) for answer in wrong] + [("right", a) for a in right]:
        code = _normal(answer.code)
        label = f"{kind} answer {answer.name!r}"
        if code in seen:
            yield f"{name}, {label}: the same code as {seen[code]}"
        seen[code] = label
    for answer in wrong:
        try:
            fits_all = re.search(answer.message, "no such message")
        except re.error as error:
            fits_all = None
            yield f"{name}, {answer.name!r}: {answer.message!r} is no regular expression: {error}"
        if fits_all:
            yield f"{name}, {answer.name!r}: the expression {answer.message!r} fits every message"
    known = saboteurs.saboteurs(exercise.solution, exercise.stub)
    for saboteur, reason in answers.exempt.get(name, {}).items():
        if saboteur not in known:
            yield f"{name}: exempt from {saboteur!r}, which is no saboteur of it"
        if len(reason.split()) < 3:
            yield f"{name}: say in a few words why it is exempt from {saboteur!r}"


def _normal(code: str) -> str:
    """The code without comments and layout; as it is when it is not Python alone."""
    try:
        return ast.unparse(ast.parse(code))
    except SyntaxError:
        return code.strip()


def _questions(exercise: Exercise, answers: Answers) -> Iterator[_Question]:
    """The tries of an exercise without its saboteurs."""
    name = exercise.name
    checks = {
        "with hidden tests": exercise.check,
        "with the visible tests": exercise.visible_check,
    }
    for kind, check in checks.items():
        yield _Question(f"{name}, solution {kind}", Try(exercise.solution, check), _judge_right)
        yield _Question(f"{name}, stub {kind}", Try(exercise.stub, check), _judge_stub)
    for answer in answers.right.get(name, []):
        label = f"{name}, right answer {answer.name!r}"
        yield _Question(label, Try(answer.code, exercise.check), _judge_right)
    for answer in answers.wrong.get(name, []):
        label = f"{name}, wrong answer {answer.name!r}"
        check = exercise.visible_check
        if answer.hidden:
            yield _Question(f"{label}, visible tests", Try(answer.code, check), _judge_unseen)
            check = exercise.check
        yield _Question(
            label,
            Try(answer.code, check),
            lambda outcome, answer=answer: _judge_wrong(outcome, answer),
        )


def _sabotage(exercise: Exercise, answers: Answers) -> Iterator[_Question]:
    """The tries of an exercise's saboteurs."""
    exempt = answers.exempt.get(exercise.name, {})
    for name, code in saboteurs.saboteurs(exercise.solution, exercise.stub).items():
        check = (
            exercise.visible_check if saboteurs.must(name) == saboteurs.FAILS else exercise.check
        )
        yield _Question(
            f"{exercise.name}, saboteur {name!r}",
            Try(code, check),
            lambda outcome, name=name: _judge_sabotage(outcome, name, name in exempt),
        )


def _judge_right(outcome: Outcome) -> Iterator[str]:
    for part, ran in (("answer", outcome.answer), ("check", outcome.check)):
        if ran.error:
            yield f"the {part} cell fails with {ran}"
        if ran.stderr:
            yield f"the {part} cell writes to stderr, a failure to nbgrader: {ran.stderr.strip()}"
    if outcome.check.result:
        yield (
            f"the check ends with the value {outcome.check.result}, which nbgrader may take for "
            "points: end it with a print"
        )


def _judge_stub(outcome: Outcome) -> Iterator[str]:
    if outcome.answer.error not in ("", "NotImplementedError"):
        yield f"the answer cell fails with {outcome.answer}"
    if outcome.check.error != "NotImplementedError":
        yield (
            f"expected the check to end in NotImplementedError, got {outcome.check}; let the "
            "answer be a function and the check call it first"
        )


def _judge_unseen(outcome: Outcome) -> Iterator[str]:
    if outcome.check.error:
        yield f"marked as hidden, but the visible check says {outcome.check}"


def _judge_wrong(outcome: Outcome, answer: WrongAnswer) -> Iterator[str]:
    if outcome.answer.error:
        yield f"expected it to fail in the check, but its own cell fails with {outcome.answer}"
    elif not outcome.check.error:
        yield f"the check lets it pass ({'with' if answer.hidden else 'without'} the hidden tests)"
    elif outcome.check.error != answer.error:
        yield f"expected {answer.error}, got {outcome.check}"
    else:
        try:
            fits = re.search(answer.message, outcome.check.message)
        except re.error:
            return  # reported before
        if not fits:
            yield f"the message {outcome.check.message!r} does not fit {answer.message!r}"


def _judge_sabotage(outcome: Outcome, name: str, exempt: bool) -> Iterator[str]:
    problems = list(saboteurs.judge(name, outcome))
    if not exempt:
        yield from problems
    elif not problems:
        yield "the exercise is exempt from it, and need not be"


def load_answers(path: Path) -> Answers:
    """The answers in a file ``tests/exercises/NN_words.py``, whose name is no module's name.

    Raises FileNotFoundError when there is none, AttributeError when it has no ``WRONG`` or no
    ``RIGHT``; ``EXEMPT`` may be missing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected the answers of a chapter in {path}, found no file")
    spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Answers(module.WRONG, module.RIGHT, getattr(module, "EXEMPT", {}))
