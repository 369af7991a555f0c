"""Make ``data/strokes.json``: 150 drawn digits for places where no hand draws.

    python -m tools.draw_digits [FILE]

Every style of a digit is a list of strokes, each a few control points; a hand is imitated by moving
these points a little, drawing a smooth curve through them, and changing slant, turn, proportions,
size, place, speed (how far apart the points lie) and tremor. Nothing was recorded from a pen.
The same file comes out each time, to the byte.
"""

import json
import math
import random
import sys
from pathlib import Path

from course_utils.data import data_folder

STYLES = Path(__file__).with_name("digit_styles.json")
PAD = 400  # pixels: width and height of the pad that is drawn on
PER_DIGIT = 15
SEED = 7
SHAKY = (2, 7, 13)  # which of a digit's drawings are made with a trembling hand

Point = tuple[float, float]
Stroke = list[Point]

ABOUT = (
    "Digits drawn for this course as point lists made from curves by tools/draw_digits.py; not "
    "recorded with a pen. x to the right, y down, in pixels of a square pad."
)


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Control points along an ellipse; degrees, 0 to the right, growing clockwise on the page."""
    n = max(3, round(abs(end - start) / 30))
    angles = [math.radians(start + (end - start) * i / n) for i in range(n + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def corner(x: float, y: float) -> Stroke:
    """A point at which the pen turns sharply."""
    return [(x, y), (x, y), (x, y)]


def styles_of_digits() -> dict[int, dict[str, list[Stroke]]]:
    """The styles in ``digit_styles.json``, each a list of strokes in a frame of about 60 × 100.

    A stroke is a list of points [x, y], ``{"corner": [x, y]}`` and ``{"arc": arguments}``.
    """
    stored = json.loads(STYLES.read_text(encoding="utf-8"))
    return {
        int(digit): {name: [_points(stroke) for stroke in style] for name, style in styles.items()}
        for digit, styles in stored.items()
    }


def _points(stroke: list) -> Stroke:
    points: Stroke = []
    for part in stroke:
        if isinstance(part, list):
            points.append(tuple(part))
        else:
            points += arc(*part["arc"]) if "arc" in part else corner(*part["corner"])
    return points


def main() -> None:
    """Write the file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "strokes.json"
    path.write_bytes(as_json(drawings()).encode())


def drawings() -> list[dict]:
    """All drawings, digit by digit, the styles of each in turn."""
    made = []
    for label, styles in styles_of_digits().items():
        for i in range(PER_DIGIT):
            style = list(styles)[i % len(styles)]
            generator = random.Random(f"{SEED} {label} {i}")
            strokes = drawn(styles[style], generator, shaky=i in SHAKY)
            made.append({"label": label, "style": style, "strokes": strokes})
    return made


def drawn(style: list[Stroke], generator: random.Random, shaky: bool) -> list[list[list[int]]]:
    """One hand's version of a style, in whole pixels of the pad."""
    uniform = generator.uniform
    loose = uniform(1.0, 3.0)
    slant, turn, wide = uniform(-0.12, 0.38), math.radians(uniform(-7, 7)), uniform(0.8, 1.25)
    moved = [
        [placed(p, loose, slant, turn, wide, generator) for p in _keep_corners(stroke)]
        for stroke in style
    ]
    moved = [_with_corners(stroke, bent) for stroke, bent in zip(style, moved, strict=True)]
    points = [p for stroke in moved for p in stroke]
    low = [min(p[i] for p in points) for i in range(2)]
    size = [max(p[i] for p in points) - low[i] for i in range(2)]
    scale = uniform(0.2, 0.8) * PAD / max(size)
    at = [uniform(10, PAD - 10 - scale * size[i]) for i in range(2)]
    step = uniform(4, 14) if scale * max(size) > 120 else uniform(3, 7)
    tremor = uniform(1.0, 1.7) / 100 * scale * max(size) if shaky else 0.0
    result = []
    for stroke in moved:
        on_pad = [tuple(at[i] + scale * (p[i] - low[i]) for i in range(2)) for p in stroke]
        line = smooth(on_pad, step)
        result.append(_rounded(_shaken(line, tremor, generator)))
    return result


def placed(
    point: Point,
    loose: float,
    slant: float,
    turn: float,
    wide: float,
    generator: random.Random,
) -> Point:
    """A control point moved by chance, then widened, slanted and turned with its digit."""
    x = wide * (point[0] + generator.gauss(0, loose))
    y = point[1] + generator.gauss(0, loose)
    x += slant * (50 - y)
    return (
        x * math.cos(turn) - y * math.sin(turn),
        x * math.sin(turn) + y * math.cos(turn),
    )


def _keep_corners(stroke: Stroke) -> Stroke:
    """The stroke's points, each once: a corner's three move as one."""
    return [p for i, p in enumerate(stroke) if i == 0 or p != stroke[i - 1]]


def _with_corners(stroke: Stroke, moved: Stroke) -> Stroke:
    """The moved points, repeated where the stroke repeats them."""
    result, at = [], -1
    for i, point in enumerate(stroke):
        at += i == 0 or point != stroke[i - 1]
        result.append(moved[at])
    return result


def smooth(control: Stroke, step: float) -> Stroke:
    """Points about ``step`` apart on the Catmull-Rom curve through the control points."""
    ends = [control[0], *control, control[-1]]
    line = [control[0]]
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        n = max(1, round(math.dist(b, c) / step))
        if b != c:
            line += [_between(a, b, c, d, i / n) for i in range(1, n + 1)]
    return line


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    return tuple(
        0.5
        * (
            2 * q
            + (r - p) * t
            + (2 * p - 5 * q + 4 * r - s) * t * t
            + (3 * q - p - 3 * r + s) * t * t * t
        )
        for p, q, r, s in zip(a, b, c, d, strict=True)
    )


def _shaken(line: Stroke, tremor: float, generator: random.Random) -> Stroke:
    """The line with each point off by chance, but much like its neighbours."""
    off = [(generator.gauss(0, tremor), generator.gauss(0, tremor)) for _ in range(len(line) + 2)]
    return [
        tuple(p[i] + sum(o[i] for o in off[k : k + 3]) / 2 for i in range(2))
        for k, p in enumerate(line)
    ]


def _rounded(line: Stroke) -> list[list[int]]:
    """Whole pixels on the pad, without repeats."""
    result: list[list[int]] = []
    for point in line:
        pixel = [min(max(round(v), 0), PAD - 1) for v in point]
        if not result or pixel != result[-1]:
            result.append(pixel)
    return result


def as_json(made: list[dict]) -> str:
    """The file's text: one drawing on each line."""
    lines = ",\n".join(json.dumps(d, separators=(",", ":")) for d in made)
    return f'{{"about": {json.dumps(ABOUT)},\n"pad": {PAD},\n"drawings": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    main()
