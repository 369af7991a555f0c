"""Every public function gives an answer of the documented form or a documented error in words.

Hypothesis draws shapes, dtypes, ranges, seeds and devices, sound ones and others. An error must be
of a type that the docstring names, and its message must say what was expected and what came.
"""

import inspect
import re
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.cases import CASES, EXEMPT, ROOMS, Case

EXPECTED = re.compile(r"expected|must|needs?\b|at least|is a share|✗")
GOT = re.compile(r"\bgot\b|does not hold in this run")


def public_names() -> set[str]:
    """Functions and classes that a room offers; of a room in one file, those defined in it."""
    found = set()
    for room, module in ROOMS.items():
        own = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
        ]
        found |= {f"{room}.{name}" for name in own if callable(getattr(module, name))}
    return found


def documented(case: Case) -> set[str]:
    """Names of the errors that the docstring speaks of, those of the functions it refers to too."""
    text = inspect.getdoc(case.function) or ""
    names = set(re.findall(r"\b[A-Z]\w*Error\b", text))
    for other in re.findall(r"as ``(\w+)``", text):
        for name, known in CASES.items():
            if name.endswith(f".{other}") and known is not case:
                names |= documented(known)
    return names


def test_every_public_name_is_drawn_for_or_exempt_with_a_reason() -> None:
    methods = {"data.LabelledImages.select", "augment.Augment.__call__"}
    assert public_names() == (set(CASES) - methods) | set(EXEMPT)
    assert not set(CASES) & set(EXEMPT)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_or_a_documented_error_in_words(name: str) -> None:
    case = CASES[name]
    errors = documented(case)

    @settings(
        max_examples=200,
        deadline=None,
        derandomize=True,  # the same cases everywhere: a test of ten runs in a row
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments=st.fixed_dictionaries(dict(case.arguments)))
    def holds(arguments: dict) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = case.function(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever is raised is judged
            text = f"{type(error).__name__}: {error}"
            assert type(error).__name__ in errors, f"undocumented {text}"
            assert EXPECTED.search(text) and GOT.search(text), f"says too little: {text}"
        else:
            assert case.holds(answer, **arguments), f"not of the documented form: {answer!r}"

    holds()
