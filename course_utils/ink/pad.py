"""The drawing pad: draw a digit in the notebook, see what the network sees and what it reads."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import torch
import traitlets
from torch import Tensor, nn

from course_utils.ink.strokes import from_strokes
from course_utils.training import logits

Strokes = list[np.ndarray]  # each float64 (n, 2): x to the right, y down, in canvas pixels
Model = nn.Module | Callable[[Tensor], Any]

SMALLEST, LARGEST = 100, 1000  # sides of the canvas in pixels
MAX_POINTS = 20_000  # of a whole drawing; minutes of scribbling
_SHOWN = 3  # classes in the verdict
_IN_NOTEBOOK = "[Drawing pad: it appears here when this cell is run]"
_HERE = Path(__file__).parent


class StrokesTrait(traitlets.TraitType):
    """A drawing, kept as lists of lists of [x, y] that lie on the canvas of the pad."""

    default_value = ()

    def validate(self, pad: "DrawingPad", value: Any) -> list[list[list[float]]]:
        """The drawing in its kept form. Raises TraitError for anything that is no drawing."""
        return _fitted(_checked_strokes(value), pad.size)


class DrawingPad(anywidget.AnyWidget):
    """A canvas for mouse, finger or pen, the 28 × 28 image made of the drawing, and its verdict.

    ``model`` is one of

    - an ``nn.Module`` that takes images as ``as_input`` makes them and gives scores, as all models
      of the course do;
    - any function from a uint8 tensor (1, 28, 28) to probabilities, (classes,) or (1, classes);
      for a scikit-learn classifier ``lambda x: classifier.predict_proba(x.flatten(1).numpy())``,
      with the scaling it was trained with;
    - None: the pad shows the image and reads nothing.

    ``size``: side of the canvas in pixels, 100 … 1000. ``stroke_width``: of the pen on the canvas,
    in pixels. ``labels``: the names of the classes, by default 0, 1, 2 … ``skip``: steps of the
    preparation to leave out, as for ``from_strokes``, to see what each is worth.

    While someone draws, ``strokes`` follows the pen, and so do the results below. What goes wrong
    in the preparation or in the model is shown in the pad and kept in ``error``.
    Raises TypeError for a model of another kind, ValueError for a step that does not exist and
    TraitError for a value out of its range.
    """

    _esm = (_HERE / "pad.js").read_text(encoding="utf-8")
    _css = (_HERE / "pad.css").read_text(encoding="utf-8")

    strokes = StrokesTrait(
        help="The drawing: a list of strokes, each a list of points [x, y] in canvas pixels, x to "
        "the right and y down. Lists and arrays (n, 2) can be assigned; a drawing that reaches "
        "beyond the canvas is scaled down and moved, as a whole, until it fits."
    ).tag(sync=True)
    size = traitlets.Int(280, min=SMALLEST, max=LARGEST, read_only=True).tag(sync=True)
    stroke_width = traitlets.Float(help="Width of the pen in canvas pixels.").tag(sync=True)
    _width_range = traitlets.List().tag(sync=True)
    _prepared = traitlets.Bytes(help="28 · 28 bytes, row by row, or none.").tag(sync=True)
    _reply = traitlets.Dict(help="What the page shows, see _show().").tag(sync=True)
    _asked = traitlets.Int(0, help="Counts the page's questions.").tag(sync=True)

    def __init__(
        self,
        model: Model | None = None,
        *,
        size: int = 280,
        stroke_width: float | None = None,
        labels: Sequence[str] | None = None,
        strokes: Iterable[Any] = (),
        skip: Collection[str] = (),
    ) -> None:
        self._model, self._skip = _checked_model(model), skip
        self._labels = None if labels is None else [str(label) for label in labels]
        self._image: Tensor | None = None
        self._probabilities: Tensor | None = None
        self._error: Exception | None = None
        super().__init__()
        self.set_trait("size", size)
        self._width_range = [size / 35, size / 7]
        self.stroke_width = size / 14 if stroke_width is None else stroke_width
        self._warm_up()
        self.strokes = strokes
        self._read()

    # -- what was read -----------------------------------------------------------------------

    @property
    def prepared(self) -> Tensor | None:
        """What the model sees: uint8 (28, 28), 255 is full ink; None while nothing is drawn."""
        return self._image

    @property
    def probabilities(self) -> Tensor | None:
        """The model's probabilities, float32 (classes,); None while there is no verdict."""
        return self._probabilities

    @property
    def top3(self) -> list[tuple[str, float]]:
        """The three likeliest classes with their probabilities, likeliest first; else empty."""
        if self._probabilities is None:
            return []
        best = self._probabilities.argsort(descending=True, stable=True)[:_SHOWN].tolist()
        return [(self._label(k), float(self._probabilities[k])) for k in best]

    @property
    def verdict(self) -> str | None:
        """The label of the likeliest class; None while there is no verdict."""
        return self.top3[0][0] if self.top3 else None

    @property
    def error(self) -> Exception | None:
        """What the preparation or the model raised for this drawing; ``raise pad.error`` tells."""
        return self._error

    @property
    def model(self) -> Model | None:
        """The model that reads; assign another and the drawing is read anew."""
        return self._model

    @model.setter
    def model(self, model: Model | None) -> None:
        self._model = _checked_model(model)
        self._warm_up()
        self._read()

    def clear(self) -> None:
        """Remove the whole drawing."""
        self.strokes = []

    def undo(self) -> None:
        """Remove the last stroke; on an empty canvas do nothing."""
        self.strokes = self.strokes[:-1]

    # -- from a drawing to a verdict -----------------------------------------------------------

    @traitlets.validate("stroke_width")
    def _valid_width(self, proposal: dict) -> float:
        low, high = self._width_range
        if not low <= proposal["value"] <= high:
            raise traitlets.TraitError(
                f"stroke_width must lie between {low:g} and {high:g} pixels on a canvas of "
                f"{self.size} pixels, got {proposal['value']:g}"
            )
        return proposal["value"]

    @traitlets.observe("strokes", "stroke_width")
    def _drawing_changed(self, _: dict) -> None:
        self._read()

    @traitlets.observe("_asked")
    def _page_asks(self, _: dict) -> None:
        if self._reply.get("answers") != self._asked:  # about strokes that were read before
            self._read()

    def _read(self) -> None:
        """Prepare the drawing, ask the model, tell the page."""
        self._image = self._probabilities = self._error = None
        if not self.strokes:
            return self._show("empty")
        try:
            self._image = self._prepare([np.array(stroke) for stroke in self.strokes])
        except Exception as error:  # noqa: BLE001 (whatever it is, it belongs in the pad)
            return self._fail("This drawing cannot be prepared", error)
        if self._model is None:
            return self._show("seen")
        try:
            self._probabilities = self._checked_probabilities(_ask(self._model, self._image))
        except Exception as error:  # noqa: BLE001
            return self._fail("The model failed on this drawing", error)
        return self._show("read")

    def _fail(self, what: str, error: Exception) -> None:
        self._error = error
        self._show("error", f"{what}: {type(error).__name__}: {error}")

    def _show(self, state: str, message: str = "") -> None:
        """Send the page all it shows, in one message."""
        with self.hold_sync():
            self._prepared = b"" if self._image is None else self._image.numpy().tobytes()
            self._reply = {
                "serial": self._reply.get("serial", 0) + 1,  # so that it always differs
                "answers": self._asked,
                "state": state,
                "reader": self._reader(),
                "top": [list(pair) for pair in self.top3],
                "message": message,
            }

    def _prepare(self, strokes: Strokes) -> Tensor:
        return from_strokes(
            strokes,
            pad_size=(self.size, self.size),
            pen_width=self.stroke_width,
            skip=self._skip,
        )

    def _warm_up(self) -> None:
        """Let torch set up what it sets up at first use, so that the first drawing is not slow.

        Raises ValueError for a preparation step that does not exist. A failure of the model is no
        news here: it comes again with the first drawing, and is shown then.
        """
        image = self._prepare([np.array([[0.3, 0.3], [0.6, 0.7]]) * self.size])
        if isinstance(self._model, nn.Module):  # a function is called for drawings only
            with contextlib.suppress(Exception):
                _ask(self._model, image)

    def _reader(self) -> str:
        """Whom the prepared image is for, in a word."""
        if self._model is None:
            return ""
        return "network" if isinstance(self._model, nn.Module) else "model"

    def _label(self, k: int) -> str:
        return str(k) if self._labels is None else self._labels[k]

    def _checked_probabilities(self, values: Any) -> Tensor:
        """Probabilities as float32 (classes,), or a ValueError that says what is wrong."""
        found = torch.as_tensor(np.asarray(values), dtype=torch.float32).squeeze()
        if found.ndim != 1 or not len(found):
            raise ValueError(
                "expected probabilities of shape (classes,) or (1, classes), got shape "
                f"{tuple(np.shape(values))}"
            )
        if not (found.isfinite().all() and found.min() >= 0 and abs(found.sum() - 1) < 0.01):
            raise ValueError(
                f"expected probabilities: none below 0, with the sum 1; got {found.tolist()}"
            )
        if self._labels is not None and len(self._labels) != len(found):
            raise ValueError(f"got {len(found)} probabilities for {len(self._labels)} labels")
        return found

    # -- in the notebook -----------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"DrawingPad(size={self.size}, strokes={len(self.strokes)})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        """The widget, and one text for all machines where there is none: a stored notebook."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return data | {"text/plain": _IN_NOTEBOOK}, metadata


