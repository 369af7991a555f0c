"""Draw the README's picture: `python -m benchmarks.draw_overview`.

A page of digits put together from validation images, and what chapter 1's program makes of them.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.neighbors import NearestCentroid

from course_utils import plots
from course_utils.data import Mnist, load_mnist

LINES = ("20 11 2026", "0471 958 36 20", "3.14159 26535", "1998 60000 784")
OUT = Path(__file__).resolve().parent.parent / ".github" / "what_you_will_build.png"
ADVANCE, LINE_HEIGHT, MARGIN = 21, 40, 24


def write_page(mnist: Mnist, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple]]:
    """A page (h, w) of ink 0-1, and for each digit (row, column, its index in validation)."""
    labels = mnist.validation.labels.numpy()
    width = 2 * MARGIN + ADVANCE * max(map(len, LINES)) + 8
    page = np.zeros((2 * MARGIN - 12 + LINE_HEIGHT * len(LINES), width))
    placed = []
    for i, line in enumerate(LINES):
        for j, character in enumerate(line):
            if not character.isdigit():
                continue
            index = int(rng.choice(np.flatnonzero(labels == int(character))))
            row = MARGIN + i * LINE_HEIGHT + int(rng.integers(-3, 4))
            column = MARGIN + j * ADVANCE + int(rng.integers(-2, 3))
            ink = mnist.validation.images[index].numpy() / 255
            window = page[row : row + 28, column : column + 28]
            np.maximum(window, ink, out=window)
            placed.append((row, column, index))
    return page, placed


def main() -> None:
    """Write the picture next to the workflows, where the README shows it."""
    mnist = load_mnist()
    page, placed = write_page(mnist, np.random.default_rng(7))
    flat = mnist.train.images.flatten(1).numpy() / np.float32(255)
    reader = NearestCentroid().fit(flat, mnist.train.labels.numpy())
    indices = [index for _, _, index in placed]
    read = reader.predict(mnist.validation.images[indices].flatten(1).numpy() / 255)
    truth = mnist.validation.labels[indices].numpy()
    paper = 0.97 - 0.03 * gaussian_filter(np.random.default_rng(0).normal(size=page.shape), 12) * 12
    figure, axes = plt.subplots(figsize=(9, 9 * page.shape[0] / page.shape[1]), layout="none")
    axes.set_position([0, 0, 1, 1])
    axes.imshow(np.clip(paper - 0.85 * page, 0, 1), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    for (row, column, _), digit, label in zip(placed, read, truth, strict=True):
        colour = plots.GREEN if digit == label else plots.RED
        mark = str(digit) if digit == label else f"{digit} ✗"
        axes.text(column + 14, row + 1, mark, color=colour, ha="center", va="bottom", fontsize=12)
    OUT.parent.mkdir(exist_ok=True)
    figure.savefig(OUT, dpi=110, metadata={"Software": None})
    print(f"{(read == truth).sum()} of {len(truth)} digits read rightly; written to {OUT.name}")


if __name__ == "__main__":
    main()
