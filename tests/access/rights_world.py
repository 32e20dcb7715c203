"""Two linked apps with records, random rights for them, and people: what the model and the product are asked about."""

from __future__ import annotations

import itertools
import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lowcode.access.actor import Actor
from lowcode.definition.rights import (
    Acl,
    AppRight,
    AppRights,
    EntityRef,
    FieldGrant,
    FieldRight,
    FieldRights,
    RecordGrant,
    RecordRight,
    RecordRights,
)
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Field
from lowcode.fields.context import Entity
from tests.access.rights_model import ACTIONS, EVERYONE, App, Condition, Derived, Rights, Row, Who
from tests.builders import an_app

PEOPLE = (
    Who(1, "sato", (12,), (22, EVERYONE), wards=("東", "どこにもない区")),
    Who(2, "suzuki", (14,), (EVERYONE,)),
    Who(3, "tanaka", (13, 11), (22, 23, EVERYONE), wards=("西", "南")),
    Who(4, "ito", (), (23, EVERYONE)),
    Who(5, "root", (11,), (EVERYONE,), administrator=True),
)
GROUPS = {22: "nurses", 23: "clerks", EVERYONE: "everyone"}
BRANCHES = {11: "city", 12: "east", 13: "west", 14: "east_1"}
WARDS, STATES = ("東", "西", "南"), ("受付", "調査", "解除")
DISCLOSABLE = ("double", "words", "visit_count", "hottest")

_RELATED = {
    "relatedApp": {"code": "visits"},
    "condition": {"field": "no", "relatedField": "case_no"},
    "filterCond": "temp > 0",
    "displayFields": ["temp"],
    "sort": "",
    "size": "5",
}
_LOOKUP = {
    "relatedApp": {"code": "cases"},
    "relatedKeyField": "no",
    "fieldMappings": [{"field": "who", "relatedField": "name"}, {"field": "years", "relatedField": "age"}],
    "lookupPickerFields": ["name"],
    "filterCond": "",
    "sort": "",
}


def _rollup(function: str, code: str = "") -> dict[str, t.Any]:
    return {
        "relatedApp": {"code": "visits"},
        "keyField": "no",
        "relatedField": "case_no",
        "function": function,
        "field": code,
    }


CASES = (
    an_app("cases")
    .text("no", unique=True)
    .text("name")
    .number("age")
    .choice("ward", *WARDS)
    .choice("state", *STATES)
    .field("USER_SELECT", "staff", entities=[])
    .field("GROUP_SELECT", "team", entities=[])
    .field("ORGANIZATION_SELECT", "branch", entities=[])
    .formula("double", "age * 2")
    .formula("four", "double * 2")
    .text("words", expression='name & "様"')
    .subtable("family", an_app().text("member").number("years").formula("weight", "years * age"))
    .field("ROLLUP", "visit_count", rollup=_rollup("COUNT"), format="NUMBER")
    .field("ROLLUP", "hottest", rollup=_rollup("MAX", "temp"), format="NUMBER")
    .field("REFERENCE_TABLE", "visits", referenceTable=_RELATED)
    .field("FILE", "papers")
    .definition()
)
VISITS = (
    an_app("visits")
    .text("case_no")
    .number("temp")
    .choice("ward", *WARDS)
    .text("key", lookup=_LOOKUP)
    .text("who")
    .number("years")
    .definition()
)
DERIVED: Mapping[str, Derived] = {
    "double": Derived(frozenset({"age"})),
    "four": Derived(frozenset({"double"})),
    "words": Derived(frozenset({"name"})),
    "weight": Derived(frozenset({"years", "age"})),
    "visit_count": Derived(frozenset({"no"}), "visits", frozenset({"case_no"}), of_every_record=True),
    "hottest": Derived(frozenset({"no"}), "visits", frozenset({"case_no", "temp"}), of_every_record=True),
    "visits": Derived(frozenset({"no"}), "visits", frozenset({"case_no", "temp"})),
}
"""What the fields above are made of, written again by hand."""
TYPED = {
    "cases": frozenset(
        {"no", "name", "age", "ward", "state", "staff", "team", "branch", "family", "member", "years", "papers"}
    ),
    "visits": frozenset({"case_no", "temp", "ward", "key", "who", "years"}),
}
RULED = {
    "cases": ("no", "name", "age", "ward", "staff", "double", "family", "visit_count", "visits", "papers", "作成者"),
    "visits": ("case_no", "temp", "key", "who"),
}
"""Fields that get rights of their own."""


