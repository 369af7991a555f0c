"""How well digits are read from real paper, and what it costs: `python -m benchmarks ink`.

A table with a row for each condition of ``course_utils.reading`` and one for mixtures of three: of
40 bundled drawings, and of 40 validation images, how many are read wrongly or refused by the stored
network after ``from_image``. Then validation images cut out with margins of 0 to 8 pixels, and
times of one processor core. ``--seed`` draws other pictures; ``--steps`` prints instead what each
step of the preparation brings.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from course_utils import ink
from course_utils.data import LabelledImages, load_mnist
from course_utils.reading import CONDITIONS, mixture, picture
from course_utils.training import best_network, predict

PEN = 10  # pixels of the pad of 400
MARGINS = (0, 1, 2, 4, 8)
HELD_OUT = 500_000  # the seed of the figures that are reported; below it everything was tried
_HARD_EDGE = 215  # brightness below which a pixel of a validation image belongs to its rectangle


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of one call, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def prepared(pictures: Sequence[np.ndarray], skip: Sequence[str] = ()) -> tuple[Tensor, np.ndarray]:
    """The images made of pictures, empty where there is no ink found, and which were refused."""
    images, refused = [], np.zeros(len(pictures), bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ink.InkWarning)
        for k, page in enumerate(pictures):
            try:
                images.append(ink.from_image(page, skip=skip))
            except ValueError:
                refused[k] = True
                images.append(torch.zeros(28, 28, dtype=torch.uint8))
    return torch.stack(images), refused


def count(model: nn.Module, pictures: Sequence[np.ndarray], labels: Tensor) -> tuple[int, int]:
    """How many pictures were not read rightly, and how many of these were refused."""
    images, refused = prepared(pictures)
    wrong = (predict(model, images) != labels).numpy() | refused
    return int(wrong.sum()), int(refused.sum())


def print_conditions(
    drawings: ink.Drawings, part: LabelledImages, model: nn.Module, seed: int, n: int
) -> None:
    """A row for each condition: of ``n`` drawings and ``n`` validation images, wrong or refused."""
    print(f"| condition | drawings, of {n} | refused | validation, of {n} | refused |")
    print("|---|---|---|---|---|")
    for at, (name, condition) in enumerate(CONDITIONS.items()):
        chance = np.random.default_rng(seed + at)
        drawn = chance.choice(len(drawings), n, replace=False)
        pages = [picture(drawings.drawings[k], [name], seed + 1000 * at + int(k)) for k in drawn]
        cells = count(model, pages, drawings.labels[drawn])
        if condition.writing.pen is None:  # of an image the lines cannot be made thinner
            known = chance.choice(len(part), n, replace=False)
            inks = part.images[known].numpy() / 255
            pages = [picture(i, [name], seed + 1000 * at + k) for k, i in enumerate(inks)]
            cells += count(model, pages, part.labels[known])
        print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)


def print_mixtures(drawings: ink.Drawings, model: nn.Module, seed: int, n: int) -> None:
    """How many of ``n`` drawings under three conditions at once are wrong or refused."""
    which = np.random.default_rng(seed).choice(len(drawings), n)
    pages = [
        picture(drawings.drawings[k], mixture(seed + i), seed + i) for i, k in enumerate(which)
    ]
    wrong, refused = count(model, pages, drawings.labels[which])
    print(f"mixtures of three: {wrong} of {n} wrong, {refused} of them refused", flush=True)


def print_margins(part: LabelledImages, model: nn.Module) -> None:
    """Errors of validation images read directly, and from_image's, whole and cut out."""
    print(f"{len(part):,} validation images, read directly: ", end="")
    print(f"{int((predict(model, part.images) != part.labels).sum())} wrong")
    pages = [255 - image.numpy() for image in part.images]
    print("whole: {} wrong, {} refused".format(*count(model, pages, part.labels)))
    for margin in MARGINS:
        cut = [cut_out(page, margin) for page in pages]
        wrong, refused = count(model, cut, part.labels)
        print(f"margin of {margin}: {wrong} wrong, {refused} refused", flush=True)


