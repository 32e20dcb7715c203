"""Users, organisations and groups as CSV: what is written can be read back; a file lands whole or not at all."""

from __future__ import annotations

import csv
import io
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from lowcode import db, messages
from lowcode.access.actor import Actor
from lowcode.accounts import checks, groups, organizations, passwords, users
from lowcode.errors import Invalid, Problem, invalid

Kind = t.Literal["users", "organizations", "groups"]
COLUMNS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "users": (
        "login",
        "name",
        "kana",
        "email",
        "organizations",
        "groups",
        "administrator",
        "active",
        "expires_on",
        "locale",
        "zone",
        "password",
    ),
    "organizations": ("code", "name", "parent", "position", "active", "wards"),
    "groups": ("code", "name", "members", "active"),
}
NEVER_WRITTEN: t.Final = {"users": {"password"}, "organizations": set[str](), "groups": {"members"}}
"""Who is in a group stands in the file of users, so that organisations, groups, users can be read in this order."""
MAX_ROWS = 20_000
YES, NO = {"1", "true", "yes", "はい", "○"}, {"0", "false", "no", "いいえ", "×"}
# A spreadsheet would run a cell that begins like a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Counts:
    """What an import did, or would do."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class _Row:
    number: int
    """Line of the file as a spreadsheet counts: the header is 1."""
    cells: Mapping[str, str]

    @property
    def key(self) -> str:
        return self.cells.get("login", self.cells.get("code", ""))


class _DryRun(Exception):
    """Takes the transaction back."""


def dump(connection: sa.Connection, kind: Kind, locale: str = "ja") -> bytes:
    """All of a kind as CSV: UTF-8 with BOM, so that a spreadsheet opens it by a double click. Never passwords."""
    names = [name for name in COLUMNS[kind] if name not in NEVER_WRITTEN[kind]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column_name(name, locale) for name in names)
    for cells in _ROWS[kind](connection):
        writer.writerow(_harmless(cells[name]) for name in names)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def load(engine: sa.Engine, kind: Kind, content: bytes, by: Actor, now: datetime, *, dry_run: bool = False) -> Counts:
    """Add and change what the file says; what it does not name stays. A column left out stays as it is, too.

    :param dry_run: check everything and change nothing.
    :raises Invalid: every problem, with the path (line, column); nothing was changed.
    """
    checks.require_administrator(by)
    rows = _read(kind, content)
    secrets = {row.number: passwords.prepare(row.cells["password"]) for row in rows if row.cells.get("password")}
    problems: list[Problem] = []
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    try:
        with db.writing(engine) as connection:
            for row in _ORDER[kind](rows):
                try:
                    counts[_SAVE[kind](connection, row, by, now, secrets.get(row.number))] += 1
                except Invalid as error:
                    problems.extend(_placed(error, row))
            if problems:
                raise Invalid(sorted(problems, key=lambda p: t.cast(int, p.path[0])))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return Counts(**counts)


def column_name(name: str, locale: str) -> str:
    """How a column is called in a file."""
    return messages.text(f"people_csv.column.{name}", locale)


# --- reading -------------------------------------------------------------------------------------


def _read(kind: Kind, content: bytes) -> list[_Row]:
    try:
        lines = list(csv.reader(io.StringIO(_decode(content), newline=""), strict=True))
    except csv.Error:
        raise invalid("people_csv.unreadable") from None
    if not lines:
        raise invalid("people_csv.empty")
    if len(lines) > MAX_ROWS + 1:
        raise invalid("people_csv.too_large", maximum=MAX_ROWS)
    names = _header(kind, lines[0])
    rows: list[_Row] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            problems.append(Problem(code="people_csv.too_many_cells", path=(number,)))
            continue
        row = _Row(number, {name: _plain(cell) for name, cell in zip(names, cells, strict=False)})
        key = checks.unify(row.key) if kind == "users" else row.key
        if key in seen:
            problems.append(
                Problem(code="people_csv.twice", path=(number, names[0]), params={"code": key, "row": seen[key]})
            )
        seen[key] = number
        rows.append(row)
    if problems:
        raise Invalid(problems)
    if not rows:
        raise invalid("people_csv.empty")
    return rows


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise invalid("people_csv.encoding")


def _header(kind: Kind, cells: Sequence[str]) -> list[str]:
    known = {column_name(name, locale): name for name in COLUMNS[kind] for locale in messages.LOCALES}
    known |= {name: name for name in COLUMNS[kind]}
    names = [known.get(cell.strip(), cell.strip()) for cell in cells]
    if not set(names) & set(COLUMNS[kind]):
        raise invalid("people_csv.no_header", 1)
    listed = ", ".join(column_name(name, "ja") for name in COLUMNS[kind])
    problems = [
        Problem(code="people_csv.unknown_column", path=(1,), params={"column": name, "columns": listed})
        for name in names
        if name not in COLUMNS[kind]
    ]
    problems += [
        Problem(code="people_csv.column_twice", path=(1,), params={"column": name})
        for name in COLUMNS[kind]
        if names.count(name) > 1
    ]
    key = COLUMNS[kind][0]
    if key not in names:
        problems.append(Problem(code="people_csv.missing_column", path=(1,), params={"column": column_name(key, "ja")}))
    if problems:
        raise Invalid(problems)
    return names


def _placed(error: Invalid, row: _Row) -> Iterator[Problem]:
    names = {"places": "organizations"}
    for problem in error.problems:
        field = next((step for step in problem.path if isinstance(step, str)), "")
        yield replace(problem, path=(row.number, names.get(field, field)))


def _flag(row: _Row, name: str, otherwise: bool) -> bool:
    text = row.cells.get(name, "").strip().lower()
    if not text or text in YES | NO:
        return text in YES if text else otherwise
    raise invalid("user.yes_or_no", name, value=text)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.replace("；", ";").split(";") if part.strip()]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


# --- users ---------------------------------------------------------------------------------------


def _user_rows(connection: sa.Connection) -> Iterator[dict[str, str]]:
    for user in users.read_all(connection).values():
        yield {
            "login": user.login,
            "name": user.name,
            "kana": user.kana,
            "email": user.email,
            "organizations": ";".join(p.organization + (f":{p.title}" if p.title else "") for p in user.places),
            "groups": ";".join(user.groups),
            "administrator": str(int(user.administrator)),
            "active": str(int(user.active)),
            "expires_on": user.expires_on.isoformat() if user.expires_on else "",
            "locale": user.locale,
            "zone": user.zone,
        }


def _save_user(
    connection: sa.Connection, row: _Row, by: Actor, now: datetime, password: passwords.Prepared | None
) -> str:
    cells = row.cells
    number = users.find(connection, row.key)
    before = users.read(connection, number) if number is not None else users.UserData(login=row.key, name="")
    plain = ("name", "kana", "email", "locale", "zone")
    values: dict[str, t.Any] = {name: cells[name] for name in plain if name in cells}
    problems: list[Problem] = []
    for name, read in (("administrator", _flag), ("active", _flag), ("expires_on", _day)):
        if name in cells:
            try:
                values[name] = read(row, name, getattr(before, name))
            except Invalid as error:
                problems.extend(error.problems)
    if "organizations" in cells:
        parts = (part.partition(":") for part in _list(cells["organizations"]))
        values["places"] = tuple(users.Place(code.strip(), title.strip()) for code, _, title in parts)
    if "groups" in cells:
        values["groups"] = tuple(_list(cells["groups"]))
    after = users.tidy(replace(before, **values))
    if number is not None and after == before and password is None and not problems:
        return "unchanged"
    try:
        users.save(connection, after, by, now, user_id=number, password=password)
    except Invalid as error:
        problems.extend(error.problems)
    if problems:
        raise Invalid(problems)
    return "created" if number is None else "updated"


def _day(row: _Row, name: str, otherwise: t.Any) -> date | None:
    text = row.cells[name].strip().replace("/", "-")
    if not text:
        return None
    try:
        return date(*(int(part) for part in text.split("-", 2)))
    except (ValueError, TypeError):
        raise invalid("user.date", name, value=text) from None


def _administrators_first(rows: Sequence[_Row]) -> Sequence[_Row]:
    # Who becomes an administrator must be one before the last one of today steps down.
    return sorted(rows, key=lambda row: row.cells.get("administrator", "").strip().lower() not in YES)


# --- organisations -------------------------------------------------------------------------------


def _organization_rows(connection: sa.Connection) -> Iterator[dict[str, str]]:
    for each in organizations.read_all(connection).values():
        yield {
            "code": each.code,
            "name": each.name,
            "parent": each.parent,
            "position": str(each.position),
            "active": str(int(each.active)),
            "wards": ";".join(each.wards),
        }


def _save_organization(
    connection: sa.Connection, row: _Row, by: Actor, now: datetime, password: passwords.Prepared | None
) -> str:
    cells = row.cells
    number = organizations.find(connection, row.key)
    before = (
        organizations.read(connection, number)
        if number is not None
        else organizations.OrganizationData(code=row.key.strip(), name="")
    )
    values: dict[str, t.Any] = {}
    if "name" in cells:
        values["name"] = checks.clean(cells["name"])
    if "parent" in cells:
        values["parent"] = cells["parent"].strip()
    if cells.get("position", "").strip():
        try:
            values["position"] = int(cells["position"])
        except ValueError:
            raise invalid("organization.position", "position", value=cells["position"]) from None
    if "active" in cells:
        values["active"] = _flag(row, "active", before.active)
    if "wards" in cells:
        values["wards"] = organizations.ward_names(cells["wards"])
    after = replace(before, **values)
    if number is not None and after == before:
        return "unchanged"
    organizations.save(connection, after, by, now, organization_id=number)
    return "created" if number is None else "updated"


def _parents_first(rows: Sequence[_Row]) -> Sequence[_Row]:
    waiting = list(rows)
    ordered: list[_Row] = []
    while waiting:
        left = {row.key.strip() for row in waiting}
        ready = [row for row in waiting if row.cells.get("parent", "").strip() not in left]
        if not ready:
            return [*ordered, *waiting]  # a circle: saving them says so
        ordered.extend(ready)
        waiting = [row for row in waiting if row not in ready]
    return ordered


# --- groups --------------------------------------------------------------------------------------


def _group_rows(connection: sa.Connection) -> Iterator[dict[str, str]]:
    for each in groups.read_all(connection).values():
        if not each.built_in:
            yield {"code": each.code, "name": each.name, "active": str(int(each.active))}


def _save_group(
    connection: sa.Connection, row: _Row, by: Actor, now: datetime, password: passwords.Prepared | None
) -> str:
    cells = row.cells
    number = groups.find(connection, row.key)
    before = groups.read(connection, number) if number is not None else groups.GroupData(code=row.key.strip(), name="")
    values: dict[str, t.Any] = {}
    if "name" in cells:
        values["name"] = checks.clean(cells["name"])
    if "members" in cells:
        values["members"] = tuple(sorted({checks.unify(login) for login in _list(cells["members"])}))
    if "active" in cells:
        values["active"] = _flag(row, "active", before.active)
    after = replace(before, **values)
    if number is not None and after == before:
        return "unchanged"
    groups.save(connection, after, by, now, group_id=number)
    return "created" if number is None else "updated"


def _as_they_stand(rows: Sequence[_Row]) -> Sequence[_Row]:
    return rows


_ROWS: t.Final[Mapping[str, Callable[[sa.Connection], Iterator[dict[str, str]]]]] = {
    "users": _user_rows,
    "organizations": _organization_rows,
    "groups": _group_rows,
}
_SAVE: t.Final = {"users": _save_user, "organizations": _save_organization, "groups": _save_group}
_ORDER: t.Final = {"users": _administrators_first, "organizations": _parents_first, "groups": _as_they_stand}
