"""``lowcode app``: list, show, apply, diff, rollback. Definitions go in and out as JSON."""

from __future__ import annotations

import argparse
import json
import typing as t
from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.commands import Answer, Subparsers, command, locale, open_services, say, table
from lowcode.definition import AppDefinition, assign_ids, codec
from lowcode.definition.compare import Change, compare
from lowcode.definition.complete import SYSTEM_TYPES
from lowcode.deploy import Note, versions
from lowcode.deploy.checking import query_problems
from lowcode.deploy.entities import name_entities
from lowcode.designer import json_text
from lowcode.errors import Invalid, NotFound, invalid
from lowcode.services import Services

REASON = "command line"
Json = dict[str, t.Any]


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    command(subparsers, "app list", _list, "cli.help.app_list")

    parser = command(subparsers, "app show", _show, "cli.help.app_show")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("--definition", action="store_true", help=say("cli.option.definition"))
    parser.add_argument("--version", type=int, default=None, metavar="N", help=say("cli.option.app_version"))

    parser = command(subparsers, "app apply", _apply, "cli.help.app_apply")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help=say("cli.option.dry_run"))
    parser.add_argument("--note", default="", metavar="TEXT", help=say("cli.option.note"))

    parser = command(subparsers, "app diff", _diff, "cli.help.app_diff")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("before", nargs="?", default="", metavar="A", help=say("cli.option.compare_from"))
    parser.add_argument("after", nargs="?", default="", metavar="B|FILE", help=say("cli.option.compare_to"))

    parser = command(subparsers, "app rollback", _rollback, "cli.help.app_rollback")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("version", type=int, metavar="VERSION")


