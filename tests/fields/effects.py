"""What each setting of the plain types does to check, display, default, form or storage: one function each.

``EFFECTS`` maps (type, JSON key) to the function that proves it; ``test_settings.py`` fails for a setting without
one. Composite types prove theirs in their own test files, which ``ELSEWHERE`` names.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal

import pytest
import wtforms

from lowcode.db import ExactNumber
from lowcode.errors import Invalid
from lowcode.fields.adapters import FormField
from lowcode.fields.base import Decoration, Field, SystemField
from lowcode.fields.context import Context
from lowcode.fields.lookup import LookupField
from lowcode.fields.registry import CLASSES, load_field
from lowcode.fields.subtable import SubtableField
from tests.fields.effects_composite import COMPOSITE
from tests.fields.making import complaints, refused
from tests.fields.people import OFFICE, someone_else
from tests.fields.samples import OPTIONS, SAMPLES, STATES

ENGLISH = someone_else(locale="en")
EFFECTS: dict[tuple[str, str], Callable[[str], None]] = {}
ALL = tuple(kind.type_name for kind in CLASSES)
CHOICES = ("RADIO_BUTTON", "DROP_DOWN", "CHECK_BOX", "MULTI_SELECT")
LINES = ("SINGLE_LINE_TEXT", "LINK")
TIMES = ("DATE", "TIME", "DATETIME")
PLAIN = (*LINES, "MULTI_LINE_TEXT", "RICH_TEXT", "NUMBER", *CHOICES, *TIMES)


def effect(key: str, *types: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Register a function as the proof of a setting for some types."""

    def register(function: Callable[[str], None]) -> Callable[[str], None]:
        for type_name in types:
            assert (type_name, key) not in EFFECTS, (type_name, key)
            EFFECTS[type_name, key] = function
        return function

    return register


def field(type_name: str, **changed: t.Any) -> t.Any:
    """The sample field of a type with some settings changed."""
    sample = next(s.field for s in SAMPLES if s.field.type_name == type_name and not isinstance(s.field, LookupField))
    return load_field(changed.get("code", sample.code), {**sample.to_json(), **changed})


def bound(of: Field, ctx: Context = OFFICE) -> FormField:
    """The field in a form of its own, empty."""
    form = wtforms.form.BaseForm({of.code: of.form_field(ctx)})
    form.process(None, data={of.code: of.coerce(None, ctx)})
    return t.cast(FormField, form[of.code])


def default(type_name: str, ctx: Context = OFFICE, **changed: t.Any) -> t.Any:
    """The default of a field with some settings changed."""
    return field(type_name, **changed).default(ctx)


# --- every type --------------------------------------------------------------------------------


@effect("id", *ALL)
def id_names_column_and_control(type_name: str) -> None:
    made = field(type_name, id=99)
    assert bound(made).id == "f99"
    assert made.column_name == ("f99" if not isinstance(made, SystemField) else made.system_column)


@effect("code", *ALL)
def code_names_the_value_in_forms_and_bodies(type_name: str) -> None:
    made = field(type_name, code="別の名")
    assert bound(made).name == "別の名"
    assert made.api_field(OFFICE).data_key == "別の名"


@effect("label", *ALL)
def label_is_what_people_read(type_name: str) -> None:
    made = field(type_name, label="体温")
    assert bound(made).label.text == made.heading("ja") == "体温"


@effect("labels", *ALL)
def labels_speak_other_languages(type_name: str) -> None:
    made = field(type_name, label="体温", labels={"en": "Temperature"})
    assert (made.heading("en"), made.heading("ja")) == ("Temperature", "体温")
    assert bound(made, ENGLISH).label.text == "Temperature"


@effect("noLabel", *ALL)
def no_label_hides_it_from_the_eye_only(type_name: str) -> None:
    made = field(type_name, noLabel=True, label="体温")
    assert (made.heading("ja"), field(type_name, noLabel=False, label="体温").heading("ja")) == ("", "体温")
    assert 'aria-label="体温"' in bound(made)()


