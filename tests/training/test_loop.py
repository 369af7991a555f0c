"""The training loop: same as the written-out one, repeatable, careful with its numbers."""

import math

import pytest
import torch
from torch import nn

from course_utils import training
from course_utils.data import LabelledImages, load_mnist
from course_utils.models import MLP, DeepCNN, as_input
from course_utils.training import Recipe, fit, predict
from tests.training.small import RECIPE, examples, network, same, train_here
from tools.notebooks import NOTEBOOKS, read

CHAPTER = NOTEBOOKS / "03_multilayer_perceptron" / "03_multilayer_perceptron.ipynb"


def written_out_loop():
    """The chapter's own ``train``, as the learner reads it."""
    cell = next(cell for cell in read(CHAPTER).cells if cell.id == "loop")
    names = {"torch": torch, "nn": nn}
    exec(cell.source, names)  # noqa: S102 - our own notebook
    return names["train"]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_fit_is_the_chapters_loop(optimiser: str, dropout: float) -> None:
    train, recipe = examples(), Recipe(3, 32, 1e-2, 0.3, optimiser, 1e-3, 0.1, "float32", seed=3)
    ours = network(dropout=dropout)
    by_fit = train_here(ours, train, None, recipe).model

    theirs = network(dropout=dropout)
    steps = 3 * math.ceil(len(train) / 32)
    if optimiser == "adamw":
        moves = torch.optim.AdamW(theirs.parameters(), lr=1e-2, weight_decay=1e-3)
    else:
        moves = torch.optim.SGD(
            theirs.parameters(), lr=1e-2, momentum=0.9, nesterov=True, weight_decay=1e-3
        )
    schedule = torch.optim.lr_scheduler.OneCycleLR(moves, 1e-2, steps, pct_start=0.3)
    torch.manual_seed(3)  # for dropout
    losses = written_out_loop()(
        theirs, train.images, train.labels, moves, 3, 32, schedule, smoothing=0.1, seed=3
    )
    assert len(losses) == steps
    assert same(by_fit, theirs)
    assert not same(by_fit, network(dropout=dropout))


def test_it_learns_and_says_how() -> None:
    train, validation = examples(300), examples(100, seed=9)
    outcome = train_here(network(), train, validation, Recipe(epochs=6, batch_size=32))
    history = outcome.history
    assert len(history) == len(history.validation_errors) == len(history.seconds) == 6
    assert history.train_loss[-1] < history.train_loss[0]
    wrong = int((predict(outcome.model, validation.images) != validation.labels).sum())
    assert wrong == min(history.validation_errors) <= 10
    assert outcome.best_epoch == 1 + history.validation_errors.index(wrong)
    assert not outcome.interrupted


def test_a_model_in_evaluation_mode_is_trained_in_training_mode() -> None:
    train = examples()
    asleep = train_here(network(dropout=0.3).eval(), train, None, RECIPE).model
    awake = train_here(network(dropout=0.3), train, None, RECIPE).model
    assert same(asleep, awake)


def test_history_holds_means_per_image() -> None:
    train = examples(70)  # three batches: 32, 32 and 6
    model = network()
    before = nn.functional.cross_entropy(model(as_input(train.images)), train.labels).item()
    still = Recipe(1, 32, max_lr=1e-30, label_smoothing=0.0, precision="float32")
    history = train_here(model, train, train, still).history
    assert history.train_loss == [pytest.approx(before, rel=1e-5)]
    assert history.validation_loss == [pytest.approx(before, rel=1e-5)]


