"""``lowcode verify``: the audit log of this installation, or a backup file."""

from __future__ import annotations

import argparse
from pathlib import Path

from lowcode import backup, db
from lowcode.accounts import audit_proof
from lowcode.commands import Answer, Subparsers, command, open_services, say


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "verify", _verify, "cli.help.verify")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=say("cli.option.verify_file"))


def _verify(options: argparse.Namespace) -> Answer:
    return _verify_log() if options.file is None else _verify_file(options.file)


def _verify_file(file: Path) -> Answer:
    """Needs no installation: a backup can be looked at on any machine."""
    report = backup.check(file)
    damaged = [damage.part for damage in report.damage]
    made_at = report.manifest.get("made_at")
    data = {"file": str(file), "size": report.size, "parts": report.parts, "made_at": made_at, "damaged": damaged}
    if damaged:
        return Answer(data, [say("cli.verify.part", part=part) for part in damaged], failed=True)
    return Answer(data, [say("cli.verify.file_whole", parts=report.parts, made_at=made_at)])


def _verify_log() -> Answer:
    services = open_services()
    with db.reading(services.engine) as connection:
        found = audit_proof.examine(connection, services.settings.data_dir)
    bad = None if found.bad is None else {"number": found.bad.number, "kind": found.bad.kind}
    data = {"audit_log": {"entries": found.entries, "last": found.last, "sealed": found.sealed, "first_bad": bad}}
    if found.bad is not None:
        return Answer(data, [say(f"cli.verify.{found.bad.kind}", number=found.bad.number)], failed=True)
    return Answer(data, [say("cli.verify.whole", entries=found.entries, sealed=found.sealed)])
