"""The training loop: same as the written-out one, repeatable, interruptible, careful."""

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from course_utils import training
from course_utils.data import LabelledImages, load_mnist
from course_utils.models import MLP, DeepCNN, as_input
from course_utils.training import Recipe, TrainingError, fit, logits, predict
from tools.notebooks import NOTEBOOKS, read

CHAPTER = NOTEBOOKS / "03_multilayer_perceptron" / "03_multilayer_perceptron.ipynb"
RECIPE = Recipe(epochs=3, batch_size=32, precision="float32", seed=3)


def examples(n: int = 200, seed: int = 0, n_classes: int = 10) -> LabelledImages:
    """Noise with a bright row at the height of its label: easy to learn."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (n, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, n_classes, (n,), generator=generator)
    images[torch.arange(n), labels * 28 // n_classes] = 255
    return LabelledImages(images, labels, torch.arange(n))


def network(seed: int = 1, **arguments: object) -> MLP:
    torch.manual_seed(seed)
    return MLP(**{"widths": (20,)} | arguments)


def train_here(model: nn.Module, train: LabelledImages, *others: object, **options: object):
    return fit(model, train, *others, **{"device": "cpu", "progress": False} | options)


def same(a: nn.Module, b: nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def written_out_loop():
    """The chapter's own ``train``, as the learner reads it."""
    cell = next(cell for cell in read(CHAPTER).cells if cell.id == "loop")
    names = {"torch": torch, "nn": nn}
    exec(cell.source, names)  # noqa: S102 - our own notebook
    return names["train"]


# -- what it learns --------------------------------------------------------------------------------


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


# -- interruptions ---------------------------------------------------------------------------------


