"""See as: the screen, the command, who may use them, and a sentence in both languages for every kind of reason."""

from __future__ import annotations

import argparse
import json
import re
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db, messages
from lowcode.access import explain as explanation
from lowcode.access.explain import AppReason, ConditionReason, Explanation, FieldReason, RecordReason, Row
from lowcode.access.policy import Unseen
from lowcode.commands import rights as command
from lowcode.definition.rights import EntityRef, Grantee
from lowcode.designer.reasons import Elsewhere, Reasons
from lowcode.fields.context import EmptyDirectory
from lowcode.system import models
from tests import people
from tests.designer.desk import Desk, Screen
from tests.designer.rights_office import CASES, open_office


class Office(t.NamedTuple):
    desk: Desk
    app: int
    records: dict[str, int]

    def see(self, user: str, record: str = "", status: int = 200, desk: Desk | None = None) -> Screen:
        """The screen for a person and a record by its name."""
        number = self.records.get(record, record)
        path = f"/k/admin/app/{self.app}/rights/see-as?user={user}&record={number}"
        return (desk or self.desk).get(path, status)


@pytest.fixture
def office(engine: sa.Engine, tmp_path: Path) -> Office:
    desk = Desk.open(engine, tmp_path)
    return Office(desk, *open_office(desk.services))


def lines(screen: Screen) -> dict[str, tuple[str, str]]:
    """What the lines on the record and its fields say: the answer and why."""
    assert screen.tree is not None
    found: dict[str, tuple[str, str]] = {}
    for each in screen.tree.cssselect(".verdicts tbody tr"):
        label, answer, why = (" ".join(cell.text_content().split()) for cell in each)
        found[label] = (answer, why)
    return found


def test_a_nurse_who_works_on_the_record(office: Office) -> None:
    screen = office.see("mori", "east")
    assert screen.words("#seen-title") == ["森 看護（mori）"]
    told = lines(screen)
    assert screen.words(".card-note")[0] == "アプリの権限の1行目（グループ「保健師」）で決まります。"
    assert [a.split() for a in screen.words(".actions > div")][-3:] == [
        ["読み込みできない"],
        ["書き出しできる"],
        ["アプリ管理できない"],
    ]
    assert told["削除"] == ("できる", "条件1に当てはまり、その1行目（項目「担当」に入っている人）で決まります。")
    assert told["メモ"] == ("編集できる", "項目の権限の1行目（項目「担当」に入っている人）で決まります。")
    assert told["年齢"] == ("編集できる", "項目の権限の1行目（グループ「保健師」）で決まります。")
    assert told["作成者"][1].endswith("値は自動で決まり、だれも編集しません。")
    assert "年齢の倍" not in told
    assert screen.words(".condition.is-deciding .condition-number") == ["1"]
    # Record rights count for administrators too: this one may not see the record whose rules they look up.
    assert "山田 太郎" not in screen.text
    assert "佐藤 花子" in office.see("mori", "free").text


def test_somebody_from_the_east_and_somebody_from_nowhere(office: Office) -> None:
    told = lines(office.see("ueda", "east"))
    assert told["年齢"] == ("見えない", "項目の権限の2行目（全員）で決まります。")
    assert told["年齢の倍"] == ("見えない", "もとになる項目「年齢」が見えないので、見えません。")
    assert told["最高体温"] == ("見えない", "もとになるアプリ「観察記録」を見られないので、見えません。")
    assert told["同居者"] == ("見えない", "項目の権限のどの行もこの人を指していません。")
    assert told["同居者／続柄"] == ("見えない", "テーブル「同居者」と同じです。")
    assert told["メモ"] == ("見るだけ", "項目の権限の2行目（全員）で決まります。")
    hidden = office.see("kato", "east")
    assert "条件1に当てはまりますが、その条件のどの行もこの人を指していません。" in hidden.text
    assert "このレコードを見られないので、項目はひとつも見えません。" in hidden.text
    assert "条件2に当てはまりますが" in office.see("mori", "secret").text
    free = office.see("加藤 一般 (kato)", "free")
    assert "どの条件にも当てはまらないレコードなので、アプリの権限のままです。" in free.text
    assert free.words(".condition .chip") == ["当てはまらない", "当てはまらない"]