class People:
    """The directory of this world."""

    _KINDS: t.ClassVar = {
        "USER": {w.id: w.login for w in PEOPLE},
        "GROUP": GROUPS,
        "ORGANIZATION": BRANCHES,
    }

    def by_id(self, kind: str, id: int) -> Entity | None:
        code = self._KINDS[kind].get(id)
        return None if code is None else Entity(t.cast(t.Any, kind), id, code, code)

    def by_code(self, kind: str, code: str) -> Entity | None:
        return next((self.by_id(kind, id) for id, known in self._KINDS[kind].items() if known == code), None)

    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        return frozenset()

    def below(self, id: int) -> frozenset[int]:
        return frozenset()

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        return ()


def actor_of(who: Who) -> Actor:
    """The person as the product knows them."""
    return Actor(
        kind="user",
        user_id=who.id,
        login=who.login,
        name=who.login,
        administrator=who.administrator,
        organization_ids=who.organizations,
        ancestor_ids=tuple(sorted(who.above())),
        group_ids=who.groups,
        wards=who.wards,
    )


@dataclass(frozen=True)
class Pair:
    """The same apps for the product and for the model."""

    definitions: Mapping[str, AppDefinition]
    apps: Mapping[str, App]


class Author:
    """Makes up rights."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def pair(self) -> Pair:
        """Both apps with random rights, and some derived fields disclosed."""
        disclosed = frozenset(code for code in DISCLOSABLE if self.dice.random() < 0.3)
        rights = {code: self._rights(code) for code in ("cases", "visits")}
        definitions = {"cases": _disclosing(disclosed), "visits": VISITS}
        return Pair(
            {code: replace(d, acl=_acl(rights[code])) for code, d in definitions.items()},
            {code: _app(d, rights[code], disclosed) for code, d in definitions.items()},
        )

    def _rights(self, app: str) -> Rights:
        people = app == "cases"
        records: list[tuple[Condition | None, tuple[Row, ...]]] = []
        for _ in range(self.dice.choice((0, 0, 1, 1, 2, 3))):
            condition = None if self.dice.random() < 0.15 else self._condition(app)
            records.append((condition, self._rows(("view", "edit", "delete"), people)))
        ruled = self.dice.sample(RULED[app], self.dice.choice((0, 1, 1, 2, 3)))
        fields = {code: self._field_rows(people) for code in ruled}
        return Rights(self._app_rows(), tuple(records), fields)

    def _app_rows(self) -> tuple[Row, ...]:
        if self.dice.random() < 0.5:
            return (Row("group", EVERYONE, frozenset(ACTIONS)),)
        return self._rows(ACTIONS, people=False, least=1)

    def _rows(self, gives: Sequence[str], people: bool, least: int = 0) -> tuple[Row, ...]:
        rows = [
            self._row(frozenset(g for g in gives if self.dice.random() < 0.6), people)
            for _ in range(self.dice.randrange(least, 4))
        ]
        return tuple(dict.fromkeys(rows))

    def _field_rows(self, people: bool) -> tuple[Row, ...]:
        ways = (frozenset({"read", "write"}), frozenset({"read"}), frozenset[str]())
        return tuple(
            dict.fromkeys(self._row(self.dice.choice(ways), people) for _ in range(self.dice.choice((0, 1, 2, 2, 3))))
        )

    def _row(self, gives: frozenset[str], people: bool) -> Row:
        kind = self.dice.choice(("user", "group", "group", "organization", *(("field",) * 2 if people else ())))
        below = self.dice.random() < 0.5
        match kind:
            case "user":
                return Row(kind, self.dice.choice(PEOPLE).login, gives)
            case "group":
                return Row(kind, self.dice.choice(tuple(GROUPS)), gives)
            case "organization":
                return Row(kind, self.dice.choice(tuple(BRANCHES)), gives, below)
        return Row(kind, self.dice.choice(("staff", "team", "branch", "作成者")), gives, below)

    def _condition(self, app: str) -> Condition:
        one = self._simple(app)
        if self.dice.random() < 0.6:
            return one
        other = self._simple(app)
        if self.dice.random() < 0.5:
            return Condition(f"{one.text} and {other.text}", lambda v, w: one.holds(v, w) and other.holds(v, w))
        return Condition(f"({one.text} or {other.text})", lambda v, w: one.holds(v, w) or other.holds(v, w))

    def _simple(self, app: str) -> Condition:
        wards = tuple(self.dice.sample(WARDS, self.dice.choice((1, 2))))
        named = ", ".join(f'"{w}"' for w in wards)
        limit = self.dice.choice((20, 40, 60))
        ways = [
            Condition("ward in (MYWARD())", lambda v, w: v["ward"] in w.wards)
            if limit == 60
            else Condition(f"ward in ({named})", lambda v, w: v["ward"] in wards),
            Condition(f"ward not in ({named})", lambda v, w: v["ward"] not in wards),
        ]
        if app == "visits":
            return self.dice.choice([*ways, Condition("temp > 37", lambda v, w: (v["temp"] or 0) > 37)])
        ways += [
            Condition(f"age >= {limit}", lambda v, w: v["age"] is not None and v["age"] >= limit),
            Condition("staff in (LOGINUSER())", lambda v, w: w.id in v["staff"]),
            Condition('state in ("調査")', lambda v, w: v["state"] == "調査"),
        ]
        return self.dice.choice(ways)


def _app(definition: AppDefinition, rights: Rights, disclosed: frozenset[str]) -> App:
    return App(
        code=definition.code,
        rights=rights,
        fields=definition.field_codes,
        columns={s.code: frozenset(f.code for f in s.fields) for s in definition.subtables},
        derived={c: d for c, d in DERIVED.items() if definition.code == "cases" and c not in disclosed},
        typed=TYPED[definition.code],
    )


_MADE: dict[frozenset[str], AppDefinition] = {}


def _disclosing(codes: frozenset[str]) -> AppDefinition:
    """The cases with some fields disclosed; the tables are the same."""
    if codes not in _MADE:

        def shown(f: Field) -> Field:
            return replace(f, disclose=True) if f.code in codes else f  # type: ignore[call-arg]  # these have it

        _MADE[codes] = replace(CASES, fields=tuple(shown(f) for f in CASES.fields))
    return _MADE[codes]


_TYPES: t.Final = {"user": "USER", "group": "GROUP", "organization": "ORGANIZATION", "field": "FIELD_ENTITY"}


def _grantee(row: Row) -> dict[str, t.Any]:
    codes = {"group": GROUPS, "organization": BRANCHES}.get(row.kind)
    code = row.name if codes is None else codes[row.name]
    number = row.name if codes is not None and row.name != EVERYONE else None
    return {"entity": EntityRef(type=_TYPES[row.kind], code=code, id=number), "include_subs": row.below}


def _acl(rights: Rights) -> Acl:
    return Acl(
        app=AppRights(
            rights=tuple(
                AppRight(
                    **_grantee(r),
                    app_editable="manage" in r.gives,
                    record_viewable="view" in r.gives,
                    record_addable="add" in r.gives,
                    record_editable="edit" in r.gives,
                    record_importable="import" in r.gives,
                    record_exportable="export" in r.gives,
                    record_deletable="delete" in r.gives,
                )
                for r in rights.app
            )
        ),
        record=RecordRights(
            rights=tuple(
                RecordRight(
                    filter_cond="" if condition is None else condition.text,
                    entities=tuple(
                        RecordGrant(
                            **_grantee(r),
                            viewable="view" in r.gives,
                            editable="edit" in r.gives,
                            deletable="delete" in r.gives,
                        )
                        for r in rows
                    ),
                )
                for condition, rows in rights.records
            )
        ),
        field=FieldRights(
            rights=tuple(
                FieldRight(
                    code=code,
                    entities=tuple(
                        FieldGrant(
                            **_grantee(r),
                            accessibility="WRITE" if "write" in r.gives else "READ" if "read" in r.gives else "NONE",
                        )
                        for r in rows
                    ),
                )
                for code, rows in rights.fields.items()
            )
        ),
    )


def some_cases(dice: random.Random, count: int) -> list[dict[str, t.Any]]:
    """Records of the ledger as a client gives them; every text holds a word of its own."""
    found = []
    for n in range(count):
        found.append(
            {
                "no": f"no{n}x",
                "name": f"na{n}x",
                "age": dice.choice((None, 10, 30, 50, 70)),
                "ward": dice.choice((*WARDS, None)),
                "state": dice.choice(STATES),
                "staff": tuple(w.id for w in PEOPLE if dice.random() < 0.25),
                "team": tuple(g for g in (22, 23) if dice.random() < 0.3),
                "branch": tuple(b for b in BRANCHES if dice.random() < 0.2),
                "family": [
                    {"values": {"member": f"me{n}x{row}x", "years": dice.choice((3, 40))}}
                    for row in range(dice.choice((0, 1, 2)))
                ],
            }
        )
    return found


def some_visits(dice: random.Random, count: int, cases: int) -> list[dict[str, t.Any]]:
    """Visits of the cases."""
    return [
        {
            "case_no": f"no{dice.randrange(cases)}x",
            "temp": dice.choice((36, 37, 38, 39)),
            "ward": dice.choice(WARDS),
        }
        for _ in range(count)
    ]


def counted(start: int = 0) -> t.Iterator[int]:
    """Numbers without end."""
    return itertools.count(start)
