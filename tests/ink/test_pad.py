"""The drawing pad without a page: its traits, what it refuses, its verdicts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from traitlets import TraitError

from course_utils.ink import DrawingPad, from_strokes
from course_utils.ink.pad import MAX_POINTS
from course_utils.models import MLP
from course_utils.training import logits

ONE = [[140.0, 40.0], [140.0, 240.0]]
BAR = [[60.0, 140.0], [220.0, 140.0]]


def certain(k: int, n: int = 10) -> nn.Module:
    """A network that is nearly sure of class k, whatever it is shown."""

    class Certain(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            scores = torch.arange(n).float().expand(len(images), -1) / 10
            return scores + 5 * nn.functional.one_hot(torch.tensor(k), n)

    return Certain()


def uniform(images: Tensor) -> np.ndarray:
    return np.full((len(images), 10), 0.1)


# -- an empty pad, and a drawing -----------------------------------------------------------------


def test_an_empty_pad_has_no_verdict_and_no_error() -> None:
    pad = DrawingPad(certain(3))
    assert pad.strokes == []
    assert (pad.verdict, pad.top3, pad.probabilities, pad.prepared) == (None, [], None, None)
    assert pad.error is None
    pad.undo()
    pad.clear()
    assert pad.strokes == [] and pad.verdict is None


def test_a_drawing_is_prepared_and_read() -> None:
    model = MLP((20,))
    pad = DrawingPad(model)
    pad.strokes = [ONE, BAR]
    expected = from_strokes([np.array(ONE), np.array(BAR)])
    assert pad.prepared.dtype == torch.uint8 and torch.equal(pad.prepared, expected)
    probabilities = logits(model, expected[None]).softmax(1)[0]
    assert torch.allclose(pad.probabilities, probabilities)
    best = probabilities.argsort(descending=True)[:3].tolist()
    assert [label for label, _ in pad.top3] == [str(k) for k in best]
    assert [p for _, p in pad.top3] == pytest.approx([float(probabilities[k]) for k in best])
    assert pad.verdict == str(best[0])


def test_strokes_may_be_given_at_once() -> None:
    assert DrawingPad(certain(7), strokes=[ONE]).verdict == "7"


def test_undo_takes_one_stroke_and_clear_all() -> None:
    pad = DrawingPad(certain(3), strokes=[ONE, BAR])
    pad.undo()
    assert pad.strokes == [ONE]
    assert torch.equal(pad.prepared, from_strokes([np.array(ONE)]))
    pad.clear()
    assert pad.strokes == [] and pad.prepared is None and pad.verdict is None


def test_labels_name_the_classes() -> None:
    pad = DrawingPad(certain(2, n=4), labels=["一", "二", "三", "四"], strokes=[ONE])
    assert pad.verdict == "三"
    assert len(pad.top3) == 3


def test_fewer_than_three_classes() -> None:
    assert [label for label, _ in DrawingPad(certain(1, n=2), strokes=[ONE]).top3] == ["1", "0"]


class Wire:
    """Stands in for the connection to a page and keeps the states that are sent to it."""

    comm_id = "wire"

    def __init__(self) -> None:
        self.states: list[dict] = []

    def on_msg(self, callback): ...

    def send(self, data, buffers=None):
        self.states.append(data["state"])


def test_the_page_gets_the_image_and_the_verdict_in_one_message() -> None:
    pad = DrawingPad(certain(3))
    pad.comm = wire = Wire()
    pad.strokes = [ONE]
    assert pad._prepared == bytes(pad.prepared.flatten().tolist())
    # The image itself travels beside its message, as bytes.
    assert [set(state) - {"_prepared"} for state in wire.states] == [{"strokes"}, {"_reply"}]
    assert wire.states[-1]["_reply"]["state"] == "read"
    assert wire.states[-1]["_reply"]["top"][0][0] == "3"


def test_a_question_about_known_strokes_is_answered() -> None:
    pad = DrawingPad(certain(3))
    pad.set_state({"strokes": [ONE], "_asked": 1})
    pad.set_state({"strokes": [ONE], "_asked": 2})  # the pen was lifted where it was
    assert pad._reply["answers"] == 2 and pad._reply["state"] == "read"


# -- models --------------------------------------------------------------------------------------


def test_without_a_model_there_is_an_image_and_no_verdict() -> None:
    pad = DrawingPad(strokes=[ONE])
    assert pad.prepared is not None and pad.verdict is None and pad.error is None


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor, np.ndarray.tolist, np.squeeze])
def test_a_function_gets_one_image_and_may_return_any_array(kind) -> None:
    given = []

    def model(images):
        given.append(images)
        return kind(np.eye(10)[[4]])

    pad = DrawingPad(model)
    assert given == [], "a function is not called before something is drawn"
    pad.strokes = [ONE]
    assert pad.verdict == "4" and pad.top3[0][1] == 1
    assert given[0].shape == (1, 28, 28) and given[0].dtype == torch.uint8


def test_another_model_reads_the_same_drawing() -> None:
    pad = DrawingPad(certain(3), strokes=[ONE])
    pad.model = certain(8)
    assert pad.verdict == "8"
    pad.model = None
    assert pad.verdict is None and pad.prepared is not None


@pytest.mark.parametrize(
    ("model", "reader"), [(certain(3), "network"), (uniform, "model"), (None, "")]
)
def test_the_page_is_told_who_reads(model, reader) -> None:
    assert DrawingPad(model)._reply["reader"] == reader


def test_a_network_keeps_its_mode() -> None:
    model = MLP((20,), dropout=0.5).train()
    DrawingPad(model, strokes=[ONE])
    assert model.training


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"must be an nn\.Module, a function .* got str"):
        DrawingPad("a model")

    class Classifier:
        def predict_proba(self, X): ...

    with pytest.raises(TypeError, match=r"wrap it: lambda x: classifier\.predict_proba"):
        DrawingPad(Classifier())
    pad = DrawingPad(certain(3))
    with pytest.raises(TypeError, match="got int"):
        pad.model = 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.ones((1, 10)), "with the sum 1"),
        (np.array([1.5, -0.5]), "none below 0"),
        (np.array([np.nan, 1.0]), "expected probabilities"),
        (np.full((2, 10), 0.1), r"got shape \(2, 10\)"),
        (np.zeros((1, 0)), r"got shape \(1, 0\)"),
        (3, r"got shape \(\)"),
        ("three", "convert"),
    ],
)
def test_an_answer_that_is_no_probabilities_is_shown_as_an_error(answer, message) -> None:
    pad = DrawingPad(lambda images: answer, strokes=[ONE])
    assert pad.verdict is None and pad.prepared is not None
    assert pad._reply["state"] == "error"
    with pytest.raises((ValueError, TypeError), match=message):
        raise pad.error


def test_labels_of_another_number_are_an_error() -> None:
    pad = DrawingPad(uniform, labels="abc", strokes=[ONE])
    assert "got 10 probabilities for 3 labels" in str(pad.error)


def test_an_error_of_the_model_is_kept_and_shown_until_the_next_drawing() -> None:
    calls = []

    def model(images):
        calls.append(images)
        if len(calls) == 1:
            raise RuntimeError("no ink in stock")
        return uniform(images)

    pad = DrawingPad(model)
    pad.strokes = [ONE]
    assert isinstance(pad.error, RuntimeError)
    assert pad._reply["message"].endswith("RuntimeError: no ink in stock")
    assert pad.verdict is None and pad.prepared is not None
    pad.strokes = [BAR]
    assert pad.error is None and pad.verdict is not None and not pad._reply["message"]


def test_a_model_that_changes_its_image_changes_nothing_here() -> None:
    def model(images):
        images.zero_()
        return uniform(images)

    assert DrawingPad(model, strokes=[ONE]).prepared.any()


# -- what is refused, and what is made to fit ----------------------------------------------------


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        (5, "must be a list of strokes"),
        (None, "must be a list of strokes"),
        ("3", "must be a list of strokes"),
        (ONE, "also when there is only one"),
        ([ONE, []], r"strokes\[1\] must hold one or more points"),
        ([[[1, 2, 3]]], r"shape \(n, 2\), got shape \(1, 3\)"),
        ([[[1, 2], [3]]], r"strokes\[0\] must be a list of points"),
        ([[["a", "b"]]], r"strokes\[0\] must be a list of points"),
        ([[[1, float("nan")]]], "no finite number"),
        ([ONE, [[float("inf"), 1]]], r"strokes\[1\] holds a coordinate"),
        ([np.zeros((MAX_POINTS + 1, 2))], "may have 20,000 points, this one has 20,001"),
    ],
)
def test_what_is_no_drawing_is_refused_and_the_old_one_stays(strokes, message) -> None:
    pad = DrawingPad(certain(3), strokes=[BAR])
    with pytest.raises(TraitError, match=message):
        pad.strokes = strokes
    assert pad.strokes == [BAR] and pad.verdict == "3"


@pytest.mark.parametrize("kind", [np.array, torch.tensor, list, tuple])
def test_arrays_become_lists(kind) -> None:
    pad = DrawingPad()
    pad.strokes = (kind(ONE), kind(BAR))
    assert pad.strokes == [ONE, BAR]
    assert all(type(x) is float for stroke in pad.strokes for point in stroke for x in point)


def test_a_dot_is_a_drawing() -> None:
    pad = DrawingPad(uniform, strokes=[[[140, 140]]])
    assert pad.error is None and pad.prepared.any()


@pytest.mark.parametrize("factor", [3.0, 100.0])
@pytest.mark.parametrize("shift", [-500.0, 0.0, 500.0])
def test_a_drawing_from_a_larger_canvas_is_made_to_fit_and_reads_the_same(factor, shift) -> None:
    drawing = [np.array(ONE) * factor + shift, np.array(BAR) * factor + shift]
    pad = DrawingPad(strokes=drawing)
    points = np.concatenate(pad.strokes)
    assert points.min() >= 0 and points.max() <= pad.size
    assert np.ptp(points, axis=0) == pytest.approx([0.8 * 280 * 0.8, 0.8 * 280])
    assert torch.equal(pad.prepared, from_strokes(drawing))


def test_a_small_drawing_off_the_canvas_is_moved_and_not_enlarged() -> None:
    pad = DrawingPad(strokes=[np.array(BAR) + 250])
    assert np.ptp(np.array(pad.strokes[0]), axis=0) == pytest.approx([160, 0])
    assert np.array(pad.strokes[0]).mean(0) == pytest.approx([140, 140])


def test_steps_of_the_preparation_can_be_left_out() -> None:
    strokes = [np.array(ONE) - [100, 0]]
    pad = DrawingPad(skip=("crop", "width"), stroke_width=30, strokes=strokes)
    expected = from_strokes(strokes, skip=("crop", "width"), pad_size=(280, 280), pen_width=30)
    assert torch.equal(pad.prepared, expected)
    before = pad.prepared.sum()
    pad.stroke_width = 10
    assert pad.prepared.sum() < before, "the thinner pen was not used"
    with pytest.raises(ValueError, match="no step croop"):
        DrawingPad(skip=("croop",))


@pytest.mark.parametrize("size", [99, 1001, 280.5, "large"])
def test_a_size_out_of_range_is_refused(size) -> None:
    with pytest.raises(TraitError):
        DrawingPad(size=size)


def test_the_size_is_fixed() -> None:
    with pytest.raises(TraitError, match="read-only"):
        DrawingPad(size=300).size = 400


def test_the_pen_width_has_bounds_that_go_with_the_size() -> None:
    assert DrawingPad().stroke_width == 20
    assert DrawingPad(size=560).stroke_width == 40
    for width in (7.9, 40.1, float("nan")):
        with pytest.raises(TraitError, match="between 8 and 40 pixels on a canvas of 280"):
            DrawingPad(stroke_width=width)


# -- in the notebook -----------------------------------------------------------------------------


def test_a_stored_notebook_says_the_same_on_every_machine() -> None:
    texts = []
    for pad in (DrawingPad(), DrawingPad(certain(3), size=400, strokes=[ONE])):
        data, _ = pad._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        texts.append(data["text/plain"])
    assert texts[0] == texts[1] == "[Drawing pad: it appears here when this cell is run]"
    assert repr(pad) == "DrawingPad(size=400, strokes=1)"


def test_the_script_and_the_python_agree_and_nothing_is_fetched() -> None:
    script, style = str(DrawingPad._esm), str(DrawingPad._css)
    assert f"MAX_POINTS = {MAX_POINTS};" in script
    for text in (script, style):
        for word in ("http:", "https:", "@import", "url(", "import("):
            assert word not in text
