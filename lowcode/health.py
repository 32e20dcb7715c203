"""What an administrator wants to know of an installation: one finding per matter, in words."""

from __future__ import annotations

import os
import shutil
import stat
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import sqlalchemy as sa

from lowcode import __version__, db, messages
from lowcode.accounts import audit_proof, users
from lowcode.errors import LowcodeError
from lowcode.services import Services
from lowcode.system import meta, migrate

FREE_BYTES = 1024**3
CLOCK_SECONDS = 5
OLD_BACKUP = timedelta(days=2)
"""One is made a day; after two somebody should look why not."""
NEWEST_ENTRIES = 10_000
"""So much of the audit log is looked at here; ``lowcode verify`` looks at all of it."""


@dataclass(frozen=True)
class Finding:
    """``state`` is ``good``, ``note`` (works, but look at it) or ``bad``."""

    name: str
    state: t.Literal["good", "note", "bad"]
    text: str


def examine(services: Services) -> list[Finding]:
    """Look at everything; a check that fails outright is a finding, too."""
    found: list[Finding] = []
    for name, check in _CHECKS.items():
        try:
            found.extend(Finding(name, *each) for each in check(services))
        except LowcodeError as error:
            found.append(Finding(name, "bad", messages.text(error.code, services.settings.locale, **error.params)))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()
            found.append(Finding(name, "bad", reason[0] if reason else type(error).__name__))
    return found


_Lines = Iterator[tuple[t.Literal["good", "note", "bad"], str]]


def _say(services: Services, code: str, **params: t.Any) -> str:
    return messages.text(f"health.{code}", services.settings.locale, **params)


def _configuration(services: Services) -> _Lines:
    settings = services.settings
    yield "good", f"lowcode {__version__}, {settings.data_dir}, {settings.zone.key}, {settings.locale}"
    if settings.frozen_now is not None:
        yield "note", _say(services, "frozen", now=settings.frozen_now.isoformat())
    if not (settings.base_url or "").startswith("https:"):
        yield "note", _say(services, "not_https")


def _database(services: Services) -> _Lines:
    with db.reading(services.engine) as connection:
        if db.is_sqlite(connection):
            version = connection.scalar(sa.text("SELECT sqlite_version()"))
            yield "good", f"SQLite {version}, {services.engine.url.database}"
            verdict = connection.scalar(sa.text("PRAGMA quick_check(1)"))
            if verdict != "ok":
                yield "bad", _say(services, "damaged", reason=verdict)
            return
        version = connection.scalar(sa.text("SHOW server_version"))
        yield "good", f"PostgreSQL {version}, {services.engine.url.render_as_string(hide_password=True)}"
        if connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            yield "note", _say(services, "superuser")


def _migrations(services: Services) -> _Lines:
    migrate.check(services.engine)
    yield "good", _say(services, "revision", revision=migrate.head())


def _people(services: Services) -> _Lines:
    migrate.check(services.engine)
    with db.reading(services.engine) as connection:
        administrators = sum(user.active and user.administrator for user in users.read_all(connection).values())
    # Another transaction: the file of seals must not be newer than what the database shows.
    with db.reading(services.engine) as connection:
        bad = audit_proof.examine(connection, services.settings.data_dir, newest=NEWEST_ENTRIES).bad
    yield ("good" if administrators else "note"), _say(services, "administrators", count=administrators)
    if bad is not None:
        yield "bad", _say(services, "audit", row=bad.number)


def _disk(services: Services) -> _Lines:
    folder = services.settings.data_dir
    probe = folder / f".probe-{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(folder).free
    yield ("good" if free >= FREE_BYTES else "note"), _say(services, "free", gib=f"{free / 1024**3:.1f}")
    for path in (folder / "secret.key", folder / "demo-logins.json"):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield "note", _say(services, "readable", file=str(path))
    if stat.S_IMODE(folder.stat().st_mode) & 0o007:
        yield "note", _say(services, "readable", file=str(folder))


def _clock(services: Services) -> _Lines:
    with db.reading(services.engine) as connection:
        if db.is_sqlite(connection):
            yield "good", datetime.now(services.settings.zone).isoformat(timespec="seconds")
            return
        theirs: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    yield ("good" if apart < CLOCK_SECONDS else "bad"), _say(services, "clock", seconds=f"{apart:.1f}")


def _backup(services: Services) -> _Lines:
    migrate.check(services.engine)
    with db.reading(services.engine) as connection:
        facts = meta.everything(connection)
    made, failed = (orjson.loads(facts.get(key) or "null") for key in (meta.LAST_BACKUP, meta.FAILED_BACKUP))
    zone, now = services.settings.zone, services.settings.now()
    if failed is not None:
        at = datetime.fromisoformat(failed["at"]).astimezone(zone).isoformat(timespec="minutes")
        reason = messages.text(failed["code"], services.settings.locale, **failed["params"])
        yield "bad", _say(services, "backup_failed", at=at, reason=reason)
    if made is None:
        yield "note", _say(services, "backup_none")
        return
    moment = datetime.fromisoformat(made["made_at"])
    words, age = moment.astimezone(zone).isoformat(timespec="minutes"), now - moment
    if age > OLD_BACKUP:
        yield "note", _say(services, "backup_old", made_at=words, days=age.days)
    else:
        yield "good", _say(services, "backup_good", made_at=words, mib=f"{made['size'] / 1024**2:.1f}")
    if lost := [*made["missing"], *made["damaged"]]:
        yield "note", _say(services, "backup_missing", count=len(lost))


def _outside(services: Services) -> _Lines:
    """Every connection that may leave this machine, by host; nothing else ever does."""
    settings = services.settings
    hosts = [sa.make_url(url).host or url for url in (settings.smtp_url, settings.files_url) if url]
    if services.engine.url.host not in (None, "", "localhost", "127.0.0.1", "::1"):
        hosts.append(str(services.engine.url.host))
    yield "good", ", ".join(hosts) if hosts else _say(services, "no_outside")


_CHECKS: t.Final[dict[str, Callable[[Services], _Lines]]] = {
    "configuration": _configuration,
    "database": _database,
    "migrations": _migrations,
    "people": _people,
    "disk": _disk,
    "clock": _clock,
    "backup": _backup,
    "outside": _outside,
}
