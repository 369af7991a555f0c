"""The benchmark of the usual recipe and the course's, on a few images."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torchvision.transforms import Normalize

from benchmarks import recipes
from course_utils.data import load_mnist
from course_utils.models import MLP, SmallCNN, as_input
from course_utils.training import set_seed


def row(kind: str, seconds: float, errors: int, seed: int = 0) -> recipes.Measurement:
    return recipes.Measurement(kind, seed, seconds, 900.0, errors, 1_000, 10**6, 50_000)


def test_both_ways_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    set_seed(0)
    part = load_mnist().validation.select(range(1_000))
    usual, shown = recipes.train_usual(n=3_000)
    assert shown == 3_000
    monkeypatch.setitem(recipes.COURSE, "short", replace(recipes.COURSE["course 99.0"], epochs=2))
    ours, shown = recipes.train_course("short", seed=0, n=1_500)
    assert shown == 3_000
    for network in (recipes.standardised(usual), ours):
        network.eval()
        with torch.no_grad():
            wrong = (network(as_input(part.images)).argmax(1) != part.labels).sum()
        assert 0 < wrong < 250  # at least three quarters right, and not perfect


def test_measures_and_restores_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_EXAM_LOG", "elsewhere")
    found = recipes.measure("course 99.0", 1, n=960)
    assert os.environ["COURSE_EXAM_LOG"] == "elsewhere"
    assert (found.kind, found.seed, found.shown, found.parameters) == (
        "course 99.0",
        1,
        960,
        29_434,
    )
    assert found.seconds > 0 and found.peak_mb > 0 and 0 < found.errors < 9_500


def test_the_usual_network_is_the_published_one() -> None:
    network = recipes.UsualNetwork()
    assert sum(weights.numel() for weights in network.parameters()) == 1_199_882


def test_standardised_is_what_the_data_set_did() -> None:
    images = torch.rand(2, 1, 28, 28)
    done = Normalize(recipes.MEAN, recipes.DEVIATION)(images)
    torch.testing.assert_close(recipes.standardised(nn.Identity())(images), done)


@pytest.mark.parametrize("network", [MLP((30, 20)), SmallCNN(), recipes.UsualNetwork()])
def test_counts_products_as_torch_does(network: nn.Module) -> None:
    network.eval()
    with (
        torch.no_grad(),
        profile(activities=[ProfilerActivity.CPU], with_flops=True) as counted,
    ):
        network(torch.zeros(1, 1, 28, 28))
    names = ("aten::conv2d", "aten::addmm")
    flops = sum(event.flops for event in counted.key_averages() if event.key in names)
    assert 2 * recipes.products(network) == flops


def test_refuses_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="kind must be one of usual, course"):
        recipes.measure("best", 0)


def test_table_has_ratio_and_floor() -> None:
    rows = [row("usual", 60.0, 170), row("course 99.0", 4.0, 95), row("course 99.0", 6.0, 85, 1)]
    text = recipes.table(rows, lambda kind: 1e12)
    *_, last = text.splitlines()
    assert "1/12.0" in last and "4.0-6.0 s" in last and "99.10%" in last and "0.15 s" in last


def test_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipes, "measure_apart", lambda kind, seed: row(kind, 1.0, 50, seed))
    monkeypatch.setattr(recipes, "peak_speed", lambda dtype: 1e11)
    target = tmp_path / "recipes.json"
    assert recipes.main(["--seeds", "2", "--json", str(target)]) == 0
    kinds = [found["kind"] for found in json.loads(target.read_text("utf-8"))]
    assert kinds == [*recipes.KINDS] * 2  # they take turns
    assert "1/1.0" in capsys.readouterr().out


def test_refuses_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        recipes.main(["--seeds", "0"])
    assert "--seeds must be 1 or more" in capsys.readouterr().err