def test_without_a_record_what_depends_on_it_stays_open(office: Office) -> None:
    screen = office.see("mori")
    told = lines(screen)
    assert told["メモ"][0] == "レコードによる"
    assert told["メモ"][1].endswith("1行目（項目「担当」に入っている人）：編集できる、2行目（全員）：見るだけ")
    assert screen.words(".condition .chip") == ["レコードによる", "レコードによる"]
    assert "この人を指す行はありません。" in screen.text


def test_who_may_not_see_the_record_is_not_told_its_title(office: Office) -> None:
    boss = Desk(office.desk.services, "boss")
    for name, title in (("east", "山田 太郎"), ("free", "佐藤 花子")):
        screen = office.see("mori", name, desk=boss)
        assert (title in screen.text) == (name == "free"), name
        assert ("あなたはこのレコードを見られない" in screen.text) == (name == "east"), name
        # A manager who may not see the other app knows it by the code that stands in the definition.
        assert "観察記録" not in screen.text
    assert "アプリ「visits」" in office.see("ueda", "free", desk=boss).text
    assert "システム管理者は" in office.see("hanako").text


WRONG = (
    ("nobody", "", 422, "「nobody」というユーザーはいません"),
    ("gone", "", 422, "「gone」というユーザーはいません"),
    ("mori,kato", "", 422, "「mori,kato」というユーザーはいません"),
    ("%00", "", 422, "というユーザーはいません"),
    ("mori", "9999", 404, "レコード 9999 は見つかりません"),
    ("mori", "x", 422, "レコード番号は数字で入れてください"),
    ("mori", "-1", 422, "レコード番号は数字で入れてください"),
    ("mori", "9" * 30, 422, "レコード番号は数字で入れてください"),
    ("mori", "0", 404, "見つかりません"),
)


def test_what_cannot_be_looked_up_is_said_at_its_place(office: Office) -> None:
    people.add(office.desk.services, "gone", active=False)
    for user, record, status, says in WRONG:
        screen = office.see(user, record, status)
        assert says in " ".join(screen.words(".error-summary li")), (user, record)
        assert screen.words("#see-as .field-error"), (user, record)
        assert not screen.words(".verdicts"), (user, record)
    assert [item["detail"] for item in people_found(office.desk, office.app, "森")] == ["mori"]
    assert "gone" not in str(people_found(office.desk, office.app, ""))
    assert people_found(office.desk, office.app, "\0") == []


def people_found(desk: Desk, app: int, words: str) -> list[dict[str, str]]:
    answer = desk.browser.client.get(f"/k/admin/app/{app}/rights/people", query_string={"q": words})
    return t.cast("list[dict[str, str]]", answer.get_json()["items"])


def test_only_who_may_manage_the_app_may_look(office: Office) -> None:
    for login, status in (("boss", 200), ("kato", 403)):
        desk = Desk(office.desk.services, login)
        office.see("mori", "east", status, desk=desk)
        desk.get(f"/k/admin/app/{office.app}/rights/people?q=m", status)
        record = desk.get(f"/k/{office.app}/show/{office.records['free']}")
        assert ("/rights/see-as?record=" in record.text) == (status == 200)
        # The other app is closed to both of them, as if it were not there.
        desk.get(f"/k/admin/app/{office.app - 1}/rights/see-as", 404)
    office.desk.get("/k/admin/app/999/rights/see-as", 404)
    office.desk.add_field(office.app - 1, "備考", "")
    with db.writing(office.desk.services.engine) as connection:
        apps = models.App.__table__
        connection.execute(sa.update(apps).where(apps.c.id == office.app - 1).values(live_version=None))
    unpublished = office.desk.get(f"/k/admin/app/{office.app - 1}/rights/see-as?user=mori")
    assert unpublished.words(".empty-state h2") == ["まだ公開されていません"]
    assert "rights/see-as" in office.desk.get(f"/k/admin/app/{office.app}/").text


