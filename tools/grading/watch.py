"""Where the sandbox cannot hide the class's files from an answer: notice what it did to them."""

from __future__ import annotations

from pathlib import Path

WATCHED = ("gradebook.db", "submitted", "notebooks", "nbgrader_config.py")


class Watch:
    """The class's files as they were before a learner's code ran; nothing in a full sandbox."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.active = root, kind != "namespaces"
        self.before = self._read() if self.active else {}

    def _read(self) -> dict[Path, bytes]:
        places = [self.root / name for name in WATCHED]
        files = [p for place in places for p in ([place] if place.is_file() else place.rglob("*"))]
        return {path: path.read_bytes() for path in files if path.is_file()}

    def put_back(self) -> list[str]:
        """Put back what was changed or deleted and remove what was added; told one by one."""
        now = self._read() if self.active else {}
        told = []
        for path in sorted({*now, *self.before}):
            if now.get(path) == self.before.get(path):
                continue
            told.append(f"an answer changed {path.relative_to(self.root)}; it was put back")
            if path in self.before:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.write_bytes(self.before[path])
            else:
                path.unlink(missing_ok=True)
        return told
