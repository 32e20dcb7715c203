"""Declaring an app without scripts, job by job, as a person does it: forms found in the page, filled in and sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import deploy
from lowcode.access.actor import system
from tests.designer.desk import Desk, Json


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Desk:
    return Desk.open(engine, tmp_path)


def checkups(desk: Desk) -> int:
    """A published app with a text, a number and a choice."""
    app = desk.create("健診台帳", "checkups")
    desk.add_field(app, "氏名", "SINGLE_LINE_TEXT", **{"s.required": "1"})
    desk.add_field(app, "体温", "", code="temp")
    desk.add_field(app, "結果", "DROP_DOWN", **{"s.options.new": "陽性\n陰性\n検査中"})
    desk.publish(app)
    return app


def outline(desk: Desk, app: int) -> list[str]:
    """The codes of the draft's form in reading order."""
    page = desk.get(f"/k/admin/app/{app}/")
    assert page.tree is not None
    return [str(e.get("id")).removeprefix("part-") for e in page.tree.cssselect(".outline-line[id]")]


def test_an_empty_app_gets_fields_of_five_types_and_a_view(desk: Desk) -> None:
    app = desk.create("健診台帳", "checkups")
    desk.add_field(app, "氏名", "SINGLE_LINE_TEXT", **{"s.required": "1"})
    desk.add_field(app, "体温", "", code="temp")
    desk.add_field(app, "結果", "DROP_DOWN", **{"s.options.new": "陽性\n陰性\n検査中"})
    desk.add_field(app, "受診日", "")
    desk.add_field(app, "備考", "")
    types = {code: settings["type"] for code, settings in desk.draft(app)["properties"].items()}
    assert types["temp"] == "NUMBER"
    assert types["受診日"] == "DATE"
    assert types["備考"] == "MULTI_LINE_TEXT"
    form = desk.get(f"/k/admin/app/{app}/views/edit").form()
    columns = dict.fromkeys((name for name in form if name.startswith("column.")), "")
    desk.post(
        f"/k/admin/app/{app}/views/edit",
        {
            **form,
            **columns,
            "name": "陽性",
            "column.氏名": "1",
            "column.結果": "1.5",
            "filterCond": '結果 in ("陽性")',
            "sort.0.field": "受診日",
            "sort.0.order": "desc",
        },
    )
    page = desk.get(f"/k/admin/app/{app}/review")
    assert page.words(".review strong")[0] == "項目「氏名」（文字（1行））を足します。"
    desk.publish(app, "はじめて")
    desk.add_record(app, 氏名="保健 太郎", 結果="陽性")
    found = desk.get(f"/k/{app}/?view=陽性")
    assert [words for words in found.words("table thead th") if words][-2:] == ["氏名", "結果"]
    assert "保健 太郎" in found.text
    live = desk.live(app)
    assert live["views"]["陽性"]["sort"] == "受診日 desc"
    assert live["views"]["陽性"]["fields"] == ["氏名", "結果"]
    assert list(live["properties"]["結果"]["options"]) == ["陽性", "陰性", "検査中"]
    assert live["properties"]["氏名"]["required"] is True
    assert "はじめて" in desk.get(f"/k/admin/app/{app}/versions").text


