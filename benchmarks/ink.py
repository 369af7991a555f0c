"""What preparing a drawing costs, and what each of its steps brings: `python -m benchmarks ink`.

Times are of one processor core. The steps are measured on the bundled drawings, with the weights
given by --weights (a checkpoint of --model, default MLP) or a perceptron trained for --epochs.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from course_utils import ink, models
from course_utils.data import load_mnist
from course_utils.training import Recipe, fit, load_checkpoint, predict, set_seed

PEN = 10  # pixels of the pad of 400


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of one call, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def picture(strokes: list[np.ndarray], seed: int = 0) -> np.ndarray:
    """Dark strokes on the pad's paper, lit from one side, with noise: (400, 400) uint8."""
    generator = np.random.default_rng(seed)
    drawn = ink.draw_strokes(strokes, (400, 400), PEN)
    light = np.linspace(0.5, 0.95, 400)[:, None]
    paper = light * (1 - 0.75 * drawn) + generator.normal(0, 0.02, drawn.shape)
    return np.clip(paper * 255, 0, 255).astype(np.uint8)


def print_times(drawings: ink.Drawings) -> None:
    """Milliseconds for one drawing as strokes and as pictures of several sizes."""
    strokes = max(drawings.drawings, key=lambda d: sum(map(len, d)))
    page = Image.fromarray(picture(strokes))
    photo = np.asarray(page.resize((4000, 3000)).convert("RGB"))
    cases = {
        f"strokes, {sum(map(len, strokes))} points": (ink.from_strokes, strokes, 100),
        "picture, 300 × 300": (ink.from_image, np.asarray(page.resize((300, 300))), 50),
        "picture, 400 × 400": (ink.from_image, np.asarray(page), 50),
        "photograph, 12 megapixels": (ink.from_image, photo, 5),
    }
    for name, (prepare, drawing, repeats) in cases.items():
        took = milliseconds(lambda p=prepare, d=drawing: p(d), repeats)
        print(f"{name:28} {took:7.2f} ms")


def print_steps(drawings: ink.Drawings, model: nn.Module) -> None:
    """Digits read rightly with all steps, without each, and without any."""
    pictures = [picture(d, seed) for seed, d in enumerate(drawings.drawings)]
    whole = {"pad_size": drawings.pad_size, "pen_width": PEN}
    for name, steps, prepare in (
        ("strokes", ink.STROKE_STEPS, lambda skip: _strokes(drawings, skip, whole)),
        ("pictures", ink.IMAGE_STEPS, lambda skip: _pictures(pictures, skip)),
    ):
        rows = {"all steps": (), **{f"without {s}": (s,) for s in steps}, "no step": steps}
        for row, skip in rows.items():
            right = int((predict(model, prepare(skip)) == drawings.labels).sum())
            print(f"{name:9} {row:18} {right:4} of {len(drawings)} read rightly")


def _strokes(drawings: ink.Drawings, skip: tuple[str, ...], whole: dict) -> torch.Tensor:
    return torch.stack([ink.from_strokes(d, skip=skip, **whole) for d in drawings.drawings])


def _pictures(pictures: list[np.ndarray], skip: tuple[str, ...]) -> torch.Tensor:
    """A picture in which no ink is found becomes an empty image."""
    images = []
    for page in pictures:
        try:
            images.append(ink.from_image(page, skip=skip))
        except ValueError:
            images.append(torch.zeros(28, 28, dtype=torch.uint8))
    return torch.stack(images)


def main() -> None:
    """Print the times, then the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="MLP", help="a class of course_utils.models")
    parser.add_argument("--weights", type=Path, help="its checkpoint; without one it is trained")
    parser.add_argument("--epochs", type=int, default=3, help="of training, without --weights")
    arguments = parser.parse_args()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    drawings = ink.load_strokes()
    print_times(drawings)
    torch.set_num_threads(threads)
    set_seed(0)
    model = getattr(models, arguments.model)()
    if arguments.weights:
        load_checkpoint(arguments.weights, model)
    else:
        fit(model, load_mnist().train, recipe=Recipe(epochs=arguments.epochs), progress=False)
    print_steps(drawings, model)


if __name__ == "__main__":
    main()
