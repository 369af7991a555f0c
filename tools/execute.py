"""Execute notebooks in place, so that an unchanged notebook gives an unchanged file.

    python -m tools.execute [NOTEBOOK or chapter ...] [--fresh] [--check]

Each notebook runs from top to bottom in a fresh kernel of this very Python. The file is written
only when it would say something new: its source was edited since it was last executed, or an output
that the tests compare has changed. Pictures and cells tagged ``nbval-ignore-output`` differ from
run to run and are not compared; ``--fresh`` writes them anew all the same.
"""

from __future__ import annotations

import argparse
import copy
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ipykernel.kernelspec
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from tools import notebooks
from tools.outputs import KERNELSPEC, normalise, says_the_same

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ExecutionError(Exception):
    """A notebook did not run to its end; the message names the cell and says why."""


class ThisPython(KernelSpecManager):
    """Answers every kernel name with the Python that runs now; no kernelspec need be installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification of a kernel in this environment."""
        return KernelSpec(
            resource_dir=str(ipykernel.kernelspec.RESOURCES),
            **ipykernel.kernelspec.get_kernel_dict(),
        )


@contextmanager
def kernel(
    nb: NotebookNode, folder: Path, timeout: float = notebooks.CELL_TIMEOUT
) -> Iterator[NotebookClient]:
    """A client with a fresh kernel in ``folder``, ready to execute the cells of ``nb`` one by one.

    The kernel, its exam log and its other temporary files are gone when the context ends. A cell
    that takes longer than ``timeout`` seconds raises CellTimeoutError.
    """
    with tempfile.TemporaryDirectory(prefix="course-run-", ignore_cleanup_errors=True) as scratch:
        manager = AsyncKernelManager(
            kernel_name=KERNELSPEC["name"],
            kernel_spec_manager=ThisPython(),
            connection_file=str(Path(scratch) / "connection.json"),
        )
        client = NotebookClient(
            nb,
            km=manager,
            timeout=timeout,
            startup_timeout=120,
            force_raise_errors=True,  # a source notebook has its solutions in: nothing may raise
            skip_cells_with_tag="",  # the tests run every cell, so do we
            store_widget_state=False,
            record_timing=False,
        )
        environment = {**os.environ, **notebooks.run_environment(Path(scratch))}
        with open(Path(scratch) / "kernel.log", "wb") as log:
            started = client.setup_kernel(
                cwd=str(folder), env=environment, stdout=log, stderr=log, cleanup_kc=True
            )
            with started:
                try:
                    yield client
                except BaseException:
                    client.shutdown_kernel = "immediate"  # it may be busy and not listen
                    raise


@dataclass(frozen=True)
class CellRun:
    """One executed code cell: its number among all cells from 0, and its wall time in seconds."""

    index: int
    cell: NotebookNode
    seconds: float


def run_cells(
    client: NotebookClient, on_start: Callable[[NotebookNode], None] = lambda cell: None
) -> list[CellRun]:
    """Execute the client's notebook cell by cell and time each.

    ``on_start`` is called with each code cell before it runs. Raises ExecutionError, naming the
    cell, when a cell fails, does not end in time, kills its kernel or is interrupted.
    """
    runs = []
    for index, cell in enumerate(client.nb.cells):
        if not notebooks.is_code(cell) or not notebooks.source(cell).strip():
            continue
        on_start(cell)
        begin = time.perf_counter()
        try:
            client.execute_cell(cell, index)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, KeyboardInterrupt) as error:
            raise ExecutionError(_failure(index, cell, error, client.timeout)) from error
        runs.append(CellRun(index, cell, time.perf_counter() - begin))
        if any(output.output_type == "error" for output in cell.outputs):
            raise ExecutionError(f"{notebooks.label(index, cell)}: it shows an error output")
    return runs