TYPES: tuple[tuple[str, dict[str, str], Json], ...] = (
    ("SINGLE_LINE_TEXT", {"s.unique": "1", "s.maxLength": "10"}, {"unique": True, "maxLength": "10"}),
    ("MULTI_LINE_TEXT", {"s.defaultValue": "一行\n二行"}, {"defaultValue": "一行\n二行"}),
    ("RICH_TEXT", {}, {"type": "RICH_TEXT"}),
    ("NUMBER", {"s.minValue": "0", "s.unit": "件", "s.scale": "2"}, {"minValue": "0", "unit": "件"}),
    ("CALC", {"s.expression": "temp * 2"}, {"expression": "temp * 2"}),
    ("DATE", {"s.calendar": "ERA", "s.defaultNowValue": "1"}, {"calendar": "ERA", "defaultNowValue": True}),
    ("TIME", {}, {"type": "TIME"}),
    ("DATETIME", {}, {"type": "DATETIME"}),
    ("LINK", {"s.protocol": "MAIL"}, {"protocol": "MAIL"}),
    ("FILE", {"s.thumbnailSize": "250"}, {"thumbnailSize": "250"}),
    ("SERIAL", {"s.pattern": "{FY2}-{0000}", "s.reset": "FISCAL_YEAR"}, {"pattern": "{FY2}-{0000}"}),
    ("RADIO_BUTTON", {"s.options.new": "はい\nいいえ", "s.defaultValue": "はい"}, {"defaultValue": "はい"}),
    ("CHECK_BOX", {"s.options.new": "熱\n咳", "s.defaultValue": "咳"}, {"defaultValue": ["咳"]}),
    ("MULTI_SELECT", {"s.options.new": "熱\n咳"}, {"type": "MULTI_SELECT"}),
    ("USER_SELECT", {"s.entities": "USER:hanako"}, {"entities": [{"type": "USER", "code": "hanako"}]}),
    ("ORGANIZATION_SELECT", {}, {"type": "ORGANIZATION_SELECT"}),
    ("GROUP_SELECT", {}, {"type": "GROUP_SELECT"}),
    ("GROUP", {"s.openGroup": "1"}, {"openGroup": True}),
    ("TOKEN", {}, {"type": "TOKEN"}),
    (
        "REFERENCE_TABLE",
        {
            "s.referenceTable.relatedApp": "checkups",
            "s.referenceTable.condition.field": "氏名",
            "s.referenceTable.condition.relatedField": "氏名",
            "s.referenceTable.displayFields": "temp\n結果",
        },
        {"type": "REFERENCE_TABLE"},
    ),
    (
        "LOOKUP:SINGLE_LINE_TEXT",
        {
            "s.lookup.relatedApp": "masters",
            "s.lookup.relatedKeyField": "名前",
            "s.lookup.fieldMappings": "fresh_0 = 名前",
            "s.lookup.lookupPickerFields": "名前",
        },
        {"type": "SINGLE_LINE_TEXT"},
    ),
    (
        "ROLLUP",
        {
            "s.rollup.relatedApp": "masters",
            "s.rollup.keyField": "氏名",
            "s.rollup.relatedField": "名前",
            "s.rollup.function": "COUNT",
        },
        {"type": "ROLLUP"},
    ),
)


def test_every_type_is_declared_by_its_form(desk: Desk) -> None:
    master = desk.create("施設", "masters")
    desk.add_field(master, "名前", "SINGLE_LINE_TEXT", **{"s.unique": "1"})
    desk.publish(master)
    app = checkups(desk)
    for number, (kind, settings, expected) in enumerate(TYPES):
        code = f"fresh_{number}"
        desk.add_field(app, f"項目{number}", kind, code=code, **settings)
        made = desk.draft(app)["properties"][code]
        assert {key: made[key] for key in expected} == expected, kind
        # What the settings page shows is what it takes: saving it unchanged changes nothing.
        desk.send(f"/k/admin/app/{app}/fields/{code}", {}, action=f"/fields/{code}")
        assert desk.draft(app)["properties"][code] == made, kind
    desk.publish(app)
    assert {settings["type"] for settings in desk.live(app)["properties"].values()} >= {
        kind.rpartition(":")[2] for kind, _, _ in TYPES
    }
    desk.add_record(app, 氏名="甲")
    for number, (kind, settings, _) in enumerate(TYPES):
        page = desk.get(f"/k/admin/app/{app}/fields/fresh_{number}/retire")
        filled = (
            "1"
            if kind in ("CALC", "SERIAL", "ROLLUP", "TOKEN") or {"s.defaultValue", "s.defaultNowValue"} & set(settings)
            else "0"
        )
        assert page.words(".card-body p")[0] == f"値の入っているレコードは{filled}件です。", kind


def test_a_bad_setting_is_marked_and_what_was_typed_stays(desk: Desk) -> None:
    app = checkups(desk)
    page = desk.add_field(app, "件数", "NUMBER", status=422, **{"s.minValue": "many", "s.unit": "件"})
    assert page.words(".error-summary li") == ["「many」は数値ではありません。"]
    assert page.form("/fields/new")["s.minValue"] == "many"
    assert page.form("/fields/new")["s.unit"] == "件"
    assert "件数" not in desk.draft(app)["properties"]
    # Its author may keep it; publishing then names it with its place.
    desk.post(f"/k/admin/app/{app}/fields/new", {**page.form("/fields/new"), "keep": "1"})
    assert "「many」は数値ではありません。" in desk.get(f"/k/admin/app/{app}/").text
    refused = desk.publish(app, status=422)
    assert "項目「件数」の最小値" in " ".join(refused.words(".error-summary li"))
    assert "件数" not in desk.live(app)["properties"]


