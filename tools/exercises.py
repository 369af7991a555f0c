"""Try the exercises of a chapter: the solution, the stub and typical wrong answers.

An exercise ``exN`` is a pair of code cells with nbgrader's marks, ``exN_answer`` and ``exN_check``.
It may use only names from the cells tagged ``setup`` and from its own answer cell. Every try is a
pair of cells run in one kernel per chapter, in the chapter's folder, after the setup cells; between
two tries the names and the random states are put back. So what counts as an error, as output on
stderr or as a result is what counts in JupyterLab and for nbgrader.

The rules (``check_exercises`` returns what breaks them):

- the solution passes the whole check, and the check without its hidden tests, with nothing on
  stderr and no result at the check's end (nbgrader takes a number there for partial points);
- the stub's check ends in NotImplementedError, with and without hidden tests: that is how an open
  exercise says so. It asks for answers that are functions, because an answer at the top level of
  its cell leaves the check with a NameError;
- each wrong answer runs, and then fails in the check as the learner sees it, without the hidden
  tests, with the stated exception and a message that fits; there are at least four per exercise;
- no try changes the setup cells' data in place: the next exercise would work with other data.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from tools.execute import ThisPython
from tools.notebooks import (
    is_code,
    is_exercise_answer,
    is_exercise_check,
    nbgrader,
    run_environment,
    tags,
)
from tools.workbook import learner_copy

MIN_WRONG = 4
TIMEOUT = 300  # seconds for one cell


class WrongAnswer(Protocol):
    """What this module reads of ``tests.exercises.Wrong``."""

    name: str
    code: str
    message: str
    error: str


@dataclass(frozen=True)
class Exercise:
    """Sources of one exercise: answer and check, each as instructor and as learner have it."""

    name: str
    solution: str
    stub: str
    check: str
    visible_check: str


@dataclass(frozen=True)
class Try:
    """An answer and a check to be run one after the other."""

    answer: str
    check: str


@dataclass(frozen=True)
class Ran:
    """What running one cell gave; ``error`` and ``message`` are empty when it raised nothing."""

    error: str
    message: str
    stderr: str
    result: str

    def __str__(self) -> str:
        return f"{self.error}: {self.message}" if self.error else "no error"


@dataclass(frozen=True)
class Outcome:
    """What a try gave; ``changed`` names the setup cells' data that it changed in place."""

    answer: Ran
    check: Ran
    changed: tuple[str, ...]


class KernelFailedError(Exception):
    """A notebook or a try did not come to its end; the message says where it stopped."""


def setup_sources(notebook: NotebookNode) -> list[str]:
    """Sources of the code cells tagged ``setup``, in order."""
    return [cell.source for cell in notebook.cells if is_code(cell) and "setup" in tags(cell)]


def find_exercises(notebook: NotebookNode, config: Config) -> tuple[list[Exercise], list[str]]:
    """The exercises of an instructor's notebook and what is wrong with their cells.

    Code cells that nbgrader marks as an answer or as a check must form pairs ``exN_answer``,
    ``exN_check`` in this order; manually graded cells are none of them. Raises WorkbookError when
    no learner's copy can be made.
    """
    sources = _graded_sources(notebook)
    learners = _graded_sources(learner_copy(notebook, config))
    exercises, problems = [], []
    ids = list(sources)
    for grade_id in ids:
        name, _, part = grade_id.rpartition("_")
        if part not in ("answer", "check") or not re.fullmatch(r"ex\d+", name):
            problems.append(f"{grade_id}: expected a grade_id like ex1_answer or ex1_check")
        elif part == "check":
            answer = f"{name}_answer"
            if answer not in ids[: ids.index(grade_id)]:
                problems.append(f"{name}: expected a cell {answer} before {grade_id}, found none")
                continue
            exercise = Exercise(
                name, sources[answer], learners[answer], sources[grade_id], learners[grade_id]
            )
            exercises.append(exercise)
        elif f"{name}_check" not in ids:
            problems.append(f"{name}: expected a cell {name}_check after {grade_id}, found none")
    return exercises, problems


def _graded_sources(notebook: NotebookNode) -> dict[str, str]:
    """Sources of the code cells that are an answer or a check, by grade_id."""
    found = {}
    for cell in notebook.cells:
        # What is both is graded by hand: an answer without a check.
        if is_code(cell) and is_exercise_answer(cell) != is_exercise_check(cell):
            found[str(nbgrader(cell)["grade_id"])] = cell.source
    return found


