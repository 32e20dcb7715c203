"""The audit log: what an entry holds, its chain, and that whatever is tampered with is named."""

from __future__ import annotations

import random
import re
import threading
import typing as t
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import audit, audit_proof, record_numbers
from lowcode.accounts.audit_proof import Bad
from lowcode.services import Services
from lowcode.system.models import AuditEntry
from tests.people import NOW, make_services

TAMPERINGS = 1_000
ENTRIES = 240
TABLE = AuditEntry.__table__
SATO = Actor(kind="user", user_id=7, login="sato", name="佐藤 花子")


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


def fill(services: Services, count: int, start: int = 0) -> None:
    with db.writing(services.engine) as connection:
        for n in range(start, start + count):
            audit.note(
                connection,
                SATO,
                "user.changed",
                NOW + timedelta(minutes=n),
                target=f"人{n}",
                details={"n": n},
                app_id=n,
            )


def rows(services: Services) -> list[t.Any]:
    with db.reading(services.engine) as connection:
        return list(connection.execute(sa.select(TABLE).order_by(TABLE.c.id)).all())


def bad(services: Services) -> Bad | None:
    with db.reading(services.engine) as connection:
        return audit_proof.examine(connection, services.settings.data_dir).bad


# --- entries -----------------------------------------------------------------------------------


def test_an_entry_is_one_line_however_it_was_asked_for(services: Services) -> None:
    with db.writing(services.engine) as connection:
        made = audit.entry(SATO, "records.searched", NOW, query='name = "a\r\n2026 root login\x00\x1b[2J\u2028"')
        audit.write(connection, [made])
    assert rows(services)[0].query == 'name = "a\\u000d\\u000a2026 root login\\u0000\\u001b[2J\\u2028"'
    assert bad(services) is None


def test_a_filter_too_long_to_keep_is_still_told_apart() -> None:
    one, other = (audit.entry(SATO, "records.searched", NOW, query="x" * 30_000 + end)["query"] for end in "ab")
    assert one != other
    assert len(one) < 20_100


def test_only_known_actions_are_noted(services: Services) -> None:
    with db.writing(services.engine) as connection, pytest.raises(ValueError, match="no action"):
        audit.note(connection, SATO, "records.stolen", NOW)
    assert rows(services) == []


def test_entries_of_a_transaction_that_is_rolled_back_are_gone_and_leave_no_gap(services: Services) -> None:
    fill(services, 2)
    with pytest.raises(RuntimeError), db.writing(services.engine) as connection:
        audit.note(connection, SATO, "user.changed", NOW)
        audit.write(connection, [audit.entry(SATO, "user.changed", NOW)])
        raise RuntimeError
    fill(services, 2)
    assert [row.id for row in rows(services)] == [1, 2, 3, 4]
    assert bad(services) is None


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 45])
def test_as_many_entries_as_come_are_one_chain(services: Services, count: int) -> None:
    fill(services, count)
    fill(services, count)
    found = rows(services)
    assert [row.id for row in found] == list(range(1, 2 * count + 1))
    assert [orjson.loads(row.details)["n"] for row in found] == [*range(count), *range(count)]
    assert bad(services) is None