def _failure(index: int, cell: NotebookNode, error: BaseException, timeout: float) -> str:
    """What went wrong in a cell, with the traceback when there is one."""
    where = notebooks.label(index, cell)
    if isinstance(error, KeyboardInterrupt):
        return f"{where}: interrupted"
    if isinstance(error, CellTimeoutError):
        return f"{where}: not done after {timeout:g} s; make it faster or raise --timeout"
    if isinstance(error, DeadKernelError):
        return f"{where}: the kernel died; too little memory is the usual reason"
    assert isinstance(error, CellExecutionError)
    traces = [output.traceback for output in cell.outputs if output.output_type == "error"]
    trace = ANSI.sub("", "\n".join(traces[-1] if traces else [])).rstrip()
    return f"{where}: {error.ename}: {error.evalue}\n{trace}"


def run(
    nb: NotebookNode, folder: Path, *, timeout: float = notebooks.CELL_TIMEOUT, progress: str = ""
) -> NotebookNode:
    """Execute a copy of ``nb`` in ``folder`` and return it in normal form.

    A bar named ``progress`` counts the cells on a terminal. Raises ExecutionError as
    ``run_cells`` does.
    """
    fresh = copy.deepcopy(nb)
    for cell in filter(notebooks.is_code, fresh.cells):
        cell.outputs, cell.execution_count = [], None
    total = sum(notebooks.is_code(c) and bool(notebooks.source(c).strip()) for c in fresh.cells)
    with (
        tqdm(total=total, desc=progress, unit="cell", disable=None, leave=False) as bar,
        kernel(fresh, folder, timeout) as client,
    ):

        def advance(cell: NotebookNode) -> None:
            bar.set_postfix_str(notebooks.first_line(cell)[:40], refresh=False)
            bar.update(1)

        run_cells(client, advance)
    return normalise(fresh)


def execute(
    path: Path, *, fresh: bool = False, check: bool = False, timeout: float = notebooks.CELL_TIMEOUT
) -> bool:
    """Execute one notebook; return whether its file changed (with ``check``: would change).

    The file is replaced whole after the last cell, and not at all when ``check`` is set or
    something fails: then ExecutionError is raised.
    """
    before = path.read_bytes()
    stored = notebooks.read(path)
    executed = run(stored, path.parent, timeout=timeout, progress=path.stem)
    text = before.decode("utf-8").replace("\r\n", "\n")
    if not fresh and says_the_same(text, stored, executed):
        return False
    changed = text != notebooks.dumps(executed)
    if changed and not check:
        if path.read_bytes() != before:
            raise ExecutionError("the file was edited while it was executed; nothing was written")
        notebooks.write(path, executed)
    return changed


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.execute", description="Execute notebooks in place, reproducibly."
    )
    parser.add_argument(
        "notebooks", nargs="*", help="notebooks, folders or chapter names (default: all chapters)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="write pictures and uncompared outputs anew, too"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file would change"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=notebooks.CELL_TIMEOUT,
        help="seconds per cell (default: 600)",
    )
    return parser.parse_args(argv)


def _execute_and_report(path: Path, options: argparse.Namespace) -> bool:
    """Execute one notebook and print one line about it; return whether all is well."""
    name = notebooks.shown(path)
    begin = time.perf_counter()
    try:
        changed = execute(path, fresh=options.fresh, check=options.check, timeout=options.timeout)
    except (ExecutionError, ValueError) as error:
        print(f"{name}: {error}\n{name}: not executed, the file is as it was", file=sys.stderr)
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        return False
    news = ("unchanged", "would change" if options.check else "written")[changed]
    print(f"{name}: {news} ({time.perf_counter() - begin:.1f} s)", flush=True)
    return not (changed and options.check)


def main(argv: list[str] | None = None) -> int:
    """Execute the notebooks named on the command line; 0 when all is well, else 1 (2: usage)."""
    options = _arguments(argv)
    try:
        paths = notebooks.find(options.notebooks)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if not paths:
        print(f"no chapters in {notebooks.shown(notebooks.NOTEBOOKS)}", file=sys.stderr)
        return 1
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        well = [_execute_and_report(path, options) for path in paths]
        return 0 if all(well) else 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, previous)


if __name__ == "__main__":
    sys.exit(main())
