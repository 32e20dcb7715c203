"""Real imports between people's edits: an import is the last writer of its columns, an edit merges with it or asks."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from lowcode.records.record import Change, MergeConflict
from lowcode.transfer import importing, tabular
from tests.builders import an_app
from tests.records.conftest import House
from tests.records.conftest import house as house

APP = an_app("ledger").text("key", unique=True).text("name").number("age").choice("ward", "東", "西", "南")
VALUES = {"name": ("a", "b", "c"), "age": ("1", "2", "3"), "ward": ("東", "西", "南")}
HISTORIES = 60


def take_in(house: House, path: Path, key: str, values: dict[str, str]) -> None:
    """One row through the importer, by key."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", *values])
        writer.writerow([key, *values.values()])
    with house.reading() as space:
        plan = importing.plan_import(space, "ledger", tabular.inspect(path), key="key", mode="update")
    report = importing.run_import(path, plan, house.writing, importing.MemoryJournal(), batch="b")
    assert report.failed == 0
    assert report.updated + report.unchanged == 1


def stored(house: House, record_id: int) -> dict[str, str | None]:
    """The record in the words of the file."""
    with house.reading() as space:
        reader = space.reader("ledger")
        record = reader.get(record_id)
        return {code: reader.definition.field(code).dump(record.values[code]) for code in VALUES}


@pytest.mark.parametrize("seed", range(2))
def test_imports_between_edits_lose_nothing(house: House, tmp_path: Path, seed: int) -> None:
    house.install(APP.definition())
    dice = random.Random(seed)  # a repeatable story, no secret
    clashes = 0
    for number in range(HISTORIES):
        key = f"k{number}"
        first = {code: dice.choice(VALUES[code]) for code in VALUES}
        record = house.add("ledger", key=key, **first)
        model: dict[str, str | None] = dict(first)
        seen: dict[str, str | None] = dict(first)
        revision = record.revision
        for _ in range(dice.randrange(1, 4)):
            codes = dice.sample(sorted(VALUES), dice.randrange(1, 3))
            brought = {code: dice.choice(VALUES[code]) for code in codes}
            take_in(house, tmp_path / "rows.csv", key, brought)
            model |= brought
        # The person saves the whole form that was drawn before the imports.
        mine = dict(seen) | {code: dice.choice(VALUES[code]) for code in dice.sample(sorted(VALUES), 2)}
        torn = {c for c in VALUES if mine[c] != seen[c] and model[c] != seen[c] and mine[c] != model[c]}
        try:
            house.save("ledger", Change(id=record.id, revision=revision, values=mine))
        except MergeConflict as error:
            clashes += 1
            (shown,) = error.records
            assert {clash.path[0] for clash in shown.clashes} == torn
            assert all(clash.mine is not None for clash in shown.clashes)
        else:
            assert torn == set()
            model |= {c: mine[c] for c in VALUES if mine[c] != seen[c]}
        assert stored(house, record.id) == model
    assert clashes > HISTORIES * 0.2
