"""Controls for the claims of chapter 5."""

import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.data import LabelledImages, load_mnist
from course_utils.evaluation import accuracy, hard_digits
from course_utils.models import DeepCNN, SmallCNN, StridedCNN
from course_utils.studies import augmentation as study
from course_utils.training import logits, predict, set_seed
from tests.controls import Control, printed, printed_number

CHAPTER = "05"


@cache
def some() -> LabelledImages:
    return load_mnist().validation.select(range(2_000))


@cache
def untrained(kind: type[nn.Module]) -> nn.Module:
    set_seed(0)
    return kind().eval()


@cache
def guessed(kind: type[nn.Module] = StridedCNN) -> Tensor:
    """What an untrained network reads in 2,000 validation images."""
    return predict(untrained(kind), some().images)


def numbers(cell: str, line: str) -> list[float]:
    """The percentages in the first line of what a cell printed that begins so."""
    text = re.search(rf"^{re.escape(line)}(.*)$", printed(CHAPTER, cell), re.MULTILINE)[1]
    return [float(number) for number in re.findall(r"([\d.]+) ?%", text)]


def changed_reading() -> dict[str, float]:
    images, labels = some().images, some().labels
    turned = predict(untrained(DeepCNN), images.flip((-2, -1)))
    right = (guessed(DeepCNN) == labels).double().mean().item()
    return {
        "kept_at_15": right,
        "six_as_nine": (turned[labels == 6] == 9).double().mean().item(),
    }


@cache
def five_hundred() -> dict[str, np.ndarray]:
    """Errors (%) of the five networks of each arm, as they were printed."""
    return {
        name: np.array(numbers("five-hundred", f"{name}:")[:5]) for name in ("plain", "augmented")
    }


def plain_twice() -> dict[str, float]:
    plain = five_hundred()["plain"]
    return {"worst": (plain / plain).max(), "least_harm": (plain[:2] / plain[:2]).min()}


def stored_of_the_other_arm() -> dict[str, float]:
    stored = study.errors(study.stored(), 500, study.STANDARD).mean().item()
    return {"before": stored, "difference": abs(five_hundred()["plain"].mean() - stored)}


def arms_exchanged() -> dict[str, list[float]]:
    runs = study.stored()
    plain, changed = (
        [study.errors(runs, n, change).mean().item() for n in study.SIZES]
        for change in (Augment(), study.STANDARD)
    )
    return {"ratio": [a / b for a, b in zip(changed, plain, strict=True)]}


def one_error_at_every_strength() -> dict[str, object]:
    percent = 100 * (guessed(SmallCNN) != some().labels).double().mean().item()
    return {"by_strength": [percent] * len(study.FACTORS), "best": study.FACTORS[0], "quarter": 0.0}


def kinds() -> dict[str, object]:
    """The networks that learned from unchanged images, and for "standard" those taught by noise."""
    runs = study.stored()
    none, noise = (
        {c: study.errors(runs, study.FEW, change, c).mean().item() for c in study.CORRUPTIONS}
        for change in (study.KINDS["none"], study.KINDS["noise"])
    )
    return {"own": none["shift"], "without": none["shift"], "none": none, "standard": noise}


def short() -> dict[str, int]:
    wrong = (guessed() != some().labels).sum().item()
    return {"short_errors": 5 * wrong}  # 2,000 images were read, not 10,000


def by_place() -> dict[str, float]:
    misread = (guessed() != some().labels).double()
    even = some().ids % 2 == 0
    return {"students": misread[even].mean().item(), "employees": misread[~even].mean().item()}


def places_exchanged() -> dict[str, float]:
    odd, even = (
        re.search(rf"{place} places: (\d+) errors.*?, (\d+) at random", text).groups()
        for text in [printed(CHAPTER, "new-hands-measure").replace(" by stretches", "")]
        for place in ("odd", "even")
    )
    return {
        "new_hands": int(even[0]),
        "known_hands": int(even[1]),
        "stretch_even": int(odd[0]),
        "random_even": int(odd[1]),
    }


def styles() -> dict[str, float]:
    """Each network in the other's place; what is taken for what, of an untrained one."""
    stored = numbers("styles-draw", "the stored network:")[0] / 100
    short = numbers("styles-draw", "three epochs, MNIST only:")[0] / 100
    ones = guessed()[some().labels == 1]
    sevens = (ones[ones != 1] == 7).double().mean().item()
    return {"flagged": stored, "of_stored": short, "as_sevens": sevens}


def nine_positions_of_guesses() -> dict[str, float]:
    """Errors left by nine positions, of an untrained network, which is nowhere 0.8 sure."""
    images, net = some().images, untrained(SmallCNN)
    wide = nn.functional.pad(images, (1, 1, 1, 1))
    spots = [wide[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)]
    nine = torch.stack([logits(net, spot).softmax(dim=1) for spot in spots]).mean(dim=0)
    wrong = (nine.argmax(dim=1) != some().labels).sum() / (guessed(SmallCNN) != some().labels).sum()
    return {"plain_left": wrong.item(), "only_in_doubt": wrong.item()}


def nine_positions_exchanged() -> dict[str, float]:
    left = {name: numbers("careful", f"{name}:")[0] / 100 for name in ("plain", "augmented")}
    return {"plain_left": left["augmented"], "augmented_left": left["plain"]}