class _Isolation:
    """Runs in the kernel: remembers the names after the setup cells and puts them back."""

    def __init__(self, namespace: dict) -> None:
        self.namespace = namespace
        self.namespace["_isolation"] = self
        self.kept = dict(namespace)
        self.digests = self.fingerprints()
        self.states = self.random_states()

    def reset(self) -> list[str]:
        """Put names and random states back; returns the names whose data were changed."""
        import re
        import sys

        jupyters_own = re.compile(r"_+|_i+|_i?\d+|_[iod]h|_exit_code")
        for name in list(self.namespace):
            if name not in self.kept and not jupyters_own.fullmatch(name):
                del self.namespace[name]
        for name, value in self.kept.items():
            if not jupyters_own.fullmatch(name):
                self.namespace[name] = value
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        for restore, state in self.states:
            restore(state)
        found = self.fingerprints()
        changed = [name for name in found if found[name] != self.digests[name]]
        self.digests = found
        return changed

    def fingerprints(self) -> dict[str, object]:
        return {
            name: self.fingerprint(value)
            for name, value in self.kept.items()
            if not name.startswith("_") and name not in ("In", "Out")
        }

    def fingerprint(self, value: object, depth: int = 4) -> object:
        """Something that differs when the numbers in ``value`` do; large arrays are sampled."""
        import dataclasses
        import types
        import zlib

        if isinstance(value, types.ModuleType | type):
            return None
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if hasattr(value, "tobytes") and hasattr(value, "ravel"):
            flat = value.ravel()
            sample = flat[:: max(1, flat.size // 1_000_000)]
            return value.shape, str(value.dtype), zlib.crc32(sample.tobytes())
        if depth == 0 or isinstance(value, type):
            return None
        if hasattr(value, "state_dict"):
            value = value.state_dict()
        if dataclasses.is_dataclass(value):
            value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        if isinstance(value, dict):
            return [(str(key), self.fingerprint(item, depth - 1)) for key, item in value.items()]
        if isinstance(value, list | tuple):
            return [self.fingerprint(item, depth - 1) for item in value]
        return repr(value) if isinstance(value, int | float | str | bool) else None

    def random_states(self) -> list[tuple]:
        """Pairs (function, state) that restore every random generator known here."""
        import random
        import sys

        states = [(random.setstate, random.getstate())]
        if "numpy" in sys.modules:
            numpy_random = sys.modules["numpy"].random
            states.append((numpy_random.set_state, numpy_random.get_state()))
        if "torch" in sys.modules:
            torch = sys.modules["torch"]
            states.append((torch.set_rng_state, torch.get_rng_state()))
        for value in self.kept.values():
            bits = getattr(value, "bit_generator", None)  # NumPy's generators
            if bits is not None and not isinstance(value, type):
                states.append((lambda state, bits=bits: setattr(bits, "state", state), bits.state))
            elif type(value).__name__ == "Generator" and hasattr(value, "set_state"):  # torch's
                states.append((value.set_state, value.get_state()))
        return states


_BEGIN = f"{inspect.getsource(_Isolation)}\n_Isolation(globals())"
_RESET = "print(*_isolation.reset(), sep='\\n')"


def run_notebook(
    notebook: NotebookNode, folder: Path, timeout: float = TIMEOUT, allow_errors: bool = False
) -> None:
    """Run a notebook's cells in ``folder`` as JupyterLab's *Restart and Run All* does.

    Outputs and execution counts go into ``notebook``. An error stops the run unless its cell is
    tagged ``raises-exception`` or ``allow_errors`` is set. Raises KernelFailedError when a cell
    stops the run, takes more than ``timeout`` seconds or kills the kernel.
    """
    started = ["(the kernel's start)"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_spec_manager=ThisPython()),
            on_cell_start=lambda cell, cell_index: started.append(cell.source),
            timeout=timeout,
            startup_timeout=120,
            allow_errors=allow_errors,
            resources={"metadata": {"path": str(folder)}},
        )
        environment = {**os.environ, **run_environment(Path(scratch))}
        # With this variable a kernel does not watch for what compiled code writes to stderr.
        environment.pop("PYTEST_CURRENT_TEST", None)
        try:
            with open(Path(scratch) / "kernel.log", "wb") as log:
                client.execute(env=environment, stdout=log, stderr=log, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            reason = type(error).__name__
            raise KernelFailedError(f"stopped by {reason} at the cell:\n{started[-1]}") from error


def run_tries(
    setup: Sequence[str], tries: Sequence[Try], folder: Path, timeout: float = TIMEOUT
) -> list[Outcome]:
    """Run the setup cells once in a new kernel in ``folder``, then each try on its own.

    Raises KernelFailedError when a setup cell fails, a cell takes more than ``timeout`` seconds or
    the kernel dies.
    """
    sources = [*setup, _BEGIN]
    for item in tries:
        sources += [item.answer, item.check, _RESET]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    run_notebook(notebook, folder, timeout, allow_errors=True)
    ran = [_read(cell) for cell in notebook.cells]
    for number, cell in enumerate(ran[: len(setup) + 1], 1):
        if cell.error:
            raise KernelFailedError(f"setup cell {number} fails: {cell}")
    outcomes = []
    for i in range(len(setup) + 1, len(ran), 3):
        if ran[i + 2].error:
            raise KernelFailedError(f"the names could not be put back after a try: {ran[i + 2]}")
        changed = "".join(_streams(notebook.cells[i + 2], "stdout")).split()
        outcomes.append(Outcome(ran[i], ran[i + 1], tuple(changed)))
    return outcomes


def _streams(cell: NotebookNode, name: str) -> Iterator[str]:
    return (out.text for out in cell.outputs if out.output_type == "stream" and out.name == name)


def _read(cell: NotebookNode) -> Ran:
    """What a cell's outputs say."""
    errors = [out for out in cell.outputs if out.output_type == "error"]
    results = [out for out in cell.outputs if out.output_type == "execute_result"]
    return Ran(
        error=errors[0].ename if errors else "",
        message=errors[0].evalue if errors else "",
        stderr="".join(_streams(cell, "stderr")),
        result=results[0].data.get("text/plain", "") if results else "",
    )


def check_exercises(
    notebook: NotebookNode,
    wrong: Mapping[str, Sequence[WrongAnswer]],
    folder: Path,
    config: Config,
) -> list[str]:
    """What breaks the rules for exercises (see the module) in an instructor's notebook.

    ``wrong`` holds the wrong answers by exercise (``"ex1"``); cells run in ``folder``. The list of
    problems, one sentence each, is empty when all is well.
    """
    exercises, problems = find_exercises(notebook, config)
    if not exercises:
        problems.append("no exercises found: expected cells ex1_answer and ex1_check")
    names = [exercise.name for exercise in exercises]
    problems += [f"{name}: wrong answers to no exercise" for name in wrong if name not in names]
    for exercise in exercises:
        problems += _written_problems(exercise, wrong.get(exercise.name, []))
    questions = [
        (label, item, judge)
        for exercise in exercises
        for label, item, judge in _questions(exercise, wrong.get(exercise.name, []))
    ]
    try:
        outcomes = run_tries(setup_sources(notebook), [q[1] for q in questions], folder)
    except KernelFailedError as error:
        return [*problems, str(error)]
    for (label, _, judge), outcome in zip(questions, outcomes, strict=True):
        problems += [f"{label}: {problem}" for problem in judge(outcome)]
        problems += [
            f"{label}: changes `{name}` of the setup cells in place" for name in outcome.changed
        ]
    return problems


def _written_problems(exercise: Exercise, wrong: Sequence[WrongAnswer]) -> Iterator[str]:
    """What can be said of an exercise without running it."""
    if exercise.check == exercise.visible_check:
        yield f"{exercise.name}: the check has no hidden tests"
    if len(wrong) < MIN_WRONG:
        yield f"{exercise.name}: expected at least {MIN_WRONG} wrong answers, got {len(wrong)}"
    seen = {_normal(exercise.solution): "the solution", _normal(exercise.stub): "the stub"}
    for answer in wrong:
        label = f"{exercise.name}, wrong answer {answer.name!r}"
        code = _normal(answer.code)
        if code in seen:
            yield f"{label}: the same code as {seen[code]}"
        seen.setdefault(code, f"wrong answer {answer.name!r}")
        try:
            if re.search(answer.message, ""):
                yield f"{label}: the expression {answer.message!r} fits every message"
        except re.error as error:
            yield f"{label}: {answer.message!r} is no regular expression: {error}"


def _normal(code: str) -> str:
    """The code without comments and layout; as it is when it is not Python alone."""
    try:
        return ast.unparse(ast.parse(code))
    except SyntaxError:
        return code.strip()


def _questions(exercise: Exercise, wrong: Sequence[WrongAnswer]) -> Iterator[tuple]:
    """The tries of an exercise: (label, Try, function from Outcome to problems)."""
    checks = {
        "with hidden tests": exercise.check,
        "with the visible tests": exercise.visible_check,
    }
    for kind, check in checks.items():
        yield f"{exercise.name}, solution {kind}", Try(exercise.solution, check), _judge_solution
        yield f"{exercise.name}, stub {kind}", Try(exercise.stub, check), _judge_stub
    for answer in wrong:
        yield (
            f"{exercise.name}, wrong answer {answer.name!r}",
            Try(answer.code, exercise.visible_check),
            lambda outcome, answer=answer: _judge_wrong(outcome, answer),
        )


def _judge_solution(outcome: Outcome) -> Iterator[str]:
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


def _judge_wrong(outcome: Outcome, answer: WrongAnswer) -> Iterator[str]:
    if outcome.answer.error:
        yield f"expected it to fail in the check, but its own cell fails with {outcome.answer}"
    elif not outcome.check.error:
        yield "the check lets it pass (without the hidden tests)"
    elif outcome.check.error != answer.error:
        yield f"expected {answer.error}, got {outcome.check}"
    else:
        try:
            fits = re.search(answer.message, outcome.check.message)
        except re.error:
            return  # reported before
        if not fits:
            yield f"the message {outcome.check.message!r} does not fit {answer.message!r}"


def load_wrong_answers(path: Path) -> dict[str, list[WrongAnswer]]:
    """``WRONG`` of a file ``tests/exercises/NN_words.py``, whose name is no module's name.

    Raises FileNotFoundError when there is none, and AttributeError when it has no ``WRONG``.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected the wrong answers of a chapter in {path}, found no file")
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG
