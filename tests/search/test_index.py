"""The index always says what the records say: after any operation, on both databases, and after filling it anew."""

from __future__ import annotations

import random
import typing as t

import pytest
import sqlalchemy as sa

from lowcode import cli, deploy
from lowcode.commands import search
from lowcode.deploy import leftovers, purge
from lowcode.jobs import searching
from lowcode.jobs.worker import Worker
from lowcode.records import indexing
from lowcode.records.record import Change
from lowcode.records.workspace import Workspace
from lowcode.search.grams import of_record
from lowcode.search.index import texts_of
from lowcode.system import models
from tests.search.place import ACTOR, LEDGER, Office

NAMES = ("田中", "渡邉", "ナカジマ", "グエン", "髙橋 一", "Nguyen", "", "佐藤　花子")
NUMBERS = ("090-1234-5678", "0935820000", "", "080 1111 2222")


def stored_grams(connection: sa.Connection, table: str) -> dict[int, set[str]]:
    """What the index of the database holds, gram by gram."""
    found: dict[int, set[str]] = {}
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.seen USING fts5vocab('main', '{table}', 'instance')"
        )
        for gram, record_id in connection.exec_driver_sql("SELECT term, doc FROM temp.seen"):
            found.setdefault(record_id, set()).add(gram)
        connection.exec_driver_sql("DROP TABLE temp.seen")
    else:
        for record_id, grams in connection.exec_driver_sql(f"SELECT rowid, tsvector_to_array(grams) FROM {table}"):
            found[record_id] = set(grams)
    return found


def require_right(office: Office) -> int:
    """The index equals the records, in the texts and in every gram. Returns how many records there are."""

    def work(space: Workspace) -> int:
        live = space.app(office.app)
        ids = list(space.connection.scalars(sa.select(live.tables.main.c.id)))
        wanted = indexing.texts_from_tables(space.connection, live.definition, live.tables, ids)
        keys = set(indexing.keys_of(live.definition, live.definition.field_codes))
        words = live.tables.index.words
        indexed = texts_of(space.connection, live.tables.index, list(space.connection.scalars(sa.select(words.c.id))))
        assert {i: {k: x for k, x in texts.items() if k in keys} for i, texts in indexed.items()} == wanted
        grams = stored_grams(space.connection, live.tables.index.grams.name)
        assert {i: grams.get(i, set()) for i in indexed} == {i: set(of_record(texts)) for i, texts in indexed.items()}
        assert set(grams) <= set(indexed)
        return len(ids)

    return office.services.write(ACTOR, work)


def a_person(chance: random.Random) -> dict[str, t.Any]:
    some = {
        "name": chance.choice(NAMES),
        "kana": chance.choice(NAMES),
        "tel": chance.choice(NUMBERS),
        "note": " ".join(chance.choices(NAMES, k=3)),
        "family": [
            {"values": {"relative": chance.choice(NAMES), "remark": chance.choice(NAMES)}}
            for _ in range(chance.randrange(3))
        ],
    }
    return {code: some[code] for code in chance.sample(sorted(some), chance.randrange(1, len(some) + 1))}


def step(office: Office, chance: random.Random, alive: set[int], trashed: set[int]) -> None:
    what = chance.choice(("add", "add", "change", "change", "delete", "restore", "rows"))
    if what == "add":
        alive.update(office.add(*[a_person(chance) for _ in range(chance.randrange(1, 4))]))
    elif what == "restore" and trashed:
        number = chance.choice(sorted(trashed))
        office.services.write(ACTOR, lambda space: space.service(office.app).restore([number]))
        trashed.discard(number)
        alive.add(number)
    elif alive:
        number = chance.choice(sorted(alive))
        if what == "delete":
            office.save(Change(id=number, delete=True))
            alive.discard(number)
            trashed.add(number)
        elif what == "rows":
            record = office.read(lambda space: space.reader(office.app).get(number))
            kept = [{"id": row.id, "values": {"remark": chance.choice(NAMES)}} for row in record.values["family"]]
            chance.shuffle(kept)
            office.save(Change(id=number, values={"family": kept[:1]}))
        else:
            office.save(Change(id=number, values=a_person(chance)))


