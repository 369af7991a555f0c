"""Photographs of single digits under the conditions of real paper, and mixtures of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from course_utils.reading.conditions import (
    Change,
    board,
    box,
    cut_off,
    desk,
    glare,
    grey_pen,
    hairline,
    hand_shadow,
    on_a_desk,
    ruling,
    scan_border,
    sharp_shadow,
    slope,
    stripe,
    table_lines,
    tight,
    underline,
)
from course_utils.reading.sheet import Digit, Writing, sheet


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
        "grey pen": Condition("pen", grey_pen),
        "1 px on 280": Condition("pen", None, Writing(280, 1, clean=True)),
        "1 px on 600": Condition("pen", None, Writing(600, 1, clean=True)),
        "1 px on 1,200": Condition("pen", None, Writing(1200, 1, clean=True)),
        "2 px on 600": Condition("pen", None, Writing(600, 2, clean=True)),
        "3 px on 600": Condition("pen", None, Writing(600, 3, clean=True)),
        "tight crop": Condition("edges", tight),
        "cut by the border": Condition("edges", cut_off),
        "ruled, grey": Condition("lines", ruling((26, 40), (1.2, 2.5), both=False, as_ink=False)),
        "ruled, as dark as ink": Condition("lines", ruling((26, 40), (1.2, 3), False, True)),
        "squared, grey": Condition("lines", ruling((22, 40), (1.2, 2.5), both=True, as_ink=False)),
        "squared, as dark as ink": Condition("lines", ruling((22, 40), (1.2, 3), True, True)),
        "underline": Condition("lines", underline),
        "hairline": Condition("lines", hairline),
        "box": Condition("lines", box),
        "corner of two lines": Condition("lines", table_lines(2, (18, 34), (3, 8))),
        "one line inside": Condition("lines", table_lines(1, (22, 36), (3, 8))),
        "table line in the margin": Condition("lines", table_lines(1, (0, 8), (2, 6))),
        "stripe at the edge": Condition("edges", stripe),
        "scan border": Condition("edges", scan_border),
        "desk on one side": Condition("edges", desk),
        "paper on a desk": Condition("edges", on_a_desk),
        "slope of light": Condition("light", slope),
        "sharp shadow": Condition("light", sharp_shadow),
        "shadow of a hand": Condition("light", hand_shadow),
        "glare": Condition("light", glare),
        "smeared board": Condition("light", board),
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
    """Names of ``n`` conditions, 1 to 4, of different kinds, drawn evenly; none cuts a digit."""
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
