"""Importing: good rows land, bad rows come back with every reason, and nothing is ever taken in twice."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.errors import Forbidden, Invalid, NotFound
from lowcode.records.record import Change
from lowcode.transfer import importing, report, tabular
from tests.builders import an_app
from tests.transfer.conftest import Desk, codes, counts

LEDGER = (
    an_app("ledger")
    .text("number", label="番号", unique=True)
    .text("name", label="氏名", required=True)
    .number("age", label="年齢", minValue="0", maxValue="130")
    .date("onset", label="発症日")
    .choice("ward", "門司区", "小倉北区", label="区")
    .formula("double", "age * 2")
    .subtable("family", an_app().text("who", label="続柄").number("years", label="歳"))
)


@pytest.fixture
def ledger(desk: Desk) -> Desk:
    desk.install(LEDGER.definition())
    return desk


FIRST = "番号,氏名,年齢,発症日,区\n1,山田,40,2022-08-01,門司区\n2,鈴木,３５,R4.8.2,小倉北区\n3,佐藤,,,\n"


def test_rows_become_records_and_the_same_file_again_changes_nothing(ledger: Desk) -> None:
    path = ledger.file(FIRST)
    assert counts(ledger.take("ledger", path, key="番号")) == (3, 0, 0, 0)
    assert counts(ledger.take("ledger", path, key="number")) == (0, 0, 3, 0)
    with ledger.house.reading() as space:
        found = {r["number"]: r for r in space.reader("ledger").list()}
        assert len(space.reader("ledger").history(found["2"].id)) == 1
    assert (str(found["2"]["age"]), str(found["2"]["onset"]), str(found["2"]["double"])) == ("35", "2022-08-02", "70")


def test_only_changed_cells_of_changed_rows_are_written(ledger: Desk) -> None:
    ledger.take("ledger", ledger.file(FIRST), key="番号")
    again = FIRST.replace("鈴木", "鈴木 一").replace("3,佐藤", "4,加藤")
    assert counts(ledger.take("ledger", ledger.file(again), key="番号")) == (1, 1, 1, 0)
    with ledger.house.reading() as space:
        reader = space.reader("ledger")
        changed = next(r for r in reader.list() if r["number"] == "2")
        entry, changes = reader.history(changed.id)[0]
    assert [c.field.code for c in changes] == ["name"]
    assert (entry.action, changed.revision) == ("import", 2)


def test_bad_rows_come_back_with_everything_that_is_wrong_and_good_rows_land(ledger: Desk) -> None:
    text = (
        "番号,氏名,年齢,発症日,区\n"
        "1,山田,四十,2022/8/32,門司区\n"
        "2,鈴木,200,2022-08-02,小倉南区\n"
        "3,佐藤,30,8/3,門司区\n"
        "4,,30,,門司区\n"
        "5,加藤,30,,門司区\n"
        "5,斎藤,30,,門司区\n"
        "5,加藤,30,,門司区\n"
        "6,伊藤,30,,門司区,余り\n"
    )
    result = ledger.take("ledger", ledger.file(text), key="番号")
    assert counts(result) == (1, 0, 1, 6)
    assert codes(ledger.errors(result)) == [
        (2, [("年齢", "number.not_a_number"), ("発症日", "date.no_such_day")]),
        (3, [("区", "choice.unknown"), ("年齢", "number.too_big")]),
        (4, [("発症日", "date.no_year")]),
        (5, [("氏名", "required")]),
        (7, [("番号", "transfer.key_twice")]),
        (9, [("", "transfer.row_too_long")]),
    ]


def test_the_error_list_can_be_mended_and_comes_back(ledger: Desk) -> None:
    bad = "番号,氏名,年齢,備考\n1,=山田,四十,x\n2,鈴木,20,y\n"
    result = ledger.take("ledger", ledger.file(bad), key="番号")
    assert counts(result) == (1, 0, 0, 1)
    listed = b"".join(report.error_csv(["番号", "氏名", "年齢", "備考"], ledger.errors(result))).decode("utf-8-sig")
    assert listed.splitlines()[0] == "番号,氏名,年齢,備考," + ",".join(report.ERROR_COLUMNS)
    assert "年齢：「四十」は数値ではありません。" in listed
    mended = ledger.take("ledger", ledger.file(listed.replace("四十", "40")), key="番号")
    assert counts(mended) == (1, 0, 0, 0)
    assert mended.unknown_columns == ["備考"]
    assert {r["name"] for r in ledger.house.find("ledger")} == {"=山田", "鈴木"}


@pytest.mark.parametrize(
    "mode, expected, wrong",
    [
        ("upsert", (1, 1, 1, 0), []),
        ("add,update", (1, 1, 1, 0), []),
        ("add", (1, 0, 0, 2), ["transfer.already_there", "transfer.already_there"]),
        ("update", (0, 1, 1, 1), ["transfer.not_there"]),
    ],
)
def test_modes(ledger: Desk, mode: str, expected: tuple[int, ...], wrong: list[str]) -> None:
    ledger.take("ledger", ledger.file("番号,氏名\n1,甲\n2,乙\n"), key="番号")
    result = ledger.take("ledger", ledger.file("番号,氏名\n1,甲\n2,乙二\n3,丙\n"), key="番号", mode=mode)
    assert counts(result) == expected
    assert [e.errors[0].problem.code for e in ledger.errors(result)] == wrong


def test_a_key_that_is_not_unique_in_the_app_must_match_exactly_one(ledger: Desk) -> None:
    ledger.take("ledger", ledger.file("番号,氏名\n1,甲\n2,乙\n3,乙\n"), key="番号")
    result = ledger.take("ledger", ledger.file("氏名,年齢\n甲,1\n乙,2\n丙,3\n,4\n"), key="氏名")
    assert counts(result) == (1, 1, 0, 2)
    assert codes(ledger.errors(result)) == [
        (3, [("氏名", "transfer.key_ambiguous")]),
        (5, [("氏名", "transfer.key_empty")]),
    ]


@pytest.mark.parametrize(
    "key, header, values",
    [
        ("age", "年齢", ("40", "４１")),
        ("onset", "発症日", ("2022-08-01", "令和4年8月2日")),
        ("レコード番号", "レコード番号", ("1", "2")),
    ],
)
def test_other_types_are_keys_too(ledger: Desk, key: str, header: str, values: tuple[str, str]) -> None:
    ledger.take("ledger", ledger.file("番号,氏名,年齢,発症日\n1,甲,40,2022/8/1\n2,乙,41,2022/8/2\n"), key="番号")
    result = ledger.take("ledger", ledger.file(f"{header},氏名\n{values[0]},甲\n{values[1]},乙二\n"), key=key)
    assert counts(result) == (0, 1, 1, 0)


def test_a_record_number_that_does_not_exist_is_an_error_and_a_blank_one_adds(ledger: Desk) -> None:
    result = ledger.take("ledger", ledger.file("レコード番号,氏名\n,甲\n77,乙\n"), key="レコード番号")
    assert counts(result) == (1, 0, 0, 1)
    assert codes(ledger.errors(result)) == [(3, [("レコード番号", "transfer.not_there")])]


@pytest.mark.parametrize("dirty", [FIRST, FIRST.replace("40", "四十"), FIRST + "1,山田,40,2022-08-01,門司区\n9,,1,,\n"])
def test_a_dry_run_reports_the_same_and_writes_nothing(ledger: Desk, dirty: str) -> None:
    path = ledger.file(dirty)
    before = ledger.house.find("ledger")
    rehearsed = ledger.take("ledger", path, key="番号", dry_run=True, size=2)
    errors = codes(ledger.errors(rehearsed))
    assert ledger.house.find("ledger") == before
    real = ledger.take("ledger", path, key="番号", size=2)
    assert rehearsed.counts() == real.counts()
    assert errors == codes(ledger.errors(real))


def test_a_dry_run_sees_a_unique_value_that_an_earlier_batch_would_take(ledger: Desk) -> None:
    path = ledger.file("番号,氏名\n1,甲\n2,乙\n1,丙\n")
    rehearsed = ledger.take("ledger", path, dry_run=True, size=1)
    assert counts(rehearsed) == counts(ledger.take("ledger", path, size=1)) == (2, 0, 0, 1)


def test_an_import_killed_at_any_batch_goes_on_and_never_doubles(ledger: Desk) -> None:
    text = "番号,氏名,年齢\n" + "".join(f"{n},人{n},{'x' if n % 7 == 0 else n}\n" for n in range(1, 41)) + "7,人7,x\n"
    path = ledger.file(text)
    plan = ledger.plan("ledger", path, key="番号")

    class Killed(BaseException):
        pass

    class Dying(importing.MemoryJournal):
        deaths = 0

        def note(self, connection: sa.Connection, report: report.Report) -> None:
            # Dies inside the transaction of a batch, which is rolled back with its note.
            if self.deaths < 6 and report.row > 8 * (self.deaths + 1):
                self.deaths += 1
                raise Killed
            super().note(connection, report)

    journal = Dying()
    for _ in range(20):
        try:
            result = importing.run_import(path, plan, ledger.house.writing, journal, size=4)
            break
        except Killed:
            continue
    assert journal.deaths >= 4
    assert counts(result) == (35, 0, 0, 6)
    assert sorted(int(r["number"]) for r in ledger.house.find("ledger")) == [n for n in range(1, 41) if n % 7]
    assert [e.row for e in importing.all_errors(result, journal)] == [8, 15, 22, 29, 36, 42]


def test_rights_are_those_of_the_person(ledger: Desk) -> None:
    nobody = Actor(kind="form", name="form")
    with pytest.raises(NotFound):
        ledger.plan("ledger", ledger.file(FIRST), nobody)


def test_a_person_without_the_right_to_import_is_refused(desk: Desk) -> None:
    rights = {
        "app": {
            "rights": [
                {
                    "entity": {"type": "GROUP", "code": "everyone"},
                    "includeSubs": False,
                    "appEditable": False,
                    "recordViewable": True,
                    "recordAddable": True,
                    "recordEditable": True,
                    "recordDeletable": True,
                    "recordImportable": False,
                    "recordExportable": True,
                }
            ]
        },
        "record": {"rights": []},
        "field": {"rights": []},
    }
    desk.install(LEDGER.part("acl", rights).definition())
    with pytest.raises(Forbidden):
        desk.plan("ledger", desk.file(FIRST), Actor(kind="user", user_id=5, login="x"))


@pytest.mark.parametrize(
    "options, code",
    [
        ({"key": "nowhere"}, "transfer.no_such_field"),
        ({"key": "区"}, "transfer.key_type"),
        ({"mode": "update"}, "transfer.key_needed"),
        ({"mode": "delete"}, "transfer.mode"),
        ({"overrides": {"番号": "nowhere"}}, "transfer.no_such_field"),
        ({"overrides": {"なし": "name"}}, "transfer.no_such_column"),
        ({"overrides": {"番号": "name"}}, "transfer.field_twice"),
        ({"overrides": {"番号": ""}, "key": "番号"}, "transfer.key_not_in_file"),
        ({"note_field": "age"}, "transfer.note_field"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_read(
    ledger: Desk, options: dict[str, t.Any], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        ledger.plan("ledger", ledger.file(FIRST), **options)
    assert code in {p.code for p in caught.value.problems}


def test_columns_are_found_by_label_code_and_loosely_and_can_be_set_by_hand(ledger: Desk) -> None:
    path = ledger.file("番 号,name,ﾈﾝﾚｲ,年　齢,double,何か\n1,甲,9,40,7,z\n")
    plan = ledger.plan("ledger", path)
    assert [(c.role, c.field) for c in plan.columns] == [
        ("value", "number"),
        ("value", "name"),
        ("unknown", None),
        ("value", "age"),
        ("ignored", "double"),
        ("unknown", None),
    ]
    assert (plan.unknown, plan.ignored) == (["ﾈﾝﾚｲ", "何か"], ["double"])
    plan = ledger.plan("ledger", path, overrides={"#3": "age", "年 齢": "", "何か": "ward"})
    assert [(c.role, c.field) for c in plan.columns][2:4] == [("value", "age"), ("ignored", None)]
    assert importing.ImportPlan.from_json(plan.to_json()) == plan


def test_days_without_a_year_and_day_numbers_are_taken_when_somebody_said_so(ledger: Desk) -> None:
    path = ledger.file("番号,氏名,発症日\n1,甲,2月9日\n2,乙,43883\n3,丙,2/30\n")
    asked = ledger.take("ledger", path, key="番号", years={"onset": 2021}, serial=True)
    assert (counts(asked), asked.warned, dict(asked.notes)) == (
        (2, 0, 0, 1),
        2,
        {"transfer.note.serial": 1, "transfer.note.year": 1},
    )
    assert [str(r["onset"]) for r in ledger.house.find("ledger")] == ["2020-02-22", "2021-02-09"]


def test_unreadable_cells_can_be_left_empty_with_their_text_kept(desk: Desk) -> None:
    desk.install(an_app("a").text("name").number("age").date("day").long_text("memo").definition())
    path = desk.file("name,age,day\n甲,四十,―\n乙,30,昨日\n")
    result = desk.take("a", path, bad_cells="empty", note_field="memo")
    assert (counts(result), result.warned) == ((2, 0, 0, 0), 2)
    assert {(r["name"], r["age"], r["day"], r["memo"]) for r in desk.house.find("a")} == {
        ("甲", None, None, "age: 四十"),
        ("乙", 30, None, "day: 昨日"),
    }


def test_tables_are_read_in_kintones_format(ledger: Desk) -> None:
    text = (
        "レコードの開始行,番号,氏名,続柄,歳\n*,1,山田,父,60\n,1,山田,母,58\n*,2,鈴木,,\n*,3,佐藤,子,x\n,3,佐藤,子,3\n"
    )
    result = ledger.take("ledger", ledger.file(text), key="番号")
    assert (counts(result), codes(ledger.errors(result))) == ((2, 0, 0, 1), [(5, [("歳", "number.not_a_number")])])
    assert len(ledger.errors(result)[0].cells) == 2
    changed = text.replace("58", "59").replace(",1,山田,母", ",1,山田,お母さん").replace("子,x", "子,5")
    assert counts(ledger.take("ledger", ledger.file(changed), key="番号")) == (1, 1, 1, 0)
    records = ledger.house.find("ledger")
    found = {r["number"]: [(x.values["who"], x.values["years"]) for x in r["family"]] for r in records}
    assert found == {"1": [("父", 60), ("お母さん", 59)], "2": [], "3": [("子", 5), ("子", 3)]}


def test_blank_rows_of_a_table_keep_their_places(ledger: Desk) -> None:
    rows = [{"values": {"who": who}} for who in ("父", None, "子", None)]
    record = ledger.house.add("ledger", number="1", name="山田", family=rows)
    exported = ledger.csv("ledger", ["number", "name", "family"])
    path = ledger.file(exported.decode("utf-8-sig"))
    assert counts(ledger.take("ledger", path, key="number")) == (0, 0, 1, 0)
    # A line between two records is no row, and the file may end in as many as it likes.
    head, end = "レコードの開始行,番号,氏名,続柄\n", ",,,\n" * 20 + "\n"
    path = ledger.file(f"{head}*,2,林,母\n,,,\n*,1,山田,父\n,,,\n,,,孫\n{end}")
    report = ledger.take("ledger", path, key="number")
    assert (counts(report), report.warned) == ((1, 1, 0, 0), 0)
    now = ledger.house.get("ledger", record.id)["family"]
    assert [row.values["who"] for row in now] == ["父", None, "孫", None]
    assert [row.id for row in now] == [row.id for row in record["family"]]


def test_footnotes_and_blank_rows_are_left_out_and_counted(ledger: Desk) -> None:
    result = ledger.take("ledger", ledger.file("番号,氏名,年齢\n1,甲,1\n,,\n※欠番(3),,\n\n2,乙,2\n"), key="番号")
    assert (counts(result), result.skipped) == ((2, 0, 0, 0), 1)


def test_a_unique_value_that_somebody_has_is_refused_and_the_rest_lands(ledger: Desk) -> None:
    ledger.house.save("ledger", Change(values={"name": "甲", "number": "2"}))
    result = ledger.take("ledger", ledger.file("番号,氏名\n1,乙\n2,丙\n3,丁\n"))
    assert (counts(result), codes(ledger.errors(result))) == ((2, 0, 0, 1), [(3, [("番号", "unique")])])


def test_the_number_of_statements_does_not_grow_with_the_number_of_rows(ledger: Desk) -> None:
    def statements(count: int) -> int:
        path = ledger.file("番号,氏名,区\n" + "".join(f"{count}-{n},人,門司区\n" for n in range(count)))
        seen = 0

        def on_execute(*_: object) -> None:
            nonlocal seen
            seen += 1

        sa.event.listen(ledger.house.engine, "before_cursor_execute", on_execute)
        try:
            assert ledger.take("ledger", path, key="番号").created == count
        finally:
            sa.event.remove(ledger.house.engine, "before_cursor_execute", on_execute)
        return seen

    statements(1)
    assert statements(400) == statements(3)


def test_html_saved_as_csv_is_refused_with_a_sentence(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        tabular.inspect(desk.file("\ufeff<!DOCTYPE html><html><body>404</body></html>"))
    assert caught.value.problems[0].code == "transfer.html"


def test_a_label_that_also_stands_in_a_table_means_the_record_where_the_file_has_no_rows(desk: Desk) -> None:
    desk.install(
        an_app("a")
        .text("no", label="番号", unique=True)
        .date("day", label="日付")
        .subtable("visits", an_app().date("visited", label="日付").text("who", label="担当"))
        .definition()
    )
    result = desk.take("a", desk.file("番号,日付\n1,2022-08-01\n"), key="番号")
    assert (counts(result), result.unknown_columns) == ((1, 0, 0, 0), [])
    assert desk.csv("a", ["no", "day"]).decode("utf-8-sig").splitlines()[0] == "番号,日付"
    assert desk.csv("a", ["no", "day", "visits"]).decode("utf-8-sig").splitlines()[0] == (
        "レコードの開始行,番号,day,visited,担当"
    )


def test_a_telephone_number_is_a_key_by_its_digits(desk: Desk) -> None:
    desk.install(an_app("a").field("LINK", "tel", protocol="CALL").text("name").definition())
    desk.house.add("a", tel="090-1234-5678", name="甲")
    result = desk.take("a", desk.file("tel,name\n09012345678,乙\n０９０（１２３４）５６７８,乙\n"), key="tel")
    assert counts(result) == (0, 1, 0, 1)
    assert [r["name"] for r in desk.house.find("a")] == ["乙"]


def test_a_key_that_many_records_share_hides_no_other(desk: Desk) -> None:
    desk.install(an_app("a").text("k").number("n").definition())
    desk.house.save("a", *[Change(values={"k": "viele"}) for _ in range(300)], Change(values={"k": "einer"}))
    result = desk.take("a", desk.file("k,n\nviele,1\neiner,2\nneu,3\n"), key="k")
    assert counts(result) == (1, 1, 0, 1)
