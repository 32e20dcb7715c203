"""The tables of the search index and what is written to them.

``app_<n>_words`` holds each record's texts in their normal form, ``app_<n>_grams`` the grams of them: an FTS5 table
without content on SQLite, a ``tsvector`` with a GIN index on PostgreSQL. What was measured before choosing stands in
``docs/decisions``. FTS5 must be told exactly what it forgets; the texts that are kept say so, whatever the fields of
the record have become meanwhile.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
import sqlalchemy.ext.compiler
from sqlalchemy.dialects import postgresql

from lowcode.db import text_type
from lowcode.search.grams import Condition, Every, Gram, is_whole, of_record

ENOUGH: t.Final = 900
"""Ids bound in one statement."""
FTS: t.Final = "search_fts"
REBUILT: t.Final = "rebuilt"
"""Key of ``Table.info``: the table holds nothing of its own and is filled anew, so a backup leaves it out."""
SHADOWS: t.Final = ("_data", "_idx", "_content", "_docsize", "_config")
"""FTS5 keeps its own tables beside the one that is named."""


@dataclass(frozen=True, eq=False)
class IndexTables:
    """The two tables of one app's index."""

    words: sa.Table
    grams: sa.Table


def index_tables(name: str, metadata: sa.MetaData) -> IndexTables:
    """The index of the app whose records are in the table ``name``."""
    words = sa.Table(
        f"{name}_words",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("texts", text_type(), nullable=False),
        info={REBUILT: True},
    )
    grams = sa.Table(
        f"{name}_grams",
        metadata,
        sa.Column("rowid", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("grams", Grams(), nullable=False),
        info={FTS: True, REBUILT: True},
    )
    return IndexTables(words, grams)


def parts_of(table: str) -> tuple[str, ...]:
    """The names of the tables that the database keeps for a table of grams."""
    return tuple(f"{table}{end}" for end in SHADOWS)


class Grams(sa.TypeDecorator[t.Any]):
    """A set of grams: ``tsvector``, or words that FTS5's tokenizer takes apart at the spaces."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        return dialect.type_descriptor(postgresql.TSVECTOR() if dialect.name == "postgresql" else sa.Text())

    def bind_expression(self, bindvalue: sa.BindParameter[t.Any]) -> sa.ColumnElement[t.Any]:
        return _as_grams(bindvalue)

    def process_bind_param(self, value: Sequence[str] | None, dialect: sa.Dialect) -> t.Any:
        if value is None:
            return None
        return list(value) if dialect.name == "postgresql" else " ".join(value)


class _as_grams(sa.sql.functions.GenericFunction[t.Any]):
    inherit_cache = True


@sa.ext.compiler.compiles(_as_grams, "postgresql")
def _as_grams_postgresql(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    # Without a parser: the grams are the lexemes.
    return f"array_to_tsvector(CAST({compiler.process(element.clauses, **kwargs)} AS text[]))"


@sa.ext.compiler.compiles(_as_grams)
def _as_grams_plain(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    return t.cast(str, compiler.process(element.clauses, **kwargs))


@sa.ext.compiler.compiles(sa.schema.CreateTable, "sqlite")
def _create_table(element: sa.schema.CreateTable, compiler: t.Any, **kwargs: t.Any) -> str:
    table = element.element
    if FTS not in table.info:
        return t.cast(str, compiler.visit_create_table(element, **kwargs))
    # The tokenizer takes everything beyond ASCII as part of a word, and the three signs that grams are made with.
    # No content, places or sizes are kept: grams need none, and the table is a third of what it would be.
    name = compiler.preparer.format_table(table)
    exists = "IF NOT EXISTS " if element.if_not_exists else ""
    return (
        f"CREATE VIRTUAL TABLE {exists}{name} USING fts5(grams, content='', columnsize=0, detail=none, "
        "tokenize=\"ascii tokenchars '_=~'\")"
    )


def create_gin(table: sa.Table) -> sa.schema.CreateIndex:
    """The index that PostgreSQL finds grams by; made with its table, and for as long as it."""
    index = sa.Index(f"gin_{table.name}", table.c.grams, postgresql_using="gin", postgresql_with={"fastupdate": "off"})
    table.indexes.discard(index)
    return sa.schema.CreateIndex(index, if_not_exists=True)


class GramQuery(sa.TypeDecorator[t.Any]):
    """A condition on grams in the language of the database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Condition | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else _written(value, fts=dialect.name != "postgresql")


def _written(condition: Condition, *, fts: bool) -> str:
    if isinstance(condition, Gram):
        # Grams hold letters, digits and our three signs only, so that there is nothing to escape.
        if fts:
            return f'"{condition.text}" *' if condition.prefix else f'"{condition.text}"'
        return f"'{condition.text}':*" if condition.prefix else f"'{condition.text}'"
    every = isinstance(condition, Every)
    word = (" AND " if every else " OR ") if fts else (" & " if every else " | ")
    return "(" + word.join(_written(part, fts=fts) for part in condition.parts) + ")"


def simplified(condition: Condition) -> Condition | None:
    """Without empty parts; None for a condition that nothing meets."""
    if isinstance(condition, Gram):
        return condition
    parts = [simplified(part) for part in condition.parts]
    if isinstance(condition, Every) and (not parts or any(part is None for part in parts)):
        return None
    kept = tuple(part for part in parts if part is not None)
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else type(condition)(kept)


class _meets(sa.sql.functions.GenericFunction[bool]):
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: t.Any = None) -> t.Any:
        # Else SQLite, which has no booleans, would get "… MATCH … = 1", and FTS5 could not use its index.
        return self


