"""Saboteurs made out of every exercise's solution: right answers with one thing done to them.

``TABLE`` says what must come of each, ``sabotage.py`` what each does:

- ``fails``: the visible check must refuse it with an AssertionError whose message is a sentence,
  not a library's words. One that found nothing to do (an argument that cannot be changed, a result
  without numbers) is left out;
- ``passes``: the whole check must let it through, with nothing on stderr;
- ``either``: where the text is silent a check may let it through or not; if it does not, with a
  sentence.

Beside those in the table there is one for each parameter of the answer's function, ``changes `x` in
place``, which must fail. An exercise may be exempt from a saboteur, for a reason, in ``EXEMPT`` of
``tests/exercises/NN_words.py``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

from tools.exercises import sabotage
from tools.exercises.kernel import Outcome

# Run after the setup cells: the saboteurs, as a module that the kernel need not find.
SETUP = f"""\
_sabotage = __import__("types").ModuleType("_sabotage")
exec({inspect.getsource(sabotage)!r}, vars(_sabotage))"""
FAILS, PASSES, EITHER = "fails", "passes", "either"
TABLE = {
    "returns the first call's object": FAILS,
    "returns the first call's result by heart": FAILS,
    "remembers by shape": FAILS,
    "its first number is another": FAILS,
    "its last number is another": FAILS,
    "its last number is NaN": FAILS,
    "returns its parts in reverse": FAILS,
    "returns nothing": FAILS,
    "returns a text": FAILS,
    "returns an empty list": FAILS,
    "returns one axis more": FAILS,
    "returns half": FAILS,
    "raises ZeroDivisionError": FAILS,
    "leaves by exit": FAILS,
    "warns": PASSES,
    "prints": PASSES,
    "a list for the array": EITHER,
    "a list for the tuple": EITHER,
    "a tuple for the list": EITHER,
    "float32": EITHER,
    "floats for whole numbers": EITHER,
    "NumPy's numbers": EITHER,
    "arrays for numbers and tensors": EITHER,
    "tensors for numbers and arrays": EITHER,
}
# Words of Python, NumPy and PyTorch that tell a learner little, unless it is said where they arose.
_RAW = re.compile(
    r"broadcast|unsupported operand|not supported between|has no attribute|is not subscriptable|"
    r"not iterable|not callable|truth value of|could not convert|only .* can be converted|"
    r"object of type|inhomogeneous|unpack|must be (real number|a string)|invalid literal|dtype\('|"
    r"expected scalar type|The size of tensor|out of bounds|did not match|loop of ufunc"
)


def saboteurs(solution: str, stub: str) -> dict[str, str]:
    """The answer cells of an exercise's saboteurs, by name.

    The function that is sabotaged is the last that the stub leaves open. There are none where
    no function is left open.
    """
    function = _open_function(stub)
    if function is None:
        return {}
    parameters = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    parameters += [a.arg for a in function.args.kwonlyargs]
    names = [*(f"changes `{parameter}` in place" for parameter in parameters), *TABLE]
    wrap = f"{function.name} = _sabotage.build({{!r}}, {function.name}, _isolation.marks)"
    return {name: f"{solution}\n\n\n{wrap.format(name)}" for name in names}


def _open_function(stub: str) -> ast.FunctionDef | None:
    functions = [node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)]
    is_open = [node for node in functions if "NotImplementedError" in ast.unparse(node)]
    return is_open[-1] if is_open else None


def must(name: str) -> str:
    """What must come of a saboteur: ``fails``, ``passes`` or ``either``."""
    return TABLE.get(name, FAILS)


def judge(name: str, outcome: Outcome) -> Iterator[str]:
    """What is wrong with what came of a saboteur."""
    check, wanted = outcome.check, must(name)
    if outcome.answer.error:
        yield f"its own cell fails with {outcome.answer}"
    elif wanted == PASSES:
        if check.error:
            yield f"expected it to pass, but the check fails with {check}"
        elif check.stderr:
            yield f"the check writes to stderr, a failure to nbgrader: {check.stderr.strip()}"
    elif check.error:
        yield from _message_problems(name, check.error, check.message)
    elif name == "remembers by shape" and outcome.marks == ("arrays",):
        yield "the check never calls the answer twice with the same shapes and other numbers"
    elif wanted == FAILS and "acted" in outcome.marks:
        yield "the check lets it pass (without the hidden tests)"


def _message_problems(name: str, error: str, message: str) -> Iterator[str]:
    if error != "AssertionError":
        yield f"expected an AssertionError with a sentence, got {error}: {message}"
    elif len(message.split()) < 3:
        yield f"expected a sentence, got the message {message!r}"
    elif _RAW.search(message) and " stopped with " not in message:
        yield f"expected a sentence, got a library's words: {message}"
    elif name == "raises ZeroDivisionError" and "ZeroDivisionError" not in message:
        yield f"expected the message to name ZeroDivisionError, got {message}"
    elif name == "leaves by exit" and "exit" not in message:
        yield f"expected the message to speak of exit(), got {message}"
