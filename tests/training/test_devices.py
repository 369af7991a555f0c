"""Seeds and the choice of a device."""

import random

import numpy as np
import pytest
import torch

from course_utils.training import choose_device, set_seed


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))


def test_the_same_seed_repeats_every_generator() -> None:
    set_seed(3)
    first = draw()
    set_seed(3)
    assert draw() == first
    set_seed(4)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, None])
def test_a_seed_out_of_range_is_refused(seed: object) -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        set_seed(seed)


@pytest.mark.parametrize(
    ("found", "expected"),
    [("cuda", "cuda"), ("mps", "mps"), ("xpu", "cpu"), (None, "cpu")],
)
def test_the_accelerator_comes_before_the_cpu(
    monkeypatch: pytest.MonkeyPatch, found: str | None, expected: str
) -> None:
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    device = None if found is None else torch.device(found)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: device)
    assert choose_device().type == expected


def test_the_environment_overrides_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: cuda)
    monkeypatch.setenv("COURSE_DEVICE", " cpu ")
    assert choose_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "meta"])
def test_an_unknown_device_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COURSE_DEVICE", name)
    with pytest.raises(ValueError, match="COURSE_DEVICE must be cpu, cuda"):
        choose_device()


@pytest.mark.parametrize("name", ["cuda", "cuda:3", "mps"])
def test_a_missing_device_is_explained(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("COURSE_DEVICE", name)
    with pytest.raises(RuntimeError, match="leave it out to let the course choose"):
        choose_device()
