"""``python -m tools.contracts``."""

import sys

from tools.contracts import main

sys.exit(main())
