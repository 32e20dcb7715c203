"""Reading: pages from the top and from a record, totals, streams, and nothing that rights hide."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lowcode.access.actor import Actor
from lowcode.errors import Invalid, NotFound
from lowcode.query import kintone
from lowcode.records.record import Change
from tests.builders import an_app
from tests.records.conftest import House

STOCK = (
    an_app("stock")
    .text("name")
    .number("amount")
    .date("due")
    .choice("ward", "東", "西")
    .checks("marks", "a", "b", "c")
    .subtable("rows", an_app().text("what"))
)


@pytest.fixture
def stock(house: House) -> House:
    house.install(STOCK.definition())
    house.save(
        "stock",
        *[
            Change(
                values={
                    "name": f"n{n % 7}",
                    "amount": None if n % 5 == 0 else n % 3,
                    "due": None if n % 4 == 0 else f"2022-08-{1 + n % 9:02d}",
                    "ward": ("東", "西", None)[n % 3],
                    "marks": [m for at, m in enumerate("abc") if n & (1 << at)],
                    "rows": [{"id": None, "values": {"what": f"w{n}"}}] if n % 2 else [],
                }
            )
            for n in range(60)
        ],
    )
    return house


@pytest.mark.parametrize(
    "order",
    [
        "$id desc",
        "$id asc",
        "amount asc",
        "amount desc",
        "due desc, name asc",
        "name asc, amount desc, due asc",
        "ward desc, due asc",
    ],
)
def test_pages_from_a_record_join_to_the_whole_list(stock: House, order: str) -> None:
    keys = kintone.parse(f"order by {order}").order
    with stock.reading() as space:
        reader = space.reader("stock")
        whole = [r.id for r in reader.list(None, keys, limit=100)]
        walked: list[int] = []
        after = None
        while page := reader.list(None, keys, limit=7, after=after, fields=["name"]):
            walked.extend(r.id for r in page)
            after = page[-1].id
        assert walked == whole
        assert [r.id for pages in reader.stream(None, keys, size=9) for r in pages] == whole
        by_offset = [r.id for start in range(0, 60, 7) for r in reader.list(None, keys, limit=7, offset=start)]
        assert by_offset == whole
        with pytest.raises(NotFound):
            reader.list(None, keys, after=999)


def test_totals_by_group_are_exact(stock: House) -> None:
    with stock.reading() as space:
        reader = space.reader("stock")
        ward = reader.definition.field("ward")
        found = {
            ward.dump(values[0]): totals
            for values, totals in reader.aggregate(
                ["ward"], [("count", None), ("sum", "amount"), ("avg", "amount"), ("min", "due"), ("max", "amount")]
            )
        }
        assert set(found) == {"東", "西", None}
        assert sum(t[0] for t in found.values()) == 60
        assert all(t[1] == (t[2] * Decimal(16)).quantize(Decimal(1)) for t in found.values())
        marks = {values[0]: totals[0] for values, totals in reader.aggregate(["marks"], [("count", None)])}
        assert sorted(marks.values()) == sorted(
            [sum(1 for n in range(60) if n & bit) for bit in (1, 2, 4)] + [sum(1 for n in range(60) if not n & 7)]
        )
        for group, measures in (
            (["nowhere"], [("count", None)]),
            (["rows"], [("count", None)]),
            (["ward"], [("sum", "name")]),
            (["ward"], [("median", "amount")]),
        ):
            with pytest.raises(Invalid):
                reader.aggregate(group, measures)


def test_large_sums_do_not_overflow(house: House) -> None:
    house.install(an_app("money").number("yen").definition())
    house.save("money", *[Change(values={"yen": "999999999999"}) for _ in range(20)])
    with house.reading() as space:
        ((_, (total, average)),) = space.reader("money").aggregate([], [("sum", "yen"), ("avg", "yen")])
    assert (total, average) == (Decimal(999999999999) * 20, Decimal(999999999999))


def test_counting_stops_at_a_limit(stock: House) -> None:
    with stock.reading() as space:
        reader = space.reader("stock")
        assert (reader.count(), reader.count(limit=10), reader.count(limit=100)) == (60, 10, 60)


def test_only_what_is_asked_for_is_read(stock: House) -> None:
    with stock.reading() as space:
        record = space.reader("stock").list(limit=1, fields=["name"])[0]
        assert set(record.values) == {"name"}


def test_what_may_not_be_seen_does_not_exist(stock: House) -> None:
    nobody = Actor(kind="user", user_id=9, login="nobody")
    closed = (
        an_app("closed")
        .text("name")
        .part(
            "acl",
            {
                "app": {
                    "rights": [
                        {
                            "entity": {"type": "GROUP", "code": "everyone"},
                            "includeSubs": False,
                            "appEditable": False,
                            "recordViewable": False,
                            "recordAddable": False,
                            "recordEditable": False,
                            "recordDeletable": False,
                            "recordImportable": False,
                            "recordExportable": False,
                        }
                    ]
                },
                "record": {"rights": []},
                "field": {"rights": []},
            },
        )
    )
    stock.install(closed.definition())
    saved = stock.add("closed", name="x")
    with stock.reading(nobody) as space:
        with pytest.raises(NotFound):
            space.app("closed")
        reader = space.reader(space.snapshot.app("closed"))
        assert reader.list() == []
        assert reader.count() == 0
        assert list(reader.ids()) == []
        assert reader.aggregate([], [("count", None)])[0][1] == (0,)
        for ask in (lambda: reader.get(saved.id), lambda: reader.history(saved.id)):
            with pytest.raises(NotFound):
                ask()
        with pytest.raises(Invalid):
            reader.list(kintone.parse('name = "x"').condition)
