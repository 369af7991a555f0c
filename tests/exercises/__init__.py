"""Typical wrong answers to the exercises, one file per chapter: ``NN_words.py``.

Each file holds ``WRONG``, for example::

    from tests.exercises import Wrong

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
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """An answer that a learner may well give, and what the check must say to it.

    ``code`` replaces the whole answer cell. ``message`` is a regular expression that must be found
    in the error's message; ``error`` is the name of the exception's class.
    """

    name: str
    code: str
    message: str
    error: str = "AssertionError"
