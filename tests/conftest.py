"""Fixtures that every test may use: databases, a browser, the public files; and what was left out.

* ``engine``: each test once on SQLite and once on PostgreSQL, empty, thrown away afterwards.
* ``database_url``: the same as a URL, for tests that start processes (``module_database_url``: one per module).
* ``page`` and ``phone_page``: Chromium; a script error or a request to another host fails the test.
* ``real_data``: the folder of public files beside the project.

What a machine lacks is skipped and listed at the end of the run; with ``CI=true`` it is a failure.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import tempfile
import typing as t
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from lowcode import db
from tests import postgres

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = "left out: "
DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
)
OWN_ADDRESS = re.compile(r"(https?|wss?)://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?/|(data|blob|about):")
KEPT = {postgres.RUN_FOLDER, "LOWCODE_REAL_DATA", "LOWCODE_SCREENSHOTS"}
_numbers = itertools.count(1)


# --- the run ---------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run makes a folder that all its workers share."""
    if postgres.RUN_FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="lowcode-test-", suffix=f"-{os.getpid()}")
        os.environ[postgres.RUN_FOLDER] = folder
        config.add_cleanup(lambda: _end_run(Path(folder)))
    # What a developer has set for the own installation must not steer a test.
    for name in [name for name in os.environ if name.startswith("LOWCODE_") and name not in KEPT]:
        del os.environ[name]
    # Machines differ in speed, so no single example is late; in CI the same examples come every time.
    hypothesis.settings.register_profile("lowcode", deadline=None, derandomize=os.environ.get("CI") == "true")
    hypothesis.settings.load_profile("lowcode")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses a browser or the public files is marked so, and `-m` can be relied on."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        for marker in ("browser", "real_data"):
            if marker in names:
                item.add_marker(marker)


def _end_run(folder: Path) -> None:
    os.environ.pop(postgres.RUN_FOLDER, None)
    postgres.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def leave_out(reason: str) -> t.NoReturn:
    """Skip this test because the machine lacks something; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"nothing may be left out with CI=true: {reason}", pytrace=False)
    pytest.skip(LEFT_OUT + reason)


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Say plainly what this run did not prove, and why."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[why.removeprefix("Skipped: ").removeprefix(LEFT_OUT)] += 1
    if reasons:
        terminalreporter.section("left out")
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"left out: {count} {'test' if count == 1 else 'tests'}: {reason}")


# --- databases -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pg_url(worker_id: str) -> Iterator[str]:
    """A PostgreSQL database of this worker alone (advisory locks are counted per database)."""
    with _fresh_database(f"worker_{worker_id}") as url:
        yield url


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on an empty database: a new SQLite file, then a new PostgreSQL schema."""
    if request.param == "sqlite":
        made = db.make_engine(f"sqlite:///{tmp_path / 'test.db'}")
        yield made
        made.dispose()
        return
    url = t.cast(str, request.getfixturevalue("pg_url"))
    schema = f"t{next(_numbers)}"
    _execute(url, f"CREATE SCHEMA {schema}")
    made = db.make_engine(url, schema=schema)
    yield made
    made.dispose()
    _execute(url, f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The URL of an empty database for this test, to be given to processes."""
    with _database(str(request.param), tmp_path, worker_id) as url:
        yield url


@pytest.fixture(scope="module", params=DATABASES)
def module_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[str]:
    """The URL of an empty database that all tests of one module share, to be given to processes."""
    with _database(str(request.param), tmp_path_factory.mktemp("database"), worker_id) as url:
        yield url


@contextlib.contextmanager
def _database(kind: str, folder: Path, worker: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'process.db'}"
    else:
        with _fresh_database(f"process_{worker}_{next(_numbers)}") as url:
            yield url


@contextlib.contextmanager
def _fresh_database(name: str) -> Iterator[str]:
    reason = postgres.why_absent()
    if reason:
        leave_out(reason)
    server = postgres.shared_cluster()
    name = f"{name}_{os.getpid()}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.replace("/postgres?", f"/{name}?")
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    administrator = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with administrator.connect() as connection:
        connection.exec_driver_sql(statement)


# --- the browser -----------------------------------------------------------------------------


class BrowserProblems:
    """What a page complained about; ``allow`` names what a test provokes on purpose."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Accept complaints that match, for example ``status of 422`` where a form is refused."""
        self._allowed.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of a browser context that a test opened by itself."""
        context.on("console", self._on_console)
        context.on("weberror", lambda event: self._seen.append(f"error in a script: {event.error}"))
        context.on("request", self._on_request)

    def remaining(self) -> list[str]:
        """The complaints that nobody allowed."""
        return [line for line in self._seen if not any(pattern.search(line) for pattern in self._allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        if not OWN_ADDRESS.match(request.url):
            self._seen.append(f"request to another host: {request.url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once per worker."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        leave_out("Chromium is not installed (`make test-deps` installs it on Debian)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def browser_problems() -> Iterator[BrowserProblems]:
    """Console errors, script errors and foreign requests of this test's pages; any fails the test."""
    problems = BrowserProblems()
    yield problems
    remaining = problems.remaining()
    assert not remaining, "the pages complained:\n" + "\n".join(remaining)


@pytest.fixture
def context(browser: Browser, browser_problems: BrowserProblems) -> Iterator[BrowserContext]:
    """A fresh browser profile of a Japanese reader at a desk (1440 × 900)."""
    with _profile(browser, browser_problems, 1440, 900) as opened:
        yield opened


@pytest.fixture
def phone_context(browser: Browser, browser_problems: BrowserProblems) -> Iterator[BrowserContext]:
    """A fresh browser profile of a Japanese reader with a phone (390 × 844, touch)."""
    with _profile(browser, browser_problems, 390, 844, is_mobile=True, has_touch=True) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page on a desk; see :class:`BrowserProblems` for what fails the test."""
    return context.new_page()


@pytest.fixture
def phone_page(phone_context: BrowserContext) -> Page:
    """An empty page on a phone."""
    return phone_context.new_page()


@contextlib.contextmanager
def _profile(
    browser: Browser, problems: BrowserProblems, width: int, height: int, **options: t.Any
) -> Iterator[BrowserContext]:
    context = browser.new_context(
        locale="ja-JP", timezone_id="Asia/Tokyo", viewport={"width": width, "height": height}, **options
    )
    context.set_default_timeout(15_000)
    problems.watch(context)
    try:
        yield context
    finally:
        context.close()


# --- files -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The public files of real prefectures, which stay outside the project (``LOWCODE_REAL_DATA``)."""
    folder = Path(os.environ.get("LOWCODE_REAL_DATA") or ROOT.parent / "shared" / "data" / "real")
    if not folder.is_dir():
        # Not `leave_out`: the files are never there in CI.
        pytest.skip(f"{LEFT_OUT}the public data files are not here ({folder.name}/; LOWCODE_REAL_DATA names them)")
    return folder
