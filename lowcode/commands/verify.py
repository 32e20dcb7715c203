"""``lowcode verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lowcode import db
from lowcode.accounts import audit_proof
from lowcode.commands import Answer, Subparsers, command, open_services, say
from lowcode.errors import NotAvailable


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "verify", _verify, "cli.help.verify")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=say("cli.option.verify_file"))


def _verify(options: argparse.Namespace) -> Answer:
    if options.file is not None:
        raise NotAvailable()  # backup files: with the command that writes them
    services = open_services()
    with db.reading(services.engine) as connection:
        found = audit_proof.examine(connection, services.settings.data_dir)
    bad = None if found.bad is None else {"number": found.bad.number, "kind": found.bad.kind}
    data = {"audit_log": {"entries": found.entries, "last": found.last, "sealed": found.sealed, "first_bad": bad}}
    if found.bad is not None:
        return Answer(data, [say(f"cli.verify.{found.bad.kind}", number=found.bad.number)], failed=True)
    return Answer(data, [say("cli.verify.whole", entries=found.entries, sealed=found.sealed)])
