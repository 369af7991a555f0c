"""Try the exercises of a chapter: the solution, the stub, right and wrong answers, saboteurs.

An exercise ``exN`` is a pair of code cells with nbgrader's marks, ``exN_answer`` and ``exN_check``.
It may use only names from the cells tagged ``setup`` and from its own answer cell. Every try is a
pair of cells run in one kernel per chapter, in the chapter's folder, after the setup cells; between
two tries the names and the random states are put back. So what counts as an error, as output on
stderr or as a result is what counts in JupyterLab and for nbgrader.

The rules (``check_exercises`` returns what breaks them):

- the solution passes the whole check, and the check without its hidden tests, with nothing on
  stderr and no result at the check's end (nbgrader takes a number there for partial points);
- the stub's check ends in NotImplementedError, with and without hidden tests: that is how an open
  exercise says so. It asks for answers that are functions, because an answer at the top level of
  its cell leaves the check with a NameError;
- each wrong answer runs, and then fails in the check as the learner sees it, without the hidden
  tests, with the stated exception and a message that fits; there are at least four per exercise.
  One that is marked ``hidden`` passes that check, and fails so with the hidden tests;
- each right answer in another style passes the whole check, with nothing on stderr; there is at
  least one per exercise;
- of each saboteur comes what ``saboteurs.TABLE`` says, unless the exercise is exempt from it;
- no try changes the setup cells' data in place: the next exercise would work with other data.
"""

from tools.exercises.cells import Exercise, find_exercises, setup_sources
from tools.exercises.judge import Answers, check_exercises, load_answers
from tools.exercises.kernel import (
    KernelFailedError,
    Outcome,
    Ran,
    Try,
    run_notebook,
    run_tries,
)

__all__ = [
    "Answers",
    "Exercise",
    "KernelFailedError",
    "Outcome",
    "Ran",
    "Try",
    "check_exercises",
    "find_exercises",
    "load_answers",
    "run_notebook",
    "run_tries",
    "setup_sources",
]
