"""What a learner's folder keeps in hidden folders, where nobody hands it in by mistake.

``.generated/`` holds every version that the learner was given, as it was given; a newer one is
merged by it. ``.before-update/0007/`` holds files as they were before run 7 changed them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tools.manifest import Version
from tools.merge import in_common
from tools.notebooks import read, write_bytes

GIVEN, BEFORE = ".generated", ".before-update"


@dataclass
class Keep:
    """The hidden folders of the learner's folder ``target``, during one run."""

    target: Path
    _run: str = ""

    def give(self, key: str, version: Version, content: bytes) -> None:
        """Keep a version that is given to the learner at ``key``."""
        path = self._given(key) / f"{version.work[:16]}{Path(key).suffix}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)

    def begun_with(self, key: str, mine: NotebookNode, known: list[Version]) -> NotebookNode | None:
        """The version that the learner's notebook has most cells of; None when none was kept.

        Of several, the one that comes last in ``known``, the versions that were given.
        """
        order = {version.work[:16]: number for number, version in enumerate(known)}
        found = [(path.stem, read(path)) for path in sorted(self._given(key).glob("*.ipynb"))]
        ranked = [(in_common(nb, mine), order.get(stem, -1)) for stem, nb in found]
        return found[ranked.index(max(ranked))][1] if found else None

    def _given(self, key: str) -> Path:
        return self.target / GIVEN / f"{key}.d"

    def put_aside(self, key: str, old: bytes) -> None:
        """Keep a file as it is before this run changes it."""
        if not self._run:
            numbers = [int(path.name) for path in self._runs()]
            self._run = f"{max(numbers, default=0) + 1:04d}"
        path = self.target / BEFORE / self._run / key
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, old)

    def _runs(self) -> list[Path]:
        """The folders of all runs, the latest first."""
        runs = [p for p in (self.target / BEFORE).glob("[0-9]*") if p.name.isdecimal()]
        return sorted(runs, key=lambda path: int(path.name), reverse=True)

    def undo(self, chapters: list[str]) -> list[str]:
        """Put files back as they were before the latest run that changed them; returns their keys.

        Of these chapters (folders' names), or all that run changed. What they are now is kept as if
        this were another run, so that undoing twice changes nothing.
        """
        for run in self._runs():
            keys = [p.relative_to(run).as_posix() for p in sorted(run.rglob("*")) if p.is_file()]
            keys = [key for key in keys if not chapters or key.partition("/")[0] in chapters]
            for key in keys:
                path, old = self.target / key, run / key
                if path.exists():
                    self.put_aside(key, path.read_bytes())
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, old.read_bytes())
                old.unlink()
            if keys:
                return keys
        return []