def cut_out(page: np.ndarray, margin: int) -> np.ndarray:
    """The rectangle of the dark pixels of a page (h, w), with so many white pixels around it."""
    rows, columns = (np.flatnonzero((page < _HARD_EDGE).any(axis=k)) for k in (1, 0))
    tight = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(tight, margin, constant_values=255)


def lit(strokes: list[np.ndarray], seed: int = 0) -> np.ndarray:
    """Dark strokes on the pad's paper, lit from one side, with noise: (400, 400) uint8."""
    generator = np.random.default_rng(seed)
    drawn = ink.draw_strokes(strokes, (400, 400), PEN)
    light = np.linspace(0.5, 0.95, 400)[:, None]
    paper = light * (1 - 0.75 * drawn) + generator.normal(0, 0.02, drawn.shape)
    return np.clip(paper * 255, 0, 255).astype(np.uint8)


def print_times(drawings: ink.Drawings) -> None:
    """Milliseconds for one drawing as strokes and as pictures of several sizes."""
    strokes = max(drawings.drawings, key=lambda d: sum(map(len, d)))
    page = Image.fromarray(lit(strokes))
    cases = {
        f"strokes, {sum(map(len, strokes))} points": (ink.from_strokes, strokes, 100),
        "picture, 28 × 28": (ink.from_image, np.asarray(page.resize((28, 28))), 100),
        "picture, 64 × 64": (ink.from_image, np.asarray(page.resize((64, 64))), 50),
        "picture, 400 × 400": (ink.from_image, np.asarray(page), 20),
        "photograph, 12 megapixels": (
            ink.from_image,
            np.asarray(page.resize((4000, 3000)).convert("RGB")),
            5,
        ),
        "photograph, 48 megapixels": (ink.from_image, np.asarray(page.resize((8000, 6000))), 3),
    }
    for name, (prepare, drawing, repeats) in cases.items():
        took = milliseconds(lambda p=prepare, d=drawing: p(d), repeats)
        print(f"{name:28} {took:7.2f} ms", flush=True)


def print_steps(drawings: ink.Drawings, model: nn.Module) -> None:
    """Drawings read rightly with all steps, without each, and without any."""
    pictures = [lit(d, seed) for seed, d in enumerate(drawings.drawings)]
    whole = {"pad_size": drawings.pad_size, "pen_width": PEN}
    for name, steps, prepare in (
        ("strokes", ink.STROKE_STEPS, lambda skip: _strokes(drawings, skip, whole)),
        ("pictures", ink.IMAGE_STEPS, lambda skip: prepared(pictures, skip)[0]),
    ):
        rows = {"all steps": (), **{f"without {s}": (s,) for s in steps}, "no step": steps}
        for row, skip in rows.items():
            right = int((predict(model, prepare(skip)) == drawings.labels).sum())
            print(f"{name:9} {row:18} {right:4} of {len(drawings)} read rightly")


def _strokes(drawings: ink.Drawings, skip: tuple[str, ...], whole: dict) -> Tensor:
    return torch.stack([ink.from_strokes(d, skip=skip, **whole) for d in drawings.drawings])


def main() -> None:
    """Print the table, the margins and the times, or what the steps bring."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks ink", description="Digits on real paper, and what they cost."
    )
    parser.add_argument("--seed", type=int, default=HELD_OUT, help="of the pictures")
    parser.add_argument("--digits", type=int, default=40, help="in each condition")
    parser.add_argument("--mixtures", type=int, default=200, help="how many of three conditions")
    parser.add_argument("--images", type=int, default=5_000, help="validation images cut out")
    parser.add_argument("--steps", action="store_true", help="what each step brings, instead")
    options = parser.parse_args()
    drawings, model = ink.load_strokes(), best_network().model
    if options.steps:
        print_steps(drawings, model)
        return
    part = load_mnist().validation
    print_conditions(drawings, part, model, options.seed, options.digits)
    print_mixtures(drawings, model, options.seed, options.mixtures)
    print_margins(part.select(range(options.images)), model)
    torch.set_num_threads(1)
    print_times(drawings)


if __name__ == "__main__":
    main()
