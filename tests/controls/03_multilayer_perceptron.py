"""Controls for the claims of chapter 3."""

import re
from functools import cache

import numpy as np
import torch
from torch import nn

from course_utils.data import load_mnist
from course_utils.evaluation import hard_digits
from course_utils.models import MLP, as_input
from course_utils.training import predict, set_seed
from tests.controls import Control, printed, printed_number

CHAPTER = "03"


@cache
def untrained(seed: int = 0, widths: tuple[int, ...] = (100,)) -> MLP:
    set_seed(seed)
    return MLP(widths)


@cache
def guesses(seed: int = 0) -> tuple[int, float]:
    """Errors of an untrained network on the validation images, and its loss there."""
    validation = load_mnist().validation
    with torch.no_grad():
        scores = untrained(seed)(as_input(validation.images))
    errors = int((scores.argmax(dim=1) != validation.labels).sum())
    return errors, nn.functional.cross_entropy(scores, validation.labels).item()


def share_guessed() -> float:
    return 1 - guesses()[0] / 10_000


def large_inputs() -> float:
    """The first loss where the images are left in 0 … 255."""
    train = load_mnist().train
    with torch.no_grad():
        scores = untrained()(as_input(train.images[:100]) * 255)
    return nn.functional.cross_entropy(scores, train.labels[:100]).item()


def numbers(cell: str, pattern: str) -> list[float]:
    """All numbers of the first line in which ``pattern``'s group stands."""
    text = re.search(pattern, printed(CHAPTER, cell))[1]
    return [float(number) for number in re.findall(r"[\d.]+", text.replace(",", " "))]


def rate(which: str, what: str) -> float:
    """What the cell on learning rates printed of one of its three runs."""
    return printed_number(CHAPTER, "rates", rf"(?<!\S){re.escape(which)}: .*?{what} ([\d.,]*\d)")


def dead(which: str) -> float:
    return printed_number(CHAPTER, "rates", rf"(?<!\S){re.escape(which)}: .*; (\d+) dead")


def optimisers() -> dict[str, float]:
    found = re.findall(r"epoch (0\.\d+)", printed(CHAPTER, "optimisers-run"))
    return dict(zip(("plain", "fast", "momentum", "adam"), map(float, found), strict=True))


def start(name: str) -> dict[str, float]:
    """Change of the activations' size from layer 1 to 6, and the last loss, for one start."""
    pattern = rf"(?<!\S){re.escape(name)}: layers (\S+), .* (\S+); last loss (\S+)"
    first, last, loss = re.search(pattern, printed(CHAPTER, "initialise")).groups()
    loss = float(loss)
    return {"change": float(last) / float(first), "end": loss if np.isfinite(loss) else np.inf}


def widths(shape: str) -> float:
    return printed_number(CHAPTER, "width-depth", rf"(?<!\S){re.escape(shape)}: ([\d,]+) errors")


def patients() -> dict[str, dict[str, float]]:
    """The symptoms in numbers, all patients being left as they came."""
    found = re.findall(r"^([A-G]): \D*([\d.]+), after", printed(CHAPTER, "cures"), re.MULTILINE)
    symptoms = {case: float(number) for case, number in found}
    return {"ill": symptoms, "well": symptoms}


def never_large() -> dict:
    """A run whose rate rises to 0.1 only: its loss never shoots up, so the last step is taken."""
    return {"trial_rates": np.geomspace(1e-6, 0.1, 100), "blown": 99}


def other_start() -> dict[str, float]:
    pairs = zip(untrained(0).parameters(), untrained(1).parameters(), strict=True)
    return {"farthest": max((a - b).abs().max().item() for a, b in pairs)}


def full_size_run() -> dict[str, float]:
    """Validation losses of seed 2 of the network trained on all 50,000 images."""
    losses = numbers("three-seeds", r"validation: (\[.*\])")
    return {"turn": min(losses), "end": losses[-1], "lowest_loss": int(np.argmin(losses))}


def sure() -> float:
    """The mean probability of the wrong answers at the epoch of the lowest validation loss."""
    return printed_number(CHAPTER, "overfit", r"lowest loss, .*wrong answers ([\d.]+)")


