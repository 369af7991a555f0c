"""Make the learner's copies and serve them in JupyterLab, with one line that says where it is.

    python -m tools.lab [--folder DIR] [--verbose] [JupyterLab's own options]

JupyterLab's log, some 35 lines before anybody has done anything, is shown with ``--verbose`` only;
errors always are. The browser opens where there is a screen; where there is none, a second line
says how to reach the page from another computer. nbgrader's panels for teachers are switched off
here, by ``tools/jupyter/learner``, and so is its *Validate*, which would run a whole chapter to say
what each exercise's check says at once.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import platform
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from course_utils.workbook import workbook_folder
from tools.notebooks import ROOT


def main(arguments: list[str] | None = None) -> None:
    """Run the command until JupyterLab is ended; its exit status is JupyterLab's."""
    parser = argparse.ArgumentParser(prog="course.py lab", description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, help="serve this folder and make no copies")
    parser.add_argument("--verbose", action="store_true", help="show JupyterLab's own log")
    options, extra = parser.parse_known_args(arguments)
    folder = (options.folder or workbook_folder()).resolve()
    if options.folder is None:
        # In a process of its own; one chapter that cannot be copied closes no other.
        quiet = [] if options.verbose else ["--quiet"]
        subprocess.call([sys.executable, "-m", "tools.workbook", *quiet], cwd=ROOT)
        if not folder.is_dir():
            sys.exit(1)  # it was said why
    os.environ["COURSE_WORKBOOK"] = str(folder)  # for the kernels: the exam's log lies there
    paths = [str(ROOT / "tools" / "jupyter" / "learner"), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    if not options.verbose:
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").disabled = True
        LabApp.serverapp_class = QuietServer
        os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(24))
        extra = ["--Application.log_level=ERROR", *extra]
    LabApp.launch_instance([*settings(folder), *extra])


class QuietServer(ServerApp):
    """Jupyter's server, which says on one line where it is, in place of its log."""

    def start_app(self) -> None:
        """Start as usual, then say where, as soon as somebody can be let in."""
        super().start_app()
        self.io_loop.add_callback(self.say_where)

    def say_where(self) -> None:
        """Print the address, with all that a browser needs to come in."""
        url = urljoin(self.connection_url, self.default_url)
        print(*where(url, self.identity_provider.token, self.port, self.ip), sep="\n", flush=True)


def where(url: str, token: str, port: int, ip: str) -> list[str]:
    """The line with the address; without a screen, a second one for those who sit elsewhere."""
    # As a number: what a browser makes of "localhost" is another matter.
    url = url.replace("//localhost:", "//127.0.0.1:")
    address = f"{url}?token={token}" if token else url
    lines = [f"JupyterLab: {address}    (Ctrl-C ends it)"]
    if not has_display() and ip in ("localhost", "127.0.0.1", "::1"):
        tunnel = f"ssh -L {port}:127.0.0.1:{port} {getpass.getuser()}@{platform.node()}"
        lines += [f"From another computer: run there  {tunnel}  and open the same address."]
    return lines


def settings(folder: Path) -> list[str]:
    """JupyterLab's options for serving `folder`."""
    options = [f"--ServerApp.root_dir={folder}"]
    # Nothing is fetched at the start; the question about news is off in tools/jupyter.
    options += ["--LabApp.news_url=None"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    options += [f"--LabApp.workspaces_dir={folder / '.lab' / 'workspaces'}"]
    first = first_notebook(folder)
    if first is not None:
        options += [f"--LabApp.default_url=/lab/tree/{first}"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        options += ["--allow-root"]  # containers
    if not has_display():
        options += ["--no-browser"]
    return options


def first_notebook(folder: Path) -> str | None:
    """The notebook to open: chapter 1's, until JupyterLab has a layout of its own to restore."""
    if any(folder.glob(".lab/workspaces/*")):
        return None
    for path in sorted(folder.glob("*/*.ipynb")):
        if path.stem == path.parent.name:
            return f"{path.parent.name}/{path.name}"
    return None


def has_display() -> bool:
    """Whether a browser can be opened for the user."""
    if os.environ.get("CI"):
        return False
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    main()
