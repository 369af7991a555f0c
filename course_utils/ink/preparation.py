"""From strokes or a picture of one digit to 28 × 28 pixels as MNIST's makers prepared theirs.

What MNIST's page and LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document
recognition (1998), say: the black-and-white digits were size-normalised to fit a box of 20 × 20
pixels, keeping their aspect ratio; grey levels come from the anti-aliasing of that step; the centre
of mass was then moved to the middle of 28 × 28 pixels. In the 50,000 training images the larger
side of the ink is 20 pixels, and the centre of mass lies within half a pixel of the *centre of
pixel 14* (counted from 0) in both directions: they were moved by whole pixels. All this is done
alike here. What differs: their black-and-white digits came from a scanner and a form of which the
place was known; here ink and paper are told apart first. Their pens were alike; here every pen is
made as thick as theirs.

Strokes are a sequence of arrays (n_points, 2) of floats: x to the right, y down, in any unit; a
stroke of one point is a dot. Ink is a float32 array (height, width), 0 = paper, 1 = full ink.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from scipy.ndimage import (
    distance_transform_edt,
    gaussian_filter,
    grey_closing,
    label,
    maximum_filter,
)
from scipy.spatial import cKDTree
from torch import Tensor

from course_utils.data import IMAGE_SHAPE

BOX = 20  # pixels: side of the box into which MNIST's digits were fitted
MIDDLE = 14.5  # where the centre of mass goes: the middle of pixel 14, from 0, both ways
# Pixels of the 28 × 28. Drawn so wide, the strokes of 1,500 recorded digits (UNIPEN) have the
# stroke width (2.5, as `stroke_width` measures it) and the share of ink (13 %) of MNIST's training
# images; from 1.4 to 2.8 networks read them equally well, to within 0.3 %.
STROKE_WIDTH = 2.4

STROKE_STEPS = ("crop", "aspect", "margin", "width", "smooth", "centre")
IMAGE_STEPS = ("light", "polarity", *STROKE_STEPS)

_SIDE = IMAGE_SHAPE[0]
_LONGEST = 256  # pixels: pictures are shrunk to this before ink is looked for
_FINE = 4  # working pixels to one of the final ones
_THINNEST = 0.7  # share of a line's width that may be taken off it: more would tear it


def from_strokes(
    strokes: Sequence[np.ndarray],
    *,
    width: float = STROKE_WIDTH,
    pad_size: tuple[float, float] | None = None,
    pen_width: float | None = None,
    skip: Collection[str] = (),
) -> Tensor:
    """Strokes of one digit as a uint8 image (28, 28), 0 = background, 255 = ink.

    ``width``: of the drawn lines, in pixels of the image. ``skip`` names steps (``STROKE_STEPS``)
    to be left out: without "crop" the whole pad (``pad_size``: its width and height in the strokes'
    unit) is made small; without "width" the lines are as wide as the pad's pen (``pen_width``, same
    unit) becomes; without "aspect" the digit fills the box both ways; without "margin" the box is
    28 × 28; without "smooth" pixels are black or white; without "centre" the middle of the box,
    not the centre of mass, goes to the middle.
    Raises ValueError for no strokes, points that are no finite numbers, and unknown steps.
    """
    skip = _checked_steps(skip, STROKE_STEPS)
    strokes = check_strokes(strokes)
    box = _SIDE if "margin" in skip else BOX
    corner, size = _extent(strokes)
    if "crop" in skip:
        corner, size = np.zeros(2), _needed(pad_size, "pad_size", "crop")
    if "width" in skip:
        pen = float(_needed(pen_width, "pen_width", "width"))
        width = pen * box / (max(size) + (0 if "crop" in skip else pen))
    room = box if "crop" in skip else max(box - width, 1.0)
    keep_aspect = "aspect" not in skip
    scale = _scale(np.asarray(size, dtype=float), room, keep_aspect)
    edge = 0.0 if "crop" in skip else width / 2
    fitted = [(stroke - corner) * scale + edge for stroke in strokes]
    shape = tuple(np.ceil(np.asarray(size) * scale + 2 * edge - 1e-6).astype(int).clip(1)[::-1])
    ink = draw_strokes(fitted, shape, width, smooth="smooth" not in skip)
    return to_uint8(centre(ink, by_mass="centre" not in skip))


def from_image(
    image: np.ndarray | Tensor | Image.Image,
    *,
    width: float = STROKE_WIDTH,
    skip: Collection[str] = (),
) -> Tensor:
    """A picture of one digit as a uint8 image (28, 28), 0 = background, 255 = ink.

    ``image``: grey (h, w), colour (h, w, 3) or with alpha (h, w, 2 or 4), whole numbers 0 … 255,
    floats 0 … 1 or bool; or a PIL image. ``skip`` names steps (``IMAGE_STEPS``) to be left out:
    without "light" the lighting is not evened out; without "polarity" what is bright is taken for
    ink; the others as for ``from_strokes``.
    Raises ValueError for a picture without ink, of another shape or with values out of range.
    """
    skip = _checked_steps(skip, IMAGE_STEPS)
    grey = to_grey(shrink(image))
    grey = 1 - grey if "polarity" in skip else dark_on_light(grey)
    if "light" not in skip:
        grey = even_light(grey)
    ink = find_ink(grey)
    if "crop" not in skip:
        ink = crop(ink)
    fitted = fit_into_box(
        ink,
        _SIDE if "margin" in skip else BOX,
        width=None if "width" in skip else width,
        cropped="crop" not in skip,
        keep_aspect="aspect" not in skip,
    )
    if "smooth" in skip:
        fitted = (fitted >= 0.5).astype(np.float32)
    return to_uint8(centre(fitted, by_mass="centre" not in skip))


# -- strokes -------------------------------------------------------------------------------------


def check_strokes(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The strokes as float64 arrays (n, 2) with n ≥ 1; empty strokes are left out.

    Raises ValueError when nothing is left, for another shape, and for NaN or infinity.
    """
    checked = []
    for i, stroke in enumerate(strokes):
        points = np.asarray(stroke, dtype=np.float64)
        if points.size == 0:
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(
                f"stroke {i} must have shape (n_points, 2), one row x, y per point, "
                f"got shape {points.shape}"
            )
        if not np.isfinite(points).all():
            raise ValueError(f"stroke {i} holds NaN or infinity; leave such points out")
        checked.append(points)
    if not checked:
        raise ValueError("there are no strokes: draw something first")
    return checked


