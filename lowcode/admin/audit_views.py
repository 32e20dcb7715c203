"""The audit log on the screen and as a file, and whose records somebody saw. Reading it is an entry of its own."""

from __future__ import annotations

import csv
import io
import typing as t
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import flask
import orjson
import sqlalchemy as sa
from werkzeug.wrappers import Response

from lowcode import db
from lowcode.accounts import audit, audit_search, record_numbers
from lowcode.accounts.audit_search import Filter
from lowcode.admin.views import Answer, blueprint
from lowcode.transfer.cells import harmless
from lowcode.web import i18n, state
from lowcode.web.forms import Option

PAGE = 50
READS = "reads"
"""Stands for every action that tells whose records somebody saw."""
SHOWN_RANGES = 400
COLUMNS: t.Final = (
    "number", "at", "login", "who", "kind", "from", "request", "action", "outcome",
    "target", "app", "count", "records", "query", "details",
)  # fmt: skip
SEEN_COLUMNS: t.Final = ("app", "app_name", "record", "times", "first", "last", "actions")


class Asked(t.NamedTuple):
    """The filter of the address: as typed, as understood, and what of it was not."""

    typed: Mapping[str, str]
    wanted: Filter
    wrong: Mapping[str, str]


def _asked() -> Asked:
    names = ("who", "action", "app", "record", "since", "until")
    typed = {name: flask.request.args.get(name, "").strip()[:200] for name in names}
    wrong: dict[str, str] = {}
    since, until = _instant(typed, "since", wrong), _instant(typed, "until", wrong)
    action = typed["action"]
    actions = audit.READS if action == READS else frozenset({action} if action else ())
    wanted = Filter(
        who=typed["who"],
        actions=actions,
        app_id=_number(typed, "app", wrong),
        record=_number(typed, "record", wrong),
        since=since,
        until=until,
    )
    return Asked(typed, wanted, wrong)


def _number(typed: Mapping[str, str], name: str, wrong: dict[str, str]) -> int | None:
    text = typed[name]
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    wrong[name] = i18n.translate("admin.audit_no_number")
    return None


def _instant(typed: Mapping[str, str], name: str, wrong: dict[str, str]) -> datetime | None:
    """A day or a minute in the person's zone; ``until`` a day means its end, and a minute too."""
    text = typed[name]
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=state.context().zone)
        if name == "until":
            moment += timedelta(days=1) if len(text) <= len("2026-11-24") else timedelta(minutes=1)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        wrong[name] = i18n.translate("admin.audit_no_time")
        return None


@blueprint.get("/audit")
def audit_log() -> Answer:
    """Who did what, the latest first."""
    asked = _asked()
    text = flask.request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    with state.reading() as space:
        found = audit_search.entries(space.connection, asked.wanted, before=before, limit=PAGE + 1)
        apps = {live.id: live.definition.display_name(i18n.locale()) for live in space.snapshot.all()}
    _tell("log.read", asked)
    return flask.render_template(
        "admin/audit.html",
        entries=[_shown(row, apps) for row in found[:PAGE]],
        filters=asked.typed,
        wrong=asked.wrong,
        actions=_action_options(),
        apps=[Option(str(number), name) for number, name in apps.items()],
        older_url=_url("/admin/audit", asked, before=found[PAGE - 1].id) if len(found) > PAGE else "",
        newest_url=_url("/admin/audit", asked) if before is not None else "",
        file_url=_url("/admin/audit.csv", asked),
        seen_url=_url("/admin/audit/records", asked),
    ), 422 if asked.wrong else 200


@blueprint.get("/audit/records")
def audit_records() -> Answer:
    """Whose records were read, exported, printed or downloaded by the people and in the time of the filter."""
    asked = _asked()
    found = _seen(asked)
    with state.reading() as space:
        names = {live.id: live.definition.display_name(i18n.locale()) for live in space.snapshot.all()}
    _tell("log.read", asked, question="records")
    apps = [
        {
            "id": app,
            "name": names.get(app, f"#{app}"),
            "count": f"{len(records):,}",
            "numbers": record_numbers.shown(record_numbers.packed(records), SHOWN_RANGES),
            "exists": app in names,
        }
        for app, records in sorted(found.items())
    ]
    return flask.render_template(
        "admin/audit_records.html",
        apps=apps,
        total=f"{sum(map(len, found.values())):,}",
        asked=_said(asked, names),
        wrong=asked.wrong,
        back_url=_url("/admin/audit", asked),
        file_url=_url("/admin/audit/records.csv", asked),
    ), 422 if asked.wrong else 200


