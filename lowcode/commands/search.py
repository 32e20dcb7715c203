"""``lowcode search rebuild``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from lowcode import db
from lowcode.commands import Answer, Subparsers, command, open_services, say, table
from lowcode.deploy import versions
from lowcode.jobs import searching


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    parser = command(subparsers, "search rebuild", _rebuild, "cli.help.search_rebuild")
    parser.add_argument("app", nargs="?", default="", metavar="APP", help=say("cli.option.search_app"))


def _rebuild(options: argparse.Namespace) -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        if options.app:
            wanted = [versions.app_row(connection, options.app).id]
        else:
            wanted = [number for number, _, _ in versions.live_apps(connection).values()]
    done = []
    for number in sorted(wanted):
        live = searching.start_over(services, number)
        count = searching.fill(services, number, _teller(live.code))
        done.append({"app": number, "code": live.code, "records": count})
    return Answer(done, table((each["app"], each["code"], each["records"]) for each in done))


def _teller(code: str) -> Callable[[int], None]:
    def tell(count: int) -> None:
        if count and count % 10_000 == 0:
            print(say("cli.demo.progress", app=code, count=count), file=sys.stderr, flush=True)

    return tell
