"""Controls for the claims of chapter 1: shuffled labels, foreign slants, the other arm."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from course_utils.data import load_mnist
from course_utils.evaluation import accuracy
from tests.controls import Control, printed_number

N_TRAIN, N_VAL = 10_000, 2_000
Names = dict[str, Any]


@cache
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 28, 28) with values 0 … 1 and labels: of training, of validation."""
    mnist = load_mnist()
    (train, train_labels), (val, val_labels) = mnist.train.numpy(), mnist.validation.numpy()
    return (
        train[:N_TRAIN] / 255,
        train_labels[:N_TRAIN],
        val[:N_VAL] / 255,
        val_labels[:N_VAL],
    )


def slant(images: np.ndarray) -> np.ndarray:
    """The tangent of each image's slant, right positive."""
    rows, columns = np.mgrid[:28, :28]
    share = images / images.sum((1, 2), keepdims=True)
    down = rows - (share * rows).sum((1, 2), keepdims=True)
    across = columns - (share * columns).sum((1, 2), keepdims=True)
    return -(share * down * across).sum((1, 2)) / (share * down**2).sum((1, 2))


def straightened(images: np.ndarray, tangents: np.ndarray) -> np.ndarray:
    """Images with their rows moved, as in exercise 2."""
    shift = np.round((np.arange(28) - 13.5) * tangents[:, None]).astype(int)[:, :, None]
    source = np.arange(28) - shift
    rows = np.take_along_axis(images, source % 28, axis=2)
    return np.where((source >= 0) & (source < 28), rows, 0)


def read(train: np.ndarray, labels: np.ndarray, images: np.ndarray) -> np.ndarray:
    """What the nearest mean reads."""
    flat = train.reshape(len(train), 784)
    means = np.stack([flat[labels == digit].mean(axis=0) for digit in range(10)])
    return cdist(images.reshape(len(images), 784), means).argmin(axis=1)


@cache
def shuffled_labels() -> Names:
    """The nearest mean, its means taken by shuffled labels."""
    train, labels, val, val_labels = data()
    predictions = read(train, np.random.default_rng(0).permutation(labels), val)
    counts = confusion_matrix(val_labels, predictions, labels=range(10))
    pairs = np.triu(counts + counts.T, 1)
    pair = np.unravel_index(pairs.argmax(), pairs.shape)
    recall = counts.diagonal() / counts.sum(axis=1)
    precision = counts.diagonal() / np.maximum(counts.sum(axis=0), 1)
    return {
        "val_accuracy": accuracy(predictions, val_labels),
        "pair": pair,
        "recall": recall,
        "precision": precision,
    }


@cache
def read_straightened() -> Names:
    """The nearest mean on images straightened by their own slant, and by another's."""
    train, labels, val, val_labels = data()
    rng = np.random.default_rng(0)
    tangents, val_tangents = slant(train), slant(val)
    own = read(straightened(train, tangents), labels, straightened(val, val_tangents))
    foreign = read(
        straightened(train, rng.permutation(tangents)),
        labels,
        straightened(val, rng.permutation(val_tangents)),
    )
    plain = accuracy(read(train, labels, val), val_labels)
    foreign_gain = accuracy(foreign, val_labels).value - plain.value
    return {
        "counts": confusion_matrix(val_labels, own, labels=range(10)),
        "foreign_accuracy": accuracy(own, val_labels),
        "val_accuracy": plain,
        "gain": foreign_gain,
        "exam_gain": foreign_gain,
    }


def read_as_eight() -> Names:
    """The ink of what is wrongly read as 8, in place of 1."""
    train, labels, val, val_labels = data()
    wrongly = (read(train, labels, val) == 8) & (val_labels != 8)
    ink = val.mean(axis=(1, 2))
    usual = np.array([ink[val_labels == digit].mean() for digit in range(10)])
    return {
        "read_as_one": wrongly,
        "val_ink": ink,
        "usual_ink": usual[val_labels[wrongly]].mean(),
    }