@blueprint.get("/audit.csv")
def audit_file() -> Answer:
    """The entries of the filter as CSV."""
    asked = _asked()
    if asked.wrong:
        return flask.redirect(_url("/admin/audit", asked))
    _tell("log.exported", asked)
    engine, zone = state.services().engine, state.context().zone
    heads = [i18n.translate(f"admin.audit_column.{name}") for name in COLUMNS]

    def rows() -> Iterator[Sequence[str]]:
        for row in audit_search.everything(lambda: db.reading(engine), asked.wanted):
            yield [
                str(row.id), row.at.astimezone(zone).isoformat(), row.actor_login, row.actor_name, row.actor_kind,
                row.address, row.request_id, row.action, row.outcome, row.target, str(row.app_id or ""),
                "" if row.record_count is None else str(row.record_count),
                ",".join(map(str, audit_search.numbers_of(row))) if row.records.startswith("z:")
                else row.records,
                row.query, "" if row.details == "{}" else row.details,
            ]  # fmt: skip

    return _file("audit.csv", heads, rows())


@blueprint.get("/audit/records.csv")
def audit_records_file() -> Answer:
    """One line for each record that was seen."""
    asked = _asked()
    if asked.wrong:
        return flask.redirect(_url("/admin/audit/records", asked))
    found, zone = _seen(asked), state.context().zone
    with state.reading() as space:
        names = {live.id: live.definition.display_name(i18n.locale()) for live in space.snapshot.all()}
    _tell("log.exported", asked, question="records")
    heads = [i18n.translate(f"admin.audit_column.{name}") for name in SEEN_COLUMNS]
    lines = (
        [
            str(app), names.get(app, ""), str(number), str(seen.times),
            seen.first.astimezone(zone).isoformat(), seen.last.astimezone(zone).isoformat(),
            " ".join(sorted(seen.actions)),
        ]
        for app, records in sorted(found.items())
        for number, seen in sorted(records.items())
    )  # fmt: skip
    return _file("records-seen.csv", heads, lines)


def _seen(asked: Asked) -> dict[int, dict[int, audit_search.Seen]]:
    if asked.wrong:
        return {}
    engine = state.services().engine
    return audit_search.records_seen(audit_search.everything(lambda: db.reading(engine), asked.wanted))


def _tell(action: str, asked: Asked, **details: str) -> None:
    """Who looks at the log is in the log, before anything is shown."""
    services = state.services()
    words = " ".join(f"{name}={value}" for name, value in asked.typed.items() if value)
    made = audit.entry(state.actor(), action, services.settings.now(), query=words, details=details)
    with db.writing(services.engine) as connection:
        audit.write(connection, [made])


def _file(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    def pieces() -> Iterator[str]:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\r\n")
        yield "\ufeff"
        writer.writerow(heads)
        for row in rows:
            writer.writerow([harmless(cell) for cell in row])
            if buffer.tell() > 65_536:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    response = flask.Response(pieces(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# --- words ---------------------------------------------------------------------------------------


def _shown(row: sa.Row[t.Any], apps: Mapping[int, str]) -> dict[str, t.Any]:
    return {
        "number": row.id,
        "at": f"{row.at.astimezone(state.context().zone):%Y-%m-%d %H:%M:%S}",
        "who": row.actor_name or row.actor_login,
        "login": row.actor_login,
        "address": row.address,
        "action": row.action,
        "words": _action_words(row.action),
        "outcome": "" if row.outcome == "ok" else i18n.translate(f"admin.audit_outcome.{row.outcome}"),
        "target": apps.get(row.app_id, row.target) if row.app_id is not None else row.target,
        "count": None if row.record_count is None else f"{row.record_count:,}",
        "records": record_numbers.shown(row.records),
        "query": row.query,
        "details": _details(row.details),
    }


def _action_words(action: str) -> str:
    code = f"admin.action.{action}"
    words = i18n.translate(code)
    return action if words == code else words


def _action_options() -> list[Option]:
    named = sorted((_action_words(action), action) for action in audit.ACTIONS)
    return [Option(READS, i18n.translate("admin.audit_reads")), *(Option(action, words) for words, action in named)]


def _details(text: str) -> str:
    found = orjson.loads(text)
    return ", ".join(f"{name}: {orjson.dumps(value).decode()}" for name, value in found.items())


def _said(asked: Asked, apps: Mapping[int, str]) -> list[tuple[str, str]]:
    """The filter as words, for the head of an answer that somebody prints."""
    told = dict(asked.typed)
    if asked.wanted.app_id is not None:
        told["app"] = apps.get(asked.wanted.app_id, told["app"])
    if told["action"]:
        told["action"] = (
            i18n.translate("admin.audit_reads") if told["action"] == READS else _action_words(told["action"])
        )
    return [(i18n.translate(f"admin.audit_{name}"), value.replace("T", " ")) for name, value in told.items() if value]


def _url(path: str, asked: Asked, **more: int) -> str:
    values = {name: value for name, value in asked.typed.items() if value} | {k: str(v) for k, v in more.items()}
    return f"{path}?{urllib.parse.urlencode(values)}" if values else path
