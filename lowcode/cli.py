"""The command ``lowcode``."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import pkgutil
import sys
import typing as t
from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from lowcode import __version__, commands, messages
from lowcode.commands import Answer, command, say
from lowcode.errors import Invalid, LowcodeError, NotAvailable

PROMISED = (
    "template list",
    "template install",
    "template export",
    "template import",
    "template upgrade",
    "app list",
    "app show",
    "app apply",
    "app diff",
    "app rollback",
    "app from-file",
    "token add",
    "records import",
    "records export",
    "records undo",
    "demo",
)
"""Commands that scripts may rely on; one that no module brings yet says so and ends with 3."""
FAILED, WRONG_USE, NOT_YET = 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 on success, 1 for a failure, 2 for wrong use, 3 for what is not there yet."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    as_json = bool(getattr(options, "json", False))
    try:
        answer = options.run(options)
    except NotAvailable as error:
        _complain(as_json, error.code, say(error.code, **error.params))
        return NOT_YET
    except LowcodeError as error:
        _tell(as_json, error)
        return FAILED
    except sa.exc.OperationalError as error:
        _complain(as_json, "cli.database", say("cli.database", reason=str(error.orig).strip().splitlines()[0]))
        return FAILED
    except (OSError, UnicodeError) as error:
        _complain(as_json, "cli.file", say("cli.file", reason=error))
        return FAILED
    except KeyboardInterrupt:
        return 130
    finally:
        commands.close_services()
    _show(as_json, answer)
    return FAILED if answer.failed else 0


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command of every module of :mod:`lowcode.commands`."""
    parser = argparse.ArgumentParser(prog="lowcode", description=say("cli.description"))
    parser.add_argument("--version", action="version", version=f"lowcode {__version__}")
    subparsers = parser.add_subparsers(metavar=say("cli.metavar"), required=True)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"lowcode.commands.{module.name}").add(subparsers)
    for name in PROMISED:
        if not _is_there(subparsers, name):
            command(subparsers, name, _not_yet, "cli.not_yet").add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _is_there(subparsers: t.Any, name: str) -> bool:
    first, _, second = name.partition(" ")
    parser = subparsers.choices.get(first)
    if parser is None or not second:
        return parser is not None
    below = parser.get_default("subcommands")
    return below is not None and second in below.choices


def _not_yet(options: argparse.Namespace) -> Answer:
    raise NotAvailable()


def _show(as_json: bool, answer: Answer) -> None:
    try:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(answer.data, default=str, option=orjson.OPT_APPEND_NEWLINE))
        else:
            for line in answer.lines:
                print(line)
        sys.stdout.flush()
    except BrokenPipeError:
        # Somebody reads through `head`: what was wanted has been seen.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(as_json: bool, error: LowcodeError) -> None:
    problems = error.problems if isinstance(error, Invalid) else ()
    message = say(error.code, **error.params)
    if as_json:
        listed = [
            {"code": p.code, "path": list(p.path), "message": messages.sentence(p, commands.locale())} for p in problems
        ]
        _complain(True, error.code, message, listed)
        return
    if not problems:
        _complain(False, error.code, message)
    for problem in problems:
        place = ".".join(str(step) for step in problem.path)
        sentence = messages.sentence(problem, commands.locale())
        print(f"{place}: {sentence}" if place else sentence, file=sys.stderr)


def _complain(as_json: bool, code: str, message: str, problems: Sequence[t.Any] = ()) -> None:
    if as_json:
        error = {"error": {"code": code, "message": message, "problems": list(problems)}}
        print(orjson.dumps(error, default=str).decode(), file=sys.stderr)
    else:
        print(message, file=sys.stderr)