@cache
def norms_of_means() -> Names:
    """Each mean's distance from paper and from an even grey, exchanged."""
    train, labels, _, _ = data()
    flat = train.reshape(len(train), 784)
    means = np.stack([flat[labels == digit].mean(axis=0) for digit in range(10)])
    return {
        "grey_norms": np.linalg.norm(means, axis=1),
        "mean_norms": np.linalg.norm(means - flat.mean(), axis=1),
    }


@cache
def neighbours() -> Names:
    """Neighbours among 50 components: of the map's labels shuffled, and not shuffled."""
    train, labels, val, val_labels = data()
    pca = PCA(50, svd_solver="covariance_eigh").fit(train.reshape(len(train), 784))
    points = pca.transform(val.reshape(len(val), 784))
    near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    shuffled = np.random.default_rng(0).permutation(val_labels)
    votes = labels[
        NearestNeighbors(n_neighbors=10)
        .fit(pca.transform(train.reshape(len(train), 784)))
        .kneighbors(points, return_distance=False)
    ]
    unanimous = (votes == votes[:, :1]).all(axis=1)
    return {
        "agree": {
            "PCA map": (val_labels[near] == val_labels[:, None]).mean(),
            "t-SNE map": (shuffled[near] == shuffled[:, None]).mean(),
        },
        "odd": np.flatnonzero(unanimous & (votes[:, 0] != shuffled)),
        "val_images": val,
    }


def memorised_noise() -> Names:
    """1-nearest neighbour with shuffled labels."""
    train, labels, val, val_labels = data()
    noise = np.random.default_rng(0).permutation(labels)
    memory = KNeighborsClassifier(1, algorithm="brute").fit(train.reshape(-1, 784), noise)
    return {"unseen": accuracy(memory.predict(val.reshape(-1, 784)), val_labels)}


def seen_by_means() -> Names:
    """The nearest mean on its own training images."""
    train, labels, _, _ = data()
    return {"seen": accuracy(read(train, labels, train), labels)}


def split_before_copying() -> Names:
    """The leak's arrangement without copies: held-out images have none in training."""
    train, labels, val, val_labels = data()
    kept, held, kept_labels, held_labels = train_test_split(
        train[:4_000].reshape(-1, 784), labels[:4_000], test_size=1_000, random_state=0
    )
    reader = KNeighborsClassifier(1, algorithm="brute").fit(kept, kept_labels)
    return {
        "leaky": accuracy(reader.predict(held), held_labels),
        "honest": accuracy(reader.predict(val.reshape(-1, 784)), val_labels),
    }


def pixel_by_pixel() -> Names:
    """Answers that change when each pixel has its own mean and deviation."""
    train, labels, val, _ = data()
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    scaled = read((train - mean) / deviation, labels, (val - mean) / deviation)
    return {"n_changed": (scaled != read(train, labels, val)).sum()}


def right_constants() -> Names:
    """What the chapter printed for right constants, in the places of the wrong ones."""
    number = r"%s: +([\d.]+)%% right"
    right = printed_number("01", "wrong-constants", number % "the training constants") / 100
    own = printed_number("01", "wrong-constants", number % "their own mean and deviation") / 100
    return {
        "right_value": right,
        "best_wrong": own,
        "twice": right,
        "exchanged": right,
        "baseline": SimpleNamespace(value=printed_number("01", "floor", r"1: +([\d.]+)%") / 100),
    }


def split_wrongly_again() -> Names:
    """The faulty split's score in both places."""
    faulty = printed_number("01", "fault-code", r"validation: ([\d.]+)%") / 100
    return {"scores": [faulty] * 5, "faulty": SimpleNamespace(value=faulty)}