@effect("hint", *ALL)
def hint_describes_the_control(type_name: str) -> None:
    control = bound(field(type_name, hint="37.5℃以上は電話"))
    assert control.description == "37.5℃以上は電話"
    assert f'aria-describedby="{control.id}-hint"' in control()
    assert "aria-describedby" not in bound(field(type_name))()


@effect("personal", *ALL)
def personal_data_is_not_kept_by_the_browser(type_name: str) -> None:
    for kind in ("P1", "P2"):
        markup = bound(field(type_name, personal=kind))()
        assert f'data-personal="{kind}"' in markup
        assert 'autocomplete="off"' in markup
    assert "data-personal" not in bound(field(type_name))()


@effect("column", *(k.type_name for k in CLASSES if not issubclass(k, SystemField | Decoration | SubtableField)))
def column_after_a_change_of_type(type_name: str) -> None:
    made = field(type_name, column="f7_2")
    assert made.column_name == made.columns()[0].name == "f7_2"


@effect("indexed", *(set(PLAIN) - {"MULTI_LINE_TEXT", "RICH_TEXT", "CHECK_BOX", "MULTI_SELECT"}), "CALC")
def indexed_asks_for_an_index(type_name: str) -> None:
    assert (field(type_name).has_index(), field(type_name, indexed=True).has_index()) == (False, True)


# --- shared by several types -------------------------------------------------------------------


@effect("required", *(set(PLAIN) - {"RADIO_BUTTON"}))
def required_refuses_nothing(type_name: str) -> None:
    made = field(type_name, required=True)
    assert ("required", ()) in complaints(made, made.coerce(None, OFFICE), OFFICE)
    assert complaints(field(type_name, required=False), made.coerce(None, OFFICE), OFFICE) == []
    if type_name != "CHECK_BOX":  # no role for it on a group of boxes
        assert 'aria-required="true"' in bound(made)()


@effect("required", "RADIO_BUTTON")
def required_radio_is_asked_for_in_forms_only(type_name: str) -> None:
    made = field(type_name, required=True)
    assert complaints(made, None, OFFICE) == []
    assert [p.code for p in made.form_check(None, OFFICE)] == ["required"]
    assert 'value=""' not in bound(made)(), "what must be chosen offers no way out"
    assert 'value=""' in bound(field(type_name, required=False))()


@effect("unique", *LINES, "NUMBER", "DATE", "DATETIME")
def unique_makes_a_key(type_name: str) -> None:
    assert (field(type_name).is_unique(), field(type_name, unique=True).is_unique()) == (False, True)
    assert field(type_name, unique=True).has_index()
    if type_name in LINES:
        assert complaints(field(type_name, unique=True), "https://a.jp/" + "a" * 600, OFFICE) == [
            ("text.too_long_for_key", ())
        ]


@effect("minLength", *LINES)
def min_length_refuses_short_text_and_none(type_name: str) -> None:
    made = field(type_name, minLength="12")
    assert [code for code, _ in complaints(made, "http://a.jp", OFFICE)] == ["text.too_short"]
    assert [code for code, _ in complaints(made, None, OFFICE)] == ["text.too_short"]
    assert complaints(made, "http://ab.jp", OFFICE) == []
    assert refused(type_name, minLength="-1") == [("setting.too_small", ("minLength",))]
    assert refused(type_name, minLength="5", maxLength="4") == [("setting.minimum_above_maximum", ("minLength",))]


@effect("maxLength", *LINES)
def max_length_counts_what_people_count(type_name: str) -> None:
    made = field(type_name, maxLength="12")
    assert [code for code, _ in complaints(made, "http://abc.jp", OFFICE)] == ["text.too_long"]
    assert complaints(made, "http://葛\U000e0100.jp", OFFICE) == [], "a variation selector is no character"
    assert complaints(made, None, OFFICE) == []
    assert 'data-max-length="12"' in bound(made)()
    assert refused(type_name, maxLength="0") == [("setting.too_small", ("maxLength",))]


