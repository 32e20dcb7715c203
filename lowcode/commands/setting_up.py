"""``lowcode init``, ``lowcode doctor`` and ``lowcode quickstart``."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import typing as t
from pathlib import Path

import orjson

from lowcode import db, health
from lowcode.accounts import first, organizations, passwords, users
from lowcode.commands import Answer, Subparsers, command, open_services, say, serving
from lowcode.commands.templates import owner
from lowcode.demo.facilities import WARDS
from lowcode.demo.load import load
from lowcode.demo.presets import World
from lowcode.errors import Conflict
from lowcode.records import indexing
from lowcode.services import Services, secret_key
from lowcode.system import meta, migrate

LOGINS = "demo-logins.json"
DONE = "quickstart.done"
PLACES: t.Final[tuple[tuple[str, str, str, tuple[str, ...]], ...]] = (
    # code, name, the one above, wards of its own
    ("hokenjo", "保健所", "", WARDS),
    ("kansen", "感染症対策係", "hokenjo", ()),
    ("kokurakita", "小倉北区担当", "kansen", ("小倉北区",)),
    ("somu", "総務係", "hokenjo", ()),
)
DEMO: t.Final = (
    # login, name, reading, organisation, title, administrator
    ("admin", "管理 太郎", "かんり たろう", "somu", "係長", True),
    ("hoken", "保健 花子", "ほけん はなこ", "kokurakita", "保健師", False),
    ("jimu", "事務 一郎", "じむ いちろう", "kansen", "主事", False),
)
"""The people of a first look, where the demo data brings none."""
NO_DEMO = "none"
TELL_EACH = 5_000
"""Records between two lines of progress."""


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    command(subparsers, "init", _init, "cli.help.init")
    command(subparsers, "doctor", _doctor, "cli.help.doctor")
    parser = command(subparsers, "quickstart", _quickstart, "cli.help.quickstart")
    parser.add_argument("--demo", default="demo", metavar="PRESET", help=say("cli.option.demo"))
    parser.add_argument("--no-serve", action="store_true", help=say("cli.option.no_serve"))


def prepare(services: Services) -> tuple[str | None, str]:
    """Make the data folder, the key and the tables; safe to repeat."""
    secret_key(services.settings)
    made = migrate.upgrade(services.engine)
    indexing.notice_version(services.engine)
    return made


def _init(options: argparse.Namespace) -> Answer:
    services = open_services(check=False)
    before, after = prepare(services)
    code = "cli.init_made" if before is None else "cli.init_current" if before == after else "cli.init_upgraded"
    return Answer(
        {"before": before, "after": after, "data_dir": str(services.settings.data_dir)},
        [say(code, before=before, after=after)],
    )


def _doctor(options: argparse.Namespace) -> Answer:
    findings = health.examine(open_services(check=False))
    lines = [f"{say(f'cli.doctor.{each.state}')}\t{say(f'cli.doctor.{each.name}')}\t{each.text}" for each in findings]
    return Answer(
        [{"name": each.name, "state": each.state, "text": each.text} for each in findings],
        lines,
        failed=any(each.state == "bad" for each in findings),
    )


def _quickstart(options: argparse.Namespace) -> Answer:
    services = open_services(check=False)
    prepare(services)
    logins = _demo_people(services)
    with db.reading(services.engine) as connection:
        done = DONE in meta.everything(connection)
    if not done and options.demo != NO_DEMO:
        _fill(services, options.demo)
        with db.writing(services.engine) as connection:
            meta.write(connection, DONE, services.settings.now().isoformat())
    binds = serving.default_binds()
    address = f"http://{binds[0]}"
    lines = [
        "",
        say("cli.quickstart_address", address=address),
        *(
            say("cli.quickstart_login", login=each["login"], password=each["password"], name=each["name"])
            for each in logins
        ),
        say("cli.quickstart_kept", file=services.settings.data_dir / LOGINS) if logins else "",
        say("cli.quickstart_kept_data"),
        "",
    ]
    if options.no_serve:
        return Answer({"address": address, "logins": logins}, lines)
    if options.json:
        print(orjson.dumps({"address": address, "logins": logins}).decode(), flush=True)
    else:
        print("\n".join(line for line in lines), flush=True)
    serving.serve(services, binds)


def _fill(services: Services, preset: str) -> None:
    """Install the shipped templates with invented data. A first start that was broken off goes on as it is."""
    print(say("cli.quickstart_filling"), file=sys.stderr, flush=True)
    with db.reading(services.engine) as connection:
        people = services.directories.current(connection).people
    staff = [number for number, person in sorted(people.items()) if person.entity.active]
    told = 0

    def progress(app: str, count: int) -> None:
        nonlocal told
        if count - told >= TELL_EACH or count < told:
            told = count
            print(say("cli.demo.progress", app=app, count=count), file=sys.stderr, flush=True)

    try:
        load(
            services.engine,
            World.of(preset),
            catalog=services.catalog,
            staff=staff,
            install_as=owner(services),
            progress=progress,
        )
    except Conflict as error:
        print(say(error.code, **error.params), file=sys.stderr, flush=True)


def _demo_people(services: Services) -> list[dict[str, str]]:
    """People for a first look, with passwords made for this data folder; those of an earlier start again."""
    path = services.settings.data_dir / LOGINS
    if path.exists():
        return t.cast(list[dict[str, str]], orjson.loads(path.read_bytes()))
    with db.reading(services.engine) as connection:
        if users.any_user(connection):
            return []  # somebody works here: nobody unknown is let in
    logins = [{"login": login, "password": passwords.random_password(), "name": name} for login, name, *_ in DEMO]
    prepared = {each["login"]: passwords.prepare(each["password"]) for each in logins}
    by, now = services.system("quickstart"), services.settings.now()
    with db.writing(services.engine) as connection:
        for position, (code, name, parent, wards) in enumerate(PLACES):
            place = organizations.OrganizationData(code=code, name=name, parent=parent, position=position, wards=wards)
            organizations.save(connection, place, by, now)
        for login, name, kana, code, title, administrator in DEMO:
            person = users.UserData(
                login=login, name=name, kana=kana, administrator=administrator, places=(users.Place(code, title),)
            )
            users.save(connection, person, by, now, password=prepared[login])
        # Before the commit: log-ins without their file would lock everybody out.
        _write_private(path, orjson.dumps(logins, option=orjson.OPT_INDENT_2))
    first.forget_code(services.settings)
    return logins


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
