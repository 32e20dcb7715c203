"""``lowcode user``, ``lowcode organization`` and ``lowcode group``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from lowcode import db
from lowcode.accounts import groups, organizations, passwords, people_csv, users
from lowcode.commands import Answer, Subparsers, command, open_services, read_password, say, table
from lowcode.errors import NotFound

REASON = "command line"


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    parser = command(subparsers, "user add", _add_user, "cli.help.user_add")
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--name", default="", help=say("cli.option.name"))
    parser.add_argument("--kana", default="", help=say("cli.option.kana"))
    parser.add_argument("--email", default="", help=say("cli.option.email"))
    parser.add_argument("--admin", action="store_true", help=say("cli.option.admin"))
    parser.add_argument(
        "--organization", action="append", default=[], metavar="CODE", help=say("cli.option.organization")
    )
    parser.add_argument("--group", action="append", default=[], metavar="CODE", help=say("cli.option.group"))
    command(subparsers, "user list", _list_users, "cli.help.user_list")
    for name, active in (("disable", False), ("enable", True)):
        parser = command(subparsers, f"user {name}", _switch_user, f"cli.help.user_{name}")
        parser.add_argument("login", metavar="LOGIN")
        parser.set_defaults(active=active)
    parser = command(subparsers, "user password", _user_password, "cli.help.user_password")
    parser.add_argument("login", metavar="LOGIN")

    parser = command(subparsers, "organization add", _add_organization, "cli.help.organization_add")
    parser.add_argument("code", metavar="CODE")
    parser.add_argument("--name", default="", help=say("cli.option.name"))
    parser.add_argument("--parent", default="", metavar="CODE", help=say("cli.option.parent"))
    parser.add_argument("--position", type=int, default=0, metavar="N", help=say("cli.option.position"))
    parser.add_argument("--ward", action="append", default=[], metavar="NAME", help=say("cli.option.ward"))
    command(subparsers, "organization list", _list_organizations, "cli.help.organization_list")

    parser = command(subparsers, "group add", _add_group, "cli.help.group_add")
    parser.add_argument("code", metavar="CODE")
    parser.add_argument("--name", default="", help=say("cli.option.name"))
    parser.add_argument("--member", action="append", default=[], metavar="LOGIN", help=say("cli.option.member"))
    command(subparsers, "group list", _list_groups, "cli.help.group_list")

    for area, kind in (("user", "users"), ("organization", "organizations"), ("group", "groups")):
        parser = command(subparsers, f"{area} import", _import, f"cli.help.{area}_import")
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help=say("cli.option.dry_run"))
        parser.set_defaults(kind=kind)
        parser = command(subparsers, f"{area} export", _export, f"cli.help.{area}_export")
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
        parser.set_defaults(kind=kind)


def _add_user(options: argparse.Namespace) -> Answer:
    services = open_services()
    password = passwords.prepare(read_password())
    data = users.UserData(
        login=options.login,
        name=options.name or options.login,
        kana=options.kana,
        email=options.email,
        administrator=options.admin,
        places=tuple(users.Place(code) for code in options.organization),
        groups=tuple(options.group),
    )
    with db.writing(services.engine) as connection:
        number = users.save(connection, data, services.system(REASON), services.settings.now(), password=password)
        saved = users.read(connection, number)
    return Answer({"id": number, "login": saved.login}, [say("cli.user_added", login=saved.login)])


def _list_users(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        found = users.read_all(connection)
    lines = table(
        (
            number,
            user.login,
            user.name,
            ",".join(p.organization for p in user.places),
            ",".join(user.groups),
            _marks(user.active, user.administrator),
        )
        for number, user in found.items()
    )
    return Answer([{"id": number, **asdict(user)} for number, user in found.items()], lines)


def _marks(active: bool, administrator: bool = False) -> str:
    words = [say("cli.administrator")] if administrator else []
    return ",".join([*words, *([] if active else [say("cli.disabled")])])


def _switch_user(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.writing(services.engine) as connection:
        number = users.find(connection, options.login)
        if number is None:
            raise NotFound("user.not_found", user=options.login)
        users.switch(connection, number, options.active, services.system(REASON), services.settings.now())
    code = "cli.user_enabled" if options.active else "cli.user_disabled"
    return Answer({"id": number, "active": options.active}, [say(code, login=options.login)])


def _user_password(options: argparse.Namespace) -> Answer:
    services = open_services()
    password = passwords.prepare(read_password())
    with db.writing(services.engine) as connection:
        number = users.find(connection, options.login)
        if number is None:
            raise NotFound("user.not_found", user=options.login)
        users.set_password(
            connection, number, password, services.system(REASON), services.settings.now(), must_change=False
        )
    return Answer({"id": number}, [say("cli.password_set", login=options.login)])


def _add_organization(options: argparse.Namespace) -> Answer:
    services = open_services()
    data = organizations.OrganizationData(
        code=options.code,
        name=options.name or options.code,
        parent=options.parent,
        position=options.position,
        wards=tuple(options.ward),
    )
    with db.writing(services.engine) as connection:
        number = organizations.save(connection, data, services.system(REASON), services.settings.now())
    return Answer({"id": number, "code": data.code}, [say("cli.organization_added", code=data.code)])


def _list_organizations(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        found = organizations.read_all(connection)
    lines = table(
        (number, each.code, each.name, each.parent, _marks(each.active), ",".join(each.wards))
        for number, each in found.items()
    )
    return Answer([{"id": number, **asdict(each)} for number, each in found.items()], lines)


def _add_group(options: argparse.Namespace) -> Answer:
    services = open_services()
    data = groups.GroupData(code=options.code, name=options.name or options.code, members=tuple(options.member))
    with db.writing(services.engine) as connection:
        number = groups.save(connection, data, services.system(REASON), services.settings.now())
    return Answer({"id": number, "code": data.code}, [say("cli.group_added", code=data.code)])


def _list_groups(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        found = groups.read_all(connection)
    lines = table(
        (number, each.code, each.name, ",".join(each.members), _marks(each.active)) for number, each in found.items()
    )
    return Answer([{"id": number, **asdict(each)} for number, each in found.items()], lines)


def _import(options: argparse.Namespace) -> Answer:
    services = open_services()
    counts = people_csv.load(
        services.engine,
        options.kind,
        options.file.read_bytes(),
        services.system(REASON),
        services.settings.now(),
        dry_run=options.dry_run,
    )
    code = "cli.csv_would" if options.dry_run else "cli.csv_done"
    return Answer(asdict(counts), [say(code, **asdict(counts))])


def _export(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        content = people_csv.dump(connection, options.kind)
    options.output.write_bytes(content)
    return Answer({"file": str(options.output), "bytes": len(content)}, [str(options.output)])
