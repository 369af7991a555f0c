"""Chapter 6's study of pre-trained networks: letters read after 10 to 500 labelled examples.

``python -m benchmarks craft_study pretrained`` runs it; ``craft.stored("pretrained")``
has its rows.
"""

import copy
import functools

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.models import EmnistNet, emnist_network, mobilenet_features
from course_utils.studies import craft
from course_utils.training import best_network, set_seed

SIZES = (10, 50, 100, 500)  # labelled letters
N_READ = 2_000  # letters of part B, or of part A, that are read
STEPS, BATCH = 100, 32
SIZE = (24, 18)  # pixels that a letter of 16 × 8 gets in an image of 28 × 28
AUGMENT = Augment(rotation=8, shift=2, scale=0.15, shear=0.2)
FROZEN = ("photographs", "digits", "EMNIST")  # what taught the network
TRAINED = ("scratch", "scratch, augmented", "same form, random weights", "fine-tuned",
           "fine-tuned, old layers slowly")  # fmt: skip
STARTS = (*(f"{name}, frozen" for name in FROZEN), *TRAINED, "as it is")


@functools.lru_cache(maxsize=1)
def parts() -> craft.Parts:
    """The letters as MNIST's and EMNIST's images are: (n, 1, 28, 28), larger and a little blurred.

    Part A and part B have ``N_READ`` letters each.
    """
    whole = craft.load("letters")
    held = [craft.Part(part.x[:N_READ], part.y[:N_READ]) for part in (whole.a, whole.b)]
    return craft.Parts(whole.train, *held)


def as_digit(x: Tensor) -> Tensor:
    """Letters (n, 1, 20, 12), 0 … 1, as images (n, 1, 28, 28) like MNIST's: larger, blurred."""
    border = craft.BORDER
    large = nn.functional.interpolate(x[..., border:-border, border:-border], SIZE, mode="bilinear")
    down, across = (28 - SIZE[0]) // 2, (28 - SIZE[1]) // 2
    large = nn.functional.pad(large, (across, across, down, down))
    near = torch.tensor([0.21, 0.58, 0.21])  # a Gaussian of deviation 0.7
    blurred = nn.functional.conv2d(large, near.outer(near).view(1, 1, 3, 3), padding=1)
    return (1.3 * blurred).clamp(0, 1)


def labelled(n: int, seed: int) -> Tensor:
    """Positions (n,) of training letters: of each of the 26 as many as of the others, to one.

    The first of a larger draw with the same seed. Raises ValueError for n outside 1 … 2,600.
    """
    if not 1 <= n <= 2_600:
        raise ValueError(f"expected n between 1 and 2,600 labelled letters, got {n}")
    generator = torch.Generator().manual_seed(seed)
    y = parts().train.y
    order = torch.randperm(len(y), generator=generator)
    first = torch.randperm(26, generator=generator).tolist()
    each = [order[y[order] == letter][: -(-n // 26)] for letter in first]
    return torch.stack(each, 1).flatten()[:n]


@functools.cache
def teacher(name: str) -> nn.Module:
    """The network that one of ``FROZEN`` taught. Raises KeyError for another name."""
    makers = {"photographs": mobilenet_features, "EMNIST": emnist_network}
    return makers[name]() if name != "digits" else best_network().model


def features(name: str, x: Tensor) -> Tensor:
    """What the frozen network's last layer sees for letters (n, 1, 20, 12): (n, features)."""
    net = teacher(name)
    read = net if name == "photographs" else net.features
    with torch.no_grad():
        return torch.cat([read(as_digit(some)) for some in x.split(250)])


@functools.cache
def held_features(name: str) -> Tensor:
    """``features`` of part B, computed once."""
    return features(name, parts().b.x)


def frozen(name: str, index: Tensor) -> Tensor:
    """Answers (n,) for part B of a linear layer on frozen features, taught by these letters."""
    train = parts().train
    scale = StandardScaler().fit(features(name, train.x[index]))
    linear = LogisticRegression(C=0.1, max_iter=1_000)
    linear.fit(scale.transform(features(name, train.x[index])), train.y[index])
    return torch.from_numpy(linear.predict(scale.transform(held_features(name))))


def tuned(start: str, index: Tensor, seed: int) -> nn.Module:
    """A network taught by these letters, augmented and 28 × 28, from one of three starts."""
    set_seed(seed)
    net = EmnistNet() if start.startswith("same") else copy.deepcopy(teacher("EMNIST"))
    slow = 0.1 if start.endswith("slowly") else 1.0
    old = [p for name, p in net.named_parameters() if not name.startswith("out")]
    groups = [{"params": old, "slow": slow}, {"params": net.out.parameters(), "slow": 1.0}]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, weight_decay=1e-2)
    train, generator = parts().train, torch.Generator().manual_seed(seed)
    x, y = as_digit(train.x[index]), train.y[index]
    net.train()
    for step in range(STEPS):
        rate, _ = craft.rate_at("warm-up + cosine", step, STEPS)
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * rate * group["slow"]
        some = torch.randint(len(y), (min(BATCH, len(y)),), generator=generator)
        loss = nn.functional.cross_entropy(net(AUGMENT(x[some], generator)), y[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


def scratch(n: int, seed: int, augment: bool) -> craft.Training:
    """``craft.Tiny`` taught by ``labelled`` letters of 20 × 12, for as many steps as it pays."""
    asked = craft.Asked(n_labels=0, steps=300, batch=min(BATCH, n), augment=augment, seed=seed)
    index, whole = labelled(n, seed), parts()
    few = craft.Part(whole.train.x[index], whole.train.y[index])
    return craft.trained(asked, craft.Parts(few, whole.a, whole.b))


def run(start: str, n: int, seed: int) -> dict:
    """One row: errors (%) on part B after ``n`` labels. Raises ValueError for another start."""
    if start not in STARTS:
        raise ValueError(f"expected a start of {', '.join(STARTS)}, got {start!r}")
    b, index = parts().b, labelled(n, seed)
    if start.endswith("frozen"):
        answers = frozen(start.removesuffix(", frozen"), index)
    elif start.startswith("scratch"):
        answers = craft.logits(scratch(n, seed, start.endswith("augmented")).model, b.x).argmax(1)
    else:
        net = teacher("EMNIST") if start == "as it is" else tuned(start, index, seed)
        answers = craft.logits(net, as_digit(b.x)).argmax(1)
    wrong = 100 * (answers != b.y).double().mean().item()
    return {"start": start, "n_labels": n, "seed": seed, "b": round(wrong, 3)}
