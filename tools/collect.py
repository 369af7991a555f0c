"""``python course.py collect``: see ``tools.grading.collect``."""

import sys

from tools.grading.collect import main

if __name__ == "__main__":
    sys.exit(main())
