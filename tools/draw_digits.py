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


# Each style in a frame of about 60 × 100: x to the right, y down.
STYLES: dict[int, dict[str, list[Stroke]]] = {
    0: {
        "closed": [arc(30, 50, 28, 49, -90, -450)],
        "overlapping": [arc(30, 50, 30, 47, -65, -455)],
        "round": [arc(42, 50, 42, 46, -80, -445)],
        "narrow": [arc(20, 50, 17, 50, -70, -430)],
        "clockwise": [arc(30, 50, 27, 48, -110, 255)],
    },
    1: {
        "plain": [[(30, 0), (30, 50), (30, 100)]],
        "leaning": [[(46, 0), (34, 50), (22, 100)]],
        "flag": [[(16, 20), (24, 12), *corner(34, 0), (34, 50), (34, 100)]],
        "flag and foot": [
            [(16, 22), *corner(32, 0), (32, 50), (32, 100)],
            [(8, 100), (30, 100), (54, 99)],
        ],
        "short flag": [[(24, 12), *corner(31, 0), (30, 50), (30, 100)]],
    },
    2: {
        "plain": [
            [(5, 24), (15, 6), (32, 0), (49, 10), (51, 30), (36, 60), *corner(4, 98), (60, 98)]
        ],
        "loop": [
            [
                *[(6, 20), (18, 4), (36, 2), (50, 16), (46, 40), (30, 68), (14, 90), (4, 92)],
                *[(2, 82), (12, 77), (26, 86), (42, 96), (60, 92)],
            ]
        ],
        "swan": [
            [(8, 26), (14, 8), (32, 0), (48, 14), (44, 42), (24, 74), *corner(3, 95), (22, 90)]
            + [(42, 98), (62, 92)]
        ],
        "angular": [[(4, 10), (30, 0), (50, 14), (42, 44), *corner(2, 98), (30, 96), (58, 97)]],
    },
    3: {
        "round": [
            [(6, 13), (27, 0), (47, 15), (40, 37), *corner(22, 46), (45, 54), (54, 74), (36, 97)]
            + [(4, 90)]
        ],
        "flat top": [
            [(4, 3), *corner(52, 3), *corner(22, 42), (44, 47), (54, 68), (44, 92), (20, 100)]
            + [(2, 90)]
        ],
        "small loop": [
            [(6, 14), (26, 0), (46, 13), (42, 34), (25, 46), (18, 43), (24, 39), (40, 50), (52, 72)]
            + [(38, 97), (14, 98), (2, 86)]
        ],
        "deep": [
            [(10, 8), (30, 0), (50, 20), (36, 42), *corner(12, 48), (42, 52), (58, 76), (32, 100)]
            + [(4, 92)]
        ],
    },
    4: {
        "open": [
            [(14, 0), (11, 26), *corner(7, 54), (30, 54), (58, 52)],
            [(43, 6), (43, 50), (43, 100)],
        ],
        "closed": [
            [(40, 0), (22, 34), *corner(3, 66), (30, 66), (60, 65)],
            [(41, 0), (42, 50), (42, 100)],
        ],
        "one stroke": [[(44, 100), (44, 50), *corner(45, 0), (22, 34), *corner(2, 66), (62, 65)]],
        "open, curved": [
            [(12, 4), (6, 30), (12, 48), (30, 50), (46, 44)],
            [(50, 2), (47, 50), (44, 100)],
        ],
        "short bar": [
            [(22, 4), (14, 28), *corner(6, 48), (26, 49), (48, 47)],
            [(46, 22), (43, 60), (40, 100)],
        ],
    },
    5: {
        "two strokes": [
            [(13, 3), (11, 22), *corner(9, 43), (30, 36), (51, 54), (48, 84), (24, 99), (2, 90)],
            [(13, 3), (34, 3), (56, 1)],
        ],
        "one stroke": [
            [(55, 2), (34, 3), *corner(13, 4), (11, 24), *corner(9, 46), (32, 38), (52, 58)]
            + [(46, 88), (22, 99), (2, 90)]
        ],
        "loose hat": [
            [(15, 8), (12, 26), *corner(9, 46), (30, 39), (50, 58), (46, 86), (24, 99), (2, 92)],
            [(20, 2), (38, 1), (58, 4)],
        ],
        "rounded": [
            [(52, 3), (30, 2), *corner(14, 6), (10, 26), *corner(11, 44), (36, 42), (52, 64)]
            + [(40, 92), (6, 94)]
        ],
    },
    6: {
        "curved": [
            [(44, 2), (22, 20), (7, 52), (6, 80), (22, 99), (43, 92), (50, 72), (38, 56), (18, 60)]
            + [(7, 76)]
        ],
        "straight stem": [
            [(36, 0), (20, 34), (6, 66), (10, 92), (30, 99), (47, 84), (42, 63), (22, 60), (8, 74)]
        ],
        "large loop": [
            [(40, 1), (18, 16), (4, 48), (5, 80), (24, 99), (50, 92), (57, 66), (40, 44), (16, 50)]
            + [(5, 68)]
        ],
        "curled": [
            [(50, 10), (38, 1), (20, 12), (7, 42), (5, 76), (20, 98), (42, 93), (48, 72), (34, 56)]
            + [(14, 62), (7, 74)]
        ],
    },
    7: {
        "plain": [[(4, 4), (30, 4), *corner(56, 3), (40, 46), (22, 100)]],
        "bar": [
            [(4, 4), (30, 4), *corner(56, 3), (40, 46), (22, 100)],
            [(18, 52), (36, 51), (56, 49)],
        ],
        "hook": [[(4, 18), *corner(6, 3), (30, 4), *corner(56, 4), (40, 46), (24, 100)]],
        "curved": [[(3, 8), (16, 3), (36, 6), *corner(56, 3), (38, 34), (28, 66), (26, 100)]],
        "curved, bar": [
            [(3, 7), (16, 3), (36, 6), *corner(57, 3), (38, 36), (28, 66), (25, 100)],
            [(14, 50), (34, 50), (54, 48)],
        ],
    },
    8: {
        "one stroke": [
            [(47, 12), (30, 0), (13, 10), (12, 28), (28, 44), (46, 60), (52, 82), (30, 100)]
            + [(8, 84), (14, 62), (32, 44), (46, 28), (49, 11)]
        ],
        "two circles": [arc(30, 23, 20, 23, -90, -455), arc(30, 73, 26, 27, -90, -455)],
        "from the middle": [
            [(30, 46), (12, 34), (12, 12), (30, 0), (48, 12), (48, 34), (30, 46), (8, 62), (6, 86)]
            + [(30, 100), (54, 86), (52, 62), (30, 46)]
        ],
        "open top": [
            [(43, 10), (26, 1), (12, 14), (16, 32), (34, 48), (50, 66), (48, 90), (26, 99), (8, 84)]
            + [(16, 62), (34, 44), (50, 20), (52, 4)]
        ],
    },
    9: {
        "straight": [
            [(48, 14), (30, 1), (10, 14), (9, 36), (26, 47), (44, 33), *corner(49, 10), (47, 56)]
            + [(44, 100)]
        ],
        "curved": [
            [(48, 16), (30, 1), (9, 14), (9, 36), (27, 47), (46, 32), (51, 14), (51, 44), (42, 82)]
            + [(18, 99)]
        ],
        "two strokes": [arc(29, 25, 21, 24, -40, -405), [(50, 8), (48, 54), (44, 100)]],
        "hooked": [
            [(47, 14), (29, 1), (9, 15), (10, 37), (28, 46), (45, 31), (50, 12), (50, 50), (45, 88)]
            + [(26, 100), (6, 90)]
        ],
    },
}


def main() -> None:
    """Write the file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "strokes.json"
    path.write_bytes(as_json(drawings()).encode())


def drawings() -> list[dict]:
    """All drawings, digit by digit, the styles of each in turn."""
    made = []
    for label, styles in STYLES.items():
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