def draw_strokes(
    strokes: Sequence[np.ndarray], shape: tuple[int, int], width: float, smooth: bool = True
) -> np.ndarray:
    """Ink of lines ``width`` pixels wide with round ends, on paper of ``shape`` (height, width).

    Points are in pixels, (0, 0) is the outer corner of the first one. With ``smooth`` a pixel that
    the line covers in part is grey; otherwise it is 1 where its middle is covered.
    """
    dots = np.concatenate([_densely(stroke) for stroke in check_strokes(strokes)])
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    distance, _ = cKDTree(dots).query(pixels, distance_upper_bound=width / 2 + 1)
    inside = (width / 2 - distance).reshape(shape)
    ink = np.clip(inside + 0.5, 0, 1) if smooth else inside >= 0
    return ink.astype(np.float32)


def _densely(points: np.ndarray, spacing: float = 0.2) -> np.ndarray:
    """Points along the line through ``points``, at most ``spacing`` apart."""
    if len(points) == 1:
        return points
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    n = int(np.ceil(along[-1] / spacing)) + 1
    at = np.linspace(0, along[-1], n)
    return np.column_stack([np.interp(at, along, points[:, i]) for i in range(2)])


def _extent(strokes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Left upper corner and size (x, y) of the rectangle around the points."""
    points = np.concatenate(strokes)
    return points.min(axis=0), np.ptp(points, axis=0)


def _scale(size: np.ndarray, room: float, keep_aspect: bool) -> np.ndarray:
    """Factors (x, y) that make ``size`` fit into ``room``; a dot or a straight line stays thin."""
    largest = size.max()
    if largest == 0:
        return np.ones(2)
    if keep_aspect:
        return np.full(2, room / largest)
    return np.where(size > 0, room / np.where(size > 0, size, 1), 1.0)


# -- pictures ------------------------------------------------------------------------------------


def shrink(image: np.ndarray | Tensor | Image.Image, longest: int = _LONGEST) -> np.ndarray:
    """The picture as an array, averaged down so that no side exceeds ``longest`` pixels.

    Raises TypeError for what is no picture, ValueError for another shape than (height, width) or
    (height, width, channels) with 1 to 4 channels, and for no pixels.
    """
    array = _as_array(image)
    if array.ndim not in (2, 3) or 0 in array.shape or array.shape[2:] > (4,):
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = "; channels come last here: image.transpose(1, 2, 0), or .permute for a tensor"
        raise ValueError(
            "the picture must have shape (height, width) or (height, width, channels) with 1 to 4 "
            f"channels and at least one pixel, got {array.shape}{hint}"
        )
    if array.shape[2:] == (1,):
        array = array[..., 0]
    h, w = array.shape[:2]
    if max(h, w) <= longest:
        return array
    size = [max(1, round(n * longest / max(h, w))) for n in (w, h)]
    if array.dtype == np.uint8:
        picture = Image.fromarray(np.ascontiguousarray(array))
        return np.asarray(picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0))
    channels = _zero_to_one(array).reshape(h, w, -1)
    small = [
        _resized(channels[..., i], size, Image.Resampling.BOX) for i in range(channels.shape[2])
    ]
    return np.stack(small, axis=-1).reshape(size[1], size[0], *array.shape[2:])


def _as_array(image: np.ndarray | Tensor | Image.Image) -> np.ndarray:
    if isinstance(image, Tensor):
        return image.detach().cpu().numpy()
    if isinstance(image, np.ndarray):
        return image
    if not isinstance(image, Image.Image):
        raise TypeError(
            "expected a NumPy array, a tensor or a PIL image, got "
            f"{type(image).__name__}; open a file with PIL.Image.open(path)"
        )
    image = ImageOps.exif_transpose(image)  # as the camera was held
    if image.mode.startswith("I;16"):
        return np.asarray(image, dtype=np.uint16)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB" if image.mode not in ("I", "F") else "L")
    return np.asarray(image)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Brightness (h, w) as float32, 0 … 1, of a grey or colour picture (h, w) or (h, w, c).

    Whole numbers count from 0 to 255 (uint16: to 65,535), floats from 0 to 1. What is transparent
    gets the colour of what is not, when that is the greater part (a cut-out photograph); otherwise
    the opaque part is taken for ink, and is laid on white, or on black if it is bright itself.
    Raises ValueError for values out of range, NaN and infinity.
    """
    array = _zero_to_one(np.asarray(image))
    if array.ndim == 2:
        return array
    grey, alpha = array, None
    if array.shape[2] in (2, 4):
        grey, alpha = array[..., :-1], array[..., -1]
    weights = [0.299, 0.587, 0.114] if grey.shape[2] == 3 else [1.0]  # ITU-R BT.601
    grey = grey @ np.asarray(weights, dtype=np.float32)
    if alpha is None or alpha.min() == 1:
        return grey
    shown = grey[alpha > 0.5]
    if len(shown) > 0.5 * grey.size:
        behind = float(np.median(shown))
    else:
        behind = float(not len(shown) or shown.mean() < 0.5)
    return grey * alpha + behind * (1 - alpha)


def _zero_to_one(array: np.ndarray) -> np.ndarray:
    """The values as float32 from 0 to 1."""
    if array.dtype.kind == "b":
        return array.astype(np.float32)
    if array.dtype.kind in "ui":
        top = 65535 if array.dtype == np.uint16 else 255
        if array.dtype != np.uint8 and (array.min() < 0 or array.max() > top):
            raise ValueError(
                f"whole numbers must lie in 0 … {top:,}, got {array.min():,} … {array.max():,}"
            )
        return array.astype(np.float32) / top
    if array.dtype.kind != "f":
        raise ValueError(f"expected a picture of numbers, got dtype {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("the picture holds NaN or infinity; replace such pixels first")
    if low < -1e-6 or high > 1 + 1e-6:
        raise ValueError(
            f"floats must lie in 0 … 1, got {low:g} … {high:g}; divide by 255, or pass the "
            "picture as uint8"
        )
    return np.clip(array, 0, 1).astype(np.float32)


def dark_on_light(grey: np.ndarray) -> np.ndarray:
    """The picture (h, w), 0 … 1, with its brightness turned round if it is light on dark.

    Ink takes little room and differs much, paper and light change slowly: less its own blurred
    self, the picture leans to the side of the ink (the sum of its cubes has that sign). Chosen on
    MNIST's validation images, whole, cut out tightly and turned round, and on shaded drawings.
    """
    small = _smaller(grey, 32)
    rest = small - gaussian_filter(small, 0.25 * max(small.shape), mode="nearest", truncate=2.0)
    return 1 - grey if np.sum(rest**3) > 0 else grey


def even_light(grey: np.ndarray) -> np.ndarray:
    """Brightness as a share of the paper's around it: 1 on paper, whatever light falls on it.

    ``grey``: dark ink on light paper, (h, w), 0 … 1. The paper's brightness is the picture's
    "closing", which fills lines up to a quarter of the picture wide from their surroundings.
    Source: J. Serra, Image Analysis and Mathematical Morphology (1982).
    """
    small = _smaller(grey, 96)
    window = max(3, max(small.shape) // 4)
    # Beyond its border the picture goes on as it changes there, or a slope would end in a ledge.
    around = [(min(window, n - 1),) * 2 for n in small.shape]
    wide = np.pad(small, around, mode="reflect", reflect_type="odd")
    closed = grey_closing(wide, [min(window, n) for n in wide.shape], mode="nearest")
    paper = closed[tuple(slice(a, a + n) for (a, _), n in zip(around, small.shape, strict=True))]
    paper = _resized(paper, (grey.shape[1], grey.shape[0]), Image.Resampling.BILINEAR)
    return np.minimum(grey / np.maximum(paper, 0.05), 1)


def _smaller(grey: np.ndarray, longest: int) -> np.ndarray:
    """The picture, no side above ``longest`` pixels, by averaging."""
    h, w = (min(n, longest) for n in grey.shape)
    return _resized(grey, (w, h), Image.Resampling.BOX)


def _resized(grey: np.ndarray, size: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(grey, np.float32)).resize(size, how))


def find_ink(grey: np.ndarray) -> np.ndarray:
    """Ink (h, w), 0 … 1, of a picture (h, w) of dark ink on light, evenly lit paper.

    Ink is what stands out from the paper by at least 0.08 and by six times the paper's own noise.
    Less than a fifth of the usual ink's darkness is 0, more than 0.7 of it is 1. Specks, and dark
    edges along the picture's border, are removed.
    Raises ValueError when nothing stands out.
    """
    depth = np.median(grey[::3, ::3]) - grey  # a ninth of the pixels is enough, and quicker
    steps = np.abs(np.diff(grey[::2, ::2], axis=1)) if grey.shape[1] > 2 else np.zeros(1)
    noise = 1.05 * float(np.median(steps))  # standard deviation, of independent normal noise
    least = max(0.08, 6 * noise)
    usual = depth[depth > least]
    if not len(usual):
        raise ValueError(
            "no ink found: the picture is blank, or its contrast is too weak (strongest "
            f"{float(depth.max()):.2f} of 1, expected more than {least:.2f}). Draw or write bolder"
        )
    usual = float(np.partition(usual, len(usual) * 9 // 10)[len(usual) * 9 // 10])
    ink = np.clip((depth / usual - 0.2) / 0.5, 0, 1).astype(np.float32)
    return _without_specks(ink)


def _without_specks(ink: np.ndarray) -> np.ndarray:
    """Ink without parts below 2 % of the largest, and without dark edges beside a whole digit."""
    parts, n = label(ink >= 0.5, structure=np.ones((3, 3)))
    if n <= 1:
        return ink
    areas = np.bincount(parts.ravel(), minlength=n + 1)
    areas[0] = 0
    band = max(1, min(parts.shape) // 50)
    edges = (parts[:band], parts[-band:], parts[:, :band].T, parts[:, -band:].T)
    along = np.max([np.bincount(e.ravel(), minlength=n + 1) / e.shape[1] for e in edges], axis=0)
    frame = along > 0.5  # of a side's length
    if areas[~frame].max() > 0.1 * areas.max() or areas[~frame].max() > 200:
        areas[frame] = 0
    drop = areas < 0.02 * areas.max()
    drop[0] = False
    if not drop.any():
        return ink
    halo = maximum_filter(drop[parts], size=5)  # their grey edges go with them
    return np.where(halo & ((parts == 0) | drop[parts]), 0, ink).astype(np.float32)


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all pixels of at least half ink."""
    dark = ink >= 0.5
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not len(rows):
        raise ValueError("no ink found: no pixel is at least half ink")
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stroke_width(ink: np.ndarray) -> float:
    """Typical width of the lines, in pixels: four times the mean distance of ink to paper.

    Across a straight line of width w the distance to its nearer edge runs from 0 to w / 2 and back;
    its mean is w / 4. Ink touching the picture's edge is taken to end there.
    """
    dark = np.pad(ink >= 0.5, 1)
    if not dark.any():
        raise ValueError("no ink found: no pixel is at least half ink")
    return float(4 * (distance_transform_edt(dark)[dark].mean() - 0.5))


def set_stroke_width(ink: np.ndarray, change: float) -> np.ndarray:
    """Lines wider by ``change`` pixels (negative: thinner): their edges move by half of it."""
    dark = ink >= 0.5
    to_paper, to_ink = distance_transform_edt(dark), distance_transform_edt(~dark)
    inside = np.where(dark, to_paper - 0.5, 0.5 - to_ink)
    return np.clip(inside + change / 2 + 0.5, 0, 1).astype(np.float32)


def fit_into_box(
    ink: np.ndarray,
    box: int = BOX,
    *,
    width: float | None = None,
    cropped: bool = True,
    keep_aspect: bool = True,
) -> np.ndarray:
    """Ink scaled, anti-aliased, so that its longer side is ``box`` pixels.

    ``width``: the lines are made so many pixels wide; None leaves them as they are.
    """
    h, w = ink.shape
    longest = _FINE * box
    if keep_aspect:
        size = [max(1, round(n * longest / max(h, w))) for n in (w, h)]
    else:
        size = [longest, longest]
    work = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
    if width is None:
        return _reduce(work, 0.0, box / longest, box)
    now = stroke_width(work)
    if longest < 3 * now:  # a blot: it has no lines
        return _reduce(work, 0.0, box / longest, box)
    factor = (box - width) / (longest - now) if cropped else box / longest
    change = max(width / factor - now, -_THINNEST * now)
    margin = int(np.ceil(max(change, 0) / 2)) + 2
    changed = set_stroke_width(np.pad(work, margin), change)
    return _reduce(changed, margin - change / 2 if cropped else margin, factor, box)


def _reduce(work: np.ndarray, margin: float, factor: float, box: int) -> np.ndarray:
    """Average ``work`` less its margin down to pixels 1 / ``factor`` as large."""
    h, w = (n - 2 * margin for n in work.shape)
    rows, columns = (min(box, max(1, int(np.ceil(n * factor - 1e-3)))) for n in (h, w))
    grow_y, grow_x = ((m / factor - n) / 2 for m, n in ((rows, h), (columns, w)))
    edge = int(np.ceil(max(grow_y - margin, grow_x - margin, 0)))
    padded = Image.fromarray(np.pad(work, edge))
    left, top = margin + edge - grow_x, margin + edge - grow_y
    area = (left, top, left + columns / factor, top + rows / factor)
    area = np.clip(area, 0, [padded.width, padded.height] * 2)
    return np.asarray(padded.resize((columns, rows), Image.Resampling.BOX, box=tuple(area)))


# -- both ----------------------------------------------------------------------------------------


def centre(ink: np.ndarray, by_mass: bool = True) -> np.ndarray:
    """Ink moved, by whole pixels, to the middle of 28 × 28; what would fall outside is kept inside.

    ``by_mass``: its centre of mass goes there, otherwise the middle of its rectangle.
    """
    h, w = ink.shape
    if max(h, w) > _SIDE:
        raise ValueError(f"expected ink of at most 28 × 28 pixels, got {h} × {w}")
    total = float(ink.sum())
    if total == 0:
        raise ValueError("no ink found: there is nothing to centre")
    middle = [h / 2, w / 2]
    target = _SIDE / 2
    if by_mass:
        middle = [
            float(ink.sum(axis=1) @ (np.arange(h) + 0.5)) / total,
            float(ink.sum(axis=0) @ (np.arange(w) + 0.5)) / total,
        ]
        target = MIDDLE
    top, left = (
        int(np.clip(np.floor(target - m + 0.5), 0, _SIDE - n))
        for m, n in zip(middle, (h, w), strict=True)
    )
    placed = np.zeros(IMAGE_SHAPE, dtype=np.float32)
    placed[top : top + h, left : left + w] = ink
    return placed


def to_uint8(ink: np.ndarray) -> Tensor:
    """Ink 0 … 1 as a uint8 tensor 0 … 255, rounded."""
    return torch.from_numpy(np.rint(np.clip(ink, 0, 1) * 255).astype(np.uint8))


def _checked_steps(skip: Collection[str], known: tuple[str, ...]) -> frozenset[str]:
    if isinstance(skip, str):
        skip = (skip,)
    unknown = sorted(set(skip) - set(known))
    if unknown:
        raise ValueError(f"there is no step {', '.join(unknown)}; the steps are {', '.join(known)}")
    return frozenset(skip)


def _needed(value: object, name: str, step: str) -> object:
    if value is None:
        raise ValueError(f'without the step "{step}" {name} must be given: see the docstring')
    return value