def _list(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        found = sorted(versions.live_apps(connection).items(), key=lambda each: each[1][0])
    data = [
        {"id": number, "code": code, "name": app.name, "version": version, "space": app.settings.space}
        for code, (number, version, app) in found
    ]
    return Answer(data, table((e["id"], e["code"], e["name"], e["version"], e["space"]) for e in data))


def _show(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        row, version, definition = _version(connection, options.app, options.version)
        notes = deploy.list_versions(connection, row.id)
    if options.definition:
        made = codec.dump(definition)
        return Answer(made, json.dumps(made, ensure_ascii=False, indent=2).split("\n"))
    fields = [
        {"code": f.code, "type": f.type_name, "label": f.display_label(locale()), "id": f.id}
        for f in definition.all_fields
        if f.type_name not in SYSTEM_TYPES
    ]
    data = {
        "id": row.id,
        "code": definition.code,
        "name": definition.name,
        "version": version,
        "live_version": row.live_version,
        "fields": fields,
        "views": [view.name for view in definition.views],
        "versions": [{"version": v.version, "at": v.created_at.isoformat(), "note": v.note} for v in notes],
    }
    lines = [
        *table([(row.id, definition.code, definition.name, version)]),
        "",
        *table((f["code"], f["type"], f["label"]) for f in fields),
        "",
        *table((v.version, f"{v.created_at:%Y-%m-%d %H:%M}", v.note) for v in notes),
    ]
    return Answer(data, lines)


def _version(connection: sa.Connection, app: str, version: int | None) -> tuple[versions.AppRow, int, AppDefinition]:
    """An app's row with one of its versions; the live one when none is asked for. Raises :class:`NotFound`."""
    row = versions.app_row(connection, app)
    number = row.live_version if version is None else version
    if number is None:
        raise NotFound("app.version_not_found", app=row.code, version=0)
    return row, number, versions.definition_of(connection, row.id, number)


# -- apply -----------------------------------------------------------------------------------------


def _apply(options: argparse.Namespace) -> Answer:
    services = open_services()
    raw = _read(options.file)
    code = raw.get("code")
    if not isinstance(code, str) or not code:
        raise invalid("setting.missing", "code")
    with db.reading(services.engine) as connection:
        row = _find(connection, code)
    return _create(services, raw, options) if row is None else _change(services, row, raw, options)


def _read(path: Path) -> Json:
    """A definition file. Raises :class:`Invalid` for what is no JSON object."""
    raw = json_text.read(path.read_text("utf-8-sig")).value
    if not isinstance(raw, dict):
        raise invalid("setting.not_a_map")
    return raw


def _find(connection: sa.Connection, code: str) -> versions.AppRow | None:
    try:
        return versions.app_row(connection, code)
    except NotFound:
        return None


def _create(services: Services, raw: Json, options: argparse.Namespace) -> Answer:
    actor = services.system(REASON)
    if options.dry_run:
        with db.reading(services.engine) as connection:
            definition = codec.load(
                name_entities(connection, raw, actor.user_id),
                known_apps=versions.known_apps(connection),
                query_checker=query_problems,
            )
        changes = compare(None, definition)
        return _answer({"created": False}, changes, (), [say("cli.app_would", count=len(changes))])
    number = deploy.create_app(services.engine, raw, actor, note=options.note)
    with db.reading(services.engine) as connection:
        _, _, definition = _version(connection, str(number), None)
    words = say("cli.app_created", name=definition.name, id=number, code=definition.code)
    return _answer({"created": True, "id": number, "version": 1}, compare(None, definition), (), [words])


def _change(services: Services, row: versions.AppRow, raw: Json, options: argparse.Namespace) -> Answer:
    with db.reading(services.engine) as connection:
        plan = deploy.plan_deploy(connection, row.id, raw)
    if plan.problems:
        raise Invalid(plan.problems)
    facts: Json = {"id": row.id, "created": False, "version": row.live_version}
    if options.dry_run:
        return _answer(facts, plan.changes, plan.notes, [say("cli.app_would", count=len(plan.changes))])
    if not plan.changes:
        return _answer(facts, (), plan.notes, [say("cli.app_unchanged")])
    version = deploy.apply_definition(services.engine, row.id, raw, services.system(REASON), note=options.note)
    words = say("cli.app_changed", name=plan.definition.name, version=version)
    return _answer({**facts, "version": version}, plan.changes, plan.notes, [words])


# -- diff and rollback -----------------------------------------------------------------------------


def _diff(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        row, live, newest = _version(connection, options.app, None)
        before, after = options.before, options.after
        if before and not after and not before.isdecimal():
            before, after = "", before
        new = _side(connection, row, after) if after else newest
        if before:
            old = _side(connection, row, before)
        elif after:
            old = newest
        elif live == 1:
            old = None
        else:
            old = versions.definition_of(connection, row.id, live - 1)
    return _answer({"id": row.id}, compare(old, new), (), [])


def _side(connection: sa.Connection, row: versions.AppRow, name: str) -> AppDefinition:
    """A version by number, or a definition from a file."""
    if name.isdecimal():
        return versions.definition_of(connection, row.id, int(name))
    live = versions.live_text(connection, row)
    raw = assign_ids({"code": row.code, **_read(Path(name))}, orjson.loads(live) if live else None, floor=row.next_id)
    return codec.load(raw, known_apps=versions.known_apps(connection), query_checker=query_problems)


def _rollback(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        row, _, old = _version(connection, options.app, None)
    version = deploy.rollback(services.engine, row.id, options.version, services.system(REASON))
    with db.reading(services.engine) as connection:
        _, _, new = _version(connection, str(row.id), version)
    words = say("cli.app_rolled_back", name=new.name, to=options.version, version=version)
    return _answer({"id": row.id, "version": version}, compare(old, new), (), [words])


def _answer(facts: Json, changes: Iterable[Change], notes: Sequence[Note], last: list[str]) -> Answer:
    """Changes and notes, as sentences and as values."""
    changes = tuple(changes)
    data = {
        **facts,
        "changes": [
            {"kind": c.kind, "path": list(c.path), "params": dict(c.params), "message": say(c.key, **c.params)}
            for c in changes
        ],
        "notes": [
            {
                "key": n.key,
                "weight": n.weight,
                "path": list(n.path),
                "params": dict(n.params),
                "message": say(n.key, **n.params),
            }
            for n in notes
        ],
    }
    lines = [*(say(c.key, **c.params) for c in changes), *(say(n.key, **n.params) for n in notes), *last]
    return Answer(data, lines)