def test_by_command(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_services", lambda: office.desk.services)

    def run(**options: t.Any) -> t.Any:
        return command._explain(argparse.Namespace(**{"app": "cases", "user": "mori", "record": None, **options}))

    answer = run(record=office.records["east"])
    assert "編集\tできる\t条件1に当てはまり、その1行目（項目「担当」に入っている人）で決まります。" in answer.lines
    data = json.loads(json.dumps(answer.data))
    assert data["user"] == "mori"
    assert [(v["answer"], v["why"]) for v in data["records"]] == [("yes", "row")] * 3
    assert next(f for f in run(user="ueda").data["fields"] if f["code"] == "double")["why"] == "here"
    monkeypatch.setenv("LOWCODE_LOCALE", "en")
    assert "The record meets condition 1" in " ".join(run(record=office.records["east"]).lines)
    with pytest.raises(Exception, match=r"user\.not_found"):
        run(user="nobody")
    with pytest.raises(Exception, match=r"record\.not_found"):
        run(record=10**30)


# -- words -----------------------------------------------------------------------------------------


def row(type_: str = "USER", code: str = "mori", below: bool = False, *gives: str) -> Row:
    grantee = Grantee(entity=EntityRef(type=type_, code=code), include_subs=below)
    return Row(place=0, grantee=grantee, gives=frozenset(gives))


WHO = [
    row("USER"),
    row("GROUP", "nurses"),
    row("GROUP", "everyone"),
    row("ORGANIZATION", "east"),
    row("ORGANIZATION", "east", True),
    row("CREATOR", ""),
    row("FIELD_ENTITY", "staff"),
    row("FIELD_ENTITY", "staff", True),
]
RECORD_ROWS = [row("USER", "mori", False, "view", "edit"), row("USER", "mori", False, "view", "edit", "delete"), row()]
UNSEEN = [Unseen("visits", "app"), Unseen("visits", "records"), Unseen("visits", "field", "temp"), None]


def whys(of: type) -> tuple[t.Any, ...]:
    """Every reason that a kind of reason may give."""
    return t.get_args(t.get_type_hints(of, vars(explanation))["why"])


def everything() -> list[Explanation]:
    """Explanations with every reason, condition, row and unseen thing in them."""
    empty: dict[str, t.Any] = {"record": 1, "app": (), "conditions": (), "records": (), "fields": ()}
    definition = CASES.definition()
    limited = [
        FieldReason(
            code="name", level=level, why=t.cast(t.Any, why), row=each, rows=(each,), source="no", unseen=unseen
        )
        for why in whys(FieldReason)
        if why not in ("app", "record")
        for level in (*t.get_args(explanation.Level), None)
        for each in (row("USER", "mori", False, "read", "write"), row("USER", "mori", False, "read"), row())
        for unseen in UNSEEN
    ]
    found = [
        Explanation(**{**empty, "app": tuple(AppReason(action="view", allowed=a, why=w, row=r) for a in (True, False))})
        for w in whys(AppReason)
        for r in WHO
    ]
    found += [
        Explanation(**{**empty, "records": (RecordReason(action="edit", allowed=a, why=w, condition=c, row=row()),)})
        for w in whys(RecordReason)
        for a in (True, False, None)
        for c in (0, None)
    ]
    found += [
        Explanation(
            **{
                **empty,
                "conditions": (ConditionReason(place=0, text=text, met=met, decides=True, rows=tuple(rows)),),
            }
        )
        for met in t.get_args(explanation.Met)
        for text in ("", "a = 1")
        for rows in ([], RECORD_ROWS)
    ]
    rest = tuple(FieldReason(code=f.code, level="write", why="open") for f in definition.all_fields if f.code != "name")
    found += [Explanation(**{**empty, "fields": (each, *rest)}) for each in limited]
    for why in ("app", "record"):
        hidden = tuple(FieldReason(code=f.code, level="none", why=t.cast(t.Any, why)) for f in definition.all_fields)
        found.append(Explanation(**{**empty, "fields": hidden}))
    return found


class Nowhere(Elsewhere):
    def __init__(self) -> None:
        pass

    def app(self, code: str) -> str:
        return code

    def field(self, app: str, code: str) -> str:
        return code


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_every_kind_of_reason_has_its_sentence(locale: str) -> None:
    definition = CASES.definition()
    reasons = Reasons(definition, EmptyDirectory(), Nowhere(), locale)
    by_code = {f.code: FieldReason(code=f.code, level="write", why="open") for f in definition.all_fields}
    told: set[str] = set()
    for found in everything():
        fields = tuple({**by_code, **{each.code: each for each in found.fields}}.values())
        report = reasons.report(Explanation(**{**vars(found), "fields": fields}))
        for verdict in (*report.app, *report.records, *report.fields):
            told |= {verdict.label, verdict.answer_words, verdict.reason}
        for condition in report.conditions:
            told |= {condition.met_words, *condition.rows}
        told.add(report.fields_note)
    assert len(told) > 50
    wrong = [words for words in told if re.search(r"see_as\.|definition\.|[{}]", words) or not words.strip()]
    assert wrong == []
