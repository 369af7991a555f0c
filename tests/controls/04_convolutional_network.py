"""Controls for the claims of chapter 4."""

import re
from functools import cache, partial

import numpy as np
import torch

from course_utils import models
from course_utils.data import load_mnist
from course_utils.evaluation import compare_paired, hard_digits
from course_utils.training import predict, set_seed
from tests.controls import Control, printed, printed_number

CHAPTER = "04"


def row(cell: str, label: str) -> np.ndarray:
    """The numbers behind a label as printed, shares from per cent."""
    line = next(line for line in printed(CHAPTER, cell).splitlines() if line.startswith(label))
    return np.array([float(number) for number in line[len(label) :].split()]) / 100


def mlp_row() -> np.ndarray:
    return row("shift-perceptron-table", "the perceptron reads (%)")


def cnn_row() -> np.ndarray:
    return row("shift-cnn", "the small CNN reads (%)")


def number(cell: str, pattern: str) -> float:
    return printed_number(CHAPTER, cell, pattern)


@cache
def untrained_answers() -> torch.Tensor:
    set_seed(0)
    return predict(models.SmallCNN(), load_mnist().validation.images)


@cache
def untrained() -> dict:
    labels = load_mnist().validation.labels
    errors = int((untrained_answers() != labels).sum())
    set_seed(0)
    hard = hard_digits(load_mnist().validation)
    right = int((predict(models.SmallCNN(), hard.images) == hard.labels).sum())
    return {
        "val_errors": [errors] * 3,
        "mlp_by_shift": [1 - errors / 10_000],
        "exam_error": errors / 100,
        "hard_right": right,
    }


def same_twice() -> dict:
    val = load_mnist().validation
    return {"against_mlp": compare_paired(untrained_answers(), untrained_answers(), val.labels)}


def cnn_for_mlp() -> dict:
    return {"mlp_by_shift": cnn_row()}


def mlp_for_cnn() -> dict:
    return {"cnn_by_shift": mlp_row(), "cnn_lost": 1 - mlp_row()[3], "mlp_lost": 1 - mlp_row()[3]}


def unmoved() -> dict:
    return {"cnn_by_shift": [cnn_row()[0]] * 7}


def mixed_twice() -> dict:
    mixed = number("norm-modes", r"mixed +the two modes differ by ([\d.]+)")
    return {"apart": {"mixed": mixed, "1s": mixed}}


def training_mode() -> dict:
    mixed = number("norm-modes", r"mixed +the two modes differ by ([\d.]+)")
    return {"off": {"mixed": mixed}}


def ablation_row(name: str) -> list[float]:
    """The errors of five seeds as printed."""
    found = re.search(
        rf"^{re.escape(name)} .*errors; (.*)$", printed(CHAPTER, "ablation-table"), re.MULTILINE
    )
    return [float(error) for error in found[1].split()]


def tanh_twice() -> dict:
    tanh = ablation_row("PyTorch's default start")
    return {"relu": tanh, "tanh": tanh}


def default_start_twice() -> dict:
    gain = np.mean(ablation_row("PyTorch's default start")) - np.mean(ablation_row("ReLU for tanh"))
    return {"start_gain": 0.0, "both_gain": gain}


def relu_for_pooling() -> dict:
    tanh, relu = ablation_row("PyTorch's default start"), ablation_row("ReLU for tanh")
    return {"pooling_gain": np.mean(tanh) - np.mean(relu)}


def pooling_for_the_small_network() -> dict:
    before, pooling = ablation_row("He initialisation"), ablation_row("max pooling")
    return {"small_gain": np.mean(before) - np.mean(pooling)}


@cache
def shuffled_neighbours() -> dict:
    """The share of other digits among neighbours that are drawn, not found."""
    labels = load_mnist().validation.labels[:1_000]
    drawn = labels[torch.randperm(1_000, generator=torch.Generator().manual_seed(0))]
    return {"pixel_error": (drawn != labels).float().mean().item()}


def pixels_twice() -> dict:
    by_pixels = number("nearest", r"by pixels ([\d.]+)%")
    return {"pixel_error": by_pixels, "feature_error": by_pixels}


@cache
def patients() -> dict:
    ill = re.search(
        r"A: ([\d.]+)%, with shuffled pixels ([\d.]+)% · B: ([\d.]+)%\nC: ([\d.]+)%.* ([\d.]+)%",
        printed(CHAPTER, "symptoms"),
    )
    well = re.search(r"A ([\d.]+)%, B ([\d.]+)%, C ([\d.]+)%", printed(CHAPTER, "cures"))
    names = ("a_right", "a_mixed", "b_right", "c_right", "c_sorted")
    shares = dict(zip(names, (float(n) / 100 for n in ill.groups()), strict=True))
    names = ("a_cured", "b_cured", "c_cured")
    return shares | dict(zip(names, (float(n) / 100 for n in well.groups()), strict=True))


