"""Pictures of one written digit as they come from real paper, made from strokes or from images.

A picture is made of a ``Sheet``: the ink of a digit, the paper (with lines printed on it, or a desk
beside it) and the light that falls on both. A condition changes one of them; several may be
combined. All chance comes from the generator that is given, so that a seed fixes a picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from course_utils.data import IMAGE_SHAPE

SIDE = 280  # pixels of a picture, unless a condition sets another size
_FINE = 4  # drawn so many times larger, then averaged down
_NOISE = 0.015  # standard deviation of brightness, as of a telephone's camera in a room

Change = Callable[["Sheet", np.random.Generator], None]
Digit = Sequence[np.ndarray] | np.ndarray  # strokes (n, 2) on a pad, or ink (28, 28), 0 … 1


@dataclass
class Sheet:
    """A digit on paper before it is photographed; conditions change it in place.

    ``ink``: share of each pixel covered by the pen, (h, w), 0 … 1. ``paper``: how much light the
    paper throws back, (h, w), 0 … 1. ``light``: how much falls on it, (h, w), 1 = full. ``pen``: how
    much light the ink throws back. ``gloss``: light thrown back as by a mirror, (h, w).
    ``noise``: standard deviation of the camera's noise. ``dark_board``: white chalk on black.
    ``window``: rows and columns (top, bottom, left, right) that the picture shows.
    """

    ink: np.ndarray
    paper: np.ndarray
    light: np.ndarray
    gloss: np.ndarray
    pen: float = 0.12
    noise: float = _NOISE
    dark_board: bool = False
    window: tuple[int, int, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.ink.shape

    @property
    def unit(self) -> float:
        """Pixels to one of a picture of ``SIDE``: what conditions measure lengths in."""
        return max(self.shape) / SIDE

    def box(self) -> tuple[int, int, int, int]:
        """The smallest rectangle around the digit: top, bottom, left, right (ends excluded)."""
        rows, columns = (np.flatnonzero((self.ink >= 0.5).any(axis=k)) for k in (1, 0))
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1

    def photographed(self, chance: np.random.Generator) -> np.ndarray:
        """The picture, uint8 (h, w), of what the window shows."""
        thrown = self.paper * (1 - self.ink) + self.paper * self.pen * self.ink
        if self.dark_board:
            thrown = 1 - thrown
        seen = thrown * self.light + self.gloss
        if self.noise:
            seen = seen + chance.normal(0, self.noise, seen.shape)
        top, bottom, left, right = self.window or (0, self.shape[0], 0, self.shape[1])
        return np.rint(255 * np.clip(seen[top:bottom, left:right], 0, 1)).astype(np.uint8)


@dataclass(frozen=True)
class Writing:
    """How large a picture is and how thick its lines are: pixels; a pen of None is left to chance."""

    side: int = SIDE
    pen: float | None = None
    clean: bool = False  # drawn by a program: no grey edges, no noise


# -- the digit on the paper -----------------------------------------------------------------------


def sheet(digit: Digit, chance: np.random.Generator, writing: Writing | None = None) -> Sheet:
    """A clean sheet with the digit somewhere near its middle.

    ``digit``: strokes, arrays (n_points, 2) of x and y in any unit, or an image (28, 28) of 0 … 1,
    1 = ink. It becomes 0.45 to 0.6 of the sheet's side high (or wide). Strokes are drawn by a pen
    of 8 to 14 pixels on 280, unless ``writing`` says otherwise.
    Raises ValueError for an array of another shape.
    """
    writing = writing or Writing()
    side = writing.side
    pen = writing.pen or chance.uniform(8, 14) * side / SIDE
    size = chance.uniform(0.45, 0.6) * side
    middle = side / 2 + chance.uniform(-0.06, 0.06, 2) * side
    if isinstance(digit, np.ndarray):
        ink = _from_image(digit, side, size, middle)
    else:
        ink = _from_strokes(digit, side, size - pen, middle, pen, 1 if writing.clean else _FINE)
    paper = np.full((side, side), chance.uniform(0.8, 0.97), np.float32)
    return Sheet(
        ink=ink,
        paper=paper if not writing.clean else np.ones_like(paper),
        light=np.ones_like(paper),
        gloss=np.zeros_like(paper),
        pen=0.0 if writing.clean else chance.uniform(0.08, 0.3),
        noise=0.0 if writing.clean else _NOISE,
    )


def _from_strokes(
    strokes: Sequence[np.ndarray], side: int, size: float, middle: np.ndarray, pen: float, fine: int
) -> np.ndarray:
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = size / max(extent.max(), 1e-9)
    canvas = Image.new("L", (side * fine, side * fine))
    brush = ImageDraw.Draw(canvas)
    width = max(1, round(pen * fine))
    for stroke in strokes:
        placed = ((np.asarray(stroke) - low - extent / 2) * scale + middle) * fine
        brush.line([tuple(p) for p in placed], fill=255, width=width)
        r = (width - 1) / 2
        for x, y in placed if width > 2 else ():  # round ends and bends
            brush.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(canvas.reduce(fine) if fine > 1 else canvas, np.float32) / 255


def _from_image(image: np.ndarray, side: int, size: float, middle: np.ndarray) -> np.ndarray:
    if image.shape != IMAGE_SHAPE:
        raise ValueError(f"expected strokes or ink of shape (28, 28), got shape {image.shape}")
    whole = round(size * 28 / 20)  # MNIST's digits fill a box of 20 pixels
    large = Image.fromarray(np.asarray(image, np.float32)).resize((whole, whole), Image.BICUBIC)
    # Steeper edges than enlarging leaves, as a pen's are.
    steep = np.clip((np.asarray(large) - 0.5) * 3 + 0.5, 0, 1)
    canvas = Image.new("F", (side, side))
    canvas.paste(Image.fromarray(steep), tuple(np.rint(middle - whole / 2).astype(int)))
    return np.array(canvas, np.float32)


# -- lines on the paper ---------------------------------------------------------------------------


def _print_lines(
    sheet: Sheet, lines: Sequence[tuple[np.ndarray, np.ndarray]], width: float, dark: float
) -> None:
    """Straight lines from point to point (x, y), ``width`` pixels wide, that throw back ``dark``."""
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    cover = np.zeros(sheet.shape, np.float32)
    for start, end in lines:
        along = (end - start) / np.hypot(*(end - start))
        x, y = columns - start[0], rows - start[1]
        t = np.clip(x * along[0] + y * along[1], 0, np.hypot(*(end - start)))
        away = np.hypot(x - t * along[0], y - t * along[1])
        np.maximum(cover, np.clip(width / 2 - away + 0.5, 0, 1), out=cover)
    sheet.paper = sheet.paper * (1 - cover * (1 - dark))


def _edge_to_edge(
    sheet: Sheet, at: float, horizontal: bool, tilt: float
) -> tuple[np.ndarray, np.ndarray]:
    """A line across the sheet, ``at`` pixels from its upper or left edge; ``tilt`` in degrees."""
    h, w = sheet.shape
    reach = (w if horizontal else h) + 4.0
    drop = np.tan(np.deg2rad(tilt)) * reach / 2
    start, end = np.array([-4.0, at - drop]), np.array([reach, at + drop])
    return (start, end) if horizontal else (start[::-1], end[::-1])


def _ruling(
    spacing: tuple[float, float], width: tuple[float, float], both: bool, as_ink: bool
) -> Change:
    def change(sheet: Sheet, chance: np.random.Generator) -> None:
        u = sheet.unit
        step, tilt = chance.uniform(*spacing) * u, chance.uniform(-1.5, 1.5)
        dark = sheet.pen if as_ink else chance.uniform(0.55, 0.8)
        lines = []
        for horizontal in (True, False) if both else (True,):
            at = np.arange(chance.uniform(0, step), max(sheet.shape), step)
            lines += [
                _edge_to_edge(sheet, a, horizontal, tilt if horizontal else -tilt) for a in at
            ]
        _print_lines(sheet, lines, max(1.0, chance.uniform(*width) * u), dark)

    return change


def _underline(sheet: Sheet, chance: np.random.Generator) -> None:
    bottom = sheet.box()[1] + chance.uniform(-0.01, 0.06) * sheet.shape[0]
    line = _edge_to_edge(sheet, bottom, True, chance.uniform(-3, 3))
    _print_lines(sheet, [line], chance.uniform(3, 9) * sheet.unit, sheet.pen)


def _hairline(sheet: Sheet, chance: np.random.Generator) -> None:
    top, bottom, left, right = sheet.box()
    middle = np.array([chance.uniform(left, right), chance.uniform(top, bottom)])
    angle = chance.uniform(0, np.pi)
    far = 1.5 * max(sheet.shape) * np.array([np.cos(angle), np.sin(angle)])
    _print_lines(
        sheet, [(middle - far, middle + far)], chance.uniform(1, 2) * sheet.unit, sheet.pen
    )


def _box(sheet: Sheet, chance: np.random.Generator) -> None:
    h, w = sheet.shape
    inset, width = chance.uniform(18, 28) * sheet.unit, chance.uniform(2, 7) * sheet.unit
    tilt = np.tan(np.deg2rad(chance.uniform(-2, 2)))
    corners = np.array(
        [[inset, inset], [w - inset, inset], [w - inset, h - inset], [inset, h - inset]]
    )
    turned = (corners - [w / 2, h / 2]) @ np.array([[1, tilt], [-tilt, 1]]) + [w / 2, h / 2]
    lines = [(turned[k], turned[(k + 1) % 4]) for k in range(4)]
    _print_lines(sheet, lines, width, sheet.pen)


def _table_lines(n: int, inset: tuple[float, float], width: tuple[float, float]) -> Change:
    def change(sheet: Sheet, chance: np.random.Generator) -> None:
        lines = []
        for horizontal in chance.permutation([True, False])[:n]:
            at = chance.uniform(*inset) * sheet.unit
            if chance.random() < 0.5:
                at = sheet.shape[0 if horizontal else 1] - at
            lines.append(_edge_to_edge(sheet, at, bool(horizontal), chance.uniform(-1.5, 1.5)))
        _print_lines(sheet, lines, chance.uniform(*width) * sheet.unit, sheet.pen)

    return change


# -- what lies beside the paper -------------------------------------------------------------------


def _stripe(sheet: Sheet, chance: np.random.Generator) -> None:
    width = round(chance.uniform(6, 18) * sheet.unit)
    turns = int(chance.integers(4))
    np.rot90(sheet.paper, turns)[:width] = chance.uniform(0.02, 0.15)
    np.rot90(sheet.ink, turns)[:width] = 0


def _scan_border(sheet: Sheet, chance: np.random.Generator) -> None:
    dark = chance.uniform(0.01, 0.1)
    for turns in range(4):
        width = round(chance.uniform(4, 16) * sheet.unit)
        np.rot90(sheet.paper, turns)[:width] = dark
        np.rot90(sheet.ink, turns)[:width] = 0


def _outside(sheet: Sheet, distance: np.ndarray, dark: float, chance: np.random.Generator) -> None:
    """A desk where ``distance``, in pixels, is positive: dark, with a grain of its own."""
    cover = np.clip(distance + 0.5, 0, 1)
    grain = gaussian_filter(chance.normal(0, 1, sheet.shape), (1, 8 * sheet.unit))
    desk = np.clip(dark * (1 + 0.12 * grain / grain.std()), 0, 1)
    sheet.paper = sheet.paper * (1 - cover) + desk * cover
    sheet.ink = sheet.ink * (1 - cover)


def _desk(sheet: Sheet, chance: np.random.Generator) -> None:
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    tilt = np.tan(np.deg2rad(chance.uniform(-6, 6)))
    turns = int(chance.integers(4))
    room = _room(sheet)[turns]
    away = np.rot90(columns, 0) if turns % 2 else rows
    along = rows if turns % 2 else columns
    if turns in (2, 3):
        away = (w if turns == 3 else h) - away
    edge = min(chance.uniform(0.1, 0.3) * max(h, w), room - 6 * sheet.unit)
    _outside(
        sheet, edge + tilt * (along - max(h, w) / 2) * 0.5 - away, chance.uniform(0.1, 0.4), chance
    )


def _room(sheet: Sheet) -> tuple[int, int, int, int]:
    """Pixels of paper above, left of, below and right of the digit."""
    top, bottom, left, right = sheet.box()
    return top, left, sheet.shape[0] - bottom, sheet.shape[1] - right


def _on_a_desk(sheet: Sheet, chance: np.random.Generator) -> None:
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    angle = np.deg2rad(chance.uniform(-7, 7))
    x, y = columns - w / 2, rows - h / 2
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    half = np.array([w, h]) / 2 * chance.uniform(0.76, 0.92, 2)
    digit = sheet.ink >= 0.5  # the paper holds all of it
    half = np.maximum(half, [np.abs(k[digit]).max() + 8 * sheet.unit for k in (u, v)])
    outside = np.maximum(np.abs(u) - half[0], np.abs(v) - half[1])
    _outside(sheet, outside, chance.uniform(0.1, 0.35), chance)


# -- light ----------------------------------------------------------------------------------------


def _half_plane(sheet: Sheet, chance: np.random.Generator, blur: float) -> np.ndarray:
    """0 … 1, rising from one side of a line through the middle part to the other."""
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    angle = chance.uniform(0, 2 * np.pi)
    across = (columns - w / 2) * np.cos(angle) + (rows - h / 2) * np.sin(angle)
    shift = chance.uniform(-0.25, 0.25) * max(h, w)
    return np.clip((across - shift) / max(blur, 1) + 0.5, 0, 1).astype(np.float32)


def _slope(sheet: Sheet, chance: np.random.Generator) -> None:
    way = _half_plane(sheet, chance, 1.6 * max(sheet.shape))
    sheet.light = sheet.light * (1 - chance.uniform(0.4, 0.65) * way)


def _sharp_shadow(sheet: Sheet, chance: np.random.Generator) -> None:
    way = _half_plane(sheet, chance, chance.uniform(1, 6) * sheet.unit)
    sheet.light = sheet.light * (1 - chance.uniform(0.45, 0.7) * way)


def _hand_shadow(sheet: Sheet, chance: np.random.Generator) -> None:
    h, w = sheet.shape
    way = _half_plane(sheet, chance, chance.uniform(15, 40) * sheet.unit)
    rows, columns = np.mgrid[:h, :w] / max(h, w)
    fingers = 0.5 + 0.5 * np.sin(
        2 * np.pi * (chance.uniform(1, 2.5) * columns + chance.uniform(1, 2.5) * rows)
    )
    soft = gaussian_filter(np.clip(way - 0.25 * fingers, 0, 1), 3 * sheet.unit)
    sheet.light = sheet.light * (1 - chance.uniform(0.4, 0.65) * soft)


def _glare(sheet: Sheet, chance: np.random.Generator) -> None:
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    y, x = chance.uniform(0.25, 0.75, 2) * (h, w)
    spread = chance.uniform(25, 60) * sheet.unit
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * spread**2))
    sheet.light = sheet.light * chance.uniform(0.5, 0.7)
    sheet.gloss = sheet.gloss + (chance.uniform(0.4, 0.65) * spot).astype(np.float32)


def _board(sheet: Sheet, chance: np.random.Generator) -> None:
    """White chalk on a board that was wiped with a dry sponge."""
    smear = gaussian_filter(chance.normal(0, 1, sheet.shape), (2 * sheet.unit, 30 * sheet.unit))
    smear = smear + gaussian_filter(chance.normal(0, 1, sheet.shape), 25 * sheet.unit) * 12
    smear = np.clip(smear / smear.std(), 0, 2.5) / 2.5
    sheet.dark_board = True
    sheet.paper = (0.88 - chance.uniform(0.2, 0.4) * smear).astype(np.float32)


# -- the pen, and where the picture ends ----------------------------------------------------------


def _grey_pen(sheet: Sheet, chance: np.random.Generator) -> None:
    sheet.pen = chance.uniform(0.45, 0.65)


def _tight(sheet: Sheet, chance: np.random.Generator) -> None:
    margin = int(chance.integers(9))
    top, bottom, left, right = sheet.box()
    h, w = sheet.shape
    sheet.window = (
        max(top - margin, 0),
        min(bottom + margin, h),
        max(left - margin, 0),
        min(right + margin, w),
    )


def _cut_off(sheet: Sheet, chance: np.random.Generator) -> None:
    """The picture ends inside the digit: 4 % of it are missing above and below, or left and right."""
    top, bottom, left, right = sheet.box()
    h, w = sheet.shape
    if bottom - top > right - left:
        off = round(0.04 * (bottom - top))
        sheet.window = (top + off, bottom - off, 0, w)
    else:
        off = round(0.04 * (right - left))
        sheet.window = (0, h, left + off, right - off)


@dataclass(frozen=True)
class Condition:
    """One thing that paper, pen, light or camera may do: ``kind`` and how it changes a sheet.

    ``writing``: the size of the picture and of the pen, where the condition is about these.
    """

    kind: str  # "lines", "edges", "light" or "pen"; a mixture takes each kind once at most
    change: Change | None = None
    writing: Writing = field(default_factory=Writing)


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        "clean paper": Condition("pen"),
        "grey pen": Condition("pen", _grey_pen),
        "1 px on 280": Condition("pen", None, Writing(280, 1, clean=True)),
        "1 px on 600": Condition("pen", None, Writing(600, 1, clean=True)),
        "1 px on 1,200": Condition("pen", None, Writing(1200, 1, clean=True)),
        "2 px on 600": Condition("pen", None, Writing(600, 2, clean=True)),
        "3 px on 600": Condition("pen", None, Writing(600, 3, clean=True)),
        "tight crop": Condition("edges", _tight),
        "cut by the border": Condition("edges", _cut_off),
        "ruled, grey": Condition("lines", _ruling((26, 40), (1.2, 2.5), both=False, as_ink=False)),
        "ruled, as dark as ink": Condition("lines", _ruling((26, 40), (1.2, 3), False, True)),
        "squared, grey": Condition("lines", _ruling((22, 40), (1.2, 2.5), both=True, as_ink=False)),
        "squared, as dark as ink": Condition("lines", _ruling((22, 40), (1.2, 3), True, True)),
        "underline": Condition("lines", _underline),
        "hairline": Condition("lines", _hairline),
        "box": Condition("lines", _box),
        "corner of two lines": Condition("lines", _table_lines(2, (18, 34), (3, 8))),
        "one line inside": Condition("lines", _table_lines(1, (22, 36), (3, 8))),
        "table line in the margin": Condition("lines", _table_lines(1, (0, 8), (2, 6))),
        "stripe at the edge": Condition("edges", _stripe),
        "scan border": Condition("edges", _scan_border),
        "desk on one side": Condition("edges", _desk),
        "paper on a desk": Condition("edges", _on_a_desk),
        "slope of light": Condition("light", _slope),
        "sharp shadow": Condition("light", _sharp_shadow),
        "shadow of a hand": Condition("light", _hand_shadow),
        "glare": Condition("light", _glare),
        "smeared board": Condition("light", _board),
    }
)
_ORDER = ("pen", "lines", "edges", "light")  # in which they happen


def picture(digit: Digit, conditions: Sequence[str], seed: int) -> np.ndarray:
    """A photograph of the digit under the named ``CONDITIONS``: uint8 (h, w).

    ``digit``: as for ``sheet``. Raises ValueError for a condition that does not exist, and for two
    of one kind that both set the size of the picture.
    """
    unknown = [name for name in conditions if name not in CONDITIONS]
    if unknown:
        raise ValueError(f"expected conditions of {', '.join(CONDITIONS)}; got {unknown[0]!r}")
    chosen = sorted((CONDITIONS[name] for name in conditions), key=lambda c: _ORDER.index(c.kind))
    chance = np.random.default_rng(seed)
    sizes = {c.writing for c in chosen if c.writing != Writing()}
    if len(sizes) > 1:
        raise ValueError(f"expected at most one size of picture and pen, got {sorted(conditions)}")
    made = sheet(digit, chance, sizes.pop() if sizes else None)
    for condition in chosen:
        if condition.change is not None:
            condition.change(made, chance)
    return made.photographed(chance)


def mixture(seed: int, n: int = 3) -> tuple[str, ...]:
    """Names of ``n`` conditions of different kinds, 1 to 4, drawn evenly; none of them cuts a digit."""
    chance = np.random.default_rng(seed)
    kinds = chance.permutation(_ORDER)[:n]
    names = [
        [k for k, c in CONDITIONS.items() if c.kind == kind and k != "cut by the border"]
        for kind in kinds
    ]
    return tuple(str(chance.choice(among)) for among in names)


def side_by_side(digits: Sequence[Digit], seed: int) -> np.ndarray:
    """Several digits on one sheet, from left to right: uint8 (280, 280 · n)."""
    chance = np.random.default_rng(seed)
    sheets = [sheet(digit, chance) for digit in digits]
    made = sheets[0]
    for name in ("ink", "paper", "light", "gloss"):
        setattr(made, name, np.concatenate([getattr(s, name) for s in sheets], axis=1))
    made.paper[:] = made.paper[0, 0]
    return made.photographed(chance)
