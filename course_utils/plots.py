"""The pictures that the chapters show more than once.

Every figure goes through ``show``, which gives it an alt text. Digits are drawn in ``gray_r``: ink
is dark, paper is white. Colours are safe for colour-blind readers (P. Tol, Colour Schemes, 2021)
and never the only sign.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import publish_display_data
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from course_utils.data import LabelledImages

BLUE, RED, GREEN, YELLOW, GREY = "#4477AA", "#CC3311", "#228833", "#CCBB44", "#777777"
DIGIT_COLOURS = (
    "#332288",
    "#2288BB",
    "#44AA99",
    "#117733",
    "#999933",
    "#AA8800",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#777777",
)

_STYLE = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "gray_r",
    "legend.frameon": False,
}
_PIXELS_PER_INCH = 144  # of the stored picture
_SHOWN_PER_INCH = 84  # on the page: fewer, so that the picture is sharp on dense screens


def use_style() -> None:
    """Set matplotlib's defaults (fonts, grey map, layout) to the course's."""
    plt.rcParams.update(_STYLE)


def show(figure: Figure, alt: str) -> None:
    """Show a figure with a text for those who cannot see it, and close it.

    JupyterLab does not pass the picture's own alt text on to screen readers, so the same words
    follow the picture in an element that only they find.
    Raises ValueError for a text too short to say what the picture shows.
    """
    if len(alt.strip()) < 20:
        raise ValueError(f"alt must say what the figure shows, in a sentence; got {alt!r}")
    alt = " ".join(alt.split())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_PIXELS_PER_INCH, metadata={"Software": None})
    width = round(figure.get_figwidth() * _SHOWN_PER_INCH)
    plt.close(figure)
    publish_display_data(
        {
            "image/png": base64.b64encode(buffer.getvalue()).decode(),
            "text/plain": f"[Figure: {alt}]",
        },
        metadata={"image/png": {"alt": alt, "width": width}},
    )
    publish_display_data(
        {"text/html": f'<p class="jp-sr-only">Figure: {html.escape(alt)}</p>', "text/plain": ""}
    )


def montage(images: Tensor | np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Arrange images (n, h, w) in rows of ``columns``, ``gap`` blank pixels apart.

    Returns one array (rows · (h + gap) - gap, columns · (w + gap) - gap); missing places are 0.
    Raises ValueError unless there is at least one image and one column.
    """
    stack = np.asarray(images)
    if stack.ndim != 3 or len(stack) == 0 or columns < 1:
        raise ValueError(
            "montage needs images of shape (n, height, width) with n >= 1 and columns >= 1, "
            f"got shape {stack.shape} and columns={columns}"
        )
    n, height, width = stack.shape
    rows = -(-n // columns)
    page = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap), stack.dtype)
    for i, image in enumerate(stack):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        page[top : top + height, left : left + width] = image
    return page


def draw_digits(
    axes: Axes,
    images: Tensor | np.ndarray,
    columns: int,
    captions: Sequence[str] | None = None,
    caption_colours: Sequence[str] | None = None,
    line: int = 9,
) -> None:
    """Draw images (n, 28, 28) in a grid on one pair of axes, a caption below each where given.

    Captions may have two lines; ``line`` is the room for each, in pixels of the images.
    Raises ValueError when captions and images differ in number.
    """
    stack = np.asarray(images)
    if captions is not None and len(captions) != len(stack):
        raise ValueError(f"got {len(captions)} captions for {len(stack)} images")
    lines = max((c.count("\n") + 1 for c in captions), default=0) if captions else 0
    gap = 2 + line * lines
    height, width = stack.shape[1:]
    page = montage(np.pad(stack, ((0, 0), (0, gap - 2), (0, 0))), columns)
    low = min(0.0, float(stack.min()))
    axes.imshow(page, cmap="gray_r", vmin=low, vmax=float(stack.max()) or 1.0)
    axes.set_axis_off()
    for i, caption in enumerate(captions or []):
        x = i % columns * (width + 2) + width / 2
        y = i // columns * (height + gap) + height + 0.5
        colour = caption_colours[i] if caption_colours else "black"
        axes.text(x, y, caption, ha="center", va="top", fontsize=9, color=colour, linespacing=1.1)


def draw_map(
    axes: Axes,
    points: np.ndarray,
    images: Tensor | np.ndarray,
    labels: Tensor | np.ndarray,
    title: str,
    spacing: float = 0.035,
) -> None:
    """Draw points (n, 2) coloured by label, with the images (n, 28, 28) of some of them on top.

    An image is drawn only where none is nearer than ``spacing`` (as a share of the map's width).
    """
    points, images, labels = np.asarray(points), np.asarray(images), np.asarray(labels)
    scaled = (points - points.min(0)) / np.ptp(points, axis=0)
    axes.scatter(*scaled.T, s=6, c=[DIGIT_COLOURS[k] for k in labels], alpha=0.45, linewidths=0)
    drawn = np.empty((0, 2))
    for point, image, label in zip(scaled, images, labels, strict=True):
        if len(drawn) and np.abs(drawn - point).max(1).min() < spacing:
            continue
        drawn = np.vstack([drawn, point])
        picture = OffsetImage(_tinted(image, DIGIT_COLOURS[label]), zoom=0.55)
        axes.add_artist(AnnotationBbox(picture, point, frameon=False, pad=0))
    axes.set(title=title, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _tinted(image: np.ndarray, colour: str) -> np.ndarray:
    """The digit as RGBA: ink in the given colour on a transparent ground."""
    rgba = np.empty((*image.shape, 4))
    rgba[..., :3] = plt.matplotlib.colors.to_rgb(colour)
    rgba[..., 3] = image / 255
    return rgba


def show_hard_digits(
    digits: LabelledImages, verdicts: Mapping[str, Sequence[int]], chapter: str
) -> None:
    """Show the 24 hard digits with each model's verdict below, ✓ or what it read instead.

    ``verdicts`` maps a model's name to its 24 predictions; the last one is this chapter's, and is
    recorded with the figure. The models' marks stand in the order of ``verdicts``.
    Raises ValueError when a model's predictions are not one per image.
    """
    for model, predictions in verdicts.items():
        if len(predictions) != len(digits):
            raise ValueError(
                f"{model}: got {len(predictions)} predictions for {len(digits)} images"
            )
    labels = digits.labels.tolist()
    captions = [
        f"is {label}\n"
        + " ".join("✓" if int(p[i]) == label else str(int(p[i])) for p in verdicts.values())
        for i, label in enumerate(labels)
    ]
    last = [int(p) for p in list(verdicts.values())[-1]]
    colours = [GREEN if p == label else RED for p, label in zip(last, labels, strict=True)]
    figure, axes = plt.subplots(figsize=(8.5, 5.0))
    draw_digits(axes, digits.images, 8, captions, caption_colours=colours, line=6)
    names = ", ".join(verdicts)
    axes.set_title(f"Under each digit its label, then what was read (✓ if right) by\n{names}")
    show(
        figure,
        "The 24 hard digits in three rows, from somewhat hard to hardest, each with its label and "
        f"what was read by: {names}.",
    )
    _record_verdicts(chapter, list(verdicts)[-1], last)


def _record_verdicts(chapter: str, model: str, predictions: list[int]) -> None:
    """Leave the verdicts in the notebook, for later chapters and the README."""
    publish_display_data(
        {"text/plain": ""},
        metadata={
            "course": {"verdicts": {"chapter": chapter, "model": model, "predictions": predictions}}
        },
    )