def hard_guesses() -> dict[str, int]:
    digits = hard_digits(load_mnist().validation)
    return {"right": int((predict(untrained(), digits.images) == digits.labels).sum())}


def three_guessers() -> dict[str, int]:
    errors = [guesses(seed)[0] for seed in (0, 1, 2)]
    return {"fewest": min(errors), "most": max(errors)}


def kept_last() -> dict:
    errors = numbers("best-epoch", r"each epoch: (\[.*\])")
    return {"epoch_errors": errors, "kept": errors[-1]}


def logistic() -> dict[str, float]:
    right = printed_number(CHAPTER, "logistic-regression", r"hidden layer: ([\d.]+)%") / 100
    return {"logistic": right, "by_hand": right}


def one_width() -> dict[str, float]:
    names = ("ten", "thirty", "hundred", "three_hundred", "two_of_100")
    return dict.fromkeys(names, widths("(10,)"))


def same_epochs() -> dict[str, float]:
    gap = widths("(10, 10, 10)") - widths("(10,)")
    return {"gap": gap, "gap_later": gap}


def other_way_round() -> dict[str, float]:
    return {"three_hundred": widths("(100, 100)"), "two_of_100": widths("(300,)")}


PATIENT = Control("the patients without their cures", patients)
GUESSING = "an untrained network"
CONTROLS = {
    "without a hidden layer one epoch reads 89 to 93 digits in 100": Control(
        GUESSING, lambda: {"logistic": share_guessed()}
    ),
    "with 100 hidden neurons it reads 93 to 97 digits in 100": Control(
        "no hidden layer in both places", logistic
    ),
    "the hidden layer saves over a quarter of the errors": Control(
        "no hidden layer in both places", logistic
    ),
    "three layers, trained by your function, read 93 to 98 in 100": Control(
        GUESSING, lambda: {"deep_right": share_guessed()}
    ),
    "it starts near log 10 = 2.303": Control(
        "images left in 0 … 255", lambda: {"first_losses": [large_inputs()]}
    ),
    "PyTorch and NumPy agree to one percentage point": Control(
        "PyTorch's network untrained", lambda: logistic() | {"with_torch": share_guessed()}
    ),
    "at the same rate momentum at least halves the loss": Control(
        "plain SGD in both places", lambda: optimisers() | {"momentum": optimisers()["plain"]}
    ),
    "it comes to what ten times the rate gives, to a fifth": Control(
        "plain SGD in place of momentum",
        lambda: optimisers() | {"momentum": optimisers()["plain"]},
    ),
    "and so does Adam": Control(
        "plain SGD in place of Adam", lambda: optimisers() | {"adam": optimisers()["plain"]}
    ),
    "ten images are learnt by heart in 50 steps": Control(
        GUESSING, lambda: {"tiny_losses": [guesses()[1]]}
    ),
    "with 0.1 the loss at the end is at most a third of the one with 0.002": Control(
        "0.002 in both places",
        lambda: {"middle": rate("0.002", "last"), "slow": rate("0.002", "last")},
    ),
    "with 5 the run starts near 2.3 as well": Control(
        "images left in 0 … 255", lambda: {"rate_losses": {5.0: [large_inputs()]}}
    ),
    "then its loss passes 200 within 20 steps": Control(
        "the rate 0.1", lambda: {"rate_losses": {5.0: [rate("0.1", "highest")]}}
    ),
    "and comes to rest near 2.3": Control("the rate 0.1", lambda: {"wild": rate("0.1", "last")}),
    "most of its neurons are dead, with 0.1 at most 2": Control(
        "the rate 0.1 in both places", lambda: {"dead": {5.0: dead("0.1"), 0.1: dead("0.1")}}
    ),
    "between 0.1 and 3 the loss shoots up": Control("a rate that stays small", never_large),
    "0.01 loses a factor of at least 100,000 from layer 1 to 6": Control(
        "He's start", lambda: {"change": {"0.01": start("√(2/d)")["change"]}}
    ),
    "√(2/d) keeps the size to a factor of 2": Control(
        "the start with 0.5", lambda: {"change": {"√(2/d)": start("0.5")["change"]}}
    ),
    "0.5 gains a factor of at least 200": Control(
        "He's start", lambda: {"change": {"0.5": start("√(2/d)")["change"]}}
    ),
    "√(2/d) ends below a loss of 0.5": Control(
        "the start with 0.01", lambda: {"ends": {"√(2/d)": start("0.01")["end"]}}
    ),
    "the other two learn nothing: above 2, or NaN": Control(
        "He's start in both places",
        lambda: {"ends": dict.fromkeys(("0.01", "0.5"), start("√(2/d)")["end"])},
    ),
    "each tripling of the width saves over a tenth of the errors": Control(
        "ten neurons everywhere", lambda: {"tripled": (1.0, 1.0, 1.0)}
    ),
    "10 to 30 saves most errors": Control("ten neurons everywhere", one_width),
    "tripling 100 saves more than a second layer": Control("the two exchanged", other_way_round),
    "with 20 epochs the narrow layers' gap shrinks to less than half": Control(
        "four epochs in both places", same_epochs
    ),
    "it reads all 500 training images": Control(GUESSING, lambda: {"on_tiny": share_guessed()}),
    "yet it misreads more than 8 % of the validation images": Control(
        "the network trained on 50,000 images",
        lambda: {
            "misread": printed_number(CHAPTER, "three-seeds", r"seed 0: .*\((\d+) errors") / 1e4
        },
    ),
    "where it is wrong, it is surer at the end, by more than 0.05": Control(
        "the epoch of the lowest loss in both places", lambda: {"surer": sure() - sure()}
    ),
    "the validation loss turns upwards": Control(
        "the network trained on 50,000 images", full_size_run
    ),
    "A: without the last ReLU every digit is answered": PATIENT,
    "B: with small inputs the first loss is near 2.3": PATIENT,
    "C: with / in place of // it reads more than 9 in 10": PATIENT,
    "D: without the extra softmax the loss falls below 1.461": PATIENT,
    "E: with 200 inputs it makes all of its 300 steps": PATIENT,
    "F: with zero_grad the last loss is less than half": PATIENT,
    "G: in evaluation mode it misreads fewer images": PATIENT,
    "the network that was kept is the best of the ten": Control(
        "the last epoch's weights kept", kept_last
    ),
    "what is loaded from the file reads like it": Control(
        GUESSING, lambda: kept_last() | {"kept_again": guesses()[0]}
    ),
    "the written-out loop and fit give the same weights": Control(
        "two networks of different seeds", other_start
    ),
    "three seeds misread 1.1 to 1.7 % of the validation images": Control(
        "three untrained networks", three_guessers
    ),
    "the three differ by less than 0.3 percentage points": Control(
        "three untrained networks", three_guessers
    ),
    "the training loss ends between 0.5 and 0.6": Control(
        GUESSING, lambda: {"final_losses": [guesses()[1]]}
    ),
    "in the corner the weights of a neuron moved alike, in the middle not": Control(
        "an untrained network, whose weights have not moved", lambda: {"corner": 0.0, "middle": 0.0}
    ),
    "it reads at least a third of the 24, and not all": Control(GUESSING, hard_guesses),
    "the mean test error of three seeds is between 1.2 and 1.6 %": Control(
        GUESSING, lambda: {"mean_error": guesses()[0] / 100}
    ),
    "it agrees with validation to within 0.4 points": Control(
        "the validation error of an untrained network",
        lambda: {
            "val_error": guesses()[0] / 100,
            "mean_error": printed_number(CHAPTER, "three-seeds", r"seed 0: .*\((\d+) err") / 100,
        },
    ),
}
NOT_ABOUT_A_MODEL = {
    "the three probabilities add up to 1": "what softmax is made for",
    "somewhere in the middle the relative error is below 1e-9": "about our derivation",
    "neither end of the scale is best": "about finite differences",
    "our gradient of {name}{k + 1} is autograd's": "about our derivation",
}