def stop_at(step: int):
    """An ``augment`` that interrupts the run in its given step, as a hand would."""
    steps = itertools.count(1)

    def change(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if next(steps) == step:
            raise KeyboardInterrupt
        return batch

    return change


@pytest.mark.parametrize("step", [8, 9, 14, 20])  # 7 steps per epoch
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_interrupted_and_resumed_equals_uninterrupted(
    tmp_path: Path, optimiser: str, step: int
) -> None:
    train, validation = examples(), examples(50, seed=9)
    recipe = Recipe(epochs=4, batch_size=32, optimiser=optimiser, seed=3)
    whole = train_here(network(dropout=0.2), train, validation, recipe)

    path = tmp_path / "run.pt"
    stopped = train_here(
        network(dropout=0.2), train, validation, recipe, checkpoint=path, augment=stop_at(step)
    )
    assert stopped.interrupted and len(stopped.history) == (step - 1) // 7
    resumed = train_here(
        network(seed=77, dropout=0.2), train, validation, recipe, checkpoint=path, resume=True
    )
    assert not resumed.interrupted
    assert same(whole.model, resumed.model)
    assert whole.best_epoch == resumed.best_epoch
    assert whole.history.train_loss == resumed.history.train_loss
    assert whole.history.validation_errors == resumed.history.validation_errors


def test_interrupted_run_keeps_its_best_epoch() -> None:
    train, validation = examples(), examples(50, seed=9)
    stopped = train_here(network(), train, validation, RECIPE, augment=stop_at(16))
    wrong = int((predict(stopped.model, validation.images) != validation.labels).sum())
    assert stopped.interrupted
    assert wrong == min(stopped.history.validation_errors)
    assert stopped.history.validation_errors[stopped.best_epoch - 1] == wrong


def test_interrupted_before_the_first_epoch_leaves_the_model_as_it_was() -> None:
    stopped = train_here(network(), examples(), None, RECIPE, augment=stop_at(3))
    assert stopped.interrupted and stopped.best_epoch == 0 and len(stopped.history) == 0
    assert same(stopped.model, network())


def test_resume_without_a_file_starts_and_with_a_finished_one_ends_at_once(tmp_path: Path) -> None:
    train, path = examples(), tmp_path / "run.pt"
    first = train_here(network(), train, None, RECIPE, checkpoint=path, resume=True)
    again = train_here(network(seed=8), train, None, RECIPE, checkpoint=path, resume=True)
    assert len(first.history) == len(again.history) == 3
    assert same(first.model, again.model)


@pytest.mark.parametrize(
    ("recipe", "n", "message"),
    [
        (Recipe(4, 32, seed=3), 200, "another recipe .*epochs was 3, is 4.*start anew"),
        (Recipe(3, 32, precision="float32", seed=4), 200, "seed was 3, is 4"),
        (RECIPE, 150, "trained on 200 images, now there are 150"),
    ],
    ids=["epochs", "seed", "data"],
)
def test_resume_refuses_another_run(tmp_path: Path, recipe: Recipe, n: int, message: str) -> None:
    train, path = examples(), tmp_path / "run.pt"
    train_here(network(), train, None, RECIPE, checkpoint=path)
    with pytest.raises(ValueError, match=message):
        train_here(network(), train.select(range(n)), None, recipe, checkpoint=path, resume=True)


def test_resume_needs_a_file_name() -> None:
    with pytest.raises(ValueError, match="pass checkpoint="):
        train_here(network(), examples(), resume=True)


def test_progress_is_shown_on_request_and_never_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_here(network(), examples(), examples(50, seed=9), RECIPE)
    assert capsys.readouterr() == ("", "")
    train_here(network(), examples(), examples(50, seed=9), RECIPE, progress=True)
    shown = capsys.readouterr()
    assert "epoch 3: loss" in shown.out and "validation errors" in shown.out
    assert shown.err == ""


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run(bad: float) -> None:
    class Breaks(MLP):
        steps = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.steps += self.training
            return super().forward(images) * (bad if self.steps > 9 else 1.0)

    torch.manual_seed(1)
    model = Breaks((20,))
    with pytest.raises(TrainingError, match="in epoch 2: .*smaller max_lr .it is 0.003.*log.0"):
        train_here(model, examples(), None, RECIPE)
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert not same(model, network())  # the first epoch is kept


def test_a_hopeless_run_stops_before_the_epochs_end() -> None:
    seen = []

    def spoil(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(len(batch))
        return batch * math.nan

    with pytest.raises(TrainingError, match="the loss became nan in epoch 1"):
        train_here(network(), examples(), None, Recipe(batch_size=1), augment=spoil)
    assert len(seen) < 100  # of 200 steps


def test_a_learning_rate_far_too_large_is_noticed() -> None:
    with pytest.raises(TrainingError, match="the loss became .* Try a smaller max_lr"):
        train_here(network(), examples(), None, Recipe(3, 32, 1e30, optimiser="sgd"))


def with_labels(labels: torch.Tensor) -> LabelledImages:
    return LabelledImages(examples(len(labels)).images, labels, torch.arange(len(labels)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10], "training labels run from 0 to 10, but the model has 10 scores.*0 … 9"),
        ([-1, 3], "training labels run from -1 to 3.*count labels from 0"),
    ],
)
def test_labels_out_of_range_are_refused(labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_here(network(), with_labels(torch.tensor(labels)))


def test_validation_labels_are_looked_at_too() -> None:
    with pytest.raises(ValueError, match="validation labels run from 2 to 26"):
        train_here(network(), examples(), with_labels(torch.tensor([2, 26])))
    letters = examples(60, n_classes=26)
    train_here(network(n_classes=26), letters, letters, RECIPE)


def test_empty_sets_are_refused() -> None:
    none = examples().select([])
    with pytest.raises(ValueError, match="training part is empty: expected at least one image"):
        train_here(network(), none)
    with pytest.raises(ValueError, match="validation part is empty"):
        train_here(network(), examples(), none)


def test_bare_tensors_are_refused() -> None:
    with pytest.raises(TypeError, match="training part must be LabelledImages.*got Tensor"):
        train_here(network(), examples().images)


def test_a_model_without_one_row_per_image_is_refused() -> None:
    class Flat(MLP):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images).flatten()

    with pytest.raises(ValueError, match=r"one row of scores per image, \(2, classes\), but"):
        train_here(Flat((5,)), examples())


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (examples().images.float() / 255, "uint8 .* got torch.float32"),
        (examples().images.flatten(1), r"shape \(n, 28, 28\).*got torch.uint8 of shape \(1, 784\)"),
        (examples().images[:0], "there are no images"),
    ],
    ids=["dtype", "shape", "none"],
)
def test_predict_refuses_other_images(images: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(network(), images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be 1 or more"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"max_lr": 0.0}, "max_lr must be a number above 0"),
        ({"max_lr": math.nan}, "max_lr must be a number above 0"),
        ({"max_lr": math.inf}, "max_lr must be a number above 0"),
        ({"warm_up": 1.0}, "warm_up must lie between 0 and 1"),
        ({"optimiser": "adam"}, "optimiser must be adamw or sgd"),
        ({"weight_decay": -1.0}, "weight_decay must be 0 or more"),
        ({"label_smoothing": 1.0}, "label_smoothing must be 0 or more and below 1"),
        ({"precision": "float16"}, "precision must be auto, float32 or bfloat16"),
        ({"seed": -1}, "seed must be between"),
    ],
)
def test_recipe_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**arguments)


# -- predictions -----------------------------------------------------------------------------------


def test_predictions_are_the_largest_logits_whatever_the_batch() -> None:
    model, images = network(), examples(70).images
    scores = logits(model, images, batch_size=16)
    torch.testing.assert_close(scores, model(as_input(images)).detach())
    assert not scores.requires_grad
    assert torch.equal(predict(model, images, batch_size=1), scores.argmax(1))


def test_predicting_switches_dropout_off_and_leaves_each_mode_as_it_was() -> None:
    model, images = network(dropout=0.5), examples(70).images
    model.train()
    model.dropout.eval()
    assert torch.equal(logits(model, images), logits(model, images))
    assert model.training and not model.dropout.training
    model.dropout.train()
    logits(model, images)
    assert model.dropout.training


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_it_learns_and_resumes_as_well(tmp_path: Path) -> None:
    train, validation = examples(300), examples(100, seed=9)
    options = {"device": "cuda", "checkpoint": tmp_path / "run.pt"}
    recipe = Recipe(epochs=6, batch_size=32)
    model = network(dropout=0.2)
    train_here(model, train, validation, recipe, augment=stop_at(25), **options)
    outcome = train_here(network(dropout=0.2), train, validation, recipe, resume=True, **options)
    assert next(outcome.model.parameters()).is_cuda
    assert predict(outcome.model, validation.images).device.type == "cpu"
    assert min(outcome.history.validation_errors) <= 10


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
