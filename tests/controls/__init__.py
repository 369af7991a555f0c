"""Controls for the claims of every chapter, one file per chapter: ``NN_words.py``.

A claim about a trained model says something only if a model that has learnt nothing, or the other
arm of the comparison, fails it. So every ``claim("text", condition)`` of a notebook stands, under
its text, in one of two dictionaries of the chapter's file::

    from functools import cache

    from course_utils.data import load_mnist
    from tests.controls import Control, printed_number

    @cache
    def untrained():
        set_seed(0)
        network, val = models.SmallCNN(), load_mnist().validation
        return {"val_errors": [(predict(network, val.images) != val.labels).sum().item()]}

    def other_arm():
        plain = printed_number("05", "errors-by-recipe", r"plain +(\\d+)")
        return {"changed": plain, "plain": plain}

    CONTROLS = {
        "each seed misreads at most 85 images": Control("an untrained network", untrained),
        "augmentation halves the errors": Control("the plain recipe in both places", other_arm),
    }
    NOT_ABOUT_A_MODEL = {
        "uint8 arithmetic wraps round": "a fact of NumPy",
    }

The test takes the condition out of the notebook's source, evaluates it with the control's names
(and ``np``, ``torch``, ``nn`` and Python's own), and demands that it is false. The function gives
every other name in the condition, functions too; its numbers come from a computation of a second
or two, or from what the executed notebook printed, never out of the air. A claim whose control
passes is to be replaced by one that says something. A text that is an f-string is named as it is
written between the quotes: ``"{name}: at most {most} errors"``; its names are given too, for one
turn of the loop. Texts that no claim has any more are refused.
"""

import ast
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from nbformat import NotebookNode
from torch import nn

from tools.notebooks import chapters, is_code, read


@dataclass(frozen=True)
class Control:
    """Numbers with which a claim must fail: ``what`` they are, and ``names`` to compute them."""

    what: str
    names: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Claim:
    """A claim as it stands in a notebook: its text and its condition, and the cell it is in."""

    text: str
    condition: ast.expr
    cell: str


def claims_of(notebook: NotebookNode) -> list[Claim]:
    """The claims of a notebook in order.

    Raises TypeError when a text is no literal or the call has not the form claim(text, condition).
    """
    found = []
    for cell in filter(is_code, notebook.cells):
        if "claim(" not in cell.source:
            continue
        in_cell = []
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim":
                if len(node.args) != 2 or node.keywords:
                    raise TypeError(f"cell {cell.id}: expected claim(text, condition)")
                text = _written(node.args[0], cell.id)
                in_cell.append((node.lineno, Claim(text, node.args[1], cell.id)))
        found += [claim for _, claim in sorted(in_cell, key=lambda pair: pair[0])]
    return found


def _written(text: ast.expr, cell: str) -> str:
    """A literal's text; of an f-string as it is written between the quotes."""
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return text.value
    if not isinstance(text, ast.JoinedStr):
        raise TypeError(f"cell {cell}: a claim's text is a literal, not {ast.unparse(text)}")
    parts = []
    for part in text.values:
        if isinstance(part, ast.Constant):
            parts.append(part.value)
        else:
            spec = part.format_spec.values[0].value if part.format_spec else ""
            parts.append(f"{{{ast.unparse(part.value)}{':' if spec else ''}{spec}}}")
    return "".join(parts)


def problems_of(notebook: NotebookNode, controls: ModuleType) -> Iterator[str]:
    """What is wrong with a chapter's controls, one sentence each."""
    claims = claims_of(notebook)
    texts = [claim.text for claim in claims]
    for text in [*controls.CONTROLS, *controls.NOT_ABOUT_A_MODEL]:
        if text not in texts:
            yield f"{text!r}: the notebook has no such claim"
    for text, reason in controls.NOT_ABOUT_A_MODEL.items():
        if text in controls.CONTROLS:
            yield f"{text!r}: has a control and is said not to need one"
        if len(reason.split()) < 3:
            yield f"{text!r}: say in a few words why it is not about a model"
    for claim in claims:
        if claim.text in controls.CONTROLS:
            yield from _problem_of(claim, controls.CONTROLS[claim.text])
        elif claim.text not in controls.NOT_ABOUT_A_MODEL:
            yield f"{claim.text!r} (cell {claim.cell}): no control, and not said to need none"


def _problem_of(claim: Claim, control: Control) -> Iterator[str]:
    names = {"np": np, "torch": torch, "nn": nn, **control.names()}
    condition = ast.unparse(claim.condition)
    start = f"{claim.text!r}, control {control.what!r}"
    try:
        holds = eval(condition, names)
    except NameError as error:
        yield f"{start}: it gives no {error.name!r}, which the condition needs: {condition}"
    except Exception as error:  # noqa: BLE001 (reported, whatever it is)
        yield f"{start}: the condition {condition} fails with {type(error).__name__}: {error}"
    else:
        if not isinstance(holds, bool | np.bool_):
            yield f"{start}: the condition {condition} gives {holds!r}, no truth value"
        elif holds:
            yield f"{start}: passes the claim, which therefore says nothing: {condition}"


def load_controls(path: Path) -> ModuleType:
    """The module in a file ``tests/controls/NN_words.py``, whose name is no module's name.

    Raises FileNotFoundError when there is none, AttributeError when a dictionary is missing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected the controls of a chapter in {path}, found no file")
    spec = importlib.util.spec_from_file_location(f"controls_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    missing = [name for name in ("CONTROLS", "NOT_ABOUT_A_MODEL") if not hasattr(module, name)]
    if missing:
        raise AttributeError(f"expected a dictionary {missing[0]} in {path}")
    return module


def printed(chapter: str, cell_id: str) -> str:
    """What a cell of an executed chapter (``"05"``) printed.

    Raises LookupError when there is no such cell.
    """
    for path in chapters():
        if path.parent.name.startswith(f"{chapter}_"):
            for cell in read(path).cells:
                if cell.id == cell_id:
                    streams = (out for out in cell.outputs if out.output_type == "stream")
                    return "".join(out.text for out in streams if out.name == "stdout")
    raise LookupError(f"expected a cell {cell_id!r} in chapter {chapter}, found none")


def printed_number(chapter: str, cell_id: str, pattern: str) -> float:
    """The number that ``pattern``'s first group finds in what a cell printed.

    Raises LookupError when it finds nothing.
    """
    text = printed(chapter, cell_id)
    match = re.search(pattern, text)
    if not match:
        raise LookupError(f"expected {pattern!r} in what cell {cell_id!r} printed:\n{text}")
    return float(match[1].replace(",", ""))
