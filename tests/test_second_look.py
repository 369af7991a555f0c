"""Reading again what a network is unsure of."""

import pytest
import torch
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.data import load_mnist
from course_utils.models import as_input
from course_utils.second_look import GENTLE, probabilities
from course_utils.training import logits


class Counter(nn.Module):
    """A linear model that notes what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.seen = nn.Linear(784, 10), []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        return 4 * self.linear(images.flatten(1))


@pytest.fixture(scope="module")
def images() -> Tensor:
    return load_mnist().validation.images[:60]


def test_only_the_doubtful_are_read_again(images: Tensor) -> None:
    model = Counter()
    once = logits(model, images).softmax(1)
    sure = float(once.max(1).values.median())
    doubtful = once.max(1).values < sure
    assert 25 <= doubtful.sum() <= 30
    model.seen.clear()
    found = probabilities(model, images, views=7, sure=sure)
    assert [len(batch) for batch in model.seen] == [60] + 7 * [int(doubtful.sum())]
    assert torch.equal(found[~doubtful], once[~doubtful])
    assert not torch.isclose(found[doubtful], once[doubtful]).all(1).any()
    assert torch.allclose(found.sum(1), torch.ones(60))


def test_averages_what_is_read_of_changed_copies(images: Tensor) -> None:
    model, generator = Counter(), torch.Generator().manual_seed(3)
    found = probabilities(model, images, views=5, sure=1, seed=3)
    ink, parts = as_input(images), []
    for _ in range(5):
        parts.append(model(GENTLE(ink, generator)).softmax(1))
    expected = torch.stack(parts).mean(0)
    assert torch.allclose(found, expected, atol=2e-3)  # the copies are rounded to 1/255
    one = probabilities(model, images, views=1, sure=1, change=Augment())
    assert torch.allclose(one, logits(model, images).softmax(1))


def test_a_seed_gives_the_same_answer(images: Tensor) -> None:
    model = Counter()
    first, again, other = (probabilities(model, images, sure=1, seed=s) for s in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_reads_nothing_again_when_sure(images: Tensor) -> None:
    model = Counter()
    assert torch.equal(probabilities(model, images, sure=0), logits(model, images).softmax(1))


@pytest.mark.parametrize("wrong", [{"views": 0}, {"sure": 1.1}, {"sure": -0.1}])
def test_refuses_wrong_settings(images: Tensor, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"1 or more views and 0 <= sure <= 1"):
        probabilities(Counter(), images, **wrong)


def test_refuses_what_logits_refuses(images: Tensor) -> None:
    with pytest.raises(ValueError, match="uint8"):
        probabilities(Counter(), images.float())
