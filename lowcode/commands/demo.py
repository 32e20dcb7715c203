"""``lowcode demo``: invented data, into the apps or into import files."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from lowcode import db
from lowcode.commands import Answer, Subparsers, command, open_services, say
from lowcode.commands.templates import owner
from lowcode.demo import files
from lowcode.demo.load import load
from lowcode.demo.presets import PRESETS, SEED, World
from lowcode.errors import NotAvailable, invalid
from lowcode.services import Services

LATER = ("vax",)
"""Presets that are promised and whose template does not exist yet."""


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "demo", _demo, "cli.help.demo")
    parser.add_argument("preset", metavar="PRESET", help=", ".join((*PRESETS, *LATER)))
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=say("cli.option.seed"))
    parser.add_argument("--now", metavar="DATE", help=say("cli.option.now"))
    parser.add_argument("--files", metavar="DIR", type=Path, help=say("cli.option.files"))


def quickstart(services: Services) -> None:
    """A small set of invented records for a first start; ``lowcode demo demo`` brings two weeks of a city."""
    with db.reading(services.engine) as connection:
        people = services.directories.current(connection).people
        staff = [number for number, person in sorted(people.items()) if person.entity.active]
    load(services.engine, World.of("tiny"), catalog=services.catalog, staff=staff, install_as=owner(services))


def _demo(options: argparse.Namespace) -> Answer:
    if options.preset in LATER:
        raise NotAvailable()
    world = World.of(options.preset, seed=options.seed, now=_day(options.now))
    if options.files is not None:
        made = files.write(world, options.files)
        return Answer(made, [say("cli.demo.file", file=one["file"], rows=one["rows"]) for one in made["files"]])
    services = open_services()
    with db.reading(services.engine) as connection:
        people = services.directories.current(connection).people
        staff = [number for number, person in sorted(people.items()) if person.entity.active]
    told: dict[str, int] = {}

    def progress(app: str, count: int) -> None:
        # Larger presets take minutes; who waits sees that it goes on.
        if count - told.get(app, 0) >= 5_000 and not options.json:
            told[app] = count
            print(say("cli.demo.progress", app=app, count=count), file=sys.stderr)

    made = load(
        services.engine, world, catalog=services.catalog, staff=staff, install_as=owner(services), progress=progress
    )
    return Answer(made, [say("cli.demo.filled", app=app, rows=one["rows"]) for app, one in made["apps"].items()])


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("demo.now", value=text[:40]) from None
