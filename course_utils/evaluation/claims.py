"""Conclusions of the text as lines of code that can fail."""

import numpy as np


class ClaimError(AssertionError):
    """A statement of the text does not hold in this run."""


def claim(text: str, holds: bool) -> None:
    """Print ``✓ text`` when the statement holds, else raise.

    A chapter states its conclusions this way, so that every run tests them.
    Raises ClaimError when it does not hold, TypeError when ``holds`` is not a single truth value.
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(
            f"claim() needs one truth value, got {type(holds).__name__}; "
            "compare numbers, and reduce arrays with .all() or .any()"
        )
    if not holds:
        raise ClaimError(f"✗ {text}: this does not hold in this run")
    print(f"✓ {text}")
