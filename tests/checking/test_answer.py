"""What a call through an Answer notices, and what it says of it."""

from __future__ import annotations

import copy
import time

import numpy as np
import pytest
import torch
from torch import nn

from course_utils import checking
from tests.checking import answer, learner

IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)
DOUBLE = "def double(x):\n    return 2 * x"


def test_a_right_answer_gets_through(capsys: pytest.CaptureFixture) -> None:
    double = answer(DOUBLE)
    assert (double(IMAGE) == 2 * IMAGE).all()
    assert double([1]) == [1, 1]
    assert double(x=3) == 6
    double.passed("each number twice")
    assert capsys.readouterr().out == "✓ Exercise 3: each number twice\n"


# -- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x[0] = 7", IMAGE),
        ("x -= 1", torch.ones(2, 3)),
        ("x.append(3)", [1, 2]),
        ("x[0][1] = 5", [(1, 2), [3, 4]][::-1]),
        ("x[0][:] = 2", (np.ones(2), np.ones(3))),
        ("x['b'] = x.pop('a')", {"a": 1}),
        ("x.add(3)", {1, 2}),
        ("x[0] = np.nan", np.ones(2)),
    ],
)
def test_changed_arguments_are_noticed(line: str, value: object) -> None:
    before = copy.deepcopy(value)
    with pytest.raises(
        AssertionError, match="you changed `x`, which was handed in: work on a copy"
    ):
        answer(f"def change(y, x):\n    {line}\n    return 1")(1, value)
    assert repr(value) == repr(before)  # what was changed is the copy
    answer(f"def change(y, x):\n    {line}\n    return 1", changes=["x"])(1, copy.deepcopy(value))


def test_an_array_with_nan_is_not_taken_for_changed() -> None:
    for value in (np.array([np.nan]), torch.tensor([torch.nan]), [float("nan")]):
        answer("def keep(x):\n    return 1")(value)


def test_what_was_taken_from_a_generator_is_no_change_and_a_call_can_be_repeated() -> None:
    for generator, draw in (
        (np.random.default_rng(0), "rng.random(2)"),
        (torch.Generator().manual_seed(0), "torch.rand(2, generator=rng)"),
    ):
        draw_two = answer(f"def draw(rng):\n    return {draw}")
        assert (draw_two(generator) == draw_two(generator)).all()  # copies draw alike
        draw_on = answer(f"def draw(rng):\n    return {draw}", random=True)
        assert (draw_on(generator) != draw_on(generator)).any()  # the generator itself goes on


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("model.eval()", "leave `model` as it came: it came in training mode"),
        ("model.training = False", "leave `model` as it came: it came in training mode"),
        ("model[1].eval()", "leave `model` as it came: its part `1` came in training mode"),
        ("model.requires_grad_(False)", "`model` as it came: requires_grad of its parameters"),
        ("nn.init.zeros_(model[0].weight)", "the numbers of its `0.weight` changed"),
        ("model(torch.randn(5, 2))", "`2.running_mean` changed: was it in training mode"),
    ],
)
def test_a_model_is_to_be_left_as_it_came(body: str, message: str) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    source = f"def use(model):\n    {body}\n    return 1"
    with pytest.raises(AssertionError, match=message):
        answer(source)(model)
    assert answer(source, changes=["model"])(model) == 1


def test_models_go_in_as_they_are_and_are_called_once() -> None:
    calls = checking.Notes()

    class Spy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen = calls

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen.append(len(x))
            return x

    answer("def use(model):\n    return model(torch.ones(3))")(Spy())
    assert calls == [3]
    answer("import copy\ndef use(model):\n    return copy.deepcopy(model)(torch.ones(4))")(Spy())
    assert calls == [3, 4]


# -- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("x", IMAGE),
        ("(1, x[1:])", IMAGE),
        ("x.reshape(-1)", torch.ones(2, 2)),
        ("torch.from_numpy(x)", np.ones(2)),
        ("x.numpy()", torch.ones(2)),
        ("x", [1, 2]),
        ("{'first': x[0]}", [np.ones(2)]),
    ],
)
def test_results_that_share_memory_with_an_argument_are_noticed(body: str, value: object) -> None:
    source = f"def share(x):\n    return {body}"
    with pytest.raises(AssertionError, match="your result shares its memory with `x`"):
        answer(source)(value)
    answer(source, views=True)(value)


def test_results_without_memory_may_be_returned_as_they_came() -> None:
    for value in (3, "text", (1, 2), None, np.float64(2), np.empty(0)):
        answer("def keep(x):\n    return x", returns=value is not None)(value)


