"""The town of ``town.py`` on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.runtime.town import Town, Visitor


@pytest.fixture
def town(engine: sa.Engine, tmp_path: Path) -> Town:
    return Town(engine, tmp_path)


@pytest.fixture
def clerk(town: Town) -> Visitor:
    """An ordinary user, logged in."""
    return town.visitor("ito")
