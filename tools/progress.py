"""Show which exercises are solved in the learner's notebooks, and which chapter is next.

    python course.py progress

The same in a notebook: ``from course_utils.workbook import progress``, then ``progress()``. The
notebooks count as they were last run and saved; they are only read, and nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import sys

from course_utils.workbook import progress


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 1 when there is no workbook yet."""
    parser = argparse.ArgumentParser(prog="course.py progress", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.parse_args(arguments)
    try:
        print(progress())
    except FileNotFoundError as error:
        print(f"progress: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