def exam_on_known_images() -> Names:
    """A score on training images, in place of an exam on others."""
    seen = printed_number("01", "one-nn", r"it keeps: +([\d.]+)%") / 100
    unseen = printed_number("01", "one-nn", r"validation images: +([\d.]+)%") / 100
    return {
        "exam": SimpleNamespace(accuracy=SimpleNamespace(value=seen)),
        "val_accuracy": SimpleNamespace(value=unseen),
    }


SHUFFLED, STRAIGHT, FOREIGN = "shuffled labels", "straightened images", "the slants of others"
RIGHT = "the right constants in the place of wrong ones"

CONTROLS = {
    "ten averages read four digits in five": Control(SHUFFLED, shuffled_labels),
    "4 and 9 are the most confused pair": Control(SHUFFLED, shuffled_labels),
    "at least 20 % more images are read as 1 than show a 1": Control(STRAIGHT, read_straightened),
    "those wrongly read as 1 have less ink than usual": Control("8 in place of 1", read_as_eight),
    "the mean 1 is the nearest to blank paper": Control("an even grey", norms_of_means),
    "5 has the lowest recall, 1 the highest": Control(SHUFFLED, shuffled_labels),
    "1 loses more on precision than any other digit": Control(SHUFFLED, shuffled_labels),
    "straightening is worth at least 3 points": Control(FOREIGN, read_straightened),
    "by another image's slant it gets worse": Control("each its own slant", read_straightened),
    "on the PCA map fewer than half of the neighbours show the same digit": Control(
        "50 components", neighbours
    ),
    "on the t-SNE map more than three quarters do": Control(SHUFFLED, neighbours),
    "that is fewer than 1 image in 200": Control(SHUFFLED, neighbours),
    "on its own training images it makes no error at all": Control(
        "the nearest mean", seen_by_means
    ),
    "on unseen images it errs on 3 to 7 %": Control(SHUFFLED, memorised_noise),
    "the leak makes the score look at least 2 points better": Control(
        "no copies across the split", split_before_copying
    ),
    "with one mean and deviation, at most 5 of 10,000 answers change": Control(
        "a mean for each pixel", pixel_by_pixel
    ),
    "every wrong preparation costs at least 15 points": Control(RIGHT, right_constants),
    "divided twice, the accuracy is the baseline's": Control(RIGHT, right_constants),
    "with ink and paper exchanged it is far below the baseline": Control(RIGHT, right_constants),
    "standardised, the mean 5 is the nearest to an even grey": Control(
        "blank paper", norms_of_means
    ),
    "rightly split, it errs less, by at least 2 points": Control(
        "the faulty split", split_wrongly_again
    ),
    "the exam agrees with validation to 2 points": Control("known images", exam_on_known_images),
    "straightening is worth at least 3 points on new hands too": Control(
        FOREIGN, read_straightened
    ),
}
FORMAT, DATA = "a fact of the file format", "a measurement of the data"
NOT_ABOUT_A_MODEL = {
    "uint8 arithmetic wraps round: 10 - 20 gives 256 - 10": "a fact of NumPy",
    "the file has exactly the length that its header announces": FORMAT,
    "our bytes are the loader's images, each at its own position in the file": FORMAT,
    "the file's labels are the loader's, each at its own position": FORMAT,
    "each digit has the same share in both sets, to 0.02 points": DATA,
    "the three-pixel stroke leans 45 degrees to the right": "a test of a formula",
    "the wide bar measures 3.37": "a test of a formula",
    "a blank image measures 0 and 0": "a test of a formula",
    "1 has the least ink and 0 the most": DATA,
    "more than half of the images lean to the right": DATA,
    "the 1s lie closest to their mean, the 2s farthest": DATA,
    "relative to their ink, the 0s vary least and the 5s most": DATA,
    "the farthest image of every digit is thicker than the digit's median": DATA,
    "they agree, to 0.0005, with the 0.1307 and 0.3081 of all 60,000 images": DATA,
    "the drawn lines vary in thickness less than a third as much": DATA,
    "every centre of mass is within 0.51 pixels of (14, 14)": DATA,
}
