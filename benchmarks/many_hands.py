"""How well a network reads digits that many people drew with a pen.

    python -m benchmarks many_hands [--uji FILE] [--unipen FOLDER] [--model deep_cnn.pt]

Replays stroke recordings that are not part of the course through the drawing pad's preparation and
counts what the stored network (or another checkpoint of it) misreads. The recordings:

* UJI Pen Characters, version 2 (D. Llorens et al., 2008; UCI Machine Learning Repository): the file
  ``ujipenchars2.txt``, with 1,200 digits of 60 writers from Spain;
* UNIPEN, release train_r01_v07 (I. Guyon et al., 1994; Zenodo, doi:10.5281/zenodo.1195803): the
  unpacked folder, of which section 1a holds about 16,000 digits from many countries. At most 40 of
  each file are taken. Its cutting into digits is rough: fragments and wrong labels set a limit of
  about 99 %.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from course_utils.data import data_folder
from course_utils.evaluation import accuracy
from course_utils.ink import from_strokes
from course_utils.models import DeepCNN
from course_utils.training import load_checkpoint, predict

PER_FILE = 40
_SEGMENT = re.compile(r'\.SEGMENT\s+\S+\s+(\S+)\s+\S+\s+"(\d)"')


@dataclass(frozen=True)
class Recording:
    """One drawn digit: its strokes, arrays (points, 2) of x and y downwards, and who drew it."""

    strokes: list[np.ndarray]
    label: int
    writer: str


def read_uji(path: Path) -> list[Recording]:
    """The digits of ``ujipenchars2.txt``; ValueError where it has none."""
    found, strokes = [], []
    for line in path.read_text("latin-1").splitlines():
        words = line.split()
        if line.startswith("WORD"):
            strokes = []
            if words[1].isascii() and words[1].isdigit():
                found.append(Recording(strokes, int(words[1]), words[2].rsplit("-", 1)[0]))
        elif words and words[0] == "POINTS":
            strokes.append(np.array(words[3:], dtype=float).reshape(-1, 2))
    if not found:
        raise ValueError(f"no digit found in {path}: expected the text file ujipenchars2.txt")
    return found


def read_unipen(folder: Path) -> list[Recording]:
    """The digits of section 1a, at most ``PER_FILE`` of a file; ValueError where there are none."""
    found = []
    for path in sorted((folder / "data" / "1a").rglob("*.dat")):
        found += _spread(list(_unipen_digits(path, folder / "include")))
    if not found:
        raise ValueError(f"no digit found in {folder}: expected the folders data/1a and include")
    return found


def _spread(recordings: list[Recording]) -> list[Recording]:
    """At most ``PER_FILE`` of them, evenly from first to last."""
    step = max(1.0, len(recordings) / PER_FILE)
    return [recordings[int(k * step)] for k in range(min(len(recordings), PER_FILE))]


def _unipen_digits(path: Path, include: Path) -> Iterator[Recording]:
    """Each segment of a file that is labelled with a digit; its strokes are in included files."""
    pieces: list[tuple[bool, np.ndarray]] = []
    for line in path.read_text("latin-1").splitlines():
        if line.startswith(".INCLUDE"):
            pieces += _unipen_pieces(include / line.split()[1])
        match = _SEGMENT.match(line)
        if match and (strokes := _chosen(pieces, match[1])):
            yield Recording(strokes, int(match[2]), path.stem)


def _unipen_pieces(path: Path) -> list[tuple[bool, np.ndarray]]:
    """What the pen did, piece by piece: whether it was down, and where (points, 2), y downwards."""
    if not path.is_file() or path.suffix != ".dat":
        return []
    columns, pieces, now = ["X", "Y"], [], None
    for line in path.read_text("latin-1").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in (".PEN_DOWN", ".PEN_UP"):
            now, words = (words[0] == ".PEN_DOWN", []), words[1:]
            pieces.append(now)
        elif words[0].startswith("."):
            columns = words[1:] if words[0] == ".COORD" else columns
            now = now if words[0] == ".DT" else None
            continue
        if now is not None:
            now[1].extend(float(word) for word in words)
    x, y = columns.index("X"), columns.index("Y")
    shaped = [
        (down, np.reshape(numbers, (-1, len(columns)))) for down, numbers in pieces if numbers
    ]
    return [(down, np.column_stack([points[:, x], -points[:, y]])) for down, points in shaped]


def _chosen(pieces: list[tuple[bool, np.ndarray]], where: str) -> list[np.ndarray]:
    """The strokes that ``where`` names, such as "3", "3-5", "3:10-5:2" or several with commas."""
    strokes = []
    for part in where.split(","):
        first, last = (part.split("-") * 2)[:2]
        start, stop = ([int(n) for n in end.split(":")] for end in (first, last))
        for k in range(start[0], min(stop[0] + 1, len(pieces))):
            down, points = pieces[k]
            begin = start[1] if len(start) > 1 and k == start[0] else 0
            end = stop[1] + 1 if len(stop) > 1 and k == stop[0] else len(points)
            if down and len(points[begin:end]):
                strokes.append(points[begin:end])
    return strokes


def report(name: str, recordings: list[Recording], model: torch.nn.Module) -> str:
    """How many of the recordings the model reads, and what it takes for what most often."""
    images = torch.stack([from_strokes(drawn.strokes) for drawn in tqdm(recordings, name)])
    labels = torch.tensor([drawn.label for drawn in recordings])
    read = predict(model, images)
    mistakes = Counter(zip(labels.tolist(), read.tolist(), strict=True))
    often = [f"{a} as {b}: {n}" for (a, b), n in mistakes.most_common() if a != b][:6]
    writers = len({drawn.writer for drawn in recordings})
    return f"{name}, {writers} writers\n  {accuracy(read, labels)}\n    {', '.join(often)}"


def main(argv: list[str] | None = None) -> int:
    """Print a report for each set given; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks many_hands", description="Drawn digits of many hands."
    )
    parser.add_argument("--uji", type=Path, metavar="FILE", help="ujipenchars2.txt")
    parser.add_argument("--unipen", type=Path, metavar="FOLDER", help="train_r01_v07, unpacked")
    parser.add_argument("--model", type=Path, default=data_folder() / "models" / "deep_cnn.pt")
    options = parser.parse_args(argv)
    given = [("UJI", options.uji, read_uji), ("UNIPEN", options.unipen, read_unipen)]
    if not any(path for _, path, _ in given):
        parser.error("give --uji or --unipen: the recordings are not part of the course")
    model = load_checkpoint(options.model, DeepCNN()).model
    for name, path, read in given:
        if path:
            print(report(name, read(path), model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
