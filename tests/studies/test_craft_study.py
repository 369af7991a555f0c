"""Chapter 6's studies and their stored figures."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from benchmarks import architectures
from benchmarks import craft_study as bench
from course_utils.studies import craft, pretrained, searching
from course_utils.studies.craft import Asked


@pytest.fixture(scope="module")
def parts() -> craft.Parts:
    whole = craft.load("letters")
    return craft.Parts(whole.train, *(craft.Part(p.x[:400], p.y[:400]) for p in (whole.a, whole.b)))


def test_letters_are_held_back_whole_and_apart() -> None:
    whole = craft.load("letters")
    assert whole.train.x.shape == (38_209, 1, 20, 12)
    assert len(whole.a.y) == len(whole.b.y) == 5_000
    assert not whole.train.x[:, :, :2].any() and not whole.a.x[..., -2:].any()
    with pytest.raises(ValueError, match="letters or digits, got 'words'"):
        craft.load("words")


@pytest.mark.parametrize("schedule", craft.SCHEDULES)
def test_schedules_stay_between_0_and_1(schedule: str) -> None:
    shares = [craft.rate_at(schedule, step, 40)[0] for step in range(40)]
    assert max(shares) == pytest.approx(1, abs=0.01) and min(shares) > 0
    assert (shares[-1] < 0.05) == (schedule != "constant")
    for wrong in ((schedule, 40, 40), (schedule, -1, 40), ("linear", 0, 40)):
        with pytest.raises(ValueError, match="expected one of constant, .* got"):
            craft.rate_at(*wrong)


def test_a_run_repeats_and_each_setting_changes_it(parts: craft.Parts) -> None:
    plain = Asked(n_labels=200, steps=12, looks=2)
    first, again = craft.run(plain, parts), craft.run(plain, parts)
    del first["seconds"], again["seconds"]
    assert first == again and first["by_loss_at"] in (6, 12)
    weights = craft.trained(plain, parts).model.out.weight
    others = {"rate": 0.2, "schedule": "step", "weight_decay": 0.1, "dropout": 0.4}
    others |= {"smoothing": 0.2, "augment": True, "seed": 1, "n_labels": 100, "batch": 32}
    for name, value in others.items():
        other = Asked(**asdict(plain) | {name: value})
        assert not torch.equal(craft.trained(other, parts).model.out.weight, weights), name


def test_averaged_weights_lag_behind(parts: craft.Parts) -> None:
    done = craft.trained(Asked(n_labels=200, steps=40), parts)
    assert not torch.equal(done.average.out.weight, done.model.out.weight)
    assert int(done.average.norm1.num_batches_tracked) == 40


@pytest.mark.parametrize(
    "wrong",
    [{"task": "words"}, {"network": "huge"}, {"schedule": "up"}, {"steps": 1}, {"rate": 0.0},
     {"weight_decay": -1.0}, {"dropout": 1.0}, {"smoothing": -0.1}, {"seed": -1}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected: .*; got Asked"):
        Asked(**wrong)


STORED = [study for study in craft.STUDIES if (craft.folder() / craft.file_name(study)).is_file()]


@pytest.mark.parametrize("study", STORED)
def test_the_stored_rows_are_those_of_the_plan(study: str) -> None:
    rows = craft.stored(study)
    wanted = [asked for seed in range(bench.SEEDS) for asked in bench.PLANS[study](seed)]
    for asked in wanted:
        named = asdict(asked) if isinstance(asked, Asked) else asked
        assert sum(named.items() <= row.items() for row in rows) == 1, named
    assert len(rows) == len(wanted)
    figures = [row[name] for row in rows for name in ("a", "b") if name in row]
    values = [v for figure in figures for v in (figure if isinstance(figure, list) else [figure])]
    assert all(0 < value < 100 for value in values)


def test_all_studies_of_the_plan_are_stored() -> None:
    assert set(STORED) == set(bench.PLANS) == set(craft.STUDIES)
    size = sum(path.stat().st_size for path in craft.folder().glob("*.json"))
    assert size < 300_000


def test_a_run_agrees_with_its_stored_figure() -> None:
    asked = Asked(batch=512, steps=39, rate=0.2)
    stored = craft.errors(craft.stored("batches"), **asdict(asked))
    assert craft.run(asked)["b"] == pytest.approx(float(stored[0]), abs=3)


def test_rows_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of pretrained, .* got 'luck'"):
        craft.stored("luck")
    with pytest.raises(ValueError, match="expected rows with .* got none among 60"):
        craft.errors(craft.stored("batches"), batch=7)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def pretend(asked: Asked) -> dict:
        done.append(asked)
        return asdict(asked) | {"b": 1.0 + asked.seed}

    monkeypatch.setattr(bench.craft, "run", pretend)
    path = tmp_path / "depth.json"
    first = bench.do("depth", 1, path)
    rows = bench.do("depth", 2, path)
    assert len(done) == len(set(done)) == len(rows) == 2 * len(first)
    assert craft.stored("depth", path) == rows
    assert craft.errors(rows, network="plain-8").tolist() == [1.0, 2.0]
    assert "plain-8: b 1.50 ± 0.71 (n = 2)" in bench.table(rows)
    assert len(json.loads(path.read_text("utf-8"))["rows"]) == len(rows)


def test_the_table_of_architectures(capsys: pytest.CaptureFixture) -> None:
    lines = architectures.table(craft.stored("architectures")).splitlines()
    assert len(lines) == 2 + len(bench.SAME_SIZE)
    assert len({line.count("|") for line in lines}) == 1
    with pytest.raises(SystemExit):
        architectures.main(["--seeds", "0"])
    with pytest.raises(SystemExit):
        bench.main(["luck"])


def test_labelled_letters_are_as_many_of_each() -> None:
    y = pretrained.parts().train.y
    few, more = pretrained.labelled(100, 3), pretrained.labelled(100, 4)
    counts = torch.bincount(y[few], minlength=26)
    assert len(few.unique()) == 100 and set(counts.tolist()) == {3, 4}
    assert not torch.equal(few, more)
    for n in (0, 2_601):
        with pytest.raises(ValueError, match=f"between 1 and 2,600 labelled letters, got {n}"):
            pretrained.labelled(n, 0)


def test_letters_become_images_like_mnists() -> None:
    x = pretrained.as_digit(craft.load("letters").a.x[:50])
    assert x.shape == (50, 1, 28, 28) and 0 <= x.min() and x.max() == 1
    assert not x[..., :3].any() and x[:, :, 4:24, 6:22].any()


def test_the_network_as_it_is_agrees_with_its_stored_figure() -> None:
    row = pretrained.run("as it is", 10, 0)
    stored = craft.errors(craft.stored("pretrained"), start="as it is")
    assert row["b"] == pytest.approx(float(stored[0]), abs=0.5)
    with pytest.raises(ValueError, match="expected a start of .* got 'luck'"):
        pretrained.run("luck", 10, 0)


def test_searches_spend_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretend(asked: Asked) -> dict:
        return asdict(asked) | {"a": abs(asked.rate - 0.1), "b": asked.rate}

    monkeypatch.setattr(searching.craft, "run", pretend)
    found = {method: searching.search(method, 0) for method in searching.METHODS}
    spent = [row["steps"] for row in found.values()]
    assert max(spent) <= 1.05 * min(spent)
    assert found["grid"]["rate"] == 0.03
    assert abs(found["halving"]["rate"] - 0.1) <= abs(found["random"]["rate"] - 0.1)
    with pytest.raises(ValueError, match="expected one of grid, .* got 'luck'"):
        searching.search("luck", 0)
