"""The commands, one module per area. Each has ``add(subparsers)``, which registers its commands by :func:`command`.

A command's function takes the parsed arguments and returns an :class:`Answer`; failures are raised as
:class:`~lowcode.errors.LowcodeError` and told by :mod:`lowcode.cli`.
"""

from __future__ import annotations

import argparse
import os
import sys
import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lowcode import messages
from lowcode.errors import invalid
from lowcode.services import Services
from lowcode.system import migrate

Subparsers = t.Any  # argparse keeps the type of its sub-parsers to itself


@dataclass(frozen=True)
class Answer:
    """What a command says: ``data`` with ``--json``, else ``lines``. ``failed`` ends it with code 1."""

    data: t.Any = None
    lines: Sequence[str] = ()
    failed: bool = False


_opened: list[Services] = []

Run = Callable[[argparse.Namespace], Answer]


def locale() -> str:
    """The language of the command line: the installation's, which no command changes."""
    chosen = os.environ.get("LOWCODE_LOCALE") or "ja"
    return chosen if chosen in messages.LOCALES else "ja"


def say(code: str, /, **params: t.Any) -> str:
    """A sentence of the command line."""
    return messages.text(code, locale(), **params)


def command(subparsers: Subparsers, name: str, run: Run, help: str) -> argparse.ArgumentParser:
    """Register ``lowcode name`` or, with two words, ``lowcode group name``; returns its parser for arguments.

    :param help: code of the sentence that says what it does.
    """
    *groups, last = name.split()
    for group in groups:
        subparsers = _group(subparsers, group)
    words = say(help)
    parser: argparse.ArgumentParser = subparsers.add_parser(last, help=words, description=words)
    parser.add_argument("--json", action="store_true", help=say("cli.option.json"))
    parser.set_defaults(run=run)
    return parser


def _group(subparsers: Subparsers, name: str) -> Subparsers:
    """The commands below ``lowcode name``, which several modules may fill."""
    parser = subparsers.choices.get(name)
    if parser is None:
        parser = subparsers.add_parser(name, help=say(f"cli.group.{name}"))
        parser.set_defaults(subcommands=parser.add_subparsers(metavar=say("cli.metavar"), required=True))
    return parser.get_default("subcommands")


def open_services(*, check: bool = True) -> Services:
    """The services by the environment; the database must have been prepared (``lowcode init``).

    :raises LowcodeError: the configuration is wrong, or the database is too old or too new.
    """
    services = Services.open()
    _opened.append(services)
    if check:
        migrate.check(services.engine)
    return services


def close_services() -> None:
    """Close every connection that :func:`open_services` gave out; the end of each command."""
    while _opened:
        _opened.pop().engine.dispose()


def read_password() -> str:
    """From ``LOWCODE_PASSWORD``, else from standard input (asked for twice at a terminal)."""
    given = os.environ.get("LOWCODE_PASSWORD")
    if given is not None:
        return given
    if sys.stdin.isatty():
        import getpass  # only at a terminal, where it opens the device

        first = getpass.getpass(say("cli.password"))
        if getpass.getpass(say("cli.password_again")) != first:
            raise invalid("password.not_equal", "again")
        return first
    return sys.stdin.readline().rstrip("\r\n")


def table(rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows as lines with columns separated by tabs, which people and programs can both read."""
    return ["\t".join("" if cell is None else str(cell) for cell in row) for row in rows]
