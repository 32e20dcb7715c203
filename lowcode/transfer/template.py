"""Template files: one or several linked apps, with or without records, as one plain JSON file.

``{"format": "lowcode-template/1", "apps": [definition…], "requires": [code…], "records": {code: [values…]}}``.
Keys are sorted and numbers of this installation are left out, so that the same apps give the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.definition import codec
from lowcode.definition.schema import AppDefinition
from lowcode.deploy import create_app
from lowcode.deploy.checking import query_problems
from lowcode.deploy.locks import deploying
from lowcode.deploy.versions import live_apps
from lowcode.errors import Conflict, Invalid, Path, Problem
from lowcode.fields.base import Context
from lowcode.fields.lookup import LookupField
from lowcode.records.catalog import Catalog
from lowcode.records.workspace import Workspace
from lowcode.transfer import template_records

Json = dict[str, t.Any]

FORMAT: t.Final = "lowcode-template/1"
MAX_BYTES: t.Final = 50_000_000
MAX_DEPTH: t.Final = 60
MAX_APPS: t.Final = 100
KEYS: t.Final = frozenset({"format", "apps", "requires", "records"})
_APP_CODE: t.Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template file, checked."""

    apps: tuple[AppDefinition, ...]
    requires: tuple[str, ...] = ()
    """Codes of apps outside the file from which its apps look things up."""
    records: Mapping[str, tuple[Mapping[str, t.Any], ...]] = field(default_factory=dict)
    """Records by app code, as the file has them."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the apps."""
        return tuple(app.code for app in self.apps)


# --- writing ---------------------------------------------------------------------------------