def test_long_lists_are_looked_through_in_no_time() -> None:
    begin = time.perf_counter()
    answer("def many(x):\n    return [[k] for k in range(x)]")(20_000)
    assert time.perf_counter() - begin < 5  # comparing each with each took minutes


REMEMBERS = """
kept = {}
def double(x):
    key = KEY
    if key not in kept:
        kept[key] = 2 * x
    return kept[key]"""


@pytest.mark.parametrize("key", ["0", "x.shape", "x.tobytes()"])
def test_remembered_results_are_noticed(key: str) -> None:
    with pytest.raises(AssertionError, match="in the memory of an earlier result"):
        answer(REMEMBERS.replace("KEY", key))(IMAGE)


def test_a_reused_buffer_is_noticed() -> None:
    buffer = "buffer = np.empty(3)\ndef fill(x):\n    buffer[:] = x\n    return buffer"
    with pytest.raises(AssertionError, match="in the memory of an earlier result"):
        answer(buffer)(1)
    drawing = answer(buffer, random=True)  # no second call by itself
    drawing(1)
    with pytest.raises(AssertionError, match="in the memory of an earlier result"):
        drawing(2)


def test_an_earlier_result_that_changes_later_is_noticed() -> None:
    spoils = answer(
        "last = []\ndef spoil(x):\n    for old in last:\n        old += 1\n"
        "    last[:] = [x.copy()]\n    return last[0]",
        random=True,
    )
    spoils(IMAGE)
    with pytest.raises(AssertionError, match="this call changed the result of an earlier call"):
        spoils(IMAGE)


@pytest.mark.parametrize(
    "body",
    [
        "np.random.rand()",
        "np.divide(x, x, where=x > 0)",
        "np.where(x > 0, x, np.empty(len(x)))",
        "next(counter)",
    ],
)
def test_a_result_that_does_not_depend_on_the_arguments_alone_is_noticed(body: str) -> None:
    source = f"import itertools\ncounter = itertools.count()\ndef odd(x):\n    return {body}"
    with pytest.raises(AssertionError, match="called twice with the same arguments, odd gives two"):
        answer(source)(np.array([0.0, 0.0, 1.0, 0.0, 2.0]))


def test_what_draws_on_purpose_is_not_called_twice() -> None:
    count = answer("n = []\ndef count():\n    n.append(1)\n    return len(n)", random=True)
    assert [count(), count()] == [1, 2]


def test_what_is_printed_is_shown_once(capsys: pytest.CaptureFixture) -> None:
    answer("def show(x):\n    print('here', x)\n    return 1")(2)
    assert capsys.readouterr().out == "here 2\n"


# -- errors --------------------------------------------------------------------------------------


def test_an_exception_becomes_a_sentence() -> None:
    source = "def pick(image, degrees):\n    helper = lambda: image[50]\n    return helper()"
    with pytest.raises(AssertionError) as caught:
        answer(source)(np.zeros((28, 28), np.uint8), degrees=30)
    assert str(caught.value) == (
        "pick(uint8 array of shape (28, 28), degrees=30) stopped with IndexError: index 50 is out "
        "of bounds for axis 0 with size 28 (line 2: helper = lambda: image[50])"
    )
    with pytest.raises(AssertionError, match=r"AssertionError, without a message \(line 2: assert"):
        answer("def check(x):\n    assert x > 1\n    return x")(1)
    with pytest.raises(AssertionError, match=r"add\(1\) stopped with TypeError: .* 1 was given"):
        answer("def add():\n    return 1")(1)


def test_arguments_are_described_briefly() -> None:
    many = torch.zeros(2, 1, 8, dtype=torch.bfloat16)
    given = [np.array([[1, 2]]), many, [np.ones(9)] * 3, {"a": 1}, np.float32(0.5), "x" * 99, "ab"]
    with pytest.raises(AssertionError) as caught:
        answer("def many(*x):\n    return 1 / 0")(*given, len, nn.ReLU(), None)
    assert str(caught.value).startswith(
        "many(array [[1, 2]], bfloat16 tensor of shape (2, 1, 8), list of 3, dict of 1, 0.5, "
        "str of length 99, 'ab', len, a ReLU, None) stopped with ZeroDivisionError"
    )


def test_open_exercises_and_interrupts_pass_through() -> None:
    for error in ("NotImplementedError('still open')", "NotImplementedError", "KeyboardInterrupt"):
        with pytest.raises((NotImplementedError, KeyboardInterrupt)):
            answer(f"def stub(x):\n    raise {error}")(1)
    library = learner("def run():\n    raise NotImplementedError('no such kernel')")
    with pytest.raises(AssertionError, match="stopped with NotImplementedError: no such kernel"):
        answer("def use(x):\n    return run()", {"run": library})(1)


