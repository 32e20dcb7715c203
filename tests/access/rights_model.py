"""What rights mean, written a second time in plain Python, and knowing nothing of the package it judges.

Written from ``docs/rights.md``: app rights by the first row that names a person, record rights by the first condition
that a record meets, field rights by the first row that names a person, derived values hidden with their sources.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

Values = Mapping[str, t.Any]
ACTIONS = ("view", "add", "edit", "delete", "import", "export", "manage")
ORGANIZATIONS = {11: None, 12: 11, 13: 11, 14: 12}
"""Each organisation and the one above it."""
EVERYONE = 21


@dataclass(frozen=True)
class Who:
    """A person."""

    id: int
    login: str
    organizations: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    administrator: bool = False
    wards: tuple[str, ...] = ()

    def above(self) -> set[int]:
        """The organisations over the person's own."""
        found: set[int] = set()
        for each in self.organizations:
            parent = ORGANIZATIONS[each]
            while parent is not None:
                found.add(parent)
                parent = ORGANIZATIONS[parent]
        return found


@dataclass(frozen=True)
class Row:
    """One row of a list of rights: somebody, and what they get."""

    kind: str
    """``user``, ``group``, ``organization``, ``field`` …"""
    name: t.Any
    """… with the user's log-in name, the number of the group or organisation, or the field's code."""
    gives: frozenset[str]
    below: bool = False

    def means(self, who: Who, values: Values | None) -> bool:
        """Whether the row means a person, for a record with these values."""
        match self.kind:
            case "user":
                return bool(who.login == self.name)
            case "group":
                return self.name == EVERYONE or self.name in who.groups
            case "organization":
                return self.name in who.organizations or (self.below and self.name in who.above())
        assert values is not None
        held = values[self.name]
        if self.name == "team":
            return bool({*who.groups, EVERYONE} & set(held))
        if self.name == "branch":
            mine = {*who.organizations, *(who.above() if self.below else ())}
            return bool(mine & set(held))
        return who.id in (held if isinstance(held, tuple) else (held,))


def decided(rows: Sequence[Row], who: Who, values: Values | None) -> frozenset[str]:
    """What the first row that means the person gives; everybody's row stands last."""
    last = [r for r in rows if r.kind == "group" and r.name == EVERYONE]
    for row in [*(r for r in rows if r not in last), *last]:
        if row.means(who, values):
            return row.gives
    return frozenset()


@dataclass(frozen=True)
class Condition:
    """A condition of record rights, as text and as a function."""

    text: str
    holds: Callable[[Values, Who], bool]


@dataclass(frozen=True)
class Rights:
    """Everything that one app's author decided."""

    app: tuple[Row, ...]
    records: tuple[tuple[Condition | None, tuple[Row, ...]], ...] = ()
    fields: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Derived:
    """What a field is made of."""

    here: frozenset[str]
    app: str = ""
    there: frozenset[str] = frozenset()
    of_every_record: bool = False


@dataclass(frozen=True)
class App:
    """One app: its rights, its fields, and what some of them are made of (a disclosed field has no entry)."""

    code: str
    rights: Rights
    fields: frozenset[str]
    columns: Mapping[str, frozenset[str]]
    """By subtable: its columns."""
    derived: Mapping[str, Derived]
    typed: frozenset[str]
    """Fields (and tables) that people fill in."""

    def table_of(self, code: str) -> str | None:
        """The subtable that a column stands in."""
        return next((table for table, columns in self.columns.items() if code in columns), None)


class Model:
    """What one person may do and see."""

    def __init__(self, who: Who, apps: Mapping[str, App]) -> None:
        self.who, self.apps = who, apps

    def may(self, app: App, action: str) -> bool:
        """Whether the person may do something in the app at all."""
        given = decided(app.rights.app, self.who, None)
        carried = {"view": {"view", "edit", "delete", "export"}, "add": {"add", "import"}}.get(action, {action})
        return self.who.administrator or bool(carried & given)

    def knows(self, app: App) -> bool:
        """Whether the app exists for the person."""
        return any(self.may(app, action) for action in ACTIONS)

    # -- records ---------------------------------------------------------------------------------

    def record(self, app: App, values: Values, action: str) -> bool:
        """Whether the person may do something with a record (``view``: whether it exists for them)."""
        if not self.may(app, "view") or not self.may(app, action):
            return False
        for condition, rows in app.rights.records:
            if condition is None or condition.holds(values, self.who):
                given = decided(rows, self.who, values)
                return bool(given) if action == "view" else action in given
        return True

    def unlimited(self, app: App, action: str) -> bool:
        """Whether no record of the app can ever be refused."""
        if not self.may(app, "view") or not self.may(app, action):
            return False
        for condition, rows in app.rights.records:
            if any(not (given if action == "view" else action in given) for given in self._ways(rows)):
                return False
            if condition is None:
                return True
        return True

    def _ways(self, rows: Sequence[Row]) -> list[frozenset[str]]:
        """What the person can get from a list of rows, over all records that might be."""
        last = [r for r in rows if r.kind == "group" and r.name == EVERYONE]
        ordered = [*(r for r in rows if r not in last), *last]
        by_field = [r for r in ordered if r.kind == "field" and self._nameable(r)]
        found = []
        for named in itertools.product((False, True), repeat=len(by_field)):
            present = {id(r): answer for r, answer in zip(by_field, named, strict=True)}
            given: frozenset[str] = frozenset()
            for row in ordered:
                if present.get(id(row), False) if row.kind == "field" else row.means(self.who, None):
                    given = row.gives
                    break
            found.append(given)
        return found

    def _nameable(self, row: Row) -> bool:
        """Whether the field of a row can name the person in any record."""
        return row.name != "branch" or bool(self.who.organizations) or (row.below and bool(self.who.above()))

    # -- fields ----------------------------------------------------------------------------------

    def seen(self, app: App, code: str, values: Values) -> bool:
        """Whether a field is seen in a record with these values."""
        return self._field(app, code, lambda rows: "read" in decided(rows, self.who, values))

    def asked(self, app: App, code: str) -> bool:
        """Whether the person may ask for the field: it is seen in every record that might be."""
        return self._field(app, code, lambda rows: all("read" in given for given in self._ways(rows)))

    def sometimes(self, app: App, code: str) -> bool:
        """Whether the field is seen in some record that might be."""
        return self._field(app, code, lambda rows: any("read" in given for given in self._ways(rows)))

    def written(self, app: App, code: str, values: Values) -> bool:
        """Whether the person may give the field a value in a record with these values."""
        rows = app.rights.fields.get(app.table_of(code) or code)
        given = rows is None or "write" in decided(rows, self.who, values)
        return code in app.typed and given and self.seen(app, code, values)

    def _field(self, app: App, code: str, allowed: Callable[[Sequence[Row]], bool]) -> bool:
        if not (self.may(app, "view") or self.may(app, "add")):
            return False
        rows = app.rights.fields.get(app.table_of(code) or code)
        if rows is not None and not allowed(rows):
            return False
        made_of = app.derived.get(code)
        if made_of is None:
            return True
        return all(self._field(app, each, allowed) for each in made_of.here) and (
            not made_of.app or self._elsewhere(self.apps[made_of.app], made_of.there, made_of.of_every_record)
        )

    def _elsewhere(self, app: App, codes: Collection[str], of_every_record: bool) -> bool:
        return (
            self.may(app, "view")
            and (not of_every_record or self.unlimited(app, "view"))
            and all(self.asked(app, code) for code in codes)
        )
