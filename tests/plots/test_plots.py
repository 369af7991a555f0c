"""The pictures: what is drawn, what is said about it, what is refused."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import plots
from course_utils.data import load_mnist
from course_utils.evaluation import hard_digits


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr(
        plots, "publish_display_data", lambda d, metadata=None: outputs.append((d, metadata or {}))
    )
    return outputs


def picture(output: tuple[dict, dict]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(output[0]["image/png"]))).convert("L"))


def test_a_figure_is_shown_with_its_text_and_closed(shown: list) -> None:
    figure, axes = plt.subplots(figsize=(4, 2))
    axes.plot([0, 1], [0, 1])
    plots.show(figure, "A line that rises from 0\n   to 1 & beyond.")
    (_, metadata), (text, _) = shown
    assert metadata["image/png"]["alt"] == "A line that rises from 0 to 1 & beyond."
    assert text["text/html"] == (
        '<p class="jp-sr-only">Figure: A line that rises from 0 to 1 &amp; beyond.</p>'
    )
    assert picture(shown[0]).std() > 0
    assert not plt.fignum_exists(figure.number)


def test_the_same_figure_gives_the_same_bytes(shown: list) -> None:
    for _ in range(2):
        figure, axes = plt.subplots()
        axes.bar([1, 2], [3, 4])
        plots.show(figure, "Two bars of height 3 and 4.")
    assert shown[0][0]["image/png"] == shown[2][0]["image/png"]


def test_a_figure_without_a_text_is_refused(shown: list) -> None:
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="must say what the figure shows"):
        plots.show(figure, "a plot")
    plt.close(figure)


def test_a_montage_puts_every_image_in_its_place() -> None:
    images = np.arange(1, 6)[:, None, None] * np.ones((1, 3, 4), int)
    page = plots.montage(images, columns=2, gap=1)
    assert page.shape == (3 * 3 + 2, 2 * 4 + 1)
    assert (page[4:7, 5:9] == 4).all()  # the fourth image: second row, second column
    assert (page[8:, 5:] == 0).all()  # no sixth image
    assert (page[3] == 0).all() and (page[:, 4] == 0).all()


@pytest.mark.parametrize(("shape", "columns"), [((28, 28), 2), ((0, 28, 28), 2), ((3, 28, 28), 0)])
def test_a_montage_refuses_what_it_cannot_arrange(shape: tuple, columns: int) -> None:
    with pytest.raises(ValueError, match="montage needs images"):
        plots.montage(np.zeros(shape), columns)


def test_digits_get_the_captions_that_belong_to_them() -> None:
    figure, axes = plt.subplots()
    plots.draw_digits(axes, torch.zeros(3, 28, 28), columns=2, captions=["a", "b", "c"])
    at = {text.get_text(): text.get_position() for text in axes.texts}
    assert at["b"][0] > at["a"][0] and at["b"][1] == at["a"][1]
    assert at["c"][0] == at["a"][0] and at["c"][1] > at["a"][1]
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        plots.draw_digits(axes, torch.zeros(3, 28, 28), columns=2, captions=["a", "b"])
    plt.close(figure)


def test_the_map_draws_every_point_and_spaces_the_images() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(60, 2)), rng.integers(0, 10, 60)
    figure, axes = plt.subplots()
    plots.draw_map(axes, points, rng.integers(0, 256, (60, 28, 28)), labels, "map", spacing=0.1)
    assert len(axes.collections[0].get_offsets()) == 60
    drawn = np.array([box.xy for box in axes.artists])
    gaps = np.abs(drawn[:, None] - drawn).max(-1) + np.eye(len(drawn))
    assert 5 < len(drawn) < 60 and gaps.min() >= 0.1
    plt.close(figure)


def test_the_hard_digits_are_marked_and_recorded(shown: list) -> None:
    digits = hard_digits(load_mnist().validation)
    right = digits.labels.tolist()
    wrong = [(label + 1) % 10 for label in right]
    plots.show_hard_digits(digits, {"good": right, "bad": wrong}, chapter="01_x")
    alt = shown[0][1]["image/png"]["alt"]
    assert "good, bad" in alt
    assert shown[-1][1]["course"]["verdicts"] == {
        "chapter": "01_x",
        "model": "bad",
        "predictions": wrong,
    }


def test_hard_digits_need_24_predictions() -> None:
    with pytest.raises(ValueError, match="got 3 predictions for 24 images"):
        plots.show_hard_digits(
            hard_digits(load_mnist().validation), {"short": [1, 2, 3]}, chapter="01_x"
        )