@pytest.mark.parametrize("seed", range(3))
def test_any_row_of_operations_keeps_the_index_right(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    alive: set[int] = set()
    trashed: set[int] = set()
    for _ in range(40):
        step(office, chance, alive, trashed)
    assert require_right(office) == len(alive)


def test_a_failed_save_leaves_the_index_as_it_was(office: Office) -> None:
    office.add({"name": "田中"})
    with pytest.raises(RuntimeError):
        office.services.write(ACTOR, lambda space: _save_and_fail(space, office.app))
    assert require_right(office) == 1
    assert office.ids("鈴木") == []


def _save_and_fail(space: Workspace, app: int) -> None:
    space.service(app).save([Change(values={"name": "鈴木"}), Change(id=1, values={"name": "鈴木"})])
    raise RuntimeError


def test_deploys_keep_the_search(office: Office) -> None:
    office.add({"name": "田中", "note": "12", "family": [{"values": {"relative": "母 よし子"}}]}, {"name": "鈴木"})
    changed = LEDGER.json()
    changed["properties"]["note"]["type"] = "SINGLE_LINE_TEXT"
    changed["properties"]["family"]["fields"]["relative"]["type"] = "MULTI_LINE_TEXT"
    changed["properties"]["job"] = {"type": "SINGLE_LINE_TEXT", "code": "job", "label": "job"}
    del changed["properties"]["address"]
    changed["layout"] = []
    deploy.apply_definition(office.services.engine, office.app, changed, ACTOR)
    require_right(office)
    assert office.ids("よし子") == office.ids("12") == [1]
    office.save(Change(id=2, values={"job": "看護師"}))
    assert office.ids("看護師") == [2]
    require_right(office)


def test_what_is_purged_leaves_the_index_and_a_job_fills_it_again(office: Office) -> None:
    office.add({"name": "田中", "address": "門司区"}, {"name": "鈴木"})
    changed = LEDGER.json()
    del changed["properties"]["address"]
    changed["layout"] = []
    engine = office.services.engine
    deploy.apply_definition(engine, office.app, changed, ACTOR)
    with engine.connect() as connection:
        found = leftovers(connection, office.app)
    assert [item.table for item in found if "_grams" in item.table] == []
    purge(engine, office.app, found)
    assert office.ids("田中") == [1]  # by the folded texts, until the index is filled
    office.save(Change(id=2, values={"name": "佐々木"}), Change(values={"name": "新しい人"}))
    worker = Worker(office.services)
    while worker.step():  # the schedule adds the job
        pass
    with office.services.reading(ACTOR) as space:
        assert space.reader(office.app).indexed
        texts = texts_of(space.connection, space.app(office.app).tables.index, [1, 2, 3])
    assert [sorted(x.values()) for x in texts.values()] == [["田中"], ["佐々木"], ["新シイ人"]]
    require_right(office)


def test_an_older_folding_is_noticed_and_everything_filled_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add({"name": "渡邉"}, {"name": "鈴木"})
    assert indexing.notice_version(office.services.engine)  # nothing was noted yet
    searching.fill(office.services, office.app)
    assert not indexing.notice_version(office.services.engine)
    monkeypatch.setattr(indexing, "VERSION", 999)
    assert indexing.notice_version(office.services.engine)
    assert office.ids("鈴木") == [2]
    assert searching.fill(office.services, office.app) == 2
    assert require_right(office) == 2


def test_the_command_rebuilds_what_somebody_broke(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.add({"name": "田中"}, {"name": "鈴木"})
    engine = office.services.engine
    with engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM app_{office.app}_words"))
    monkeypatch.setattr(search, "open_services", lambda: office.services)
    assert cli.main(["search", "rebuild", "people", "--json"]) == 0
    assert '"records":2' in capsys.readouterr().out
    assert require_right(office) == 2
    assert office.ids("田中") == [1]


def test_records_of_an_app_without_an_index_are_found_all_the_same(office: Office) -> None:
    office.add({"name": "渡邉", "kana": "ワタナベ"}, {"name": "鈴木"})
    with office.services.engine.begin() as connection:
        connection.execute(sa.update(models.App.__table__).values(search_ready=False))
    found = office.found("わたなべ")
    assert ([hit.id for hit in found.hits], found.total, found.more) == ([1], 1, False)
