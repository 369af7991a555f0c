"""``python -m benchmarks [NAME] [arguments]``: run one of this package's measurements.

NAME is a module of this folder; without one it is ``chapters``.
"""

from __future__ import annotations

import pkgutil
import runpy
import sys
from pathlib import Path

DEFAULT = "chapters"


def names() -> list[str]:
    """The measurements there are: the modules of this package, in order."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in found if not module.name.startswith("_"))


def main(argv: list[str]) -> int:
    """Run the measurement that ``argv`` names first with the rest of it; 2 for an unknown one."""
    named = bool(argv) and not argv[0].startswith("-")
    name, rest = (argv[0], argv[1:]) if named else (DEFAULT, argv)
    if name not in names():
        print(f"no measurement {name!r}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    sys.argv = [f"benchmarks {name}", *rest]
    runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
