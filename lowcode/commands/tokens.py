"""``lowcode token``."""

from __future__ import annotations

import argparse

from lowcode import db
from lowcode.accounts import tokens
from lowcode.commands import Answer, Subparsers, command, open_services, say


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "token add", _add, "cli.help.token_add")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("--allow", required=True, metavar="RIGHTS", help=say("cli.option.allow"))
    parser.add_argument("--name", default="", help=say("cli.option.name"))


def _add(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = services.system("command line")
    with services.reading(actor) as space:
        live = space.app(int(options.app) if options.app.isdecimal() else options.app)
    with db.writing(services.engine) as connection:
        token = tokens.add(
            connection,
            live.id,
            [r.strip() for r in options.allow.split(",") if r.strip()],
            by=actor,
            now=services.settings.now(),
            name=options.name,
        )
    return Answer({"token": token, "app": live.id}, [token])