@sa.ext.compiler.compiles(_meets, "postgresql")
def _meets_postgresql(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    column, query = element.clauses
    return f"({compiler.process(column, **kwargs)} @@ CAST({compiler.process(query, **kwargs)} AS tsquery))"


@sa.ext.compiler.compiles(_meets)
def _meets_sqlite(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    column, query = element.clauses
    # The table itself is asked: without the places of grams FTS5 cannot look into one column.
    return f"({compiler.preparer.format_table(column.table)} MATCH {compiler.process(query, **kwargs)})"


def meets(grams: sa.Table, condition: Condition) -> sa.ColumnElement[bool]:
    """True for the rows of ``grams`` that meet the condition."""
    plain = simplified(condition)
    if plain is None:
        return sa.false()
    return _meets(grams.c.grams, sa.bindparam(None, plain, type_=GramQuery(), unique=True))


class IndexWriter:
    """Collects what one save changes in the index, and writes it in few statements."""

    def __init__(self, connection: sa.Connection, tables: IndexTables) -> None:
        self.connection, self.tables = connection, tables
        self._new: dict[int, dict[str, str]] = {}
        self._changed: dict[int, dict[str, str]] = {}
        self._deleted: list[int] = []

    def put(self, record_id: int, texts: Mapping[str, str], *, new: bool = False) -> None:
        """Texts of a record in their normal form by key; an empty one takes the key away, others stay.

        :param new: the record is not in the index yet.
        """
        if new:
            self._new.setdefault(record_id, {}).update(texts)
        elif texts:
            (self._new if record_id in self._new else self._changed).setdefault(record_id, {}).update(texts)

    def delete(self, record_id: int) -> None:
        """Take a record out of the index."""
        self._deleted.append(record_id)

    def flush(self) -> None:
        """Write everything.

        A record that is not in the index yet although it is not new is left alone: the index is being filled, and
        what fills it reads the record after this transaction.
        """
        words, grams = self.tables.words, self.tables.grams
        present = self._present([*self._changed, *self._deleted])
        sqlite = self.connection.dialect.name == "sqlite"
        taken: dict[int, Sequence[str]] = {}
        added: dict[int, Sequence[str]] = {}
        after: dict[int, dict[str, str]] = {}
        for record_id, texts in self._changed.items():
            if (old := present.get(record_id)) is None:
                continue
            merged = {key: text for key, text in {**old, **texts}.items() if text}
            if merged != old:
                after[record_id] = merged
                if sqlite:
                    taken[record_id], added[record_id] = _difference(old, merged)
        gone = [record_id for record_id in self._deleted if record_id in present]
        if sqlite:
            taken |= {record_id: of_record(present[record_id]) for record_id in gone}
            self._forget({record_id: found for record_id, found in taken.items() if found})
        for ids in _parts(gone):
            self.connection.execute(sa.delete(words).where(words.c.id.in_(ids)))
            if not sqlite:
                self.connection.execute(sa.delete(grams).where(grams.c.rowid.in_(ids)))
        new = {i: {k: text for k, text in texts.items() if text} for i, texts in self._new.items()}
        if new:
            self.connection.execute(sa.insert(words), [{"id": i, "texts": _dumped(texts)} for i, texts in new.items()])
        if after:
            statement = sa.update(words).where(words.c.id == sa.bindparam("_id")).values(texts=sa.bindparam("_texts"))
            self.connection.execute(statement, [{"_id": i, "_texts": _dumped(x)} for i, x in after.items()])
        added |= {record_id: of_record(texts) for record_id, texts in new.items()}
        rows = [{"rowid": i, "grams": found} for i, found in added.items() if found or not sqlite]
        if rows:
            self.connection.execute(sa.insert(grams), rows)
        if after and not sqlite:
            changed = sa.update(grams).where(grams.c.rowid == sa.bindparam("_id"))
            self.connection.execute(
                changed.values(grams=sa.bindparam("_grams", type_=Grams())),
                [{"_id": i, "_grams": of_record(x)} for i, x in after.items()],
            )
        self._new, self._changed, self._deleted = {}, {}, []

    def _present(self, ids: Sequence[int]) -> dict[int, dict[str, str]]:
        return texts_of(self.connection, self.tables, ids)

    def _forget(self, grams: Mapping[int, Sequence[str]]) -> None:
        """FTS5's own command: the row and the grams that it was given with."""
        if not grams:
            return
        name = self.tables.grams.name
        command = sa.table(name, sa.column(name, sa.Text), sa.column("rowid"), sa.column("grams", Grams()))
        self.connection.execute(
            sa.insert(command), [{name: "delete", "rowid": i, "grams": found} for i, found in grams.items()]
        )


def _difference(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The grams that a record loses and those that it gains. FTS5 keeps them one by one: the others stay untouched."""
    if not (is_whole(old) and is_whole(new)):
        before, after = set(of_record(old)), set(of_record(new))
    else:
        before = set(of_record({key: text for key, text in old.items() if new.get(key) != text}))
        after = set(of_record({key: text for key, text in new.items() if old.get(key) != text}))
    return list(before - after), list(after - before)


def texts_of(connection: sa.Connection, tables: IndexTables, ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The indexed texts of records by key; records that are not in the index are left out."""
    words = tables.words
    found: dict[int, dict[str, str]] = {}
    for part in _parts(list(ids)):
        for row in connection.execute(sa.select(words.c.id, words.c.texts).where(words.c.id.in_(part))):
            found[row.id] = orjson.loads(row.texts)
    return found


def empty(connection: sa.Connection, tables: IndexTables) -> None:
    """Forget everything, to be filled anew."""
    connection.execute(sa.delete(tables.words))
    if connection.dialect.name == "sqlite":
        name = tables.grams.name
        connection.execute(sa.insert(sa.table(name, sa.column(name, sa.Text))), [{name: "delete-all"}])
    else:
        connection.execute(sa.delete(tables.grams))


def _dumped(texts: Mapping[str, str]) -> str:
    return orjson.dumps(texts).decode()


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(ids), ENOUGH):
        yield ids[start : start + ENOUGH]


__all__ = [
    "FTS",
    "Grams",
    "IndexTables",
    "IndexWriter",
    "create_gin",
    "empty",
    "index_tables",
    "meets",
    "parts_of",
    "simplified",
    "texts_of",
]
