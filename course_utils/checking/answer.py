"""Calling a learner's function the way a check should: on copies, watched, errors in words."""

import builtins
import inspect
import linecache
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.checking.compare import difference
from course_utils.checking.guard import (
    GlobalState,
    as_defined,
    bindings,
    forbidden,
    listening,
    put_back,
)
from course_utils.checking.values import (
    GENERATORS,
    change_of,
    copied,
    describe,
    is_plain,
    memory,
    share_memory,
    snapshot,
    stain,
)

__builtins__ = dict(vars(builtins))  # as in values.py

_KEPT = 8  # earlier results that are looked at again
_passed = weakref.WeakSet()  # functions whose check came to its end in this kernel


@dataclass(frozen=True)
class _Call:
    """One call: the names of the parameters, what is handed in, and how that was before."""

    names: list[str]
    args: list[Any]
    options: dict[str, Any]
    before: list[Any]

    @property
    def values(self) -> list[Any]:
        return [*self.args, *self.options.values()]


class Answer:
    """A learner's function, called like the function itself.

    Every call hands in copies of arrays, tensors, generators and of lists, tuples and dictionaries
    of them; models, optimisers and other objects go in as they are. A call raises AssertionError,
    with a sentence for the learner, when the function

    - stops with an exception (an open exercise's NotImplementedError passes through, and so does an
      AssertionError raised outside the answer, by an object that the check handed in), calls
      ``exit()`` or returns nothing (allowed with ``returns=False``);
    - changes an argument: the contents of an array or list, a model's weights, gradient flags, or
      the mode of one of its parts. ``changes`` names the parameters that are meant to change;
    - returns what shares memory with an argument (allowed with ``views=True``) or with an earlier
      result, or changes an earlier result;
    - gives another result, or the same object, when called again with the same data. That second
      call is made when all arguments are data; ``random=True`` leaves it out, and hands
      generators on as they are, so that the next call draws on;
    - uses what ``forbid`` names, from wherever it is imported: dotted names and what to do instead,
      such as ``{"torch.nn.functional.affine_grid": "compute the grid yourself"}``;
    - leaves gradients or torch's default dtype switched, replaces functions of NumPy, PyTorch or
      Python, or, with ``seeded=True``, draws from the generators that all cells share.

    During a call the names of the notebook mean what they meant when the Answer was made: a helper
    of the check does not get in the way of the learner's of the same name. Warnings and what it
    writes to stderr become a printed remark. Expected values are to be
    computed after the call: during the call the check's frames then hold nothing to be found.
    """

    def __init__(
        self,
        function: Callable,
        *,
        exercise: int,
        forbid: Mapping[str, str] | None = None,
        random: bool = False,
        changes: Sequence[str] = (),
        views: bool = False,
        seeded: bool = False,
        returns: bool = True,
    ) -> None:
        self.function, self.exercise = function, exercise
        self.forbid = {path: (why, bindings(path)) for path, why in (forbid or {}).items()}
        self.random, self.seeded = random, seeded
        self.changes, self.views, self.returns = changes, views, returns
        self._name = getattr(function, "__name__", "your function")
        # What the answer's names mean now: the check may go on to define its own under them.
        self._namespace = getattr(inspect.unwrap(function), "__globals__", {})
        self._meanings = dict(self._namespace)
        self._earlier: list[tuple[Any, Any]] = []
        self._remarks: list[str] = []

    def __call__(self, *args: Any, **options: Any) -> Any:
        """The function's result for copies of these arguments; see the class."""
        call = self._prepared(args, options)
        result = self._result(call)
        self._look_at_memory(result, call)
        if self.returns and not (self.random or self.changes) and is_plain([args, options]):
            self._call_again(result, self._prepared(args, options))
        return result

    def refuses(
        self, expected: type | tuple[type, ...], *args: Any, why: str, **options: Any
    ) -> None:
        """Check that the function raises ``expected`` for these arguments.

        Raises AssertionError, which begins with ``why``, when it raises nothing or something else.
        """
        call = self._prepared(args, options)
        said = self._said(call)
        _, error = self._run(call)
        kinds = expected if isinstance(expected, tuple) else (expected,)
        wanted = f"{why}: {self._name} must raise {' or '.join(kind.__name__ for kind in kinds)}"
        if error is None:
            raise AssertionError(f"{wanted}, and raised nothing")
        problem = "" if isinstance(error, kinds) else self._stopped(error, said)
        if problem:
            raise AssertionError(f"{wanted}; {problem}")
        self._look_at_arguments(call)

    def passed(self, text: str) -> None:
        """Print ``✓ Exercise N: text`` and remember that this function passed; see ``solved``."""
        _passed.add(self.function)
        print(f"✓ Exercise {self.exercise}: {text}")

    # -- one call ------------------------------------------------------------------------------

    def _prepared(self, args: tuple, options: dict) -> _Call:
        """Copies of the arguments; generators themselves when the next call is to draw on."""
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError, NameError):  # NameError: of an annotation, Python 3.14
            parameters = ()
        names = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        names = names[: len(args)] + [f"argument {k + 1}" for k in range(len(names), len(args))]
        names += options

        def handed(name: str, value: Any) -> Any:
            itself = name in self.changes or (self.random and isinstance(value, GENERATORS))
            return value if itself else copied(value)

        values = [handed(*pair) for pair in zip(names, [*args, *options.values()], strict=True)]
        before = [snapshot(value) for value in values]
        n = len(args)
        return _Call(names, values[:n], dict(zip(options, values[n:], strict=True)), before)

    def _result(self, call: _Call, again: bool = False) -> Any:
        said = self._said(call)
        result, error = self._run(call, again)
        if error is not None:
            raise AssertionError(self._stopped(error, said)) from None
        self._look_at_arguments(call)
        if result is None and self.returns:
            raise AssertionError(
                f"your function returns nothing: {said} gave None; end it with `return`"
            )
        return result

    def _run(self, call: _Call, again: bool = False) -> tuple[Any, BaseException | None]:
        """Result and exception of one watched call. Raises for what it may not do beside that."""
        self._remark([f"{name} had been replaced, and was put back" for name in put_back()])
        namespace = self._namespace
        used, remarks, state = [], [], GlobalState()
        result = error = None
        try:
            with (
                listening(remarks, again),
                as_defined(self._meanings, namespace),
                forbidden(self.forbid, namespace, used),
            ):
                result = self.function(*call.args, **call.options)
        except (Exception, SystemExit) as caught:  # noqa: BLE001 (whatever it was, it is told)
            error = caught
        replaced, left = put_back(), state.switched() or (self.seeded and state.drawn())
        if replaced:
            raise AssertionError(f"you replaced {', '.join(replaced)}: leave libraries as they are")
        if used:
            raise AssertionError(used[0])
        if error is not None and self._passes_through(error):
            raise error
        self._remark([] if again else remarks)
        if left and error is None:
            raise AssertionError(left)
        return result, error

    def _remark(self, texts: list[str]) -> None:
        for text in texts:
            if text not in self._remarks:
                self._remarks.append(text)
                print(f"A remark, it costs no points: in {self._name}, {text}")

    # -- what is said of it ---------------------------------------------------------------------

    def _said(self, call: _Call) -> str:
        """The call as the learner would write it, with arrays described."""
        parts = [describe(value) for value in call.args]
        parts += [f"{name}={describe(value)}" for name, value in call.options.items()]
        return f"{self._name}({', '.join(parts)})"

    def _lines(self, error: BaseException) -> tuple[list[traceback.FrameSummary], bool]:
        """The answer's own lines on the way to the error, and whether the last was its own."""
        file = getattr(getattr(inspect.unwrap(self.function), "__code__", None), "co_filename", "")
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == file]
        return own, bool(own) and frames[-1] is own[-1]

    def _passes_through(self, error: BaseException) -> bool:
        """Whether it is an open exercise's error, or a spy's own sentence from the check."""
        own, last = self._lines(error)
        if isinstance(error, NotImplementedError):
            line = linecache.getline(own[-1].filename, own[-1].lineno) if own else ""
            return last and ("NotImplementedError" in line or not line)
        return isinstance(error, AssertionError) and bool(str(error)) and bool(own) and not last

    def _stopped(self, error: BaseException, said: str) -> str:
        kind, text = type(error).__name__, " ".join(str(error).split())
        own, _ = self._lines(error)
        where = ""
        if own:
            line = linecache.getline(own[-1].filename, own[-1].lineno).strip()
            where = f" (line {own[-1].lineno}{f': {line}' if line else ''})"
        if isinstance(error, SystemExit):
            return f"{said} called exit(){where}: it would end the whole notebook; use return"
        return f"{said} stopped with {kind}{f': {text}' if text else ', without a message'}{where}"

    # -- side effects ---------------------------------------------------------------------------

    def _look_at_arguments(self, call: _Call) -> None:
        for name, value, before in zip(call.names, call.values, call.before, strict=True):
            change = "" if name in self.changes else change_of(value, before)
            if change == "changed":
                raise AssertionError(f"you changed `{name}`, which was handed in: work on a copy")
            if change:
                raise AssertionError(f"leave `{name}` as it came: {change}")

    def _look_at_memory(self, result: Any, call: _Call) -> None:
        """Raise where the result lies in the memory of something else, or broke an earlier one."""
        for name, value in zip(call.names, call.values, strict=True):
            if not self.views and name not in self.changes and share_memory(result, value):
                raise AssertionError(
                    f"your result shares its memory with `{name}`: return a new array, a copy, or "
                    "whoever changes one changes the other"
                )
        for earlier, before in self._earlier:
            if share_memory(result, earlier):
                raise AssertionError(
                    "your result lies in the memory of an earlier result: keep nothing from call "
                    "to call, make it anew each time"
                )
            if change_of(earlier, before):
                raise AssertionError("this call changed the result of an earlier call")
        if next(memory(result), None):
            self._earlier = [*self._earlier, (result, snapshot(result))][-_KEPT:]

    def _call_again(self, result: Any, call: _Call) -> None:
        """Call with the same data again, where unfilled memory holds other bytes than before."""
        stain(result)
        again = self._result(call, again=True)
        if is_plain(result) and difference(again, result):
            raise AssertionError(
                f"called twice with the same arguments, {self._name} gives two different results: "
                "does it remember earlier calls, leave an array of np.empty (or np.divide with "
                "where= and without out=) unfilled, or draw without the seed?"
            )
        self._look_at_memory(again, call)


def solved(name: str, fallback: Callable) -> Callable:
    """The learner's function of this name if it passed its check in this kernel, else the course's.

    Prints one line that says which. ``name`` is looked up where ``solved`` is called from, and may
    be missing there: an answer cell that is no Python defines nothing. Raises TypeError for
    anything but a name.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"expected the name of the learner's function, a text, got {describe(name)}: write it "
            "in quotes, or an answer cell with a syntax error stops this cell as well"
        )
    function = inspect.currentframe().f_back.f_globals.get(name)
    if any(function is one for one in _passed):
        print(f"{name}: yours, as it passed its check")
        return function
    print(f"{name}: the course's, as yours has not passed its check (run its cells to use yours)")
    return fallback