def test_every_image_comes_once_per_epoch_in_a_new_order() -> None:
    seen = []

    def note(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(batch.clone())
        return batch

    train = examples(70)
    train_here(network(), train, None, Recipe(epochs=2, batch_size=32), augment=note)
    assert [len(batch) for batch in seen] == [32, 32, 6] * 2
    orders = [torch.cat(seen[:3]), torch.cat(seen[3:])]
    for order in orders:
        found = (order.flatten(1)[:, None] == as_input(train.images).flatten(1)[None]).all(2)
        assert torch.equal(found.sum(0), torch.ones(70, dtype=torch.int64))
    assert not torch.equal(*orders)


def test_augmentation_draws_from_the_runs_own_generator() -> None:
    def shake(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return batch + 0.1 * torch.randn(batch.shape, generator=generator)

    train = examples()
    runs = [train_here(network(), train, None, RECIPE, augment=shake) for _ in range(2)]
    assert same(runs[0].model, runs[1].model)
    assert not same(runs[0].model, train_here(network(), train, None, RECIPE).model)


def test_same_seed_same_weights_other_seed_other_weights() -> None:
    train = examples()
    torch.manual_seed(123)
    once = train_here(network(dropout=0.2), train, None, RECIPE).model
    torch.manual_seed(456)  # the global generator plays no part
    again = train_here(network(dropout=0.2), train, None, RECIPE).model
    other = train_here(network(dropout=0.2), train, None, Recipe(3, 32, seed=4)).model
    assert same(once, again)
    assert not same(once, other)


def test_global_random_numbers_are_left_alone() -> None:
    model, train = network(dropout=0.2), examples()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_here(model, train, None, RECIPE)
    assert torch.equal(torch.rand(3), expected)


def test_best_epoch_is_kept_not_the_last() -> None:
    # All validation labels are shifted by one, so the more it learns, the more it errs.
    train = examples(300)
    validation = LabelledImages(train.images, (train.labels + 1) % 10, train.ids)
    outcome = train_here(network(), train, validation, Recipe(epochs=5, batch_size=32, warm_up=0.9))
    errors = outcome.history.validation_errors
    assert errors[-1] > min(errors), "the test needs a run that gets worse"
    kept = int((predict(outcome.model, validation.images) != validation.labels).sum())
    assert kept == min(errors)
    assert outcome.best_epoch == 1 + errors.index(kept)


def test_of_equal_epochs_the_first_is_kept() -> None:
    train = examples(50)
    still = Recipe(epochs=3, batch_size=32, max_lr=1e-30)
    assert train_here(network(), train, train, still).best_epoch == 1
    assert train_here(network(), train, None, still).best_epoch == 3


@pytest.mark.parametrize("precision", ["auto", "bfloat16"])
def test_other_precisions_learn_as_well(precision: str) -> None:
    train, validation = examples(300), examples(100, seed=9)
    recipe = Recipe(epochs=6, batch_size=32, precision=precision)
    outcome = train_here(network(), train, validation, recipe)
    assert min(outcome.history.validation_errors) <= 10
    assert {p.dtype for p in outcome.model.parameters()} == {torch.float32}


def test_bfloat16_is_used_only_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    def capabilities(**found: bool) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)

    cpu = torch.device("cpu")
    capabilities(avx2=True, avx512_bf16=False)
    assert not training.bfloat16_pays(cpu)
    capabilities(avx512_bf16=True)
    assert training.bfloat16_pays(cpu)
    assert not training.bfloat16_pays(torch.device("mps"))
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not training.bfloat16_pays(cpu)


@pytest.mark.parametrize("steps", range(1, 9))
def test_any_number_of_steps_is_enough(steps: int) -> None:
    part = load_mnist().train.select(range(8 * steps))
    outcome = fit(MLP((4,)), part, recipe=Recipe(epochs=1, batch_size=8), progress=False)
    assert len(outcome.history) == 1


def test_a_single_image_left_over_is_learned_from_with_others() -> None:
    part = load_mnist().train.select(range(17))
    outcome = fit(DeepCNN(), part, recipe=Recipe(epochs=2, batch_size=8), progress=False)
    assert len(outcome.history) == 2
    assert all(math.isfinite(loss) for loss in outcome.history.train_loss)
    alone = fit(MLP((4,)), part, recipe=Recipe(epochs=1, batch_size=1), progress=False)
    assert len(alone.history) == 1


@pytest.mark.parametrize("warm_up", [0.05, 0.25, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 400])
def test_one_cycle_is_torchs(steps: int, warm_up: float) -> None:
    weight = nn.Parameter(torch.zeros(1))
    moves = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        moves, 0.3, steps, pct_start=max(warm_up, min(1.5 / steps, 0.9))
    )
    for step in range(steps):
        group = moves.param_groups[0]
        assert training.one_cycle(step, steps, 0.3, warm_up) == (group["lr"], group["momentum"])
        moves.step()
        if step < steps - 1:
            schedule.step()