def exchanged(**places: str) -> dict:
    """What the patients read, with some of the numbers in the place of others."""
    return patients() | {name: patients()[other] for name, other in places.items()}


def untrained_exam() -> dict:
    promised = number("final-exam", r"validation ([\d.]+) %")
    return {**untrained(), "val_errors": [100 * promised]}


UNTRAINED, MLP = "an untrained network", "the perceptron in its place"
CONTROLS = {
    "unmoved, the perceptron reads 95 to 99 in 100": Control(UNTRAINED, untrained),
    "moved by 2 pixels, it misreads at least 1 in 12": Control("the small CNN", cnn_for_mlp),
    "moved by 4 pixels, it misreads more than half": Control("the small CNN", cnn_for_mlp),
    "each of three seeds misreads 35 to 85": Control(UNTRAINED, untrained),
    "the perceptron of section 1 is worse, p < 0.001": Control("itself", same_twice),
    "in evaluation mode it computes what the layer does": Control("training mode", training_mode),
    "for 1s the modes differ more than twice as much": Control("mixed digits", mixed_twice),
    "moved by 2 pixels, the network still reads 19 in 20": Control(MLP, mlp_for_cnn),
    "moved by 3, it makes at most half the errors": Control(MLP, mlp_for_cnn),
    "moved by 6 pixels, it too misreads at least 1 in 4": Control("digits not moved", unmoved),
    "ReLU makes fewer errors than tanh, whatever the seeds": Control("tanh twice", tanh_twice),
    "its start is a fifth or more of the gain of both": Control(
        "the default start twice", default_start_twice
    ),
    "max pooling gains less than half a point": Control("ReLU", relu_for_pooling),
    "the small network gains at least half a point in the mean": Control(
        "max pooling", pooling_for_the_small_network
    ),
    "by pixels 2 to 6 in 100 nearest images show another digit": Control(
        "neighbours drawn at random", shuffled_neighbours
    ),
    "by features at most half as many": Control("pixels twice", pixels_twice),
    "A: shuffled pixels do it no harm, to 3 points": Control(
        "patient B", partial(exchanged, a_mixed="b_right")
    ),
    "A: cured, it makes at most two thirds of the errors": Control(
        "not cured", partial(exchanged, a_cured="a_right")
    ),
    "B: ill, it reads at most 1 in 4; cured, 8 in 10": Control(
        "not cured", partial(exchanged, b_cured="b_right")
    ),
    "C: sorted by digit, twice the errors": Control(
        "cured", partial(exchanged, c_sorted="c_cured")
    ),
    "C: cured, the order makes no difference": Control(
        "not cured", partial(exchanged, c_cured="c_sorted", c_cured_plain="c_right")
    ),
    "it reads more than half of the 24, and not all": Control(UNTRAINED, untrained),
    "the mean test error of three seeds is 0.4 to 0.75 %": Control(UNTRAINED, untrained),
    "validation promised it to 0.25 points": Control(UNTRAINED, untrained_exam),
}
ARITHMETIC = "a fact of the arithmetic"
NOT_ABOUT_A_MODEL = {
    "the three had the same recipe, but for the seed": "what the stored files say",
    "though at least 3 in 4 of the digits keep all their ink": "about images, not a model",
    "the answer to the moved digit is moved": ARITHMETIC,
    "no convention gives the stated result": ARITHMETIC,
    "our conv2d agrees with PyTorch's for 100 random layers": ARITHMETIC,
    "the sums over places are autograd's gradients": ARITHMETIC,
    "unfold-and-multiply agrees with PyTorch for the same 100 layers": ARITHMETIC,
    "each winner gets the gradient, nobody else": ARITHMETIC,
    "gradients find the sides that the recursion gives": ARITHMETIC,
    "in the corner it sees 17 pixels each way, not 23": ARITHMETIC,
    "written out or imported, it is the same network": "the same code, twice",
    "PyTorch counts two FLOPs for each of our multiply-adds": ARITHMETIC,
    "PyTorch finds as many": ARITHMETIC,
    "stride 2 is at least 3 times as fast": "times, not answers",
    "A: only the middle of each kernel ever gets a gradient": ARITHMETIC,
}
