"""``lowcode rights explain``: what somebody may do in an app or with a record, and which rule decides."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict

from lowcode.commands import Answer, Subparsers, command, locale, open_services, say
from lowcode.designer.reasons import Elsewhere, Reasons, Report, Verdict
from lowcode.errors import NotFound
from lowcode.records.explaining import explain_rights


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "rights explain", _explain, "cli.help.rights_explain")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("--user", required=True, metavar="LOGIN", help=say("cli.option.rights_user"))
    parser.add_argument("--record", type=int, default=None, metavar="N", help=say("cli.option.rights_record"))


def _explain(options: argparse.Namespace) -> Answer:
    services = open_services()
    with services.reading(services.system("command line")) as space:
        live = space.app(int(options.app) if options.app.isdecimal() else options.app)
        user = space.ctx.directory.by_code("USER", options.user)
        if user is None:
            raise NotFound("user.not_found", user=options.user)
        reasons = Reasons(live.definition, space.ctx.directory, Elsewhere(space, locale()), locale())
        report = reasons.report(explain_rights(services.as_person(space, user.id), live, options.record))
    data = {"app": live.id, "user": user.code, **asdict(report)}
    return Answer(data, list(_lines(report)))


def _lines(report: Report) -> Iterable[str]:
    yield say("see_as.app_title")
    yield from map(_line, report.app)
    yield ""
    yield say("see_as.records_title") if report.record is None else say("see_as.of_record", id=report.record)
    yield from map(_line, report.records)
    for each in report.conditions:
        decides = f"\t{say('see_as.decides')}" if each.decides else ""
        yield f"  {each.number}\t{each.text or say('see_as.every_record')}\t{each.met_words}{decides}"
        yield from (f"  \t{row}" for row in each.rows)
    yield ""
    yield say("see_as.fields_title")
    yield from map(_line, report.fields)
    yield report.fields_note


def _line(verdict: Verdict) -> str:
    return f"{verdict.label}\t{verdict.answer_words}\t{verdict.reason}"
