"""How long each chapter computes and how much memory it takes.

    python -m benchmarks chapters [NOTEBOOK or chapter ...] [--json FILE]

Every notebook runs in a fresh kernel, in a process of its own; nothing is written but the FILE
asked for. Memory is what the kernel and its child processes had resident at the same time, at most:
looked at twenty times a second, and asked from the kernel's own record at the end, which misses no
short peak.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from nbformat import v4
from tqdm import tqdm

from benchmarks._memory import MB, watching
from tools import execute, notebooks

# Prints the kernel's highest resident memory in bytes, 0 where the system keeps no record. The
# first source is exact; ru_maxrss may on Linux be that of the process that started the kernel.
OWN_PEAK = """
def _own_peak():
    import sys
    try:
        with open("/proc/self/status") as status:
            return 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    except (OSError, StopIteration):
        pass
    try:
        import resource
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    except ImportError:
        import psutil
        return getattr(psutil.Process().memory_info(), "peak_wset", 0)
print(_own_peak())
"""
TORCH = """
import json, torch
from course_utils.training import choose_device
device = choose_device()
name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
print(json.dumps({"threads": torch.get_num_threads(), "device": f"{device} {name}".strip(),
                  "torch": torch.__version__}))
"""


@dataclass(frozen=True)
class Measurement:
    """What one chapter took: seconds of all its code cells, its slowest cell, megabytes."""

    chapter: str
    seconds: float
    cells: int
    slowest_seconds: float
    slowest_cell: str
    peak_mb: float


# -- measuring ------------------------------------------------------------------------------------


def measure(path: Path, timeout: float = notebooks.CELL_TIMEOUT) -> Measurement:
    """Run a notebook once in a fresh kernel and measure it; its file is not touched.

    Raises ExecutionError, naming the cell, when the notebook does not run to its end, and
    ValueError when it has no code.
    """
    nb = notebooks.read(path)
    nb.cells.append(v4.new_code_cell(OWN_PEAK))
    total = sum(map(notebooks.is_code, nb.cells))
    with (
        tqdm(total=total, desc=path.stem, unit="cell", disable=None, leave=False) as bar,
        execute.kernel(nb, path.parent, timeout) as client,
        watching(client.km.provisioner.pid) as most,
    ):
        *runs, last = execute.run_cells(client, lambda cell: bar.update(1))
        own_peak = int(last.cell.outputs[0].text)
    if not runs:
        raise ValueError(f"{notebooks.shown(path)}: no code cell to measure")
    slowest = max(runs, key=lambda run: run.seconds)
    return Measurement(
        chapter=path.stem,
        seconds=round(sum(run.seconds for run in runs), 3),
        cells=len(runs),
        slowest_seconds=round(slowest.seconds, 3),
        slowest_cell=notebooks.label(slowest.index, slowest.cell),
        peak_mb=round(max(most[0], own_peak) / MB, 1),
    )


# -- the machine ----------------------------------------------------------------------------------


def processor() -> str:
    """The processor's name as the system gives it."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("model name"))
        return name.partition(":")[2].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine() -> dict[str, str | int]:
    """Processor, cores, and what torch makes of them: threads, device, version."""
    # In a process of its own, so that no GPU is held while the chapters run.
    done = subprocess.run(
        [sys.executable, "-c", TORCH],
        cwd=notebooks.ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"torch cannot say what it computes on: {reason}")
    cores = psutil.cpu_count() or 0
    return {"processor": processor(), "cores": cores, **json.loads(done.stdout.splitlines()[-1])}


# -- command --------------------------------------------------------------------------------------


def table(rows: list[Measurement]) -> str:
    """The measurements as aligned text."""
    head = ("chapter", "seconds", "peak MB", "slowest cell")
    lines = [
        (row.chapter, f"{row.seconds:.1f}", f"{row.peak_mb:,.0f}")
        + (f"{row.slowest_seconds:.1f} s in {row.slowest_cell}",)
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {seconds:>{widths[1]}}  {peak:>{widths[2]}}  {slowest}"
        for name, seconds, peak, slowest in (head, *lines)
    )


def main(argv: list[str] | None = None) -> int:
    """Measure the notebooks named on the command line; 1 when one fails, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks chapters", description="Time and memory of the chapters."
    )
    parser.add_argument(
        "notebooks", nargs="*", help="notebooks, folders or chapter names (default: all chapters)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE, too")
    options = parser.parse_args(argv)
    try:
        paths = notebooks.find(options.notebooks)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json and not options.json.resolve().parent.is_dir():
        print(f"--json {options.json}: there is no such folder to write in", file=sys.stderr)
        return 2
    rows, failed = [], False
    about = machine()
    for path in paths:
        try:
            rows.append(measure(path))
        except (execute.ExecutionError, ValueError) as error:
            print(f"{notebooks.shown(path)}: {error}", file=sys.stderr)
            failed = True
    print(f"{about['processor']}, {about['cores']} cores")
    print(f"torch {about['torch']}, {about['threads']} threads, device {about['device']}\n")
    print(table(rows))
    if options.json:
        content = {"machine": about, "chapters": [asdict(row) for row in rows]}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        notebooks.write_bytes(options.json, text.encode("utf-8"))
    return int(failed or not paths)


if __name__ == "__main__":
    sys.exit(main())
