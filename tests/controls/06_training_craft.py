"""Controls for the claims of chapter 6."""

from types import SimpleNamespace

import numpy as np
import torch
from scipy import stats

from course_utils.data import load_mnist
from course_utils.evaluation import accuracy, hard_digits
from course_utils.models import SmallCNN
from course_utils.studies import craft
from course_utils.training import predict, set_seed
from tests.controls import Control


def difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Mean difference of pairs and its 95 % interval, as the chapter's ``interval``."""
    ends = stats.ttest_rel(first, second).confidence_interval(0.95)
    return float(np.mean(first - second)), float(ends.low), float(ends.high)


def schedules() -> dict:
    """The two arms exchanged; and the constant rate in the place of the long warm-up."""
    rows = craft.stored("schedules")

    def at(name: str, rate: float = 0.1, figure: str = "b") -> np.ndarray:
        return craft.errors(rows, figure, schedule=name, rate=rate)

    level, averaged = at("constant"), at("constant", figure="ema_b")
    return {
        "fell": difference(at("constant"), at("cosine")),
        "warm": difference(at("constant"), at("cosine")),
        "saved": difference(at("cosine", 0.3), at("one cycle", 0.3)),
        "again": at("constant", 0.3)[0],
        "low": {"cosine": at("cosine")},
        "gain": difference(level, averaged),
        "rest": difference(averaged, level),
        "catch": difference(level, at("cosine")),
        "mean": level[0],
        "last": averaged[0],
    }


def regularisers() -> dict:
    """No regulariser in the place of the best; the arms exchanged."""
    rows = craft.stored("regularisers")
    none = {"weight_decay": 0.0, "dropout": 0.0, "smoothing": 0.0, "augment": False, "looks": 0}
    few, dropped, changed, many, decayed = (
        craft.errors(rows, n_labels=n, **none | setting)
        for n, setting in (
            (1_000, {}),
            (1_000, {"dropout": 0.3}),
            (1_000, {"augment": True}),
            (0, {}),
            (0, {"weight_decay": 5e-3}),
        )
    )
    watched = [r for r in rows if r["looks"] and r["n_labels"] == 1_000]
    by_loss, by_errors = (craft.errors(watched, f"by_{w}") for w in ("loss", "errors"))
    exchanged = {"changed": difference(few, changed), "dropped": difference(changed, few)}
    return exchanged | {
        "stop": difference(by_loss, by_errors),
        "effects": {(0, "weight decay"): difference(many, decayed)},
        "name": "weight decay",
        "few_and_dropped": difference(few, dropped),
    }


def only_dropout_is_as_good() -> dict:
    """Augmentation in dropout's place."""
    effects = regularisers()["changed"]
    best = tuple(-x for x in effects)
    return {"changed": best, "dropped": best}


def batches() -> dict:
    """The smallest and the largest batch exchanged."""
    rows = craft.stored("batches")
    small, large = (craft.errors(rows, batch=b, rate=0.2) for b in (32, 512))
    chosen = {32: (0.2, large, 0.5), 512: (0.05, small, 1.9)}
    rows = craft.stored("batches in equal time")
    few, more = (craft.errors(rows, batch=b, rate=r) for b, r in ((32, 0.05), (128, 0.2)))
    exchanged = {"smaller": [difference(large, small)], "chosen": chosen}
    return exchanged | {"quick": difference(few, more)}


def depth() -> dict:
    """The networks with shortcuts in the plain ones' place, and the other way round."""
    rows = craft.stored("depth")
    plain, short = (craft.errors(rows, network=f"{k}-20") for k in ("plain", "ResNet"))
    less, more = (craft.errors(rows, "train", network=f"ResNet-{n}") for n in (8, 20))
    sizes = craft.stored("architectures")
    deep, shallow = (
        craft.errors(sizes, network=n, steps=s) for n, s in (("ResNet", 150), ("DeepCNN", 600))
    )
    digits = craft.stored("architectures on digits")
    stacked, flat = (craft.errors(digits, network=name) for name in ("ResNet", "DeepCNN"))
    return {
        "harm": difference(more, less),
        "clear": difference(stacked, flat),
        "best": difference(plain, short),
        "own": difference(deep, shallow),
        "left_over": {"plain": 0.4, "with shortcuts": 1e-6},  # exchanged, as printed
    }


def searching() -> dict:
    """The two ways exchanged; one network in the winner's place; one in the ensemble's."""
    rows, twenties = craft.stored("searching"), craft.stored("equals")
    grid, halving = (craft.errors(rows, method=m) for m in ("grid", "halving"))
    small, large = (np.array([row[part] for row in twenties]) for part in ("a_small", "b"))
    alone = large.mean(1)
    return {
        "saved": difference(grid, halving),
        "promised": 0.0,
        "kept": 0.0,
        "order": [float(small.mean()), float(small.mean()) + 1],
        "gain": difference(alone, craft.errors(twenties, "together_5")),
        "alone": alone,
        "most": float((alone - craft.errors(twenties, "together_20")).mean()),
        "groups": {5: alone},
        "large": large,
        "all_five": np.zeros(5),
        "small": small,
        "ten": small[:, :10].mean(1),
    }


def pretrained() -> dict:
    """Each start in the other's place."""
    rows = craft.stored("pretrained")

    def at(name: str) -> np.ndarray:
        return craft.errors(rows, start=name, n_labels=100)

    scratch, slow = at("scratch, augmented"), at("fine-tuned, old layers slowly")
    return {
        "slow": scratch,
        "scratch": slow,
        "photos": difference(slow, scratch),
        "form": difference(at("same form, random weights"), slow),
        "careful": difference(at("fine-tuned"), slow),
    }


