"""USER_SELECT, ORGANIZATION_SELECT and GROUP_SELECT: who may be named, how they are written, and their defaults."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from lowcode.fields import entity_select
from lowcode.fields.context import Entity
from tests.fields.making import complaints, make, problems, refused
from tests.fields.people import OFFICE, Office, someone_else


@pytest.mark.parametrize(
    "raw, value",
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ([{"id": 2}], (2,)),
        ([{"code": "sato"}], (2,)),
        (["sato", "yamada"], (2, 1)),
        ("sato", (2,)),
        ([2, 1, 2], (2, 1)),
        ({"code": "sato"}, (2,)),
        ((2, 1), (2, 1)),
        ([{"code": "sato", "name": "x"}], (2,)),
        ([{"id": 5}], (5,)),
        ((99,), (99,)),
    ],
)
def test_coerce(raw: t.Any, value: tuple[int, ...]) -> None:
    assert make("USER_SELECT").coerce(raw, OFFICE) == value


@pytest.mark.parametrize(
    "type_name, raw, code",
    [
        ("USER_SELECT", [{"code": "sato"}, {"code": "nobody"}], "user.unknown"),
        ("USER_SELECT", ["sato", {"id": 99}], "user.unknown"),
        ("USER_SELECT", ["sato", True], "user.unknown"),
        ("USER_SELECT", ["sato", {"id": 10**30}], "user.unknown"),
        ("USER_SELECT", ["sato", None], "user.unknown"),
        ("USER_SELECT", ["sato", ["yamada"]], "user.unknown"),
        ("ORGANIZATION_SELECT", ["center", "nowhere"], "organization.unknown"),
        ("GROUP_SELECT", ["nurses", "yamada"], "group.unknown"),
    ],
)
def test_unknown(type_name: str, raw: t.Any, code: str) -> None:
    assert problems(lambda: make(type_name).coerce(raw, OFFICE)) == [(code, (1,))]


@pytest.mark.parametrize(
    "text, value",
    [
        ("", ()),
        ("yamada", (1,)),
        ("yamada, sato", (1, 2)),
        ("yamada\nsato", (1, 2)),
        (" yamada ；sato、admin ", (1, 2, 4)),
        ("山田 花子 (yamada)", (1,)),
        ("鈴木(旧姓 田中) (suzuki)", (3,)),
        ("山田 花子（yamada）", (1,)),
        ("#2", (2,)),
    ],
)
def test_parse(text: str, value: tuple[int, ...]) -> None:
    assert make("USER_SELECT").parse(text, OFFICE) == value


def test_parse_names_everyone_unknown() -> None:
    assert problems(lambda: make("USER_SELECT").parse("yamada, x\ny", OFFICE)) == [("user.unknown", ())] * 2


def test_names_beyond_reason() -> None:
    field = make("USER_SELECT")
    assert problems(lambda: field.coerce(["x"] * 1001, OFFICE)) == [("entity.too_many", ())]
    assert problems(lambda: field.parse("x\n" * 5000, OFFICE)) == [("entity.too_many", ())]
    assert len(problems(lambda: field.parse("x," * 500, OFFICE))) == 500


def test_writing() -> None:
    field = make("USER_SELECT")
    value = (3, 4, 5)
    assert field.text(value, OFFICE) == "鈴木(旧姓 田中) (suzuki)\nadmin\n退職した人 (gone)"
    assert field.parse(field.text(value, OFFICE), OFFICE) == value
    assert field.dump(value) == [{"id": 3}, {"id": 4}, {"id": 5}]
    assert field.to_kintone((1,), OFFICE) == {"type": "USER_SELECT", "value": [{"code": "yamada", "name": "山田 花子"}]}
    assert field.search_text((1, 2), OFFICE) == "山田 花子 yamada 佐藤 太郎 sato"
    assert field.text((99,), OFFICE) == "#99"
    assert "is-inactive" in field.display((5,), OFFICE)
    assert field.from_history(field.history_value(value)) == value


def test_display_escapes() -> None:
    office = someone_else(directory=Office([Entity("USER", 6, "x", "<b>")]))
    assert "&lt;b&gt;" in make("USER_SELECT").display((6,), office)


@pytest.mark.parametrize(
    "type_name, refs, value",
    [
        ("USER_SELECT", [], ()),
        ("USER_SELECT", [{"type": "FUNCTION", "code": "LOGINUSER()"}], (1,)),
        ("USER_SELECT", [{"type": "USER", "code": "sato"}, {"type": "FUNCTION", "code": "LOGINUSER()"}], (2, 1)),
        ("USER_SELECT", [{"type": "USER", "code": "left long ago"}], ()),
        ("USER_SELECT", [{"type": "FUNCTION", "code": "PRIMARY_ORGANIZATION()"}], ()),
        ("ORGANIZATION_SELECT", [{"type": "FUNCTION", "code": "PRIMARY_ORGANIZATION()"}], (11,)),
        ("ORGANIZATION_SELECT", [{"type": "ORGANIZATION", "code": "ward"}], (12,)),
        ("GROUP_SELECT", [{"type": "GROUP", "code": "nurses"}], (20,)),
    ],
)
def test_default_value(type_name: str, refs: list[t.Any], value: tuple[int, ...]) -> None:
    assert make(type_name, defaultValue=refs).default(OFFICE) == value


def test_default_of_nobody() -> None:
    field = make("USER_SELECT", defaultValue=[{"type": "FUNCTION", "code": "LOGINUSER()"}])
    assert field.default(someone_else(user_id=None)) == ()
    field = make("ORGANIZATION_SELECT", defaultValue=[{"type": "FUNCTION", "code": "PRIMARY_ORGANIZATION()"}])
    assert field.default(someone_else(organization_ids=())) == ()


@pytest.mark.parametrize(
    "type_name, entities, allowed",
    [
        ("USER_SELECT", [], None),
        ("USER_SELECT", [{"type": "USER", "code": "sato"}], {2}),
        ("USER_SELECT", [{"type": "GROUP", "code": "nurses"}], {1, 3}),
        ("USER_SELECT", [{"type": "ORGANIZATION", "code": "center"}], {4}),
        ("USER_SELECT", [{"type": "ORGANIZATION", "code": "center", "includeSubs": True}], {1, 2, 4}),
        ("USER_SELECT", [{"type": "ORGANIZATION", "code": "ward"}, {"type": "USER", "code": "admin"}], {2, 4}),
        ("USER_SELECT", [{"type": "FUNCTION", "code": "LOGINUSER()"}], {1}),
        ("USER_SELECT", [{"type": "GROUP", "code": "dissolved"}], set()),
        ("ORGANIZATION_SELECT", [{"type": "ORGANIZATION", "code": "infection"}], {11}),
        ("ORGANIZATION_SELECT", [{"type": "ORGANIZATION", "code": "infection", "includeSubs": True}], {11, 12}),
        ("GROUP_SELECT", [{"type": "GROUP", "code": "nurses"}], {20}),
    ],
)
def test_entities(type_name: str, entities: list[t.Any], allowed: set[int] | None) -> None:
    field = make(type_name, entities=entities)
    assert field.allowed(OFFICE) == allowed
    value = (*(allowed or ()), 99)
    found = [(p.code, p.path) for p in field.check_change((), value, OFFICE)]
    assert found == ([] if allowed is None else [("entity.not_allowed", (len(allowed),))])
    assert list(field.check_change((99,), value, OFFICE)) == [], "whoever stood there may stay"


def test_a_default_that_is_not_allowed_is_left_out() -> None:
    default = [{"type": "FUNCTION", "code": "LOGINUSER()"}, {"type": "USER", "code": "sato"}]
    assert make("USER_SELECT", defaultValue=default, entities=default[1:]).default(OFFICE) == (2,)


def test_required() -> None:
    assert complaints(make("USER_SELECT", required=True), (), OFFICE) == [("required", ())]
    assert complaints(make("USER_SELECT"), (), OFFICE) == []


@pytest.mark.parametrize(
    "settings, found",
    [
        ({"entities": "x"}, [("setting.not_a_list", ("entities",))]),
        (
            {"entities": [{"type": "USER", "code": "a"}, {"type": "ROBOT", "code": "a"}]},
            [("setting.not_an_entity", ("entities", 1))],
        ),
        ({"entities": [{"type": "USER"}]}, [("setting.not_an_entity", ("entities", 0))]),
        (
            {"defaultValue": [{"type": "USER", "code": "a", "more": 1}]},
            [("setting.not_an_entity", ("defaultValue", 0))],
        ),
    ],
)
def test_wrong_settings(settings: dict[str, t.Any], found: list[t.Any]) -> None:
    assert refused("USER_SELECT", **settings) == found


def test_settings_stay_as_they_are_written() -> None:
    entities = [{"type": "ORGANIZATION", "code": "a", "includeSubs": True}, {"type": "USER", "code": "b"}]
    assert make("USER_SELECT", entities=entities).to_json()["entities"] == entities


def test_operand() -> None:
    field = make("USER_SELECT")
    assert [field.operand(raw, OFFICE) for raw in ("sato", 2, "", None)] == [2, 2, None, None]
    assert problems(lambda: field.operand("nobody", OFFICE)) == [("user.unknown", ())]


@pytest.mark.parametrize(
    "settings, ids",
    [
        ({}, [1, 2, 3, 4]),
        ({"entities": [{"type": "GROUP", "code": "nurses"}, {"type": "USER", "code": "gone"}]}, [1, 3]),
    ],
)
def test_candidates_are_active_and_allowed(settings: dict[str, t.Any], ids: list[int]) -> None:
    field = make("USER_SELECT", **settings)
    assert [entity.id for entity in field.candidates(OFFICE)] == ids
    assert [entity.id for entity in field.candidates(OFFICE, limit=1)] == ids[:1]


# --- the form ----------------------------------------------------------------------------------


def _form(field: t.Any, posted: list[tuple[str, str]] | None, data: t.Any = ()) -> t.Any:
    kind = type("F", (Form,), {"who": field.form_field(OFFICE)})
    return kind(MultiDict(posted) if posted is not None else None, data={"who": data}).who


def test_the_form_lists_and_takes_codes() -> None:
    who = _form(make("USER_SELECT"), [("who", "id:1"), ("who", "sato, admin")], (3,))
    assert (who.data, who.changed) == ((1, 2, 4), True)


def test_the_form_keeps_what_was_typed_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_select, "LISTED", 2)
    who = _form(make("USER_SELECT"), [("who", "id:1"), ("who", "nobody")], ())
    assert not who.validate(None)
    assert [p.code for p in who.problems] == ["user.unknown"]
    html = str(who())
    assert 'value="nobody"' in html
    assert "<lc-combobox" in html
    assert 'data-url="/k/7/picker/1?q="' in html
    assert '<option selected value="id:1">山田 花子</option>' in html


def test_a_cleared_list_box_clears() -> None:
    who = _form(make("USER_SELECT"), [("who:shown", "1")], (1,))
    assert (who.data, who.changed) == ((), True)
    who = _form(make("USER_SELECT"), [("other", "1")], (1,))
    assert (who.data, who.changed) == ((1,), False)


def test_the_list_box_shows_only_who_may_be_chosen() -> None:
    who = _form(make("USER_SELECT", entities=[{"type": "GROUP", "code": "nurses"}]), None, (5,))
    assert [(c.value, c.selected) for c in who.choices()] == [("id:5", True), ("id:1", False), ("id:3", False)]
    assert "lc-combobox" not in str(who())