@effect("options", *CHOICES)
def options_are_what_may_be_chosen(type_name: str) -> None:
    made = field(type_name)
    offered = [c.label for c in made.form_choices(made.coerce(None, OFFICE), OFFICE) if c.value]
    assert offered == ["陽性", "陰性", "その他", "陰性, 保留"], "in the order of index, without the retired one"
    english = [c.label for c in made.form_choices(made.coerce(None, OFFICE), ENGLISH) if c.value]
    assert english == ["Positive", "Negative", "Other", "Pending"]
    kept = [c.label for c in made.form_choices(made.coerce([15] if made.sortable is False else 15, OFFICE), OFFICE)]
    assert "旧・不明" in kept, "a record that has a retired option keeps it"
    one = made.coerce([11] if made.sortable is False else 11, OFFICE)
    assert str(made.display(one, OFFICE)) == ('<span class="chip hue-red"><span class="chip-mark"></span>陽性</span>')
    retired = made.coerce(["不明"] if made.sortable is False else "不明", OFFICE)
    assert [p.code for p in made.check_change(one, retired, OFFICE)] == ["choice.retired"]
    assert list(made.check_change(retired, retired, OFFICE)) == []
    twice = {**OPTIONS, "別": {"id": 11, "label": "陽性", "index": "9"}}
    assert refused(type_name, options=twice) == [
        ("setting.option_twice", ("options", "別", "label")),
        ("setting.id_twice", ("options", "別", "id")),
    ]
    assert refused(type_name, options={"": {"id": 1, "label": " ", "index": "0", "hue": "pink"}}) == [
        ("setting.choice", ("options", "", "hue"))
    ]
    assert refused(type_name, options={}) == [("setting.no_options", ("options",))]
    assert set(refused(type_name, options={"a": {"label": "a", "index": "x"}})) == {
        ("setting.not_a_number", ("options", "a", "index")),
        ("setting.missing", ("options", "a", "id")),
    }


@effect("align", "RADIO_BUTTON", "CHECK_BOX")
def align_sets_a_column(type_name: str) -> None:
    assert "choices-column" in bound(field(type_name, align="VERTICAL"))()
    assert "choices-column" not in bound(field(type_name, align="HORIZONTAL"))()


@effect("defaultNowValue", *TIMES)
def default_now_value_wins(type_name: str) -> None:
    expected: dict[str, t.Any] = {
        "DATE": date(2022, 8, 25),
        "TIME": time(10, 30),
        "DATETIME": datetime.fromisoformat("2022-08-25T01:30+00:00"),
    }
    other = {"DATE": "2000-01-01", "TIME": "00:00", "DATETIME": "2000-01-01T00:00:00Z"}[type_name]
    assert default(type_name, defaultNowValue=True, defaultValue=other) == expected[type_name]
    assert default(type_name, defaultNowValue=False) is None


@effect("calendar", "DATE", "DATETIME")
def calendar_shows_eras(type_name: str) -> None:
    value = field(type_name).parse("2021-01-16 15:30" if type_name == "DATETIME" else "2021-01-16", OFFICE)
    western, era = field(type_name, calendar="WESTERN"), field(type_name, calendar="ERA")
    assert str(western.display(value, OFFICE)).startswith("2021-01-16")
    assert str(era.display(value, OFFICE)).startswith("令和3年1月16日")
    assert str(era.display(value, ENGLISH)).startswith("R3.1.16")
    assert 'data-calendar="era"' in bound(era)()


