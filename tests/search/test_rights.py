"""What the actor may not read has no part in a search: not in what is found, nor in its order, nor in how many."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
import sqlalchemy as sa

from lowcode.access import masks
from lowcode.access.policy import App, Policies, Policy
from lowcode.errors import NotFound
from lowcode.fields.context import Tables
from lowcode.query.ast import Search
from lowcode.records.reader import RecordReader
from lowcode.records.workspace import Workspace
from tests.search.place import ACTOR, Office, rows

SECRET = "秘密の住所四五六七"


class Strict(Policy):
    """Some fields hidden, and every record but those of one name."""

    only = ""

    def visible(self, action: t.Any = "view", tables: Tables | None = None) -> sa.ColumnElement[bool] | None:
        main = (tables or self.app.tables).main
        return main.c[self.definition.field("name").column_name] == self.only if self.only else None


class StrictPolicies(Policies):
    """The policies of somebody whose rights are cut down for a test."""

    def __init__(self, policies: Policies, hidden: tuple[str, ...], only: str) -> None:
        super().__init__(policies.actor, policies._find, policies.context)
        self.hidden, self.only = hidden, only

    def of(self, app: App) -> Policy:
        found = Strict(self, app)
        found.only = self.only
        every = masks.all_of(app.definition)
        readable = every.readable - set(self.hidden)
        found.masks = replace(every, readable=readable, shown=readable)
        return found


def reader(space: Workspace, app: int, *hidden: str, only: str = "") -> RecordReader:
    live = space.app(app)
    policies = StrictPolicies(space.policies, hidden, only)
    return RecordReader(space.snapshot, live, space.connection, policies, space.context(live))


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


def test_for_whom_the_app_does_not_exist_there_is_no_search(office: Office) -> None:
    office.add({"name": "甲"})
    stranger = replace(ACTOR, kind="token", token_app=999, administrator=False)
    with office.services.reading(stranger) as space, pytest.raises(NotFound):
        space.reader(office.app)


def test_who_may_only_add_finds_nothing(office: Office) -> None:
    office.add({"name": "甲"})
    writer = replace(ACTOR, kind="token", token_app=office.app, token_rights=frozenset({"add"}), administrator=False)
    with office.services.reading(writer) as space:
        assert space.reader(office.app).search("甲").hits == ()
