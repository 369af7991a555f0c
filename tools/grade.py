"""``python course.py grade``: see ``tools.grading.grade``."""

import sys

from tools.grading.grade import main

if __name__ == "__main__":
    sys.exit(main())
