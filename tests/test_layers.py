"""The picture of one-way imports (``docs/architecture.md``), kept true by reading every file's syntax tree.

A module imports only from its own package and from lower lines. Imports inside functions count too;
imports for the type checker alone (``if t.TYPE_CHECKING:``) count as well, for they draw the same arrow.
"""

from __future__ import annotations

import ast
import functools
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lowcode"

# The picture, from the top down. Names on one line never import each other.
LINES = (
    "__main__",
    "cli",
    "commands",
    "app",
    "admin api designer runtime",
    "web",
    "jobs demo",
    "automation backup charts letters mail transfer",
    "deploy",
    "health",
    "services",
    "records",
    "accounts files search",
    "access",
    "query",
    "definition",
    "fields",
    "formula system",
    "events",
    "db",
    "config",
    "messages",
    "errors kept resources",
)
RANK = {name: len(LINES) - number for number, line in enumerate(LINES) for name in line.split()}
# Without a name of their own: the package itself (its version), which everybody may read.
FREE = {"lowcode"}

FLASK = {"flask", "werkzeug"}
WTFORMS_USERS = {"fields", "web", "admin", "designer", "runtime"}
MARSHMALLOW_USERS = {"fields", "definition", "api", "designer"}
TABLE_USERS = {"records", "deploy"}


class Import(t.NamedTuple):
    """One imported module, where it stands."""

    path: Path
    line: int
    module: str

    @property
    def room(self) -> str:
        """The package or module directly below lowcode/ in which the import stands."""
        return room_of(self.path)

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def room_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0].removesuffix(".py") if inside.name != "__init__.py" or len(inside.parts) > 1 else "lowcode"


def imports_of(path: Path, source: str) -> Iterator[Import]:
    """Every import of a file; of ``from a import b`` both ``a`` and ``a.b``, for b may be a module."""
    package = ["lowcode", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(path, node.lineno, f"{base}.{alias.name}")


@functools.cache
def all_imports() -> tuple[Import, ...]:
    return tuple(found for path in sorted(PACKAGE.rglob("*.py")) for found in imports_of(path, path.read_text("utf-8")))


def own_target(module: str) -> str | None:
    """The room of lowcode that a module name leads into, or None for somebody else's module."""
    top, _, rest = module.partition(".")
    if top != "lowcode":
        return None
    room = rest.partition(".")[0]
    return room if room in RANK or (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists() else "lowcode"


def wrong_way(found: Import) -> bool:
    target = own_target(found.module)
    if target is None or target == found.room or target in FREE:
        return False
    return found.room in FREE or RANK.get(target, 99) >= RANK.get(found.room, 0)


def third_party(found: Import) -> str:
    return found.module.partition(".")[0]


def test_every_room_has_a_place_in_the_picture() -> None:
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")} - FREE
    assert rooms - set(RANK) == set(), "give the new package its line in LINES, or put the file where it belongs"


def test_no_import_goes_up_or_sideways() -> None:
    assert [found.place for found in all_imports() if wrong_way(found)] == []


def test_nothing_at_or_below_jobs_knows_flask() -> None:
    low = [found for found in all_imports() if third_party(found) in FLASK and RANK.get(found.room, 0) <= RANK["jobs"]]
    assert [found.place for found in low] == []


def test_only_records_and_deploy_touch_record_tables() -> None:
    users = [found for found in all_imports() if f"{found.module}.".startswith("lowcode.records.tables.")]
    assert [found.place for found in users if found.room not in TABLE_USERS] == []


def test_wtforms_is_seen_by_fields_and_screens_only() -> None:
    users = [found for found in all_imports() if third_party(found) == "wtforms"]
    assert [found.place for found in users if found.room not in WTFORMS_USERS] == []


def test_marshmallow_is_seen_at_json_borders_only() -> None:
    users = [found for found in all_imports() if third_party(found) == "marshmallow"]
    assert [found.place for found in users if found.room not in MARSHMALLOW_USERS] == []


@pytest.mark.parametrize(
    "library, room, files",
    [
        pytest.param("wtforms", "fields", "*.py", id="a field makes its own form input"),
        pytest.param("wtforms", "runtime", "**/*.py", id="record forms pass WTForms"),
        pytest.param("marshmallow", "fields", "*.py", id="a field's settings are a marshmallow schema"),
        pytest.param("marshmallow", "definition", "**/*.py", id="definitions are loaded through marshmallow"),
        pytest.param("marshmallow", "api", "**/*.py", id="API bodies pass marshmallow"),
    ],
)
def test_the_two_validation_libraries_are_used_where_the_picture_says(library: str, room: str, files: str) -> None:
    # A room without code yet has nothing to validate; a file that is there must not bypass the library.
    if not any(path.name != "__init__.py" for path in (PACKAGE / room).glob(files)):
        assert not any(found.room == room for found in all_imports())
        return
    # A screen may also reach WTForms through the shared helpers of web/.
    through = {library} if room != "runtime" else {library, "lowcode.web.forms"}
    assert any(
        f"{found.module}.".startswith(f"{name}.") for found in all_imports() if found.room == room for name in through
    )


@pytest.mark.parametrize(
    "file, source, wrong",
    [
        ("records/service.py", "from lowcode.access import policy", []),
        ("records/service.py", "from . import history", []),
        ("records/service.py", "from lowcode import __version__", []),
        ("records/service.py", "import sqlalchemy", []),
        ("records/service.py", "from lowcode.jobs import tasks", ["lowcode.jobs.tasks"]),
        ("records/service.py", "from lowcode import jobs", ["lowcode.jobs"]),
        ("records/service.py", "from ..deploy import plan", ["lowcode.deploy.plan"]),
        ("records/service.py", "def late():\n    import lowcode.web", ["lowcode.web"]),
        ("designer/views.py", "from lowcode.runtime import views", ["lowcode.runtime.views"]),
        ("__init__.py", "import lowcode.errors", ["lowcode.errors"]),
    ],
)
def test_the_reading_of_imports_is_right(file: str, source: str, wrong: list[str]) -> None:
    path = PACKAGE / file
    assert [found.module for found in imports_of(path, source) if wrong_way(found)] == wrong
