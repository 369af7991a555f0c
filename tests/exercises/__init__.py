"""Typical wrong answers to the exercises, and right ones in other styles: ``NN_words.py``.

Each file holds ``WRONG`` and ``RIGHT``, by exercise, and ``EXEMPT`` where a saboteur has no sense::

    from tests.exercises import Right, Wrong

    WRONG = {
        "ex1": [
            Wrong(
                name="averages over the batch too",
                code='''
    def mean_image(images):
        return images.mean()
    ''',
                message=r"averaged over the images .* pixels",
            ),
        ],
    }
    RIGHT = {
        "ex1": [
            Right(name="in float32", code='''
    def mean_image(images):
        return images.astype(np.float32).mean(axis=0)
    '''),
        ],
    }
    EXEMPT = {"ex1": {"remembers by shape": "the answer is the same for every image of a shape"}}

Beside these the test makes saboteurs out of every solution by itself:
``tools/exercises/saboteurs.py`` says which there are, which of them must fail and which must pass.
``EXEMPT`` names those that an exercise is excused from, each with its reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """An answer that a learner may well give, and what the check must say to it.

    ``code`` replaces the whole answer cell. ``message`` is a regular expression that must be found
    in the error's message; ``error`` is the name of the exception's class. The visible check must
    say it; with ``hidden`` it lets the answer pass, and only the hidden tests say it (which is to
    be rare, and announced in the exercise's text).
    """

    name: str
    code: str
    message: str
    error: str = "AssertionError"
    hidden: bool = False


@dataclass(frozen=True)
class Right:
    """A right answer in another style than the solution's, which must pass the whole check."""

    name: str
    code: str
