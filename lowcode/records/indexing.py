"""What of a record is searched, and keeping the index right: in each save, and by filling it anew.

The index of an app is complete while its row in ``apps`` says so (``search_ready``). Where it does not, searches read
the folded texts as they did before there was an index, and :func:`fill` makes it complete in short transactions;
saves meanwhile keep right what is in it already.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from lowcode import db
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Field
from lowcode.fields.options import ChoiceField
from lowcode.fields.subtable import SubtableField
from lowcode.query.resolve import is_searched
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.plan import SavePlan
from lowcode.records.rows import chunks, normal_texts
from lowcode.records.tables import AppTables
from lowcode.search.folding import VERSION, compact, loose, normal
from lowcode.search.index import IndexWriter, empty, index_tables
from lowcode.search.needle import Form
from lowcode.system import meta, models

BATCH: t.Final = 500
KEPT_VERSION: t.Final = "search.version"
OF_FILES: t.Final = "_text"
"""Behind the key of a field of attachments: what stands in the files. Comments will have a key of their own."""
_apps = models.App.__table__
_file_texts = models.FileText.__table__


@functools.lru_cache(maxsize=2_000)
def keys_of(definition: AppDefinition, readable: frozenset[str]) -> Mapping[str, Field]:
    """The keys of the index that may be searched, with their fields: the title first, then as the form shows them.

    :param readable: codes of the fields that the asker may read; no other has part in a search.
    """
    shown = {field.code: at for at, field in enumerate(definition.layout_order)}
    title = definition.title_field.code
    fields = [f for f in definition.all_fields if is_searched(definition, f, readable)]
    found: dict[str, Field] = {}
    for field in sorted(fields, key=lambda f: (f.code != title, shown.get(f.code, len(shown)))):
        found[field.column_name] = field
        if field.type_name == "FILE":
            found[field.column_name + OF_FILES] = field
    return found


DIGITS_ONLY: t.Final = frozenset({"DATE", "DATETIME", "TIME", "NUMBER"})
"""What these fields hold is found by digits and by nothing else."""


def keys_for(keys: Mapping[str, Field]) -> Callable[[Form], Sequence[str]]:
    """Of ``keys``, those that may hold a form: names are not looked for among dates, nor what is no option in a choice.

    Each key that is left out saves the database as many look-ups as the form has grams.
    """

    @functools.cache
    def possible(form: Form) -> Sequence[str]:
        digits = any(map(str.isdecimal, form.text))
        return tuple(key for key, field in keys.items() if _may_hold(field, form, digits))

    return possible


def _may_hold(field: Field, form: Form, digits: bool) -> bool:
    if field.type_name in DIGITS_ONLY:
        return digits
    if not isinstance(field, ChoiceField):
        return True
    labels = (normal(label) for option in field.options for label in (option.label, *dict(option.labels).values()))
    return any(form.text in compact(loose(label) if form.heard else label) for label in labels)


# -- in a save -------------------------------------------------------------------------------------


def put_rows(index: IndexWriter, plan: SavePlan, drafts: Iterable[Draft], ctx: Context) -> None:
    """The texts of the rows of subtables that a save changes."""
    for subtable in plan.subtables:
        searched = [f for f in subtable.fields if f.searchable and f.columns()]
        for draft in drafts:
            if draft.changed(subtable.code):
                index.put(draft.id, _of_rows(searched, draft.values.get(subtable.code) or (), ctx))


def _of_rows(fields: Sequence[Field], rows: Sequence[t.Any], ctx: Context) -> dict[str, str]:
    return {
        f.column_name: "\n".join(
            filter(None, (normal(f.search_text(row.values.get(f.code), ctx) or "") for row in rows))
        )
        for f in fields
    }


def put_files(connection: sa.Connection, index: IndexWriter, plan: SavePlan, drafts: Iterable[Draft]) -> None:
    """What stands in attachments that a save changes and that were read before (a restored record's, or moved ones)."""
    if not plan.has_files:
        return
    held: dict[tuple[int, str], list[str]] = {}
    for draft in drafts:
        for field in plan.stored:
            if not draft.changed(field.code):
                continue
            if field.type_name == "FILE":
                held[draft.id, field.column_name] = [ref.key for ref in draft.values.get(field.code) or ()]
            elif isinstance(field, SubtableField):
                for inner in field.fields:
                    if inner.type_name == "FILE":
                        rows = draft.values.get(field.code) or ()
                        held[draft.id, inner.column_name] = [r.key for row in rows for r in row.values[inner.code]]
    texts = file_texts(connection, [key for keys in held.values() for key in keys])
    for (record_id, column), keys in held.items():
        index.put(record_id, {column + OF_FILES: _joined(texts, keys)})


def file_texts(connection: sa.Connection, keys: Sequence[str]) -> dict[str, str]:
    """The normal form of what stands in files, by key; files that were not read or hold no text are left out."""
    found: dict[str, str] = {}
    for part in chunks(keys):
        statement = sa.select(_file_texts.c.key, _file_texts.c.text).where(_file_texts.c.key.in_(part))
        found |= {row.key: row.text for row in connection.execute(statement) if row.text}
    return found


def _joined(texts: Mapping[str, str], keys: Iterable[str]) -> str:
    return "\n".join(texts[key] for key in keys if key in texts)


# -- filling ---------------------------------------------------------------------------------------


def wanting(connection: sa.Connection) -> list[int]:
    """The apps whose index is not complete."""
    statement = sa.select(_apps.c.id).where(
        _apps.c.search_ready.is_(sa.false()), _apps.c.deleted_at.is_(None), _apps.c.live_version.is_not(None)
    )
    return list(connection.scalars(statement.order_by(_apps.c.id)))


def notice_version(engine: sa.Engine) -> bool:
    """Empty every index that an older folding made; whether there was one. Searches go on without an index."""
    with db.reading(engine) as connection:
        kept = meta.everything(connection).get(KEPT_VERSION)
    if kept == str(VERSION):
        return False
    with db.writing(engine) as connection:
        db.hold_live_versions(connection)
        for app_id in connection.scalars(sa.select(_apps.c.id).where(_apps.c.live_version.is_not(None))).all():
            start_over(connection, app_id)
        meta.write(connection, KEPT_VERSION, str(VERSION))
    return True


def start_over(connection: sa.Connection, app_id: int) -> None:
    """Empty the index of an app; until it is filled, searches go on without it."""
    connection.execute(sa.update(_apps).where(_apps.c.id == app_id).values(search_ready=False))
    empty(connection, index_tables(f"app_{app_id}", sa.MetaData(naming_convention=db.NAMING)))


def fill(connection: sa.Connection, live: LiveApp, after: int) -> tuple[int | None, int]:
    """Index the next records behind number ``after`` that are not in the index yet.

    :returns: the number to go on behind, None when the index is complete (and said so); and how many were read.
    """
    main, words = live.tables.main, live.tables.index.words
    locked = sa.select(main.c.id).where(main.c.id > after).order_by(main.c.id).limit(BATCH)
    ids = connection.scalars(locked.with_for_update()).all()
    if not ids:
        connection.execute(sa.update(_apps).where(_apps.c.id == live.id).values(search_ready=True))
        return None, 0
    there = set(connection.scalars(sa.select(words.c.id).where(words.c.id.in_(ids))))
    missing = [i for i in ids if i not in there]
    index = IndexWriter(connection, live.tables.index)
    for record_id, texts in texts_from_tables(connection, live.definition, live.tables, missing).items():
        index.put(record_id, texts, new=True)
    index.flush()
    return ids[-1], len(missing)


def texts_from_tables(
    connection: sa.Connection, definition: AppDefinition, tables: AppTables, ids: Sequence[int]
) -> dict[int, dict[str, str]]:
    """The searched texts of records in their normal form by key, from what is kept of them."""
    found: dict[int, dict[str, str]] = {i: {} for i in ids}
    for part in chunks(ids):
        if tables.search is not None:
            columns = [c for c in tables.search.c if c.name != "id"]
            for row in connection.execute(sa.select(tables.search).where(tables.search.c.id.in_(part))):
                found[row.id] |= normal_texts({str(c.name): row._mapping[c.name] for c in columns})
        for subtable in definition.subtables:
            _add_rows(connection, tables, subtable, part, found)
        _add_files(connection, definition, tables, part, found)
    return {i: {key: text for key, text in texts.items() if text} for i, texts in found.items()}


def _add_rows(
    connection: sa.Connection,
    tables: AppTables,
    subtable: SubtableField,
    ids: Sequence[int],
    found: dict[int, dict[str, str]],
) -> None:
    main, search = tables.rows[subtable.id].main, tables.rows[subtable.id].search
    if search is None:
        return
    columns = [c for c in search.c if c.name != "id"]
    statement = (
        sa.select(main.c.record_id, *columns)
        .join(search, search.c.id == main.c.id)
        .where(main.c.record_id.in_(ids))
        .order_by(main.c.record_id, main.c.position, main.c.id)
    )
    for row in connection.execute(statement):
        for name, text in normal_texts({str(c.name): row._mapping[c.name] for c in columns}).items():
            if text:
                held = found[row.record_id].get(name)
                found[row.record_id][name] = f"{held}\n{text}" if held else text


def _add_files(
    connection: sa.Connection,
    definition: AppDefinition,
    tables: AppTables,
    ids: Sequence[int],
    found: dict[int, dict[str, str]],
) -> None:
    for field, keys in _attached(connection, definition, tables, ids):
        texts = file_texts(connection, [key for _, key in keys])
        by_record: dict[int, list[str]] = {}
        for record_id, key in keys:
            by_record.setdefault(record_id, []).append(key)
        for record_id, held in by_record.items():
            found[record_id][field.column_name + OF_FILES] = _joined(texts, held)


def _attached(
    connection: sa.Connection, definition: AppDefinition, tables: AppTables, ids: Sequence[int]
) -> Iterator[tuple[Field, list[tuple[int, str]]]]:
    """The attachments of records, field by field: (record, key of the file) in their order."""
    for field in definition.all_fields:
        if field.type_name != "FILE":
            continue
        subtable = definition.subtable_of(field.code)
        if subtable is None:
            side = tables.side(field.id)
            statement = (
                sa.select(side.c.record_id, side.c.value)
                .where(side.c.record_id.in_(ids))
                .order_by(side.c.record_id, side.c.position)
            )
        else:
            part = tables.rows[subtable.id]
            side, main = part.side(field.id), part.main
            statement = (
                sa.select(main.c.record_id, side.c.value)
                .join(main, main.c.id == side.c.record_id)
                .where(main.c.record_id.in_(ids))
                .order_by(main.c.record_id, main.c.position, side.c.position)
            )
        yield field, [(row[0], row[1]) for row in connection.execute(statement)]


def put_file_text(connection: sa.Connection, live: LiveApp, record_id: int) -> None:
    """Take what stands in a record's attachments into the index, after one of them was read."""
    texts: dict[int, dict[str, str]] = {record_id: {}}
    _add_files(connection, live.definition, live.tables, [record_id], texts)
    index = IndexWriter(connection, live.tables.index)
    index.put(record_id, texts[record_id])
    index.flush()
