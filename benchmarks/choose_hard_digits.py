"""How the 24 hard digits were chosen: `python -m benchmarks.choose_hard_digits` (about 3 minutes).

Six classifiers learn from the 50,000 training images and read the 10,000 validation images. Each
validation image is graded by how many of the six misread it, and 24 are taken, 8 from each grade:
somewhat hard (1-2 misread it), hard (3-4) and hardest (5-6), going round the ten classes so that
every digit appears. Nothing looks at the test images. The ids printed are the ones fixed in
`course_utils.evaluation.HARD_DIGIT_IDS`; another machine may choose a few others, which is why they
are fixed there.
"""

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from torch import nn
from tqdm import tqdm

from course_utils.data import N_CLASSES, LabelledImages, load_mnist
from course_utils.models import Standardise, as_input
from course_utils.training import choose_device, predict, set_seed

GRADES = {"somewhat hard": (1, 2), "hard": (3, 4), "hardest": (5, 6)}
PER_GRADE = 8


def classical_predictions(train: LabelledImages, validation: LabelledImages) -> list[np.ndarray]:
    """Validation labels (n,) predicted by four classical classifiers."""
    x_train, x_validation = (
        part.images.flatten(1).float().numpy() / 255 for part in (train, validation)
    )
    models = [
        NearestCentroid(),
        make_pipeline(PCA(60, random_state=0), KNeighborsClassifier(3)),
        RandomForestClassifier(100, n_jobs=-1, random_state=0),
        make_pipeline(PCA(60, random_state=0), SVC(C=10, gamma=0.02)),
    ]
    return [
        model.fit(x_train, train.labels.numpy()).predict(x_validation)
        for model in tqdm(models, desc="classical")
    ]


def network_predictions(
    train: LabelledImages, validation: LabelledImages, seed: int, epochs: int = 3
) -> np.ndarray:
    """Validation labels (n,) predicted by a small convolutional network."""
    set_seed(seed)
    device = choose_device()
    network = nn.Sequential(
        Standardise(),
        nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, N_CLASSES),
    ).to(device)
    images = as_input(train.images).to(device)
    labels = train.labels.to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in tqdm(range(epochs), desc=f"network, seed {seed}"):
        for batch in torch.randperm(len(images), device=device).split(128):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimiser.step()
    return predict(network, validation.images).numpy()


def choose(misreadings: np.ndarray, labels: np.ndarray) -> list[int]:
    """Positions of the chosen images, from the number of models (n,) that misread each one."""
    chosen: list[int] = []
    shown = np.zeros(N_CLASSES, dtype=int)  # how often each digit is among the chosen
    order = np.random.RandomState(0).permutation(len(labels))
    for low, high in GRADES.values():
        candidates = [i for i in order if low <= misreadings[i] <= high]
        for _ in range(PER_GRADE):
            # the digit shown least so far; the earliest candidate among equals
            best = min(candidates, key=lambda i: (shown[labels[i]], candidates.index(i)))
            candidates.remove(best)
            chosen.append(best)
            shown[labels[best]] += 1
    return chosen


def main() -> None:
    """Train the six classifiers, choose, and print the ids in MNIST's training file."""
    mnist = load_mnist()
    labels = mnist.validation.labels.numpy()
    predictions = classical_predictions(mnist.train, mnist.validation)
    predictions += [network_predictions(mnist.train, mnist.validation, seed) for seed in (0, 1)]
    wrong = np.stack(predictions) != labels
    print("errors of each model:", wrong.sum(1))
    misreadings = wrong.sum(0)
    print("images misread by 0, 1, … 6 models:", np.bincount(misreadings, minlength=7))
    chosen = choose(misreadings, labels)
    print("ids:", mnist.validation.ids[chosen].tolist())
    print("labels:", labels[chosen].tolist())
    print("misread by:", misreadings[chosen].tolist())


if __name__ == "__main__":
    main()
