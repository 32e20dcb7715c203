"""``lowcode app``: list, show, apply, diff and rollback, on both databases."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest

from tests.builders import an_app
from tests.test_cli import Shell

Json = dict[str, t.Any]
WARD = an_app("ward", name="病棟").text("name", required=True).choice("state", "in", "out").view("all", "name", "state")


@pytest.fixture
def shell(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path / "data", database_url, monkeypatch)
    assert made("init").code == 0
    return made


def write(folder: Path, definition: t.Any) -> str:
    path = folder / "app.json"
    path.write_text(definition if isinstance(definition, str) else json.dumps(definition, ensure_ascii=False), "utf-8")
    return str(path)


def test_an_app_is_made_changed_compared_and_taken_back(shell: Shell, tmp_path: Path) -> None:
    made = shell("app", "apply", write(tmp_path, WARD.json()), "--note", "first", "--json")
    assert made.code == 0
    assert made.data["created"] is True
    assert [change["kind"] for change in made.data["changes"]] == ["app_added", "field_added", "field_added"]
    assert shell("app", "list", "--json").data == [
        {"id": made.data["id"], "code": "ward", "name": "病棟", "version": 1, "space": ""}
    ]

    changed = copy.deepcopy(shell("app", "show", "ward", "--definition", "--json").data)
    changed["properties"]["age"] = {"type": "NUMBER", "code": "age", "label": "年齢"}
    changed["properties"]["name"]["label"] = "氏名"
    looked = shell("app", "apply", write(tmp_path, changed), "--dry-run")
    assert looked.code == 0
    assert "項目名を「name」から「氏名」に変えます。" in looked.out
    assert shell("app", "show", "ward", "--json").data["version"] == 1
    kinds = {c["kind"] for c in shell("app", "diff", "ward", str(tmp_path / "app.json"), "--json").data["changes"]}
    assert {"field_added", "field_relabelled"} <= kinds
    assert shell("app", "apply", str(tmp_path / "app.json"), "--json").data["version"] == 2
    assert (
        "変更はありません" in shell("app", "apply", str(tmp_path / "app.json")).out.replace("\n", "")
        or shell("app", "show", "ward", "--json").data["version"] == 2
    )

    assert "年齢" in shell("app", "diff", "ward").out
    assert shell("app", "diff", "ward", "1", "2").out == shell("app", "diff", "ward", "1").out
    back = shell("app", "rollback", "ward", "1", "--json")
    assert back.data["version"] == 3
    assert {c["kind"] for c in back.data["changes"]} >= {"field_retired"}
    shown = shell("app", "show", str(made.data["id"]), "--json").data
    assert shown["version"] == 3
    assert [f["code"] for f in shown["fields"]] == ["name", "state"]
    assert [v["version"] for v in shown["versions"]] == [3, 2, 1]
    second = shell("app", "show", "ward", "--definition", "--version", "2", "--json").data
    assert second["properties"]["age"]["label"] == "年齢"


def test_every_problem_is_told_with_its_path(shell: Shell, tmp_path: Path) -> None:
    wrong = WARD.json()
    wrong["properties"]["name"]["maxLength"] = "many"
    wrong["properties"]["state"]["options"] = {}
    wrong["views"]["all"]["filterCond"] = "nothing ="
    made = shell("app", "apply", write(tmp_path, wrong))
    assert made.code == 1
    assert made.out == ""
    assert [line.split(":")[0] for line in made.err.splitlines()] == [
        "properties.name.maxLength",
        "properties.state.options",
        "views.all.filterCond",
    ]
    assert shell("app", "list", "--json").data == []
    as_json = json.loads(shell("app", "apply", str(tmp_path / "app.json"), "--dry-run", "--json").err)
    assert len(as_json["error"]["problems"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("app", "show", "nowhere"), "nowhere"),
        (("app", "rollback", "nowhere", "1"), "nowhere"),
        (("app", "apply", "{folder}/missing.json"), "missing.json"),
        (("app", "apply", "{folder}/broken.json"), "2行目"),
        (("app", "apply", "{folder}/list.json"), "オブジェクト"),
        (("app", "apply", "{folder}/codeless.json"), "code"),
    ],
)
def test_failures_are_sentences(shell: Shell, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "broken.json").write_text('{"code": "x",\n "settings": }', "utf-8")
    (tmp_path / "list.json").write_text("[]", "utf-8")
    (tmp_path / "codeless.json").write_text('{"settings": {"name": "x"}}', "utf-8")
    found = shell(*(each.replace("{folder}", str(tmp_path)) for each in arguments))
    assert found.code == 1
    assert words in found.err
    assert found.out == ""