def _checked_model(model: Any) -> Model | None:
    if model is None or callable(model):
        return model
    hint = ""
    if hasattr(model, "predict_proba"):
        hint = "; wrap it: lambda x: classifier.predict_proba(x.flatten(1).numpy() / 255)"
    raise TypeError(
        "model must be an nn.Module, a function from images (1, 28, 28) to probabilities, or None; "
        f"got {type(model).__name__}{hint}"
    )


def _ask(model: Model, image: Tensor) -> Any:
    """Probabilities for one image (28, 28)."""
    if isinstance(model, nn.Module):
        return logits(model, image[None]).softmax(1)
    answer = model(image[None].clone())
    return answer.detach().cpu() if isinstance(answer, Tensor) else answer


def _checked_strokes(strokes: Any) -> Strokes:
    """Strokes as float64 arrays (n, 2), or a TraitError that says which one is wrong, and how."""
    if isinstance(strokes, str | bytes | dict) or not isinstance(strokes, Iterable):
        raise traitlets.TraitError(
            f"strokes must be a list of strokes, each a list of points [x, y]; got {strokes!r}"
        )
    arrays = []
    for i, stroke in enumerate(strokes):
        try:
            points = np.asarray(stroke, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(
                f"strokes[{i}] must be a list of points [x, y], numbers: {error}"
            ) from None
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise traitlets.TraitError(
                f"strokes[{i}] must hold one or more points [x, y]: shape (n, 2), got shape "
                f"{points.shape}; strokes is a list of strokes, also when there is only one"
            )
        if not np.isfinite(points).all():
            raise traitlets.TraitError(f"strokes[{i}] holds a coordinate that is no finite number")
        arrays.append(points)
    n_points = sum(map(len, arrays))
    if n_points > MAX_POINTS:
        raise traitlets.TraitError(
            f"a drawing may have {MAX_POINTS:,} points, this one has {n_points:,}: thin it out"
        )
    return arrays


def _fitted(strokes: Strokes, size: int) -> list[list[list[float]]]:
    """Strokes as plain lists, scaled down and moved as a whole if they leave the canvas."""
    if strokes:
        every = np.concatenate(strokes)
        low, high = every.min(0), every.max(0)
        if low.min() < 0 or high.max() > size:
            room = 0.8 * size  # leaves a margin for the pen's width
            extent = (high - low).max()
            scale = min(1.0, room / extent) if extent > 0 else 1.0
            middle = (low + high) / 2
            strokes = [(points - middle) * scale + size / 2 for points in strokes]
    return [[[float(x), float(y)] for x, y in points] for points in strokes]
