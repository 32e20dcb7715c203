"""What the actor may not read has no part in a search: not in what is found, nor in its order, nor in how many."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa

from lowcode.access.policy import AppPolicy
from lowcode.definition.schema import AppDefinition
from lowcode.fields.context import Tables
from lowcode.query.ast import Search
from lowcode.records.reader import RecordReader
from lowcode.records.workspace import Workspace
from tests.search.place import ACTOR, Office, rows

SECRET = "秘密の住所四五六七"


@dataclass(frozen=True)
class Strict(AppPolicy):
    """Some fields hidden, and records without a name."""

    hidden: frozenset[str] = frozenset()
    only: str = ""

    def readable(self, app: AppDefinition) -> frozenset[str]:
        return super().readable(app) - self.hidden

    def visible(self, app: AppDefinition, tables: Tables, action: t.Any = "view") -> sa.ColumnElement[bool] | None:
        return tables.main.c[app.field("name").column_name] == self.only if self.only else None


def reader(space: Workspace, app: int, *hidden: str, only: str = "") -> RecordReader:
    live = space.app(app)
    policy = Strict(ACTOR, live.id, frozenset(hidden), only)
    return RecordReader(space.snapshot, live, space.connection, ACTOR, space.context(live), policy)


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    "hidden, where",
    [
        ("address", {"address": SECRET}),
        ("note", {"note": f"{SECRET} 123"}),
        ("family", {"family": rows(SECRET)}),
        ("relative", {"family": rows(SECRET)}),
    ],
)
def test_a_hidden_field_never_matches(office: Office, hidden: str, where: dict[str, t.Any], indexed: bool) -> None:
    office.add({"name": "甲", **where}, {"name": "乙"})

    def search(space: Workspace) -> None:
        for words in (SECRET, "秘密", "秘", "四五六七", "甲 秘密", "ひみつ"):
            for fuzzy in (False, True):
                every = space.reader(office.app)
                may_not = reader(space, office.app, hidden)
                may_not.indexed = every.indexed = indexed
                if words != "ひみつ":
                    assert [hit.id for hit in every.search(words, fuzzy=fuzzy).hits] == [1]
                    assert every.count(Search(words)) == 1
                found = may_not.search(words, fuzzy=fuzzy)
                if fuzzy and indexed and words.startswith("甲"):
                    # One word is not there: what is left is found by the name alone.
                    assert [f.code for hit in found.hits for f in hit.fields] == ["name"]
                else:
                    assert (found.hits, found.total, found.more) == ((), 0, False), words
                assert may_not.count(Search(words)) == 0
                assert may_not.list(Search(words)) == []

    office.read(search)


def test_a_hidden_field_neither_ranks_nor_is_named(office: Office) -> None:
    first, second = office.add({"name": "田中 一", "address": "田中"}, {"name": "田中 二"})

    def search(space: Workspace) -> None:
        assert [hit.id for hit in space.reader(office.app).search("田中").hits] == [first, second]
        found = reader(space, office.app, "address").search("田中")
        assert [(hit.id, [f.code for f in hit.fields]) for hit in found.hits] == [(second, ["name"]), (first, ["name"])]

    office.read(search)


def test_many_hits_in_a_hidden_field_are_not_counted(office: Office) -> None:
    office.add(*[{"name": f"人 {n}", "address": "田中町"} for n in range(120)], {"name": "田中"})

    def search(space: Workspace) -> None:
        everything = space.reader(office.app).search("田中")
        assert (everything.total, everything.more) == (100, True)
        found = reader(space, office.app, "address").search("田中")
        assert (len(found.hits), found.total, found.more) == (1, 1, False)

    office.read(search)


def test_hidden_records_are_neither_found_nor_counted(office: Office) -> None:
    office.add({"name": "甲", "note": "共通の語"}, {"name": "乙", "note": "共通の語"})

    def search(space: Workspace) -> None:
        found = reader(space, office.app, only="乙").search("共通")
        assert ([hit.id for hit in found.hits], found.total) == ([2], 1)
        assert reader(space, office.app, only="乙").search("1").hits == ()
        assert reader(space, office.app, only="乙").search("共通 甲", fuzzy=True).hits[0].id == 2

    office.read(search)


def test_who_may_not_see_the_app_finds_nothing(office: Office) -> None:
    office.add({"name": "甲"})
    stranger = replace(ACTOR, kind="token", token_app=999, administrator=False)
    with office.services.reading(stranger) as space:
        assert space.reader(office.app).search("甲").hits == ()
