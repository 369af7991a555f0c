"""Settings of nbgrader and of the learner's copies: INSTRUCTORS.md says how they are used.

Everything that nbgrader writes lies beside this file and is ignored by git: ``gradebook.db`` and
the folders ``release``, ``submitted``, ``autograded`` and ``feedback``.
"""

from pathlib import Path

c = get_config()  # noqa: F821 (given by the loader of the configuration)

c.CourseDirectory.course_id = "handwriting"
# This file's own folder, wherever the course lies and from wherever a command is started.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
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

# A cell may train a network on a slow machine; nbgrader's own limit is 30 seconds.
c.Execute.timeout = 600
c.Execute.startup_timeout = 180
c.Execute.iopub_timeout = 30