def faults_as_cures() -> dict:
    """The faulty training in the cure's place: no difference is left."""
    none = np.zeros(3)
    return {"a": none, "b": none, "c": none, "better": none, "too_good": [0.0], "other": none}


def guesses() -> dict:
    """An untrained network, on validation images and the hard digits."""
    set_seed(0)
    net, held = SmallCNN().eval(), load_mnist().validation
    digits, some = hard_digits(held), held.select(range(2_000))
    exam = SimpleNamespace(accuracy=accuracy(predict(net, some.images), some.labels))
    wrong = exam.accuracy.errors
    read = predict(net, digits.images)
    return {
        "digits": digits,
        "hard_read": torch.where(read == digits.labels, (read + 1) % 10, read),
        "exams": [exam],
        "wrong_together": wrong,
        "wrong_of_three": [wrong] * 3,
    }


EXCHANGED, UNTRAINED = "the two arms exchanged", "an untrained network"
SCHEDULES, REGULARISERS = Control(EXCHANGED, schedules), Control(EXCHANGED, regularisers)
BATCHES, DEPTH, SEARCHING = (Control(EXCHANGED, names) for names in (batches, depth, searching))
PRETRAINED = Control(EXCHANGED, pretrained)
CURES = Control("the fault in the cure's place", faults_as_cures)
GUESSES = Control(UNTRAINED, guesses)
CONTROLS = {
    "AdamW learns at less than a third of SGD's rate": Control(
        "SGD twice", lambda: {"learns": {"SGD": 0.02, "AdamW": 0.02}}
    ),
    "SGD's loss shoots up between 0.1 and 5": Control(
        "a loss that never rises: argmax finds the first rate", lambda: {"blown": {"SGD": 0.001}}
    ),
    "a falling rate takes errors away: the interval lies below 0": SCHEDULES,
    "at 0.1 one cycle changes less than a point": SCHEDULES,
    "at 0.3 it takes errors away for sure": SCHEDULES,
    "run again, the cosine's seed 0 agrees to one point": SCHEDULES,
    "seed 0, run here: the average makes fewer errors": SCHEDULES,
    "at a constant rate averaging takes errors away: the interval lies below 0": SCHEDULES,
    "after a cosine it changes less than half a point": SCHEDULES,
    "the average alone comes within a point of the cosine": SCHEDULES,
    "stopping by loss costs errors: the interval lies below 0": REGULARISERS,
    "1,000 letters: augmentation takes away at least three points": REGULARISERS,
    "dropout takes away less than half of that": Control(
        "augmentation in dropout's place", only_dropout_is_as_good
    ),
    "all letters: {name} costs errors for sure": REGULARISERS,
    "at equal epochs 32 beats each of the others": BATCHES,
    "the larger batches choose larger rates": BATCHES,
    "512 takes less than half of the time": BATCHES,
    "at equal time 128 beats 32": BATCHES,
    "plain: less than a hundredth is left": DEPTH,
    "with shortcuts: more than a tenth": DEPTH,
    "plain: the deeper network reads its training letters worse": DEPTH,
    "20 layers: shortcuts take away at least ten points": DEPTH,
    "at equal seconds the shallow form beats the ResNet": DEPTH,
    "on digits it does so at equal steps": DEPTH,
    "halving finds a better network for the same steps": SEARCHING,
    "the best of twenty promises at least one point": SEARCHING,
    "it keeps less than half of that": SEARCHING,
    "the more are tried, the more is promised": SEARCHING,
    "100 labels: the nearest start halves the errors": PRETRAINED,
    "features of photographs do not help for sure: the interval reaches 0": PRETRAINED,
    "it is what was learned, not the form: the interval lies below 0": PRETRAINED,
    "a small rate for the old layers takes errors away": PRETRAINED,
    "five together make fewer errors: the interval lies below 0": SEARCHING,
    "five bring more than two thirds of what twenty bring": SEARCHING,
    "five beat the best single one of each group": SEARCHING,
    "all five share a third of the errors or more": SEARCHING,
    "A: from four fifths, at least two points fewer with each seed": CURES,
    "B: with a rate that falls it makes fewer errors with each seed": CURES,
    "C: with batches of twenty it makes fewer errors with each seed": CURES,
    "C: GroupNorm alone brings less than larger batches": CURES,
    "D: the kept look seems better than it is": CURES,
    "E: the best of ten is a point below their mean": SEARCHING,
    "mended: at least two points fewer with each seed": CURES,
    "together they make fewer errors than each": GUESSES,
    "it reads at least a third of the 24": GUESSES,
    "the three together misread at most 110 of 10,000": GUESSES,
}
NOT_ABOUT_A_MODEL = {
    "PyTorch's LinearLR, then CosineAnnealingLR, agree": "two computations of one schedule",
    "the schedule never changes the rate": "it is about numbers of steps",
    "the study's first four schedules are the functions above": "two computations of schedules",
    "{name}: twenty steps by hand and by torch.optim agree to 12 digits": "it is about a parabola",
    "SGD crosses the valley twice as often as Nesterov": "it is about a parabola",
    "momentum ends nearer than SGD": "it is about a parabola",
    "and so does Nesterov": "it is about a parabola",
    "fit keeps the epoch with the fewest errors": "it is what fit does",
    "with BatchNorm the gradient of pieces is another": "two computations of gradients",
    "without BatchNorm pieces and whole agree": "two computations of gradients",
}
