"""What holds for a batch, whatever the change, and what is refused."""

import math
import re

import pytest
import torch

from course_utils.augment import Augment
from tests.augment.kinds import KINDS, each_kind, seeded, seen_by_warp


@each_kind
def test_form_and_range_are_kept(change: Augment, digits: torch.Tensor) -> None:
    before = digits.clone()
    for batch in (digits, digits[:1], digits.double()):
        after = change(batch, seeded())
        assert after.shape == batch.shape and after.dtype == batch.dtype
        assert after.min() >= 0 and after.max() <= 1
        assert not torch.equal(after, batch)
    assert torch.equal(digits, before), "the images handed in were changed"


@each_kind
def test_every_image_has_a_draw_of_its_own(change: Augment, digits: torch.Tensor) -> None:
    ink = digits[:1].clamp(min=0.2)  # so that erasing shows wherever it falls
    same = change(ink.expand(24, 1, 28, 28), seeded())
    assert len({image.numpy().tobytes() for image in same}) == 24


@each_kind
def test_a_seed_repeats_the_changes(change: Augment, digits: torch.Tensor) -> None:
    first = change(digits, seeded(7))
    assert torch.equal(change(digits, seeded(7)), first)
    assert not torch.equal(change(digits, seeded(8)), first)
    generator = seeded(7)
    assert torch.equal(change(digits, generator), first)
    assert not torch.equal(change(digits, generator), first), "each call draws anew"


@each_kind
def test_an_image_is_changed_alike_whatever_stands_beside_it(
    change: Augment, digits: torch.Tensor
) -> None:
    others = torch.cat([digits[:1], digits[:-1].flip(0)])
    assert torch.allclose(change(others, seeded())[0], change(digits, seeded())[0], atol=1e-6)


def test_without_a_generator_the_global_one_draws(digits: torch.Tensor) -> None:
    torch.manual_seed(3)
    first = KINDS["all"](digits)
    torch.manual_seed(3)
    assert torch.equal(KINDS["all"](digits), first)


def test_no_strength_changes_nothing(digits: torch.Tensor) -> None:
    assert Augment()(digits, seeded()) is digits
    tiny = Augment(1e-9, 1e-9, 1e-9, 1e-9, 1e-9)
    assert torch.allclose(tiny(digits, seeded()), digits, atol=1e-5)


def test_a_kind_does_not_change_the_draws_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = seen_by_warp(Augment(rotation=10), 9, monkeypatch)[0]
    beside = seen_by_warp(Augment(rotation=10, shift=3, elastic=1, erase=4), 9, monkeypatch)[0]
    assert torch.equal(alone, beside)


def test_other_devices_get_the_same_changes(digits: torch.Tensor) -> None:
    """Runs where there is a GPU; the draws come from the CPU there, too."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for change in KINDS.values():
        on_gpu = change(digits.cuda(), seeded())
        assert on_gpu.device.type == "cuda"
        assert torch.allclose(on_gpu.cpu(), change(digits, seeded()), atol=1e-3)


# -- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": -1}, "rotation must be between 0 and 180 degrees"),
        ({"rotation": math.nan}, "rotation must be"),
        ({"shift": -0.1}, "shift must be 0 or more pixels"),
        ({"shift": math.inf}, "shift must be"),
        ({"scale": 10}, r"scale is a share, .* \(0.1 for ± 10 %\)"),
        ({"scale": 1}, "scale is a share"),
        ({"shear": 10}, "shear is a share"),
        ({"elastic": -1}, "elastic must be 0 or more pixels"),
        ({"sigma": 0.5}, "sigma must be 1 or more pixels"),
        ({"erase": 2.5}, "erase must be a whole number"),
        ({"erase": -2}, "erase must be a whole number"),
        ({"noise": 25}, "noise must be between 0 and 1"),
    ],
)
def test_a_strength_out_of_range_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Augment(**settings)
    assert "got Augment(" in str(caught.value)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(3, 28, 28), r"shape \(n, 1, height, width\) .* got shape \(3, 28, 28\)"),
        (torch.zeros(3, 3, 28, 28), r"got shape \(3, 3, 28, 28\)"),
        (torch.zeros(0, 1, 28, 28), "with n >= 1"),
        (torch.zeros(3, 1, 28, 28, dtype=torch.uint8), "got torch.uint8; as_input makes them so"),
        (torch.zeros(3, 1, 28, 28, dtype=torch.float16), "got torch.float16"),
        (torch.full((3, 1, 28, 28), 255.0), "between 0 and 1, got 255 … 255"),
        (torch.full((3, 1, 28, 28), -0.42), "before they are standardised, .* 0 must be paper"),
        (torch.full((3, 1, 28, 28), math.nan), "between 0 and 1, got nan … nan"),
    ],
)
def test_a_batch_of_another_form_is_refused(images: torch.Tensor, message: str) -> None:
    for change in (KINDS["all"], Augment()):
        with pytest.raises(ValueError, match=message):
            change(images, seeded())


def test_a_generator_of_another_device_is_refused() -> None:
    class Elsewhere:
        device = torch.device("cuda")

    with pytest.raises(ValueError, match=re.escape("must be one of the CPU, got one of cuda")):
        KINDS["all"](torch.zeros(1, 1, 28, 28), Elsewhere())