DEFAULTS: dict[str, list[tuple[t.Any, t.Any]]] = {
    "SINGLE_LINE_TEXT": [("未定", "未定"), ("", None)],
    "MULTI_LINE_TEXT": [("一\r\n二", "一\n二"), ("", None)],
    "RICH_TEXT": [("<b>注</b><script>x</script>", "<b>注</b>"), ("", None)],
    "NUMBER": [("1.50", Decimal("1.5")), (0, Decimal(0)), ("", None)],
    "RADIO_BUTTON": [("陰性", 12), ("", None), (None, 11)],
    "DROP_DOWN": [("12", 13), ("", None)],
    "CHECK_BOX": [(["陰性", "陽性"], (11, 12)), ([], ())],
    "MULTI_SELECT": [(["12"], (13,)), ([], ())],
    "DATE": [("2020-02-29", date(2020, 2, 29)), ("", None)],
    "TIME": [("08:30", time(8, 30)), ("", None)],
    "DATETIME": [("2020-02-29T00:00:00Z", datetime.fromisoformat("2020-02-29T00:00+00:00")), ("", None)],
    "LINK": [("https://example.jp/", "https://example.jp/"), ("", None)],
}
WRONG_DEFAULTS: dict[str, tuple[t.Any, str]] = {
    "SINGLE_LINE_TEXT": ("a\nb", "text.line_break"),
    "MULTI_LINE_TEXT": ("\x00", "text.control_character"),
    "RICH_TEXT": ("\x00", "text.control_character"),
    "NUMBER": ("a", "setting.not_a_number"),
    "RADIO_BUTTON": ("なし", "choice.unknown"),
    "DROP_DOWN": ("なし", "choice.unknown"),
    "CHECK_BOX": (["なし"], "choice.unknown"),
    "MULTI_SELECT": (["なし"], "choice.unknown"),
    "DATE": ("2021-02-30", "date.no_such_day"),
    "TIME": ("24:00", "time.not_a_time"),
    "DATETIME": ("2021-01-01T00:00", "datetime.no_zone"),
    "LINK": ("javascript:x", "link.scheme_not_allowed"),
}


@effect("defaultValue", *PLAIN)
def default_value_fills_a_new_record(type_name: str) -> None:
    for given, expected in DEFAULTS[type_name]:
        assert default(type_name, defaultValue=given) == expected
    wrong, code = WRONG_DEFAULTS[type_name]
    with pytest.raises(Invalid) as caught:
        field(type_name, defaultValue=wrong)
    assert [(p.code, p.path[0]) for p in caught.value.problems] == [(code, "defaultValue")]


# --- one type ----------------------------------------------------------------------------------


@effect("expression", "SINGLE_LINE_TEXT")
def expression_makes_the_text_calculated(type_name: str) -> None:
    assert (field(type_name).computes, field(type_name).writable) == (False, True)
    made = field(type_name, expression='姓 & " " & 名')
    assert (made.computes, made.writable) == (True, False)
    assert "readonly" in bound(made)()


@effect("hideExpression", "SINGLE_LINE_TEXT")
def hide_expression_hides_it(type_name: str) -> None:
    assert "姓" in bound(field(type_name, expression="姓 & 名"))()
    assert "姓" not in bound(field(type_name, expression="姓 & 名", hideExpression=True))()


@effect("minValue", "NUMBER")
def min_value_is_a_limit(type_name: str) -> None:
    made = field(type_name, minValue="34.5")
    assert complaints(made, Decimal("34.49"), OFFICE) == [("number.too_small", ())]
    assert complaints(made, Decimal("34.5"), OFFICE) == complaints(made, None, OFFICE) == []
    assert refused(type_name, minValue="2", maxValue="1") == [("setting.minimum_above_maximum", ("minValue",))]
    assert refused(type_name, minValue="1" * 20) == [("number.too_large", ("minValue",))]


@effect("maxValue", "NUMBER")
def max_value_is_a_limit(type_name: str) -> None:
    made = field(type_name, maxValue="43")
    assert complaints(made, Decimal("43.01"), OFFICE) == [("number.too_big", ())]
    assert complaints(made, Decimal(43), OFFICE) == complaints(made, None, OFFICE) == []


def shown(type_name: str, number: str, **changed: t.Any) -> str:
    """A number as it is displayed."""
    return str(field(type_name, **changed).display(Decimal(number), OFFICE))


@effect("digit", "NUMBER")
def digit_separates_thousands(type_name: str) -> None:
    assert shown(type_name, "-1234567.5", digit=True) == "-1,234,567.5"
    assert shown(type_name, "-1234567.5", digit=False) == "-1234567.5"


