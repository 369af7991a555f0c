"""Chapter 5's study, its stored figures, and what augmentation costs."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks import augment as cost
from benchmarks import augmentation_study as bench
from course_utils.augment import Augment
from course_utils.data import Mnist, load_mnist
from course_utils.models import as_input
from course_utils.studies import augmentation as study


@pytest.fixture(scope="module")
def mnist() -> Mnist:
    whole = load_mnist()
    return Mnist(whole.train, whole.validation.select(range(400)))


def test_a_balanced_part_has_as_many_of_each_digit(mnist: Mnist) -> None:
    part = study.balanced(mnist.train, 200, seed=1)
    assert torch.bincount(part.labels).tolist() == [20] * 10
    assert len(part.ids.unique()) == 200
    assert torch.equal(part.ids, study.balanced(mnist.train, 200, seed=1).ids)
    assert not torch.equal(part.ids, study.balanced(mnist.train, 200, seed=2).ids)
    assert study.balanced(mnist.train, 50_000, seed=1) is mnist.train


@pytest.mark.parametrize("n", [0, 15, 49_000])
def test_a_part_that_cannot_be_balanced_is_refused(mnist: Mnist, n: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 10, with enough .* got {n}"):
        study.balanced(mnist.train, n, seed=0)


def test_every_size_gets_at_least_the_steps() -> None:
    for n in study.SIZES:
        per_epoch = -(-n // study.BATCH)
        steps = study.epochs_for(n) * per_epoch
        assert study.STEPS <= steps < study.STEPS + per_epoch


def test_a_run_repeats_and_a_change_changes_it(
    mnist: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "STEPS", 12)
    plain = study.Run(100, Augment(), 0)
    first = study.run(plain, mnist, ("clean", "noise"))
    assert first.key == plain.key and set(first.errors) == {"clean", "noise"}
    assert all(0 < share < 1 for share in first.errors.values())
    assert study.run(plain, mnist, ("clean", "noise")) == first
    assert study.run(study.Run(100, study.STANDARD, 0), mnist).errors != {
        "clean": first.errors["clean"]
    }


def test_corruptions_do_what_they_are_called(mnist: Mnist) -> None:
    images = mnist.validation.images
    ink = as_input(images).mean((1, 2, 3))
    seen = {name: study.corrupt(images, name) for name in study.CORRUPTIONS}
    assert torch.equal(seen["clean"], images)
    assert (as_input(seen["thick"]).mean((1, 2, 3)) > 1.1 * ink).all()
    assert (as_input(seen["thin"]).mean((1, 2, 3)) < 0.9 * ink).all()
    for name, result in seen.items():
        assert result.shape == images.shape and result.dtype == torch.uint8
        assert torch.equal(result, study.corrupt(images, name))
        assert name == "clean" or not torch.equal(result, images)
    with pytest.raises(ValueError, match="one of clean, shift, .* got 'fog'"):
        study.corrupt(images, "fog")


def test_thick_and_thin_by_hand() -> None:
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[0, 10:13, 10:13] = 200
    thick, thin = study.corrupt(image, "thick"), study.corrupt(image, "thin")
    assert (thick > 0).sum() == 16 and (thick[0, 10:14, 10:14] == 200).all()
    assert (thin > 0).sum() == 4 and (thin[0, 11:13, 11:13] == 200).all()


# -- the stored figures --------------------------------------------------------------------------


def test_the_stored_figures_are_of_this_plan() -> None:
    runs = study.stored()
    wanted = {r.key for r in bench.plan(bench.SEEDS)}
    found = [r.key for r in runs]
    assert len(found) == len(set(found)) and set(found) <= wanted
    seeds = {r.seed for r in runs}
    assert {(n, change) for n, change, _ in wanted} == {(n, change) for n, change, _ in found}
    assert len(seeds) >= 3
    for r in runs:
        assert set(r.errors) == set(study.CORRUPTIONS if r.n_images == study.FEW else ("clean",))
        assert all(0 < share < 1 for share in r.errors.values())


def test_figures_of_other_settings_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.json"
    run = study.Run(100, Augment(shift=2), 3, {"clean": 0.25})
    bench.write(path, [run])
    assert study.stored(path) == [run]
    monkeypatch.setattr(study, "STEPS", 7)
    with pytest.raises(ValueError, match="'steps': 400.* delete it and run python -m benchmarks"):
        study.stored(path)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked, most = tmp_path / "study.json", [], [5]

    def pretend(run: study.Run, mnist: Mnist, corruptions: tuple) -> study.Run:
        if len(asked) == most[0]:
            raise KeyboardInterrupt
        asked.append(run.key)
        return study.Run(*run.key, errors=dict.fromkeys(corruptions, 0.5))

    monkeypatch.setattr(bench, "run", pretend)
    arguments = ["--seeds", "1", "--json", str(path)]
    with pytest.raises(KeyboardInterrupt):
        bench.main(arguments)
    assert len(json.loads(path.read_text("utf-8"))["runs"]) == 5
    most[0] = 1_000
    assert bench.main(arguments) == 0
    assert len(asked) == len(set(asked)) == len(study.stored(path)) == len(bench.plan(1))


def test_a_study_without_seeds_is_bad_usage(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(["--seeds", "0"])
    assert caught.value.code == 2 and "at least one seed" in capsys.readouterr().err


# -- the cost ------------------------------------------------------------------------------------


def test_the_cost_of_every_kind_is_measured(capsys: pytest.CaptureFixture) -> None:
    assert cost.main(["--batch", "8", "--repeats", "1"]) == 0
    out = capsys.readouterr().out
    for name in (cost.STEP, *cost.KINDS, cost.GRID, cost.ONE_BY_ONE):
        assert any(line.startswith(name) and "%" in line for line in out.splitlines()), name
    with pytest.raises(SystemExit):
        cost.main(["--repeats", "0"])
    with pytest.raises(ValueError, match="between 1 and 50,000, got 60000"):
        cost.jobs(60_000, torch.device("cpu"))