def test_a_sentence_of_what_the_check_handed_in_passes_through() -> None:
    spy = learner("def spy(x):\n    assert len(x), 'nothing is to be read again'")
    with pytest.raises(AssertionError, match="^nothing is to be read again$"):
        answer("def use(read):\n    return read([])")(spy)


@pytest.mark.parametrize("leave", ["import sys; sys.exit(1)", "raise SystemExit", "exit()"])
def test_leaving_becomes_a_sentence(leave: str) -> None:
    class ExitAutocall:  # as in IPython, where it ends the kernel
        def __call__(self) -> None:
            pytest.fail("the kernel would have ended")

    names = {"exit": ExitAutocall()}
    function = learner(f"def leave(x):\n    {leave}\n    return 1", **names)
    with pytest.raises(AssertionError, match=r"leave\(2\) called exit\(\) \(line 2: .*use return"):
        checking.Answer(function, exercise=1)(2)
    assert function.__globals__["exit"] is names["exit"]


def test_nothing_returned_is_said() -> None:
    with pytest.raises(AssertionError, match=r"returns nothing: forget\(1\) gave None"):
        answer("def forget(x):\n    2 * x")(1)
    assert answer("def forget(x):\n    2 * x", returns=False)(1) is None


def test_refuses() -> None:
    body = "def read(data):\n    {}\n    return len(data)"
    refusing = answer(body.format("if not data: raise ValueError('empty')"))
    refusing.refuses(ValueError, b"", why="no bytes")
    with pytest.raises(AssertionError, match="one byte: read must raise ValueError, and raised no"):
        refusing.refuses(ValueError, b"a", why="one byte")
    other = answer(body.format("data[3]"))
    with pytest.raises(AssertionError, match="read must raise ValueError; .* stopped with IndexEr"):
        other.refuses(ValueError, b"", why="no bytes")
    other.refuses((ValueError, IndexError), b"", why="no bytes")
    with pytest.raises(NotImplementedError):
        answer(body.format("raise NotImplementedError")).refuses(ValueError, b"", why="no bytes")
    with pytest.raises(AssertionError, match="you changed `data`"):
        answer(body.format("data[0] = 1; raise ValueError")).refuses(ValueError, [0], why="")


# -- solved --------------------------------------------------------------------------------------


def test_solved_takes_the_function_that_passed(capsys: pytest.CaptureFixture) -> None:
    course = learner("def two_times(x):\n    return x + x")
    double = learner(DOUBLE)
    story = learner(
        "def story(other):\n    return checking.solved('double', other)", checking=checking
    )
    assert story(course) is course  # as after a syntax error: there is no such name
    names = story.__globals__
    names["double"] = double
    assert story(course) is course
    assert capsys.readouterr().out.count("double: the course's, as yours has not passed") == 2
    checking.Answer(double, exercise=1).passed("well")
    capsys.readouterr()
    assert story(course) is double
    assert capsys.readouterr().out == "double: yours, as it passed its check\n"
    for other in (learner(DOUBLE), IMAGE, []):  # another function of that name, or none
        names["double"] = other
        assert story(course) is course


def test_solved_wants_a_name() -> None:
    with pytest.raises(TypeError, match=r"expected the name .* got two_times: write it in quotes"):
        checking.solved(learner("def two_times(x):\n    return x + x"), max)


def test_a_helper_of_the_check_does_not_replace_the_learners() -> None:
    double = answer("def helper(x):\n    return 2 * x\n\ndef double(x):\n    return helper(x)")
    namespace = double.function.__globals__

    def of_the_check(x: int) -> int:
        return -x

    namespace["helper"] = of_the_check
    assert double(3) == 6
    assert namespace["helper"] is of_the_check


@pytest.mark.parametrize(
    "line",
    [
        "from course_utils.evaluation import compare_paired as f",
        "from course_utils.evaluation.accuracy import compare_paired as f",
        "import sys; f = sys.modules['course_utils.evaluation.accuracy'].compare_paired",
    ],
)
def test_what_is_forbidden_is_so_wherever_it_is_imported_from(line: str) -> None:
    compare = answer(
        f"def compare(x):\n    {line}\n    return f(x, x, x).p_value",
        forbid={"course_utils.evaluation.compare_paired": "do it by hand"},
    )
    with pytest.raises(AssertionError, match="is not allowed here: do it by hand"):
        compare(np.arange(3))


def test_the_rooms_own_functions_are_put_back() -> None:
    double, equal = answer(DOUBLE), checking.equal
    checking.equal = lambda *_, **__: None
    double(3)
    assert checking.equal is equal
