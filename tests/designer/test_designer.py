"""Declaring an app without scripts, job by job, as a person does it: forms found in the page, filled in and sent."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.designer.desk import Desk


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Desk:
    return Desk.open(engine, tmp_path)


def test_an_empty_app_gets_fields_of_five_types_and_a_view(desk: Desk) -> None:
    app = desk.create("健診台帳", "checkups")
    desk.add_field(app, "氏名", "SINGLE_LINE_TEXT", **{"s.required": "1"})
    desk.add_field(app, "体温", "", code="temp")
    desk.add_field(app, "結果", "DROP_DOWN", **{"s.options.new": "陽性\n陰性\n検査中"})
    desk.add_field(app, "受診日", "")
    desk.add_field(app, "備考", "")
    types = {code: settings["type"] for code, settings in desk.draft(app)["properties"].items()}
    assert types["temp"] == "NUMBER" and types["受診日"] == "DATE" and types["備考"] == "MULTI_LINE_TEXT"
    desk.send(f"/k/admin/app/{app}/views/edit", {
        "name": "陽性", "column.氏名": "1", "column.結果": "2", "filterCond": '結果 in ("陽性")', "sort.0.field": "受診日",
        "sort.0.order": "desc",
    })
    page = desk.get(f"/k/admin/app/{app}/review")
    assert page.words(".review strong")[0] == "項目「氏名」（文字（1行））を足します。"
    desk.publish(app, "はじめて")
    found = desk.get(f"/k/{app}/?view=陽性")
    assert found.words("table thead th")[-2:] == ["氏名", "結果"]
    assert desk.live(app)["views"]["陽性"]["sort"] == "受診日 desc"
    assert list(desk.live(app)["properties"]["結果"]["options"]) == ["陽性", "陰性", "検査中"]