def test_options_are_renamed_moved_added_and_retired(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_record(app, 氏名="甲", 結果="検査中")
    desk.send(f"/k/admin/app/{app}/views/edit", {"name": "陽性", "filterCond": '結果 in ("陽性")'})
    desk.send(
        f"/k/admin/app/{app}/fields/結果",
        {
            "s.options.0.label": "陽性（確定）",
            "s.options.0.hue": "red",
            "s.options.1.place": "0.5",
            "s.options.2.retired": "1",
            "s.options.new": "判定保留\n陰性",
            "s.defaultValue": "判定保留",
        },
        action="/fields/結果",
    )
    options = desk.draft(app)["properties"]["結果"]["options"]
    ordered = sorted(options, key=lambda key: int(options[key]["index"]))
    assert ordered == ["陰性", "陽性", "検査中", "判定保留"]
    assert options["陽性"]["label"] == "陽性（確定）"
    assert options["検査中"]["retired"] is True
    assert desk.draft(app)["views"]["陽性"]["filterCond"] == '結果 in ("陽性（確定）")'
    assert desk.draft(app)["properties"]["結果"]["defaultValue"] == "判定保留"
    desk.publish(app)
    assert "検査中" in desk.get(f"/k/{app}/show/1").text
    choices = desk.get(f"/k/{app}/new").words("select[name=結果] option")
    assert [word for word in choices if word][-3:] == ["陰性", "陽性（確定）", "判定保留"]


def test_a_code_is_renamed_everywhere(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "判定", "CALC", code="judged", **{"s.expression": "temp + 1"})
    desk.send(f"/k/admin/app/{app}/views/edit", {"name": "発熱", "filterCond": "temp >= 37.5", "sort.0.field": "temp"})
    desk.publish(app)
    desk.add_record(app, 氏名="甲", temp="38.2")
    desk.send(f"/k/admin/app/{app}/fields/temp", {"code": "body_temp", "label": "腋窩温"}, action="/fields/temp")
    draft = desk.draft(app)
    assert draft["properties"]["judged"]["expression"] == "body_temp + 1"
    assert draft["views"]["発熱"]["filterCond"] == "body_temp >= 37.5"
    review = desk.get(f"/k/admin/app/{app}/review")
    assert any("temp" in words and "body_temp" in words for words in review.words(".review strong"))
    desk.publish(app)
    assert "38.2" in desk.get(f"/k/{app}/show/1").text
    taken = desk.send(f"/k/admin/app/{app}/fields/body_temp", {"code": "氏名"}, 422, action="/fields/body_temp")
    assert "氏名" in taken.words(".error-summary li")[0]


def test_a_field_is_retired_and_comes_back_with_its_values(desk: Desk) -> None:
    app = checkups(desk)
    desk.send(f"/k/admin/app/{app}/views/edit", {"name": "発熱", "filterCond": "temp >= 37.5"})
    desk.publish(app)
    desk.add_record(app, 氏名="甲", temp="38.2")
    page = desk.get(f"/k/admin/app/{app}/fields/temp/retire")
    assert page.words(".card-body p")[0] == "値の入っているレコードは1件です。"
    assert page.words(".notice-warn li") == ["一覧「発熱」の絞り込み"]
    desk.send(f"/k/admin/app/{app}/fields/temp/retire", {})
    assert "temp" not in desk.draft(app)["views"]["発熱"]["fields"]
    blocked = desk.publish(app, status=422)
    assert "一覧「発熱」の絞り込み" in " ".join(blocked.words(".error-summary li"))
    desk.send(f"/k/admin/app/{app}/views/edit?name=発熱", {"filterCond": ""})
    review = desk.get(f"/k/admin/app/{app}/review")
    agree = review.tree.cssselect("input[name=agree]")[0].get("value")  # type: ignore[union-attr]
    assert "1件の値が画面から見えなくなることを確認しました" in review.text
    assert "確認がまだ" in desk.publish(app, status=409).text
    desk.publish(app, agree=agree)
    assert "38.2" not in desk.get(f"/k/{app}/show/1").text
    gone = desk.get(f"/k/admin/app/{app}/retired")
    assert gone.words("tbody th") == ["体温"]
    desk.send(f"/k/admin/app/{app}/retired", {})
    desk.publish(app)
    assert "38.2" in desk.get(f"/k/{app}/show/1").text


def test_parts_are_moved_beside_each_other_and_into_groups(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "基本", "GROUP", code="basic")
    assert outline(desk, app) == ["氏名", "temp", "結果", "basic"]
    desk.move(app, "結果", "up")
    assert outline(desk, app) == ["氏名", "結果", "temp", "basic"]
    desk.move(app, "結果", "beside")
    row = desk.draft(app)["layout"][0]["fields"]
    assert [item["code"] for item in row] == ["氏名", "結果"]
    desk.move(app, "結果", "alone")
    desk.move(app, "temp", "in", "basic")
    desk.move(app, "basic", "up")
    assert outline(desk, app) == ["氏名", "basic", "temp", "結果"]
    desk.move(app, "temp", "out")
    assert [part["type"] for part in desk.draft(app)["layout"]] == ["ROW", "GROUP", "ROW", "ROW"]
    desk.add_field(app, "説明の文", "LABEL", place="after:氏名")
    assert outline(desk, app)[1].startswith("@")
    desk.publish(app)
    assert "説明の文" in desk.get(f"/k/{app}/new").text


def test_a_table_gets_columns(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "同居家族", "SUBTABLE", code="family")
    assert "family" in desk.get(f"/k/admin/app/{app}/").text
    desk.add_field(app, "続柄", "SINGLE_LINE_TEXT", code="relation", place="table:family")
    desk.add_field(app, "年齢", "NUMBER", code="age", place="table:family")
    desk.move(app, "age", "up")
    assert [column["code"] for column in desk.draft(app)["layout"][-1]["fields"]] == ["age", "relation"]
    desk.send(f"/k/admin/app/{app}/fields/age", {"s.unit": "歳"}, action="/fields/age")
    desk.publish(app)
    assert desk.live(app)["properties"]["family"]["fields"]["age"]["unit"] == "歳"


def test_the_json_marks_every_problem_at_its_line(desk: Desk) -> None:
    app = checkups(desk)
    form = desk.get(f"/k/admin/app/{app}/json").form()
    definition = json.loads(form["definition"])
    definition["properties"]["temp"]["maxValue"] = "lots"
    definition["settings"]["firstMonthOfFiscalYear"] = "13"
    definition["views"]["一覧"] = {"type": "LIST", "name": "一覧", "fields": ["nowhere"], "filterCond": "", "sort": ""}
    text = json.dumps(definition, ensure_ascii=False, indent=2)
    page = desk.post(f"/k/admin/app/{app}/json", {**form, "definition": text}, 422)
    lines = text.split("\n")
    wanted = {n for n, line in enumerate(lines, start=1) if '"lots"' in line or '"13"' in line or '"nowhere"' in line}
    assert page.tree is not None
    marked = [int(e.text_content()) for e in page.tree.cssselect(".excerpt-row.is-wrong .excerpt-number")]
    assert len(marked) == 3
    assert set(marked) == wanted
    assert [e.get("href") for e in page.tree.cssselect(".error-summary a")] == ["#mark-1", "#mark-2", "#mark-3"]
    kept = page.form()
    assert kept["definition"].replace("\r\n", "\n").strip() == text
    assert desk.draft(app)["properties"]["temp"].get("maxValue") == ""
    mended = text.replace('"lots"', '"45"').replace('"13"', '"4"').replace('"nowhere"', '"temp"')
    desk.post(f"/k/admin/app/{app}/json", {**kept, "definition": mended})
    desk.publish(app)
    assert desk.live(app)["properties"]["temp"]["maxValue"] == "45"


def test_text_that_is_no_json_is_kept_with_its_line(desk: Desk) -> None:
    app = desk.create("a", "a_code")
    for text, line in (
        ('{"a": 1,\n "b": }', 2),
        ('{"a": 1,\n\n "a": 2}', 3),
        ("", 1),
        ("[" * 100, 1),
        ('{"a":\n "x', 2),
        ("{'a': 1}", 1),
        ("[]", 1),
    ):
        page = desk.send(f"/k/admin/app/{app}/json", {"definition": text}, 422)
        assert page.words(".excerpt-row.is-wrong .excerpt-number") == [str(line)]
        assert page.form()["definition"].strip() == text.strip()


def test_two_people_on_one_draft_notice_each_other(desk: Desk) -> None:
    app = checkups(desk)
    early = desk.get(f"/k/admin/app/{app}/fields/temp").form("/fields/temp")
    desk.add_field(app, "備考", "")
    refused = desk.post(f"/k/admin/app/{app}/fields/temp", {**early, "label": "熱"}, 409)
    assert "ほかの人が先に保存しました" in refused.words(".error-summary li")[0]
    again = refused.form("/fields/temp")
    assert again["label"] == "熱"
    assert again["revision"] != early["revision"]
    desk.post(f"/k/admin/app/{app}/fields/temp", again)
    properties = desk.draft(app)["properties"]
    assert properties["temp"]["label"] == "熱"
    assert "備考" in properties


def test_a_page_drawn_before_another_version_went_live_says_so(desk: Desk) -> None:
    app = checkups(desk)
    early = desk.get(f"/k/admin/app/{app}/json").form()
    live = desk.live(app)
    live["properties"]["temp"]["label"] = "腋窩温"
    deploy.apply_definition(desk.services.engine, app, live, system("somebody else"))
    refused = desk.post(f"/k/admin/app/{app}/json", early, 409)
    assert "新しい版が公開されました" in refused.words(".error-summary li")[0]
    assert desk.draft(app)["properties"]["temp"]["label"] == "腋窩温"
    desk.post(f"/k/admin/app/{app}/json", refused.form())
    review = desk.get(f"/k/admin/app/{app}/review")
    assert review.words(".review strong") == ["項目名を「腋窩温」から「体温」に変えます。"]


def test_a_draft_on_older_ground_shows_what_others_published(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "備考", "")
    live = desk.live(app)
    live["properties"]["temp"]["label"] = "腋窩温"
    deploy.apply_definition(desk.services.engine, app, live, system("somebody else"))
    page = desk.get(f"/k/admin/app/{app}/review")
    assert "項目名を「体温」から「腋窩温」に変えます。" in page.words(".card .review strong")
    assert "公開されました" in desk.publish(app, status=409).words(".error-summary li")[0]
    desk.send(f"/k/admin/app/{app}/review", {}, action="/rebase")
    desk.publish(app)
    assert "備考" in desk.live(app)["properties"]


def test_a_type_is_changed_with_the_values_that_do_not_convert(desk: Desk) -> None:
    app = desk.create("a", "a_code")
    desk.add_field(app, "値", "SINGLE_LINE_TEXT", code="reading")
    desk.publish(app)
    for value in ("36.5", "測定不可", "測定不可"):
        desk.add_record(app, reading=value)
    desk.send(f"/k/admin/app/{app}/fields/reading", {"type": "NUMBER"}, action="/reading/type")
    page = desk.get(f"/k/admin/app/{app}/review")
    assert page.words(".unreadable tbody tr") == ["測定不可22 3"]
    assert page.tree is not None
    assert page.tree.cssselect(".unreadable a")[0].get("href") == f"/k/{app}/show/2"
    agree = page.tree.cssselect("input[name=agree]")[0].get("value")
    desk.publish(app, agree=agree)
    assert desk.live(app)["properties"]["reading"]["type"] == "NUMBER"


def test_going_back_takes_three_clicks(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "備考", "")
    desk.publish(app, "備考を足した")
    versions = desk.get(f"/k/admin/app/{app}/versions?show=3")
    assert versions.words("tbody th") == ["版 3 公開中", "版 2", "版 1"]
    assert versions.words("#changes .review strong") == ["項目「備考」（文字（複数行））を足します。"]
    assert versions.tree is not None
    link = versions.tree.cssselect("a[href$='/versions/2/restore']")[0].get("href")
    page = desk.get(str(link))
    assert page.words(".review strong") == ["項目「備考」を外します。値は残り、戻せます。"]
    desk.post(str(link), page.form())
    assert "備考" not in desk.live(app)["properties"]
    assert desk.get(f"/k/admin/app/{app}/versions").words("tbody th")[0] == "版 4 公開中"


def test_the_settings_of_the_app_are_changed(desk: Desk) -> None:
    app = checkups(desk)
    desk.send(
        f"/k/admin/app/{app}/settings",
        {
            "name": "健診の台帳",
            "english": "Check-ups",
            "code": "checkup_ledger",
            "icon": "stethoscope",
            "hue": "green",
            "title": "氏名",
            "firstMonthOfFiscalYear": "1",
            "space": "健診",
            "enableBulkDeletion": "1",
        },
        drop=("enableComments",),
    )
    settings = desk.draft(app)["settings"]
    assert settings["names"] == {"en": "Check-ups"}
    assert settings["enableComments"] is False
    desk.publish(app)
    assert desk.live(app)["code"] == "checkup_ledger"
    assert "健診の台帳" in desk.get(f"/k/{app}/").words("h1")
    wrong = desk.send(f"/k/admin/app/{app}/settings", {"name": "", "digits": "99"}, 422)
    assert len(wrong.words(".error-summary li")) == 2
    assert wrong.form()["digits"] == "99"


def test_views_are_moved_renamed_and_deleted(desk: Desk) -> None:
    app = checkups(desk)
    for name in ("い", "ろ", "は"):
        desk.send(f"/k/admin/app/{app}/views/edit", {"name": name})
    base = f"/k/admin/app/{app}/views"
    desk.send(base, {}, action="/views/move", holds={"name": "は", "how": "up"})
    assert desk.get(base).words(".outline-words > a") == ["い", "は", "ろ"]
    desk.send(f"{base}/edit?name=は", {"name": "花"})
    desk.send(base, {}, action="/views/delete", holds={"name": "い"})
    desk.publish(app)
    assert sorted(desk.live(app)["views"], key=lambda n: desk.live(app)["views"][n]["index"]) == ["花", "ろ"]
    twice = desk.send(f"{base}/edit", {"name": "ろ"}, 422)
    assert "既にあります" in twice.words(".error-summary li")[0]
    wrong = desk.send(f"{base}/edit", {"name": "に", "filterCond": "temp >= and"}, 422)
    assert wrong.words(".marked-text mark") == ["and"]


def test_a_draft_is_discarded(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "備考", "")
    assert desk.get(f"/k/admin/app/{app}/").words(".chip") == ["下書き 変更 1件"]
    desk.send(f"/k/admin/app/{app}/", {}, action="/discard")
    assert "備考" not in desk.draft(app)["properties"]
    assert "変更はありません" in desk.get(f"/k/admin/app/{app}/review").text


def test_rights(desk: Desk) -> None:
    app = checkups(desk)
    user = desk.other("sato")
    for path in ("", "review", "json", "views", "settings", "versions", "retired", "fields/new", "fields/temp"):
        user.get(f"/k/admin/app/{app}/{path}", 403)
    form = {"csrf_token": user.browser.token, "revision": "0", "definition": "{}"}
    for path in ("json", "publish", "discard", "move", "rebase", "versions/1/restore", "views/delete"):
        user.post(f"/k/admin/app/{app}/{path}", form, 403)
    user.get("/k/admin/app/new", 403)
    user.post("/k/admin/app/new/empty", {"name": "x"}, 403)
    live = desk.live(app)
    live["acl"]["app"]["rights"] = [{"entity": {"type": "USER", "code": "hanako"}, "appEditable": True}]
    desk.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(live)})
    desk.publish(app)
    user.get(f"/k/admin/app/{app}/", 404)
    user.get("/k/admin/app/999/", 404)
    # Somebody who may manage this app alone may not look into others by a lookup or a roll-up.
    live["acl"]["app"]["rights"] = [{"entity": {"type": "USER", "code": "sato"}, "appEditable": True}]
    secret = desk.create("秘密", "secret")
    desk.add_field(secret, "値", "SINGLE_LINE_TEXT", **{"s.unique": "1"})
    closed = desk.draft(secret)
    closed["acl"]["app"]["rights"] = [{"entity": {"type": "USER", "code": "hanako"}, "appEditable": True}]
    desk.send(f"/k/admin/app/{secret}/json", {"definition": json.dumps(closed)})
    desk.publish(secret)
    desk.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(live)})
    desk.publish(app)
    window = {**live, "acl": desk.live(app)["acl"]}
    window["properties"] = {
        **live["properties"],
        "peek": {
            "type": "ROLLUP",
            "code": "peek",
            "label": "peek",
            "rollup": {"relatedApp": {"code": "secret"}, "keyField": "氏名", "relatedField": "値", "function": "COUNT"},
        },
    }
    user.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(window)})
    refused = user.publish(app, status=422)
    assert "見る権限がない" in " ".join(refused.words(".error-summary li"))
    # What somebody who may look there has published stays as it is, and cannot be opened further.
    desk.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(window)})
    desk.publish(app)
    wider = desk.live(app)
    wider["properties"]["peek"]["rollup"] |= {"function": "MAX", "field": "値"}
    wider["properties"]["peek"]["format"] = "TEXT"
    user.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(wider)})
    refused = user.publish(app, status=422)
    assert "見る権限がない" in " ".join(refused.words(".error-summary li"))
    harmless = desk.live(app)
    harmless["properties"]["peek"]["label"] = "件数"
    user.send(f"/k/admin/app/{app}/json", {"definition": json.dumps(harmless)})
    user.publish(app)
    assert desk.live(app)["properties"]["peek"]["label"] == "件数"


