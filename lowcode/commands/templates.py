"""``lowcode template``: shipped templates, and apps as files."""

from __future__ import annotations

import argparse
from pathlib import Path

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts.actor import user_actor
from lowcode.commands import Answer, Subparsers, command, locale, open_services, say, table
from lowcode.demo import samples
from lowcode.deploy import known_apps
from lowcode.services import Services
from lowcode.transfer import shipped, template

REASON = "command line"


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    command(subparsers, "template list", _list, "cli.help.template_list")
    parser = command(subparsers, "template install", _install, "cli.help.template_install")
    parser.add_argument("names", metavar="NAME", nargs="+")
    parser.add_argument("--sample-data", action="store_true", help=say("cli.option.sample_data"))
    parser = command(subparsers, "template export", _export, "cli.help.template_export")
    parser.add_argument("apps", metavar="APP", nargs="+")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help=say("cli.option.output"))
    parser.add_argument("--with-records", action="store_true", help=say("cli.option.with_records"))
    parser = command(subparsers, "template import", _import, "cli.help.template_import")
    parser.add_argument("file", metavar="FILE", type=Path)


def owner(services: Services) -> Actor:
    """Who is to manage new apps: the first administrator, or the system while there is none."""
    with db.reading(services.engine) as connection:
        directory = services.directories.current(connection)
        admins = [
            number
            for number, person in sorted(directory.people.items())
            if person.administrator and person.entity.active
        ]
        return user_actor(directory, admins[0], services.settings) if admins else services.system(REASON)


def quickstart(services: Services) -> None:
    """Install every shipped template that is not there yet (for a first start)."""
    with db.reading(services.engine) as connection:
        installed = known_apps(connection)
    wanted = [one.name for one in shipped.catalogue() if one.name not in installed]
    if wanted:
        shipped.install(services.engine, wanted, owner(services))


def _list(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        installed = known_apps(connection)
    found = shipped.catalogue()
    data = [
        {
            "name": one.name,
            "title": one.titles.get(locale(), one.title),
            "fields": one.fields,
            "views": one.views,
            "requires": list(one.requires),
            "installed": one.name in installed,
        }
        for one in found
    ]
    rows = [
        (
            one["name"],
            one["title"],
            say("cli.template.installed") if one["installed"] else "",
            ", ".join(found.requires),
        )
        for one, found in zip(data, found, strict=True)
    ]
    return Answer({"templates": data}, table(rows))


def _install(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = owner(services)
    numbers = shipped.install(services.engine, options.names, actor)
    counts = samples.fill(services.engine, tuple(numbers), catalog=services.catalog) if options.sample_data else {}
    lines = [say("cli.template.made", code=code, id=number) for code, number in numbers.items()]
    lines += [say("cli.template.filled", code=code, count=count) for code, count in counts.items()]
    return Answer({"apps": numbers, "records": counts}, lines)


def _export(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = services.system(REASON)
    with services.reading(actor) as space:
        made = template.export(space, options.apps, with_records=options.with_records)
    options.output.write_bytes(made)
    return Answer(
        {"file": str(options.output), "bytes": len(made)},
        [say("cli.template.exported", file=options.output, bytes=len(made))],
    )


def _import(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = owner(services)
    with db.reading(services.engine) as connection:
        known, ctx = known_apps(connection), services.context(connection, actor)
    loaded = template.load(options.file.read_bytes(), known_apps=known)
    numbers = template.install(services.engine, loaded, actor, ctx=ctx, catalog=services.catalog)
    return Answer(
        {"apps": numbers, "records": {code: len(rows) for code, rows in loaded.records.items()}},
        [say("cli.template.made", code=code, id=number) for code, number in numbers.items()],
    )
