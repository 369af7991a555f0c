"""Settings of every test run: strict notebook comparison, no network, no traces left behind.

They stand here and not in pytest's options so that they hold in every folder, and with or without
``--nbval``.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import notebooks  # noqa: E402  (the line above makes it importable everywhere)

NO_NETWORK = ROOT / "tests" / "no_network"
NBVAL_TIMEOUT = 2000  # seconds per cell: nbval's own default, which means that nobody chose one
# Threads for each of several test processes, where nobody chose otherwise: more threads than cores
# would wait for one another. Set before anything that computes is imported; kernels inherit it.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _WORKERS)))

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")

# Learners' copies and what nbgrader makes of them are nobody's reference.
collect_ignore = ["workbook", "release", "submitted", "autograded", "feedback"]
collect_ignore_glob = ["*/.ipynb_checkpoints/*"]

_scratch = pytest.StashKey[tempfile.TemporaryDirectory]()
_runs = itertools.count()
_nbval_file: object = None


def _block_network(patch: pytest.MonkeyPatch) -> None:
    """Guard this process, and through PYTHONPATH all Python processes started from it."""
    spec = importlib.util.spec_from_file_location("no_network", NO_NETWORK / "sitecustomize.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    patch.setenv("PYTHONPATH", str(NO_NETWORK), prepend=os.pathsep)
    # A proxy on this machine would be a way out through the loopback.
    for name in PROXIES:
        patch.delenv(name, raising=False)
        patch.delenv(name.upper(), raising=False)
    patch.setenv("NO_PROXY", "*")
    patch.setenv("no_proxy", "*")


def _set_nbval(option: object) -> None:
    """Compare with this environment's kernel; what the command line asks for comes first."""
    if not hasattr(option, "nbval"):
        return  # nbval is not there or switched off
    option.nbval_current_env = not (option.nbval_kernel_name or option.current_env)
    if option.nbval_sanitize_with is None and option.sanitize_with is None:
        option.nbval_sanitize_with = str(notebooks.SANITIZER)
    if option.nbval_cell_timeout == NBVAL_TIMEOUT:
        option.nbval_cell_timeout = notebooks.CELL_TIMEOUT


def _fresh_environment(config: pytest.Config) -> None:
    """Give what runs next an exam log and an IPython folder that nothing has written to."""
    folder = Path(config.stash[_scratch].name) / str(next(_runs))
    folder.mkdir()
    os.environ.update(notebooks.run_environment(folder))


def pytest_configure(config: pytest.Config) -> None:
    """Set everything up once, before anything is collected."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    scratch = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
    config.stash[_scratch] = scratch
    config.add_cleanup(scratch.cleanup)
    for name in notebooks.run_environment(Path(scratch.name)):
        patch.setenv(name, "")  # put back what it was at the end
    _fresh_environment(config)
    _block_network(patch)
    _set_nbval(config.option)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """A fresh environment for each test, and for each notebook: its kernel starts in here."""
    global _nbval_file
    notebook = item.parent if item.path.suffix == ".ipynb" else None
    if notebook is None or notebook is not _nbval_file:
        _fresh_environment(item.config)
    _nbval_file = notebook
    return (yield)
