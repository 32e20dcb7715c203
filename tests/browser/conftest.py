"""Sites for Chromium: one per module on SQLite, and one on each database for what depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lowcode import db
from tests.browser.site import Site


def _serve(url: str, folder: Path) -> Iterator[Site]:
    engine = db.make_engine(url)
    site = Site(engine, folder)
    yield site
    site.close()
    engine.dispose()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on SQLite that the tests of a module share."""
    folder = tmp_path_factory.mktemp("site")
    yield from _serve(f"sqlite:///{folder / 'site.db'}", folder)


@pytest.fixture(scope="module")
def each_site(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on SQLite, then one on PostgreSQL."""
    yield from _serve(module_database_url, tmp_path_factory.mktemp("site"))