def test_every_form_needs_its_token(desk: Desk) -> None:
    app = checkups(desk)
    for path in ("json", "publish", "discard", "move", "fields/new", "fields/temp", "settings", "versions/1/restore"):
        desk.post(f"/k/admin/app/{app}/{path}", {"csrf_token": "wrong", "revision": "0"}, 403)


def test_an_app_is_made_as_a_copy_and_from_a_template(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_record(app, 氏名="甲")
    screen = desk.send("/k/admin/app/new", {"source": "checkups", "name": "写し", "code": "copied"}, action="/new/copy")
    made = int(screen.location.rstrip("/").rsplit("/", 1)[-1])
    assert set(desk.live(made)["properties"]) == set(desk.live(app)["properties"])
    assert "甲" not in desk.get(f"/k/{made}/").text
    taken = desk.send("/k/admin/app/new", {"name": "x", "code": "copied"}, 409, action="/new/empty")
    assert "copied" in taken.words(".error-summary li")[0]
    installed = desk.send("/k/admin/app/new", {}, action="/new/template", holds={"name": "facility"})
    assert "施設" in desk.get(installed.location).words("h1")[0]


def test_an_app_is_made_from_a_file(desk: Desk) -> None:
    rows = [("番号", "発症日", "年代", "備考")]
    rows += [(str(n), f"2022/8/{n % 28 + 1}", ("20代", "30代")[n % 2], f"メモ{n}") for n in range(1, 41)]
    content = "\r\n".join(",".join(row) for row in rows).encode("cp932")
    desk.get("/k/admin/app/new")
    preview = desk.upload("/k/admin/app/new/file", "patients_2022.csv", content).location
    page = desk.get(preview)
    form = page.form()
    assert form["encoding"] == "cp932"
    assert form["name"] == "patients 2022"
    assert form["unique.0"] == "1"
    assert [form[f"kind.{at}"] for at in range(4)] == ["SINGLE_LINE_TEXT", "DATE", "DROP_DOWN", "SINGLE_LINE_TEXT"]
    done = desk.post(preview, {**form, "name": "患者", "label.3": "経過", "kind.2": "RADIO_BUTTON"}, 303)
    result = desk.get(done.location)
    assert "40" in result.text
    live = desk.live(1)
    assert live["settings"]["name"] == "患者"
    assert live["properties"]["年代"]["type"] == "RADIO_BUTTON"
    assert live["properties"]["経過"]["label"] == "経過"
    assert live["properties"]["番号"]["unique"] is True
    assert "メモ40" in desk.get("/k/1/").text + desk.get("/k/1/?page=2").text
    other = desk.other("jiro", administrator=True)
    other.get(preview, 404)
    refused = desk.upload("/k/admin/app/new/file", "x.pdf", b"%PDF-1.4 nothing", 422)
    assert refused.words(".error-summary li")


def test_pages_speak_english(desk: Desk) -> None:
    app = checkups(desk)
    desk.add_field(app, "備考", "")
    user = desk.other("smith", administrator=True, locale="en")
    for path in (
        "",
        "views",
        "settings",
        "json",
        "versions",
        "review",
        "retired",
        "fields/temp",
        "fields/new?label=x",
        "fields/temp/retire",
        "views/edit",
        "versions/1/restore",
    ):
        page = user.get(f"/k/admin/app/{app}/{path}")
        assert "designer." not in page.text.replace("css/designer.css", ""), path
    assert "Draft: 1 changes" in user.get(f"/k/admin/app/{app}/").text
    assert "designer." not in user.get("/k/admin/app/new").text.replace("css/designer.css", "")
