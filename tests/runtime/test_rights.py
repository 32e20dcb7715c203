"""Who sees what, and what hostile addresses and forms get: never a server error, never a hint."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.builders import an_app
from tests.runtime.town import EVERY_RIGHT, Pairs, Town, Visitor


def rights(*allowed: str, login: str = "ito") -> dict[str, object]:
    entity = {"type": "USER", "code": login}
    row = {"entity": entity, "includeSubs": False, **{right: right in allowed for right in EVERY_RIGHT}}
    return {"app": {"rights": [row]}}


VIEWS = ("/k/{app}/", "/k/{app}/show/1", "/k/{app}/trash")
NEEDS = {
    "recordAddable": ("/k/{app}/new",),
    "recordEditable": ("/k/{app}/edit/1",),
    "recordImportable": ("/k/{app}/import",),
    "recordExportable": ("/k/{app}/export",),
}
CARRIED_BY = {"recordAddable": "recordImportable"}
"""Whoever may import may add."""


def test_each_right_opens_its_own_doors(town: Town, clerk: Visitor) -> None:
    for number, right in enumerate(("", *NEEDS)):
        allowed = ("recordViewable", right) if right else ()
        app = town.install(an_app(f"closed{number}").text("name").part("acl", rights(*allowed)).json())
        town.add(app, name="秘密")
        for address in VIEWS:
            expected = (200,) if right and "trash" not in address else (403, 404) if not right else (200, 403)
            assert clerk.get(address.format(app=app)).status in expected, (right, address)
        for other, addresses in NEEDS.items():
            for address in addresses:
                answer = clerk.get(address.format(app=app))
                assert (
                    answer.status == 200 if right in (other, CARRIED_BY.get(other)) else answer.status in (403, 404)
                ), (right, address)
                assert right or "秘密" not in answer.text
        for address, data in (
            ("show/1/delete", []),
            ("bulk", [("do", "delete"), ("ids", "1")]),
            ("restore", [("ids", "1")]),
        ):
            assert clerk.post(f"/k/{app}/{address}", data).status in (403, 404), (right, address)
        assert town.record(app, 1)["name"] == "秘密"
    assert "closed0" not in clerk.get("/").text
    assert "closed1" in clerk.get("/").text


def test_nothing_is_shown_or_done_without_log_in_or_token(town: Town, clerk: Visitor) -> None:
    town.add(town.cases, name="秘密")
    stranger = Visitor.stranger(town.services)
    for address in ("/", f"/k/{town.cases}/", f"/k/{town.cases}/show/1", f"/k/{town.cases}/edit/1", "/jobs/1"):
        page = stranger.get(address)
        assert page.status == 302
        assert page.location.startswith("/login")
    for address in (
        f"/k/{town.cases}/show/1/delete",
        f"/k/{town.cases}/new",
        f"/k/{town.cases}/bulk",
        f"/k/{town.cases}/calculate",
    ):
        assert clerk.post(address, [("ids", "1"), ("do", "delete")], token=False).status == 403, address
    assert town.count(town.cases) == 1


HUGE = "9" * 400
WORDS = (
    "",
    "0",
    "-1",
    "1.5",
    HUGE,
    "9223372036854775808",
    "１２",
    "x",
    "'; DROP TABLE app_1 --",
    "\x00",
    "\udcff",
    "%",
    "<script>",
    "../..",
    "あ" * 3000,
)
LIST_PARAMETERS = (
    "page",
    "size",
    "view",
    "sort",
    "q",
    "filter",
    "cols",
    "month",
    "f.age.gt",
    "f.state.in",
    "f.nothing.eq",
    "f..",
    "f.name.like",
    "f.onset.eq",
    "add.field",
)
ADDRESSES = (
    "/k/{app}/show/{word}",
    "/k/{app}/edit/{word}",
    "/k/{word}/",
    "/k/{app}/show/1/restore/{word}",
    "/k/{app}/file/1/{word}/x",
    "/k/{app}/picker/{word}",
    "/k/{app}/import/{word}",
    "/jobs/{word}",
    "/jobs/{word}/file",
    "/k/{app}/file/{word}/1/y/page/{word}",
)


@pytest.fixture
def world(town: Town) -> Town:
    town.add(town.cases, no="A-1", name="山田", age=30)
    return town


def test_hostile_parameters_of_a_list(world: Town, clerk: Visitor) -> None:
    for name in LIST_PARAMETERS:
        for word in WORDS:
            query: Pairs = [(name, word.encode("utf-8", "replace").decode())]
            answer = clerk.get(f"/k/{world.cases}/", query)
            assert answer.status in (200, 302, 400, 404, 414), (name, word[:20], answer.status)
            assert "<script>" not in answer.text or name != "q" or word != "<script>"
    for query in (
        [("col", "age")] * 100,
        [("f.age.gt", "1")] * 400,
        [("list", "x" * 5000)],
        [("sort", "age,age,-age")],
        [("sort", "family")],
    ):
        assert clerk.get(f"/k/{world.cases}/", query).status < 500


def test_hostile_addresses(world: Town, clerk: Visitor) -> None:
    for address in ADDRESSES:
        for word in ("0", HUGE, "9223372036854775808", "x", "%00", "%FF", "..%2f", "%E3%81%82", "'"):
            answer = clerk.get(address.format(app=world.cases, word=word))
            assert answer.status in (200, 302, 308, 400, 404), (address, word[:20], answer.status)


def test_hostile_forms(world: Town, clerk: Visitor) -> None:
    base = f"/k/{world.cases}"
    fields = (
        "name",
        "no",
        "age",
        "state",
        "risks",
        "onset",
        "staff",
        "clinic",
        "memo",
        "papers",
        "family-0-who",
        "family-0-years",
        "family-0:id",
        "family-0:place",
        "family-999999999-who",
        "revision",
        "chosen_at",
        "clashes",
        "choose:age",
        "once",
        "back",
        "_add_row",
        "then",
    )
    for name in fields:
        for word in WORDS:
            word = word.encode("utf-8", "replace").decode()
            for address in (f"{base}/new", f"{base}/edit/1"):
                answer = clerk.post(address, [(name, word), (f"{name}:shown", "1")])
                assert answer.status in (200, 303, 400, 404, 409, 413, 422), (address, name, word[:20], answer.status)
    for address, data in (
        ("bulk", [("ids", HUGE), ("do", "delete")]),
        ("restore", [("ids", HUGE)]),
        ("restore", [("ids", "7")]),
        ("show/1/action", [("action", "x" * 9999)]),
        ("show/1/action", [("action", "内容確認"), ("revision", HUGE)]),
        ("show/1/delete", [("revision", HUGE)]),
        ("show/1/copy", [("field", "name")]),
        ("show/1/restore/1", [("codes", "nothing")]),
        ("show/1/restore/999", [("codes", "name")]),
        ("calculate", [("record", HUGE)]),
        ("calculate", [("age", HUGE)]),
        ("export", [("columns", "nothing")]),
        ("export", [("format", "exe"), ("list", "sort=%00")]),
        ("import", []),
    ):
        assert clerk.post(f"{base}/{address}", data).status < 500, (address, str(data)[:40])


def test_pages_ask_the_database_the_same_number_of_times_whatever_they_show(town: Town, clerk: Visitor) -> None:
    counted: list[str] = []
    sa.event.listen(town.services.engine, "before_cursor_execute", lambda *a: counted.append(a[2]))

    def statements(address: str) -> int:
        clerk.get(address)
        counted.clear()
        assert clerk.get(address).status == 200
        return len(counted)

    def one(number: int) -> int:
        return town.add(
            town.cases,
            no=f"N-{number}",
            name=f"患者{number}",
            risks=["高血圧"],
            staff=[{"code": "ito"}, {"code": "sato"}],
            family=[{"id": None, "values": {"who": str(n), "years": n}} for n in range(number)],
        )

    first = one(1)
    addresses = (
        f"/k/{town.cases}/",
        f"/k/{town.cases}/show/{first}",
        f"/k/{town.cases}/edit/{first}",
        f"/k/{town.cases}/trash",
    )
    before = [statements(a) for a in addresses]
    for number in range(2, 30):
        one(number)
        town.add(town.visits, case_no="N-1", temp=36)
    town.edit(town.cases, first, family=[{"id": None, "values": {"who": str(n), "years": n}} for n in range(20)], age=3)
    for record in range(20, 30):
        clerk.post(f"/k/{town.cases}/show/{record}/delete")
    assert [statements(a) for a in addresses] == before
    assert max(before) <= 25, before
