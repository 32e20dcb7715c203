"""``python -m lowcode`` is the command ``lowcode``."""

from __future__ import annotations

import sys

from lowcode.cli import main

if __name__ == "__main__":
    sys.exit(main())
