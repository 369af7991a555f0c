"""What may stand around a digit, or happen to it: one function for each condition.

A condition changes a ``Sheet`` in place, before it is photographed; its chance comes from the
generator. Lengths are in pixels of a picture of 280, and grow with the picture.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from course_utils.reading.sheet import Sheet

Change = Callable[[Sheet, np.random.Generator], None]


# -- lines on the paper ---------------------------------------------------------------------------


def _print_lines(
    sheet: Sheet, lines: Sequence[tuple[np.ndarray, np.ndarray]], width: float, dark: float
) -> None:
    """Straight lines from point to point (x, y), ``width`` pixels wide, as bright as ``dark``."""
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


def ruling(
    spacing: tuple[float, float], width: tuple[float, float], both: bool, as_ink: bool
) -> Change:
    """Ruled paper, or squared (``both``), with lines ``spacing`` apart, grey or dark as ink."""

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


def underline(sheet: Sheet, chance: np.random.Generator) -> None:
    """A line below the digit, from border to border; it may touch the digit."""
    bottom = sheet.box()[1] + chance.uniform(-0.01, 0.06) * sheet.shape[0]
    line = _edge_to_edge(sheet, bottom, True, chance.uniform(-3, 3))
    _print_lines(sheet, [line], chance.uniform(3, 9) * sheet.unit, sheet.pen)


def hairline(sheet: Sheet, chance: np.random.Generator) -> None:
    """A line of 1 to 2 pixels across the digit, in any direction."""
    top, bottom, left, right = sheet.box()
    middle = np.array([chance.uniform(left, right), chance.uniform(top, bottom)])
    angle = chance.uniform(0, np.pi)
    far = 1.5 * max(sheet.shape) * np.array([np.cos(angle), np.sin(angle)])
    _print_lines(
        sheet, [(middle - far, middle + far)], chance.uniform(1, 2) * sheet.unit, sheet.pen
    )


def box(sheet: Sheet, chance: np.random.Generator) -> None:
    """A box of dark lines, 18 to 28 pixels inside the picture."""
    h, w = sheet.shape
    inset, width = chance.uniform(18, 28) * sheet.unit, chance.uniform(2, 7) * sheet.unit
    tilt = np.tan(np.deg2rad(chance.uniform(-2, 2)))
    corners = np.array(
        [[inset, inset], [w - inset, inset], [w - inset, h - inset], [inset, h - inset]]
    )
    turned = (corners - [w / 2, h / 2]) @ np.array([[1, tilt], [-tilt, 1]]) + [w / 2, h / 2]
    lines = [(turned[k], turned[(k + 1) % 4]) for k in range(4)]
    _print_lines(sheet, lines, width, sheet.pen)


def table_lines(n: int, inset: tuple[float, float], width: tuple[float, float]) -> Change:
    """One or two (``n``) dark lines from border to border, ``inset`` from one side each."""

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


def stripe(sheet: Sheet, chance: np.random.Generator) -> None:
    """A dark stripe of 6 to 18 pixels along one side."""
    width = round(chance.uniform(6, 18) * sheet.unit)
    turns = int(chance.integers(4))
    np.rot90(sheet.paper, turns)[:width] = chance.uniform(0.02, 0.15)
    np.rot90(sheet.ink, turns)[:width] = 0


def scan_border(sheet: Sheet, chance: np.random.Generator) -> None:
    """Dark borders all round, as a scanner leaves them."""
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


def desk(sheet: Sheet, chance: np.random.Generator) -> None:
    """A desk that shows on one side of the paper."""
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


def on_a_desk(sheet: Sheet, chance: np.random.Generator) -> None:
    """The paper lies askew on a desk that shows all round."""
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


def slope(sheet: Sheet, chance: np.random.Generator) -> None:
    """Light that falls off from one side to the other."""
    way = _half_plane(sheet, chance, 1.6 * max(sheet.shape))
    sheet.light = sheet.light * (1 - chance.uniform(0.4, 0.65) * way)


def sharp_shadow(sheet: Sheet, chance: np.random.Generator) -> None:
    """A deep shadow with a sharp edge across the picture."""
    way = _half_plane(sheet, chance, chance.uniform(1, 6) * sheet.unit)
    sheet.light = sheet.light * (1 - chance.uniform(0.45, 0.7) * way)


def hand_shadow(sheet: Sheet, chance: np.random.Generator) -> None:
    """The shadow of a hand, with soft edges."""
    h, w = sheet.shape
    way = _half_plane(sheet, chance, chance.uniform(15, 40) * sheet.unit)
    rows, columns = np.mgrid[:h, :w] / max(h, w)
    fingers = 0.5 + 0.5 * np.sin(
        2 * np.pi * (chance.uniform(1, 2.5) * columns + chance.uniform(1, 2.5) * rows)
    )
    soft = gaussian_filter(np.clip(way - 0.25 * fingers, 0, 1), 3 * sheet.unit)
    sheet.light = sheet.light * (1 - chance.uniform(0.4, 0.65) * soft)


def glare(sheet: Sheet, chance: np.random.Generator) -> None:
    """Dim light, and a bright reflection of a lamp somewhere on the paper."""
    h, w = sheet.shape
    rows, columns = np.mgrid[:h, :w] + 0.5
    y, x = chance.uniform(0.25, 0.75, 2) * (h, w)
    spread = chance.uniform(25, 60) * sheet.unit
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * spread**2))
    sheet.light = sheet.light * chance.uniform(0.5, 0.7)
    sheet.gloss = sheet.gloss + (chance.uniform(0.4, 0.65) * spot).astype(np.float32)


def board(sheet: Sheet, chance: np.random.Generator) -> None:
    """White chalk on a board that was wiped with a dry sponge."""
    smear = gaussian_filter(chance.normal(0, 1, sheet.shape), (2 * sheet.unit, 30 * sheet.unit))
    smear = smear + gaussian_filter(chance.normal(0, 1, sheet.shape), 25 * sheet.unit) * 12
    smear = np.clip(smear / smear.std(), 0, 2.5) / 2.5
    sheet.dark_board = True
    sheet.paper = (0.88 - chance.uniform(0.2, 0.4) * smear).astype(np.float32)


# -- the pen, and where the picture ends ----------------------------------------------------------


def grey_pen(sheet: Sheet, chance: np.random.Generator) -> None:
    """A pencil, or a pen that runs dry."""
    sheet.pen = chance.uniform(0.45, 0.65)


def tight(sheet: Sheet, chance: np.random.Generator) -> None:
    """Cut out with a margin of 0 to 8 pixels."""
    margin = int(chance.integers(9))
    top, bottom, left, right = sheet.box()
    h, w = sheet.shape
    sheet.window = (
        max(top - margin, 0),
        min(bottom + margin, h),
        max(left - margin, 0),
        min(right + margin, w),
    )


def cut_off(sheet: Sheet, chance: np.random.Generator) -> None:
    """The picture ends inside the digit: 4 % of it are missing at either end of its longer side."""
    top, bottom, left, right = sheet.box()
    h, w = sheet.shape
    if bottom - top > right - left:
        off = round(0.04 * (bottom - top))
        sheet.window = (top + off, bottom - off, 0, w)
    else:
        off = round(0.04 * (right - left))
        sheet.window = (0, h, left + off, right - off)