def write(apps: Iterable[AppDefinition], records: Mapping[str, Sequence[Json]] | None = None) -> bytes:
    """The bytes of a template file."""
    ordered = sorted(apps, key=lambda app: app.code)
    made: Json = {
        "format": FORMAT,
        "apps": [portable(codec.dump(app)) for app in ordered],
        "requires": list(requirements(ordered)),
    }
    if records:
        made["records"] = {code: list(rows) for code, rows in records.items() if rows}
    return orjson.dumps(made, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def export(workspace: Workspace, apps: Sequence[int | str], *, with_records: bool = False) -> bytes:
    """Apps that are live as a template file; the workspace's actor has to manage them, and to export the records.

    :raises NotFound: there is no such app. :raises Forbidden: the actor may not.
    """
    live = {found.code: found for found in map(workspace.app, apps)}
    for app in live.values():
        workspace.policy(app).require("manage")
        if with_records:
            workspace.policy(app).require("export")
    records = {code: template_records.dump(workspace, live[code]) for code in sorted(live)} if with_records else {}
    return write((app.definition for app in live.values()), records)


def requirements(apps: Iterable[AppDefinition]) -> tuple[str, ...]:
    """Codes of other apps from which these look things up, in order."""
    apps = list(apps)
    own = {app.code for app in apps}
    return tuple(sorted({lookup.lookup.related_app.code for app in apps for lookup in _lookups(app)} - own))


def _lookups(app: AppDefinition) -> Iterator[LookupField]:
    return (found for found in app.all_fields if isinstance(found, LookupField))


def portable(definition: Json) -> Json:
    """A definition without the numbers that people and other apps have in this installation."""
    return {
        key: _portable(value) if key in ("acl", "status") else _without_app_ids(value)
        for key, value in definition.items()
    }


def _portable(part: t.Any) -> t.Any:
    if isinstance(part, dict):
        entity = part.get("entity")
        plain = (
            {"entity": {key: value for key, value in entity.items() if key != "id"}} if isinstance(entity, dict) else {}
        )
        return {key: _portable(value) for key, value in part.items()} | plain
    return [_portable(value) for value in part] if isinstance(part, list) else part


def _without_app_ids(part: t.Any) -> t.Any:
    if isinstance(part, dict):
        made = {key: _without_app_ids(value) for key, value in part.items()}
        if isinstance(related := made.get("relatedApp"), dict) and "app" in related:
            made["relatedApp"] = {**related, "app": ""}
        return made
    return [_without_app_ids(value) for value in part] if isinstance(part, list) else part


# --- reading ---------------------------------------------------------------------------------


class _Twice(dict[str, t.Any]):
    """An object in which a key stands twice; JSON parsers would silently take the last one."""

    key = ""


def _object(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    twice = _Twice(made)
    for key, _ in pairs:
        if key in seen:
            twice.key = key
        seen.add(key)
    return twice


def _refuse_constant(name: str) -> t.NoReturn:
    raise ValueError(name)


def parse(raw: bytes) -> t.Any:
    """The JSON of a file. Raises :class:`Invalid` for what is too large, too deep or no JSON."""
    if len(raw) > MAX_BYTES:
        raise Invalid([Problem(code="template.too_large", params={"limit": MAX_BYTES // 1_000_000})])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid([Problem(code="template.not_utf8")]) from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid([Problem(code="template.too_deep", params={"limit": MAX_DEPTH})]) from None
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise Invalid([Problem(code="template.not_json", params=place)]) from None
    except ValueError:
        raise Invalid([Problem(code="template.not_json", params={"line": "?", "column": "?"})]) from None


def load(raw: bytes, *, known_apps: Mapping[str, AppDefinition] | None = None) -> Template:
    """A template file, checked from end to end; nothing is changed.

    :param known_apps: apps that are installed already, so that references to them are checked as well.
    :raises Invalid: with every problem; paths lead into the file, such as ``("apps", 0, "properties", "temp")``.
    """
    whole = parse(raw)
    problems = list(_shape(whole))
    if problems:
        raise Invalid(problems)
    apps: list[AppDefinition | None] = []
    for index, one in enumerate(whole["apps"]):
        definition, found = codec.read(one)
        apps.append(definition)
        problems += [problem.under("apps", index) for problem in found]
        if definition is not None and not definition.code and isinstance(one, Mapping):
            problems.append(Problem(code="setting.missing", path=("apps", index, "code")))
    problems += _codes_twice(apps)
    readable = {app.code: app for app in apps if app is not None}
    if not problems:
        problems += _links(whole["apps"], {**(known_apps or {}), **readable})
        problems += template_records.problems(whole.get("records", {}), readable)
    if problems:
        raise Invalid(problems)
    return Template(
        apps=tuple(app for app in apps if app is not None),
        requires=requirements(readable.values()),
        records={code: tuple(rows) for code, rows in whole.get("records", {}).items()},
    )


def _shape(whole: t.Any) -> Iterator[Problem]:
    """What is wrong before any definition is looked at."""
    deepest = next(_too_deep(whole), None)
    if deepest is not None:
        yield deepest
        return
    yield from _keys_twice(whole, ())
    if not isinstance(whole, dict):
        yield Problem(code="setting.not_a_map")
        return
    yield from (Problem(code="setting.unknown", path=(key,)) for key in whole if key not in KEYS)
    if whole.get("format") != FORMAT:
        yield Problem(
            code="template.format", path=("format",), params={"value": str(whole.get("format"))[:40], "wanted": FORMAT}
        )
    apps = whole.get("apps")
    if not isinstance(apps, list):
        yield Problem(code="setting.not_a_list", path=("apps",))
    elif not 1 <= len(apps) <= MAX_APPS:
        yield Problem(code="template.app_count", path=("apps",), params={"count": len(apps), "limit": MAX_APPS})
    requires = whole.get("requires", [])
    if not isinstance(requires, list):
        yield Problem(code="setting.not_a_list", path=("requires",))
    else:
        yield from (
            Problem(code="definition.app_code", path=("requires", index), params={"value": str(code)[:80]})
            for index, code in enumerate(requires)
            if not (isinstance(code, str) and _APP_CODE.fullmatch(code))
        )


def _too_deep(whole: t.Any) -> Iterator[Problem]:
    """Walks level by level: a file that nests without end must not end the process."""
    level = [whole]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return
    yield Problem(code="template.too_deep", params={"limit": MAX_DEPTH})


def _keys_twice(part: t.Any, path: Path) -> Iterator[Problem]:
    if isinstance(part, dict):
        if isinstance(part, _Twice):
            yield Problem(code="template.key_twice", path=(*path, part.key), params={"key": part.key[:80]})
        for key, inner in part.items():
            yield from _keys_twice(inner, (*path, key))
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from _keys_twice(inner, (*path, index))


def _codes_twice(apps: Sequence[AppDefinition | None]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, app in enumerate(apps):
        if app is not None and app.code:
            if app.code in seen:
                yield Problem(code="template.app_twice", path=("apps", index, "code"), params={"code": app.code})
            seen.add(app.code)


def _links(apps: Sequence[t.Any], known: Mapping[str, AppDefinition]) -> Iterator[Problem]:
    """What one app of the file says wrongly about another, and about its own fields in filters."""
    for index, raw in enumerate(apps):
        _, found = codec.read(raw, known_apps=known, query_checker=query_problems)
        yield from (problem.under("apps", index) for problem in found)


# --- installing ------------------------------------------------------------------------------


def install(
    engine: sa.Engine, template: Template, actor: Actor, *, ctx: Context | None = None, catalog: Catalog | None = None
) -> dict[str, int]:
    """Make every app of a template, and its records: all of it, or nothing. Returns the apps' numbers by code.

    :raises Conflict: an app of the template is installed already. :raises Invalid: with every problem.
    """
    ctx = ctx or Context(user_id=actor.user_id)
    with deploying(engine), db.writing(engine) as connection:
        db.hold_live_versions(connection)
        installed = live_apps(connection)
        if taken := [code for code in template.codes if code in installed]:
            raise Conflict("template.already_installed", codes="、".join(taken))
        numbers = {
            app.code: create_app(connection, portable(codec.dump(app)), actor, note="template", ctx=ctx)
            for app in in_order(template.apps)
        }
        if template.records:
            workspace = Workspace(connection, catalog or Catalog(), actor, ctx)
            template_records.restore(workspace, [app.code for app in in_order(template.apps)], template.records)
    return numbers


def in_order(apps: Iterable[AppDefinition]) -> list[AppDefinition]:
    """Apps that others look things up in come first; those that look in each other stay in order of code."""
    waiting = {app.code: app for app in sorted(apps, key=lambda app: app.code)}
    found: list[AppDefinition] = []
    while waiting:
        free = [
            app
            for app in waiting.values()
            if not {one.lookup.related_app.code for one in _lookups(app)} & (waiting.keys() - {app.code})
        ]
        for app in free or list(waiting.values())[:1]:
            found.append(waiting.pop(app.code))
    return found


__all__ = [
    "FORMAT",
    "Template",
    "export",
    "in_order",
    "install",
    "load",
    "parse",
    "portable",
    "requirements",
    "write",
]
