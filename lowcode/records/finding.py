"""The search of one app: which records answer, in what order, and which field does. Part of the reader.

Few statements whatever is looked for: the index gives the newest records that hold every word; when that is all of
them, they are ranked here. When there are more, the index is asked again for those in which the words stand whole,
and for those that begin with them, so that a common name costs no more than a rare one. Every statement carries the
access predicate and names only the texts of readable fields, so that nothing else is matched, ranked or counted.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode import db
from lowcode.fields.base import Field
from lowcode.query import ast
from lowcode.records import indexing
from lowcode.search import grams, needle, ranking
from lowcode.search.index import meets, texts_of
from lowcode.search.needle import Form, Needle

if t.TYPE_CHECKING:
    from lowcode.records.reader import RecordReader

MANY: t.Final = 100
"""From so many hits on they are not ranked all, and "100+" is said instead of how many."""
LEADING: t.Final = 3
"""The title and the first fields of the form: with many hits, those who begin with a word here come first."""
NEWEST: t.Final = 1_000
"""PostgreSQL looks among the newest records first: a common word is there, and sorting all its hits costs more."""


@dataclass(frozen=True)
class Hit:
    """A record that answers."""

    id: int
    score: int
    fields: tuple[Field, ...]
    """Which fields hold the words, the best one of each word; empty where the index is not complete."""
    in_files: bool = False
    """Whether a word stands in an attachment rather than in a field."""
    near: bool = False
    """Found only because the search was fuzzy and somewhat like it."""


@dataclass(frozen=True)
class Found:
    """What a search found: the best ``hits``, and how many there are."""

    hits: tuple[Hit, ...]
    total: int
    more: bool
    """There are more than ``total``: they were not counted."""
    needle: Needle | None
    """What was looked for, to mark it; None when nothing was asked."""
    asked: ast.Node | None = None
    """The same with the other conditions, as the audit log tells it when the records are read."""


NOTHING: t.Final = Found((), 0, False, None)


class Search:
    """One search of one reader."""

    def __init__(self, reader: RecordReader, wanted: Needle, condition: ast.Node | None, asked: ast.Node) -> None:
        """:param condition: what records must meet besides. :param asked: both, as the audit log tells it."""
        self.reader, self.needle, self.asked = reader, wanted, asked
        self.keys: Mapping[str, Field] = indexing.keys_of(reader.definition, reader.readable)
        self.names = indexing.keys_for(self.keys)
        self.tables = reader.tables.index
        self.others = reader._conditions(condition)

    # -- ids -------------------------------------------------------------------------------------

    def ids(self, condition: grams.Condition, limit: int) -> list[int]:
        """The newest records that meet a condition on grams."""
        if db.is_sqlite(self.reader.connection):
            # FTS5 gives them in this order by itself.
            return self._run(self._select(condition).order_by(self.tables.grams.c.rowid.desc()), limit)
        rowid = self.tables.grams.c.rowid
        newest = self.reader.connection.scalar(sa.select(sa.func.max(rowid))) or 0
        recent = self._select(condition).where(rowid > newest - NEWEST).order_by(rowid.desc())
        found = self._run(recent, limit)
        if len(found) >= limit or newest <= NEWEST:
            return found
        # By something that is no column, else the planner walks down the primary key for a word that is nowhere.
        rest = self._select(condition).where(rowid <= newest - NEWEST).order_by((rowid + 0).desc())
        return [*found, *self._run(rest, limit - len(found))]

    def _select(self, condition: grams.Condition) -> sa.Select[tuple[int]]:
        table = self.tables.grams
        statement = sa.select(table.c.rowid).where(meets(table, condition))
        if self.others:
            main = self.reader.tables.main
            statement = statement.join(main, main.c.id == table.c.rowid).where(*self.others)
        return statement

    def _run(self, statement: sa.Select[tuple[int]], limit: int) -> list[int]:
        return list(self.reader.connection.scalars(statement.limit(limit)))

    # -- hits ------------------------------------------------------------------------------------

    def found(self, limit: int, offset: int) -> Found:
        """A page of hits, the best first."""
        enough = max(MANY, offset + limit)
        ids = self.ids(self.needle.condition(self.names), enough + 1)
        more = len(ids) > enough
        if more:
            # Too many to look at each: those that hold the words better are asked for by themselves.
            better = self.ids(self.needle.condition(self.names, "word"), enough)
            if len(better) < enough:
                better += self.ids(self.needle.condition(self._leading, "start"), enough)
            ids = list(dict.fromkeys([*better, *ids]))[:enough]
        hits = self._ranked(ids)
        total = enough if more else len(hits)
        if self.needle.fuzzy and not more and len(hits) < enough:
            hits += self._near(hits, enough - len(hits))
            total = len(hits)
        own = self._by_number(hits)
        hits = [*own, *[hit for hit in hits if hit.id not in {one.id for one in own}]]
        total = max(total, len(hits)) if not more else total
        return Found(tuple(hits[offset : offset + limit]), total, more, self.needle, self.asked)

    def _leading(self, form: Form) -> Sequence[str]:
        return self.names(form)[:LEADING]

    def _ranked(self, ids: Sequence[int]) -> list[Hit]:
        texts = texts_of(self.reader.connection, self.tables, ids)
        hits = []
        for record_id in ids:
            # The index knows pairs of characters; the text itself decides.
            matched = ranking.match(self.needle, texts.get(record_id, {}), self.names)
            if matched is not None:
                hits.append(self._hit(record_id, matched))
        return sorted(hits, key=lambda hit: (-hit.score, -hit.id))

    def _near(self, hits: Sequence[Hit], limit: int) -> list[Hit]:
        present = {hit.id for hit in hits}
        ids = self.ids(self.needle.nearby(self.names), limit + len(present))
        texts = texts_of(self.reader.connection, self.tables, ids)
        found = [
            self._hit(i, ranking.near(self.needle, texts.get(i, {}), self.names), near=True)
            for i in ids
            if i not in present
        ]
        return sorted(found, key=lambda hit: (-hit.score, -hit.id))[:limit]

    def _by_number(self, hits: Sequence[Hit]) -> list[Hit]:
        """The record whose own number was typed stands first."""
        if self.needle.number is None:
            return []
        main = self.reader.tables.main
        statement = sa.select(main.c.id).where(main.c.id == self.needle.number, *self.others)
        found = self.reader.connection.scalar(statement)
        if found is None:
            return []
        return [next((hit for hit in hits if hit.id == found), Hit(found, 0, ()))]

    def _hit(self, record_id: int, matched: ranking.Match, *, near: bool = False) -> Hit:
        fields = tuple(dict.fromkeys(self.keys[key] for key in matched.keys))
        in_files = any(key.endswith(indexing.OF_FILES) for key in matched.keys)
        return Hit(record_id, matched.score, fields, in_files, near)


def search(
    reader: RecordReader, text: str, condition: ast.Node | None, *, fuzzy: bool, limit: int, offset: int
) -> Found:
    """See :meth:`lowcode.records.reader.RecordReader.search`."""
    wanted = needle.parse(text, fuzzy=fuzzy)
    if wanted is None or not reader.policy.allows("view"):
        return NOTHING
    asked = t.cast(ast.Node, ast.all_of(condition, ast.Search(text)))
    reader.told(asked)
    if reader.indexed:
        return Search(reader, wanted, condition, asked).found(limit, offset)
    # The index is being filled: every record's folded text is read, and the newest come first.
    enough = max(MANY, offset + limit)
    ids = list(reader.ids(asked, (ast.SortKey("$id", True),), limit=enough + 1))
    hits = tuple(Hit(i, 0, ()) for i in ids[offset : offset + limit])
    return Found(hits, min(len(ids), enough), len(ids) > enough, wanted, asked)


__all__ = ["MANY", "NOTHING", "Found", "Hit", "Search", "search"]
