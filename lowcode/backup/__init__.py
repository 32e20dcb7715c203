"""One file with everything: made while people work, checked to the byte, restored onto either database."""

from __future__ import annotations

from lowcode.backup.archive import Damage, Report, check
from lowcode.backup.making import Made, make
from lowcode.backup.restoring import Restored, restore

__all__ = ["Damage", "Made", "Report", "Restored", "check", "make", "restore"]
