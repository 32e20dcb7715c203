"""lowcode: an open, self-hosted platform on which staff make their own record apps."""

from __future__ import annotations

__version__ = "0.1.0"
