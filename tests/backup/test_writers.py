"""A backup that is made while sixteen people save holds each save whole or not at all, and all that came before it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lowcode import backup
from lowcode.records.record import Change
from lowcode.system import migrate
from tests.backup.conftest import Kind, Place
from tests.builders import an_app

WRITERS = 16
BEFORE = 3
"""Saves of each writer that are acknowledged before the backup begins."""
LINES = ("a", "b", "c")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_writers_go_on(kind: Kind, place: Callable[..., Place], tmp_path: Path) -> None:
    here, there = place(kind), place()
    migrate.upgrade(here.engine)
    one = an_app("one").text("who").number("turn").subtable("lines", an_app().text("line"))
    here.house.install(one.definition())
    here.house.install(an_app("two").text("who").number("turn").definition())
    begun, over = threading.Barrier(WRITERS + 1), threading.Event()
    acknowledged: list[list[int]] = [[] for _ in range(WRITERS)]
    failures: list[BaseException] = []

    def save(who: int, turn: int) -> None:
        key = here.upload(f"{who} {turn}".encode())
        with here.house.writing() as space:
            lines = [{"id": None, "values": {"line": f"{key} {line}"}} for line in LINES]
            space.service("one").save([Change(values={"who": str(who), "turn": turn, "lines": lines})])
            # In the same transaction: neither is ever there without the other.
            space.service("two").save([Change(values={"who": str(who), "turn": turn})])
        acknowledged[who].append(turn)

    def write(who: int) -> None:
        try:
            for turn in itertools.count():
                if turn == BEFORE:
                    begun.wait()
                if over.is_set():
                    return
                save(who, turn)
        except Exception as error:
            failures.append(error)
            begun.abort()

    threads = [threading.Thread(target=write, args=(who,)) for who in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        begun.wait()
        made = backup.make(here.services, tmp_path / "a.zip", here.actor)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert made.missing == made.damaged == ()
    backup.restore(there.services, tmp_path / "a.zip")
    for who in range(WRITERS):
        ones, twos = (there.house.find(code, f'who = "{who}" order by turn asc') for code in ("one", "two"))
        turns = [int(record.values["turn"]) for record in ones]
        assert turns == [int(record.values["turn"]) for record in twos] == acknowledged[who][: len(turns)]
        assert len(turns) >= BEFORE
        for record, turn in zip(ones, turns, strict=True):
            keys = {row.values["line"].split()[0] for row in record.values["lines"]}
            assert [row.values["line"].split()[1] for row in record.values["lines"]] == list(LINES)
            assert there.services.store.path(keys.pop()).read_bytes() == f"{who} {turn}".encode()
    assert there.log().bad is None
