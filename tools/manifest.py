"""What was generated in a learner's folder: fingerprints of its files, remembered in a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from tools.notebooks import write_bytes

FORMAT = 1
EMPTY = '{"format": 1, "files": {}}'


@dataclass(frozen=True)
class Version:
    """Fingerprints of a file: ``work``, what a learner writes, and ``whole``, that and the tags."""

    work: str
    whole: str


def fingerprint(name: str, content: bytes) -> Version:
    """Fingerprints of a file's content.

    Of a notebook, ``work`` sees the cells' kinds, sources and attachments in their order, ``whole``
    the tags and nbgrader's marks as well; neither sees outputs, execution counts or empty cells.
    Any other file, and a notebook that cannot be read, is taken byte by byte.
    """
    cells = readable_cells(name, content)
    if cells is None:
        digest = hashlib.sha256(content).hexdigest()
        return Version(digest, digest)
    # Running the last cell with Shift+Enter adds an empty one.
    cells = [cell for cell in cells if "".join(cell["source"]).strip() or cell.get("attachments")]
    work = [[cell["cell_type"], "".join(cell["source"]), cell.get("attachments")] for cell in cells]
    kept = ("nbgrader", "tags", "course", "editable", "deletable")
    marks = [{k: cell.get("metadata", {}).get(k) for k in kept} for cell in cells]
    texts = (json.dumps(v, sort_keys=True, ensure_ascii=False) for v in (work, [work, marks]))
    return Version(*(hashlib.sha256(t.encode("utf-8", "surrogatepass")).hexdigest() for t in texts))


def readable_cells(name: str, content: bytes) -> list[dict] | None:
    """A notebook's cells, or None when this is no readable notebook."""
    if not name.endswith(".ipynb"):
        return None
    try:
        cells = json.loads(content)["cells"]
        for cell in cells:
            "".join(cell["source"]), cell["cell_type"].strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return cells


@dataclass
class Manifest:
    """What was ever generated in a target folder, by path within it, the latest at the end.

    An entry is written before its file, so that an interrupted run never makes a generated file
    look like a learner's.
    """

    path: Path
    versions: dict[str, list[Version]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> tuple[Manifest, list[str]]:
        """The manifest at ``path`` and, if it could not be read, a line that says so.

        An unreadable one is put aside as ``.manifest.damaged.json`` and a new one begun: then every
        file that differs from today's copy counts as the learner's.
        """
        manifest = cls(path)
        try:
            stored = json.loads(path.read_bytes() if path.exists() else EMPTY)
            if stored["format"] != FORMAT:
                raise ValueError(f"format {FORMAT} expected, {stored['format']} found")
            for key, entry in stored["files"].items():
                manifest.versions[key] = [Version(**version) for version in entry["versions"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            aside = path.with_name(".manifest.damaged.json")
            os.replace(path, aside)
            note = f"{path.name} was damaged ({error}) and is kept as {aside.name}; "
            return cls(path), [note + "files that differ from today's chapters are taken for yours"]
        return manifest, []

    def remember(self, key: str, version: Version) -> None:
        """Note that this version is, or is about to be, at ``key``."""
        known = self.versions.get(key, [])
        if known[-1:] != [version]:
            self.versions[key] = [v for v in known if v != version] + [version]
            self._save()

    def _save(self) -> None:
        files = {
            key: {"versions": [vars(v) for v in versions]}
            for key, versions in sorted(self.versions.items())
        }
        text = json.dumps({"format": FORMAT, "files": files}, indent=1, ensure_ascii=False)
        write_bytes(self.path, (text + "\n").encode("utf-8"))
