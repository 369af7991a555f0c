"""Settings of nbgrader and of the learner's copies: INSTRUCTORS.md says how they are used.

Everything that nbgrader writes lies beside this file and is ignored by git: ``gradebook.db`` and
the folders ``release``, ``submitted``, ``autograded`` and ``feedback``.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (given by the loader of the configuration)

c.CourseDirectory.course_id = "handwriting"
# This file's own folder, wherever the course lies and from wherever a command is started.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
# Its own steps of grading are in tools/, which is not installed.
sys.path.append(c.CourseDirectory.root)
# One folder and one notebook per chapter: nbgrader's own layout, each chapter an assignment.
c.CourseDirectory.source_directory = "notebooks"
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "__pycache__",
    "*.pyc",
    ".DS_Store",
    "Thumbs.db",
    "feedback",
    "exam_log*.jsonl",
    # What an update of the workbook leaves beside a learner's notebook is not handed in.
    "*.new*.ipynb",
    "*.before-update*.ipynb",
]

c.ClearSolutions.code_stub = {
    "python": (
        "# Your answer goes here.\n"
        'raise NotImplementedError("This exercise is still open: '
        'replace this line with your answer.")'
    )
}
c.ClearSolutions.text_stub = "*Your answer goes here.*"

# After a class has handed in, a version with other graded cells is refused before anything is
# removed: nbgrader alone would refuse it, too, and leave an empty release/.
c.GenerateAssignment.exporter_class = "tools.grading.assign.CarefulExporter"

# Feedback shows what failed and the learner's code, and no hidden test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Whatever came in is repaired first, and learners' code runs in the sandbox alone: here as with
# `course.py grade`. The rest are nbgrader's own steps. These replace DeduplicateIds and Execute.
c.Autograde.sanitize_preprocessors = [
    "tools.grading.steps.Repair",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "tools.grading.steps.SandboxExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.SandboxExecute.seconds = 60  # for one exercise: an endless answer costs its author that one
c.SandboxExecute.cell_seconds = 600  # for another cell, which may train a network

# Where assignments and feedback are exchanged on one machine; a class needs a folder that all its
# users may write to, see INSTRUCTORS.md.
exchange = Path(os.environ.get("COURSE_EXCHANGE") or Path(c.CourseDirectory.root) / "exchange")
c.Exchange.root = str(exchange)

# `nbgrader validate`. Warnings of an answer are no failure: the checks catch them.
c.Execute.timeout = 600
c.Execute.startup_timeout = 180
c.Execute.iopub_timeout = 30