@effect("displayScale", "NUMBER")
def display_scale_rounds_what_is_shown_only(type_name: str) -> None:
    assert [shown(type_name, n, displayScale="1") for n in ("36.65", "37", "-0.04")] == ["36.7", "37.0", "0.0"]
    assert field(type_name, displayScale="1").text(Decimal("36.65"), OFFICE) == "36.65"
    assert refused(type_name, displayScale="11") == [("setting.too_large", ("displayScale",))]
    assert refused(type_name, displayScale="1.5") == [("setting.not_an_integer", ("displayScale",))]


@effect("unit", "NUMBER")
def unit_stands_beside(type_name: str) -> None:
    assert shown(type_name, "36.5", unit="<℃>", unitPosition="AFTER") == "36.5 &lt;℃&gt;"
    assert 'data-unit="人"' in bound(field(type_name, unit="人"))()


@effect("unitPosition", "NUMBER")
def unit_position(type_name: str) -> None:
    assert shown(type_name, "5", unit="¥") == "¥ 5"
    assert shown(type_name, "5", unit="人", unitPosition="AFTER") == "5 人"


@effect("scale", "NUMBER")
def scale_is_how_much_is_kept(type_name: str) -> None:
    made = field(type_name, scale=2)
    assert t.cast(ExactNumber, made.column_type()).scale == 2
    assert [made.parse(n, OFFICE) for n in ("0.125", "0.135", "1e15")] == [
        Decimal("0.12"),
        Decimal("0.14"),
        Decimal(10**15),
    ]
    with pytest.raises(Invalid, match=r"number\.too_large"):
        made.parse("1e16", OFFICE)
    assert refused(type_name, scale=11) == [("setting.out_of_range", ("scale",))]


@effect("protocol", "LINK")
def protocol_says_what_is_an_address(type_name: str) -> None:
    good = {"WEB": "https://a.jp/", "CALL": "03-1234-5678", "MAIL": "a@b.jp"}
    href = {"WEB": "https://a.jp/", "CALL": "tel:0312345678", "MAIL": "mailto:a@b.jp"}
    bad = {
        "WEB": ["javascript:alert(1)", "data:text/html,x", "//a.jp", "a.jp", "http://", "http://u:p@a.jp", "ftp://a"],
        "CALL": ["javascript:1", "内線", "03-1234-5678<"],
        "MAIL": ["a", "a@b", "a b@c.jp", "a@b.jp?cc=c@d.jp"],
    }
    for protocol, address in good.items():
        made = field(type_name, protocol=protocol)
        assert complaints(made, made.coerce(address, OFFICE), OFFICE) == []
        assert f'<a href="{href[protocol]}"' in made.display(address, OFFICE)
        for wrong in bad[protocol]:
            value = made.coerce(wrong, OFFICE)
            assert complaints(made, value, OFFICE), wrong
            assert "<a" not in made.display(value, OFFICE) or protocol == "CALL", wrong
    assert 'inputmode="tel"' in bound(field(type_name, protocol="CALL"))()


@effect("enabled", "STATUS", "STATUS_ASSIGNEE", "CATEGORY")
def enabled_shows(type_name: str) -> None:
    values: dict[str, t.Any] = {"STATUS": 31, "STATUS_ASSIGNEE": (1,), "CATEGORY": ("結核",)}
    on, off = field(type_name, enabled=True), field(type_name, enabled=False)
    if type_name == "STATUS":
        on, off = (dataclasses.replace(f, states=STATES) for f in (on, off))
    assert on.display(values[type_name], OFFICE)
    assert not off.display(values[type_name], OFFICE)


@effect("openGroup", "GROUP")
def open_group(type_name: str) -> None:
    assert (field(type_name, openGroup=True).open_group, field(type_name).open_group) == (True, False)


@effect("elementId", "SPACER")
def element_id(type_name: str) -> None:
    assert 'id="map"' in field(type_name, elementId="map").display(None, OFFICE)
    assert refused(type_name, elementId='"><script>') == [("setting.choice", ("elementId",))]


ELSEWHERE: dict[tuple[str, str], str] = {**COMPOSITE}
"""Settings of composite types and where they are proven: ``file.function`` under ``tests/fields``."""

__all__ = ["EFFECTS", "ELSEWHERE", "effect"]