def test_writers_that_come_together_make_one_chain(services: Services) -> None:
    gate = threading.Barrier(4)

    def work(start: int) -> None:
        gate.wait()
        for n in range(10):
            fill(services, 2, start + n)

    threads = [threading.Thread(target=work, args=(100 * at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(services)) == 80
    assert bad(services) is None


@pytest.mark.parametrize(
    "numbers, text",
    [
        ([], ""),
        ([5], "5"),
        ([3, 1, 2, 2], "1-3"),
        ([1, 2, 9, 11, 12, 13], "1-2,9,11-13"),
        (range(1, 100_001), "1-100000"),
    ],
)
def test_record_numbers_in_short(numbers: t.Iterable[int], text: str) -> None:
    assert record_numbers.packed(numbers) == text
    assert list(record_numbers.unpacked(text)) == sorted(set(numbers))


def test_many_scattered_record_numbers_stay_exact_and_small() -> None:
    numbers = sorted(random.Random(4).sample(range(1, 2_000_000), 100_000))
    text = record_numbers.packed(numbers)
    assert text.startswith("z:")
    assert len(text) < 200_000
    assert list(record_numbers.unpacked(text)) == numbers
    assert record_numbers.shown(text, 2) == f"{numbers[0]}, {numbers[1]}, …"
    assert record_numbers.shown("1-100000,100002", 2) == "1-100000, 100002"
    assert record_numbers.shown("z:!") == "?"
    for broken in ("z:AAAA", "1-x", "z:!"):
        with pytest.raises(ValueError):  # noqa: PT011  # whoever made it, it is none of ours
            list(record_numbers.unpacked(broken))


# --- tampering -----------------------------------------------------------------------------------

Tampering = Callable[[sa.Connection, random.Random], int]
"""Does its harm and returns the number of the first entry that is bad then."""


def a_column(connection: sa.Connection, chance: random.Random) -> int:
    """One bit of one column."""
    number = chance.randint(1, ENTRIES)
    name = chance.choice([*audit.CONTENT, "mac", "chain"])
    value = connection.scalar(sa.select(TABLE.c[name]).where(TABLE.c.id == number))
    changed: t.Any
    if value is None:
        changed = chance.randint(1, 99)
    elif isinstance(value, int):
        changed = value ^ (1 << chance.randint(0, 30))
    elif isinstance(value, str):
        at = chance.randint(0, len(value))
        if not value or at == len(value):
            changed = value + chance.choice("x0 あ")
        else:
            changed = value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        if name == "actor_kind":
            changed = changed[:8] if changed[:8] != value else "system"
        elif name in ("mac", "chain"):
            changed = changed[:64] if changed[:64] != value else "0" * 64
    else:
        changed = value + timedelta(microseconds=1 << chance.randint(0, 30))
    connection.execute(sa.update(TABLE).where(TABLE.c.id == number).values({name: changed}))
    return number


def a_number(connection: sa.Connection, chance: random.Random) -> int:
    number = chance.randint(1, ENTRIES)
    other = chance.choice([0, -number, ENTRIES + chance.randint(1, 10**6)])
    connection.execute(sa.update(TABLE).where(TABLE.c.id == number).values(id=other))
    return min(number, other)


def a_deletion(connection: sa.Connection, chance: random.Random) -> int:
    number = chance.randint(1, ENTRIES)
    connection.execute(sa.delete(TABLE).where(TABLE.c.id.between(number, number + chance.choice([0, 0, 3, 50]))))
    return number


def a_truncation(connection: sa.Connection, chance: random.Random) -> int:
    number = chance.randint(1, ENTRIES)
    connection.execute(sa.delete(TABLE).where(TABLE.c.id >= number))
    return number


def a_swap(connection: sa.Connection, chance: random.Random) -> int:
    one, other = chance.sample(range(1, ENTRIES + 1), 2)
    for old, new in ((one, 0), (other, one), (0, other)):
        connection.execute(sa.update(TABLE).where(TABLE.c.id == old).values(id=new))
    return min(one, other)


def an_insertion(connection: sa.Connection, chance: random.Random) -> int:
    """A copy of an entry, or an invented one, put between two others or behind the last."""
    place, source = chance.randint(1, ENTRIES + 1), chance.randint(1, ENTRIES)
    row = dict(connection.execute(sa.select(TABLE).where(TABLE.c.id == source)).mappings().one())
    connection.execute(sa.update(TABLE).where(TABLE.c.id >= place).values(id=-TABLE.c.id - 1))
    connection.execute(sa.update(TABLE).where(TABLE.c.id < 0).values(id=-TABLE.c.id))
    if chance.random() < 0.5:
        row |= {"target": "invented", "mac": audit.mac_of(b"guessed", row | {"target": "invented"})}
    if chance.random() < 0.5:
        before = connection.scalar(sa.select(TABLE.c.chain).where(TABLE.c.id == place - 1)) or ""
        row["chain"] = audit.linked(before, row["mac"])
    connection.execute(sa.insert(TABLE).values(**row | {"id": place}))
    return place


TAMPER: tuple[Tampering, ...] = (a_column, a_column, a_column, a_number, a_deletion, a_truncation, a_swap, an_insertion)


def test_each_of_a_thousand_tamperings_is_named(services: Services) -> None:
    engine, folder, system = services.engine, services.settings.data_dir, services.system("test")
    fill(services, ENTRIES // 2 - 1)
    assert audit_proof.seal(engine, folder, system, NOW) == ENTRIES // 2 - 1
    fill(services, ENTRIES // 2)
    assert bad(services) is None
    chance = random.Random(20261124)
    wrong: list[tuple[str, int, Bad | None]] = []
    with db.writing(engine) as connection:
        for number in range(TAMPERINGS):
            tampering = chance.choice(TAMPER)
            savepoint = connection.begin_nested()
            expected = tampering(connection, chance)
            found = audit_proof.examine(connection, folder).bad
            savepoint.rollback()
            if found is None or found.number != expected:
                wrong.append((f"{number} {tampering.__name__}", expected, found))
    assert wrong == []
    assert bad(services) is None


def test_a_chain_made_anew_does_not_fit_its_seal(services: Services) -> None:
    """Who knows how the chain is made but not the key takes an entry away and mends everything behind it."""
    fill(services, 10)
    audit_proof.seal(services.engine, services.settings.data_dir, services.system("test"), NOW)
    fill(services, 5)
    with db.writing(services.engine) as connection:
        connection.execute(sa.delete(TABLE).where(TABLE.c.id == 4))
        connection.execute(sa.update(TABLE).where(TABLE.c.id > 4).values(id=-TABLE.c.id + 1))
        connection.execute(sa.update(TABLE).where(TABLE.c.id < 0).values(id=-TABLE.c.id))
        before = ""
        for row in connection.execute(sa.select(TABLE.c.id, TABLE.c.mac).order_by(TABLE.c.id)).all():
            before = audit.linked(before, row.mac)
            connection.execute(sa.update(TABLE).where(TABLE.c.id == row.id).values(chain=before))
    assert bad(services) == Bad(10, "seal")


def test_an_end_that_was_cut_off_is_missed_even_where_the_database_forgot_it(services: Services) -> None:
    fill(services, 10)
    audit_proof.seal(services.engine, services.settings.data_dir, services.system("test"), NOW)
    with db.writing(services.engine) as connection:
        connection.execute(sa.delete(TABLE).where(TABLE.c.id > 6))
        if db.is_sqlite(connection):
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 6 WHERE name = 'audit_log'")
        else:
            connection.execute(sa.update(audit._head).values(number=6))
    assert bad(services) == Bad(7, "missing")


def test_another_key_does_not_fit(services: Services, engine: sa.Engine, tmp_path: Path) -> None:
    fill(services, 3)
    Services.open(make_services(engine, tmp_path, LOWCODE_SECRET_KEY="another key for tests").settings, engine)
    assert bad(services) == Bad(1, "changed")


# --- seals and cuts ------------------------------------------------------------------------------


def test_a_seal_says_how_far_it_goes_and_stands_in_the_file_too(services: Services) -> None:
    engine, folder, system = services.engine, services.settings.data_dir, services.system("test")
    assert audit_proof.seal(engine, folder, system, NOW) is None
    fill(services, 3)
    assert audit_proof.seal(engine, folder, system, NOW) == 3
    assert audit_proof.seal(engine, folder, system, NOW) is None, "nothing new, no new seal"
    sealed = rows(services)[-1]
    assert (sealed.action, orjson.loads(sealed.details)["through"]) == ("log.sealed", 3)
    assert orjson.loads((folder / audit_proof.SEALS).read_bytes()) == {
        "at": NOW.isoformat(), "sealed": 4, "chain": sealed.chain,
    }  # fmt: skip
    fill(services, 2)
    with db.reading(engine) as connection:
        assert audit_proof.examine(connection, folder) == audit_proof.Report(6, 1, 6, 4, None)
        assert audit_proof.examine(connection, folder, newest=2) == audit_proof.Report(2, 5, 6, 4, None)


def test_old_entries_are_cut_and_the_chain_goes_on(services: Services) -> None:
    engine, folder, system = services.engine, services.settings.data_dir, services.system("test")
    fill(services, 10)  # a minute apart
    audit_proof.seal(engine, folder, system, NOW + timedelta(minutes=10))
    fill(services, 10, 20)
    assert audit_proof.cut(engine, folder, system, NOW, NOW + timedelta(hours=1)) == 0
    assert audit_proof.cut(engine, folder, system, NOW + timedelta(minutes=4), NOW + timedelta(hours=1)) == 4
    assert audit_proof.cut(engine, folder, system, NOW + timedelta(minutes=12), NOW + timedelta(hours=1)) == 7
    assert [row.id for row in rows(services)] == list(range(12, 24))
    assert bad(services) is None
    with db.writing(engine) as connection:
        connection.execute(sa.delete(TABLE).where(TABLE.c.id == 12))
    assert bad(services) == Bad(12, "missing")


def test_a_beginning_that_nobody_cut_is_missed(services: Services) -> None:
    fill(services, 10)
    with db.writing(services.engine) as connection:
        connection.execute(sa.delete(TABLE).where(TABLE.c.id < 5))
    assert bad(services) == Bad(1, "missing")


def test_every_action_that_is_noted_stands_in_the_list_and_every_listed_one_is_noted() -> None:
    package = Path(audit.__file__).parents[1]
    source = "\n".join(p.read_text("utf-8") for p in package.rglob("*.py") if p.name != "audit.py")
    named = {action for action in audit.ACTIONS if f'"{action}"' in source}
    by_state = {"job.done", "job.failed", "job.stopped"}  # f"job.{state}"
    assert audit.ACTIONS - named == by_state
    noted = set(re.findall(r'audit\.(?:note|entry)\(\s*[^")]*?"([a-z_.]+)"', source))
    assert noted <= audit.ACTIONS
    assert {"login", "job.added", "access.refused"} <= noted, "the pattern above finds calls"