def no_looks() -> dict[str, object]:
    """The validation images looked at five times as they are."""
    clean = int(printed_number(CHAPTER, "faults-print", r"as they are: (\d+)"))
    return {"a_clean": clean, "a_noted": [clean] * 5}


def mended() -> dict[str, float]:
    """What the mended pipeline tells in place of B, and B in place of the mended one."""
    told, _, honest = (share / 100 for share in numbers("mended", "held back by prepare:"))
    return {"b_noted": told, "b_honest": honest}


def not_mended() -> dict[str, float]:
    _, noted, honest = (share / 100 for share in numbers("mended", "held back by prepare:"))
    return {"told": noted, "b_noted": noted, "b_honest": honest}


def draws_exchanged() -> dict[str, list[float]]:
    """The two kinds of copies exchanged, and copies in place of fresh draws."""
    one = numbers("one-draw", "one draw per copy:")
    own = numbers("one-draw", "a draw for each image:")
    return {"one_draw": own, "own_draws": one, "fresh": one}


def guesses_of_hard_digits() -> dict[str, int]:
    digits = hard_digits(load_mnist().validation)
    return {"right": (predict(untrained(StridedCNN), digits.images) == digits.labels).sum().item()}


def exam_of_guesses() -> dict[str, object]:
    """An untrained network; on validation images, for the test set stays locked."""
    exam = accuracy(guessed(), some().labels)
    return {"short_exam": exam, "best_exam": SimpleNamespace(errors=exam.errors)}


UNTRAINED = "an untrained network"
EXCHANGED = "the two arms exchanged"
CONTROLS = {
    "turned by 15°, at least 97 in 100 are still read as their label": Control(
        UNTRAINED, changed_reading
    ),
    "of the 6s turned by 180°, more than half are read as 9": Control(UNTRAINED, changed_reading),
    "for each of five seeds augmentation at least halves the error": Control(
        "the plain arm twice", plain_twice
    ),
    "with mirrored images both networks make 1.1 times the errors, or more": Control(
        "the plain arm twice", plain_twice
    ),
    "{name}: rerun and stored means agree to 15 %": Control(
        "what is stored of the other arm", stored_of_the_other_arm
    ),
    "the gain shrinks as the number of images grows": Control(EXCHANGED, arms_exchanged),
    "with 100 images at least two thirds of the errors go": Control(EXCHANGED, arms_exchanged),
    "with 50,000 images and so few steps there is no gain": Control(EXCHANGED, arms_exchanged),
    "the best strength lies between ½ and 2": Control(UNTRAINED, one_error_at_every_strength),
    "a quarter of it brings more than half of the gain": Control(
        UNTRAINED, one_error_at_every_strength
    ),
    "three and four times as much are worse than nothing": Control(
        UNTRAINED, one_error_at_every_strength
    ),
    "{c} takes away at least a third of the errors under {c}": Control(
        "training without any change", kinds
    ),
    "under noise, the usual five are worse than none": Control("training with noise", kinds),
    "three epochs misread at most 90 of 10,000 validation images": Control(UNTRAINED, short),
    "digits at even places are misread at least 1.3 times as often": Control(UNTRAINED, by_place),
    "odd places: new hands cost at least 1.3 times the errors": Control(
        "even places, where a stretch is no group", places_exchanged
    ),
    "even places: no difference, to 10 %": Control("odd places", places_exchanged),
    "MNIST only: at least 5 % are misread": Control("the stored network", styles),
    "of the misread 1s more than half are taken for 7s": Control(UNTRAINED, styles),
    "the stored network misreads at most a fifth as many": Control(EXCHANGED, styles),
    "after plain training nine positions take away at least a fifth": Control(
        UNTRAINED, nine_positions_of_guesses
    ),
    "after augmented training they take away less": Control(EXCHANGED, nine_positions_exchanged),
    "re-reading the doubtful brings most of the gain": Control(
        UNTRAINED, nine_positions_of_guesses
    ),
    "A: the looks differ, and always show more than the images as they are": Control(
        "the images as they are", no_looks
    ),
    "B: on other images the error is at least four times as high": Control(
        "the mended pipeline", mended
    ),
    "D: one draw per copy is worse than a draw for each image": Control(
        "the two exchanged", draws_exchanged
    ),
    "D: fresh draws make fewer than fixed copies": Control("copies with one draw", draws_exchanged),
    "mended, it is nearer to the truth than B": Control("B itself", not_mended),
    "it reads at least half of the 24": Control(UNTRAINED, guesses_of_hard_digits),
    "three epochs misread at most 85 of 10,000": Control(UNTRAINED, exam_of_guesses),
    "the stored network misreads at most 45": Control(UNTRAINED, exam_of_guesses),
}
NOT_ABOUT_A_MODEL = {
    "handed the inverse, it does what we did by hand": "two computations of one lookup",
    "one lookup with the product of 36 matrices gives the image back": "a fact of matrices",
    "ours is the course's Augment": "two computations of one change",
    "one by one, the changes cost at least four times as much": "it is about times",
    "at odd places neighbours write alike, at even hardly": "it is about the images",
    "C: the frame is as grey as the mean pixel": "it is about pixels",
}
