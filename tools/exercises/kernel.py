"""Run a notebook, or tries of its exercises, in a kernel as JupyterLab would."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools.execute import ThisPython
from tools.exercises.isolation import Isolation
from tools.notebooks import run_environment

TIMEOUT = 300  # seconds for one cell

_BEGIN = f"{inspect.getsource(Isolation)}\nIsolation(globals())\ndel Isolation"
_RESET = "print(*sorted(set(_isolation.marks)))\nprint(*_isolation.reset())"


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
    """What a try gave.

    ``changed`` names the setup cells' data that it changed in place, ``marks`` what a saboteur
    noted of itself.
    """

    answer: Ran
    check: Ran
    changed: tuple[str, ...]
    marks: tuple[str, ...]


class KernelFailedError(Exception):
    """A notebook or a try did not come to its end; the message says where it stopped."""


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
        marks, changed = "".join(_streams(notebook.cells[i + 2], "stdout")).split("\n")[:2]
        noted = tuple(changed.split()), tuple(marks.split())
        outcomes.append(Outcome(ran[i], ran[i + 1], *noted))
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
