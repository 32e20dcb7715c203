"""What every field type promises, tried with every sample; a new type joins by being in the registry."""

from __future__ import annotations

import csv
import io
import operator as op
import typing as t
from collections.abc import Iterator, Sequence

import marshmallow as ma
import openpyxl
import orjson
import pytest
import sqlalchemy as sa
import wtforms
from lxml import html
from werkzeug.datastructures import MultiDict

from lowcode.db import UtcDateTime, writing
from lowcode.errors import Invalid
from lowcode.fields.adapters import FormField
from lowcode.fields.base import Field, ManyValued, SystemField, Value, fold
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import TYPES, load_field
from lowcode.fields.subtable import SubtableField
from tests.fields.people import OFFICE
from tests.fields.samples import BY_NAME, SAMPLES, Sample

CASES = [pytest.param(s, v, id=f"{s.name}-{n}") for s in SAMPLES for n, v in enumerate(s.values)]
STORED = [s for s in SAMPLES if s.field.columns() or isinstance(s.field, SystemField)]
KEEPS_SPACES = ("SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT", "ROLLUP")
COMPARISONS = {">": op.gt, "<": op.lt, ">=": op.ge, "<=": op.le}


def of(case: t.Any) -> Sample:
    """The sample of a case."""
    return t.cast(Sample, case.values[0])


each_value = pytest.mark.parametrize("sample, value", CASES)
each_text = pytest.mark.parametrize("sample, value", [c for c in CASES if "text" not in of(c).unlike])
each_kintone = pytest.mark.parametrize("sample, value", [c for c in CASES if "kintone" not in of(c).unlike])
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)


def test_every_type_has_a_sample() -> None:
    assert {*TYPES.values(), *LOOKUPS.values()} == {type(s.field) for s in SAMPLES}
    assert len(BY_NAME) == len(SAMPLES), "two samples have the same name"


@each_sample
def test_a_sample_has_several_values(sample: Sample) -> None:
    assert len(set(sample.values)) == len(sample.values)
    assert (len(sample.values) >= 2) == sample.field.stores_value


# --- JSON --------------------------------------------------------------------------------------


@each_value
def test_canonical_json(sample: Sample, value: Value) -> None:
    raw = orjson.loads(orjson.dumps(sample.field.dump(value)))
    assert sample.field.coerce(raw, OFFICE) == value
    assert sample.field.coerce(value, OFFICE) == value, "a coerced value is coerced to itself"


@each_value
def test_history(sample: Sample, value: Value) -> None:
    raw = orjson.loads(orjson.dumps(sample.field.history_value(value)))
    assert sample.field.from_history(raw) == value


@each_kintone
def test_kintone(sample: Sample, value: Value) -> None:
    record = orjson.loads(orjson.dumps(sample.field.to_kintone(value, OFFICE)))
    assert sample.field.from_kintone(record, OFFICE) == value


@each_value
def test_api_field(sample: Sample, value: Value) -> None:
    schema = ma.Schema.from_dict({"x": sample.field.api_field(OFFICE)})()
    dumped = schema.dump({"x": value})
    assert list(dumped) == [sample.field.code]
    assert schema.load(dumped) == {"x": value}


@each_sample
def test_api_field_keeps_problems_as_values(sample: Sample) -> None:
    schema = ma.Schema.from_dict({"x": sample.field.api_field(OFFICE)})()
    if not sample.field.stores_value:
        return
    wrong = object()
    with pytest.raises(Invalid) as refused:
        sample.field.coerce(wrong, OFFICE)
    with pytest.raises(ma.ValidationError) as caught:
        schema.load({sample.field.code: wrong})
    assert t.cast(t.Any, caught.value.messages)[sample.field.code] == list(refused.value.problems)


@each_sample
def test_nothing(sample: Sample) -> None:
    field = sample.field
    empty = field.coerce(None, OFFICE)
    assert field.is_empty(empty)
    assert field.coerce(orjson.loads(orjson.dumps(field.dump(empty))), OFFICE) == empty
    assert field.from_history(field.history_value(empty)) == empty
    assert field.text(empty, OFFICE) == ""
    assert field.cell(empty, OFFICE) is None
    assert field.search_text(empty, OFFICE) == ""
    if not isinstance(field, SubtableField):
        assert field.parse("", OFFICE) == empty
        assert field.from_cell(None, OFFICE) == empty
        assert field.from_kintone(field.to_kintone(empty, OFFICE), OFFICE) == empty
    if field.stores_value:
        assert str(field.display(empty, OFFICE)) == ""
    assert not any(field.is_empty(value) for value in sample.values)


# --- text, files -------------------------------------------------------------------------------


@each_text
def test_text(sample: Sample, value: Value) -> None:
    text = sample.field.text(value, OFFICE)
    assert sample.field.parse(text, OFFICE) == value
    if sample.field.type_name not in KEEPS_SPACES:
        assert sample.field.parse(f" {text} ", OFFICE) == value


@each_text
def test_csv(sample: Sample, value: Value) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([sample.field.text(value, OFFICE), ""])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert sample.field.parse(row[0], OFFICE) == value


@pytest.mark.parametrize("sample", [s for s in SAMPLES if "text" not in s.unlike], ids=lambda s: s.name)
def test_excel(sample: Sample) -> None:
    book = openpyxl.Workbook()
    sheet = t.cast(t.Any, book.active)
    for row, value in enumerate(sample.values, start=1):
        cell = sheet.cell(row=row, column=1)
        cell.value = sample.field.cell(value, OFFICE)
        if isinstance(cell.value, str):
            cell.data_type = "s"  # "=1+1" is text here, as in the product's own writer
    file = io.BytesIO()
    book.save(file)
    again = t.cast(t.Any, openpyxl.load_workbook(file).active)
    read = [again.cell(row=row, column=1).value for row in range(1, len(sample.values) + 1)]
    assert [sample.field.from_cell(raw, OFFICE) for raw in read] == list(sample.values)


@each_value
def test_search_text_is_folded(sample: Sample, value: Value) -> None:
    found = sample.field.search_text(value, OFFICE)
    assert found == fold(found)
    assert bool(found) == sample.field.searchable


@each_value
def test_display_is_safe(sample: Sample, value: Value) -> None:
    shown = str(sample.field.display(value, OFFICE))
    assert "<script" not in shown
    assert not html.fragment_fromstring(shown, create_parent="div").xpath("//@style | //@*[starts-with(name(), 'on')]")


# --- forms -------------------------------------------------------------------------------------


def form_of(field: Field) -> tuple[wtforms.form.BaseForm, FormField]:
    """A form of one field, and the field in it."""
    form = wtforms.form.BaseForm({field.code: field.form_field(OFFICE)})
    return form, t.cast(FormField, form[field.code])


def posted(markup: str) -> MultiDict[str, str]:
    """What a browser would post for controls as they stand."""
    tree = html.fragment_fromstring(markup, create_parent="form")
    found: list[tuple[str, str]] = []
    for element in tree.xpath(".//input | .//select | .//textarea"):
        name, kind = element.get("name"), element.get("type")
        if not name or kind in ("submit", "button", "file"):
            continue
        if element.tag == "textarea":
            found.append((name, (element.text or "").removeprefix("\n")))
        elif element.tag == "select":
            options = element.xpath(".//option")
            chosen = [o for o in options if o.get("selected") is not None]
            if not chosen and element.get("multiple") is None:
                chosen = options[:1]
            found += [(name, o.get("value", "")) for o in chosen]
        elif kind not in ("checkbox", "radio") or element.get("checked") is not None:
            found.append((name, element.get("value", "")))
    return MultiDict(found)


WRITTEN = [s for s in SAMPLES if s.field.writable and "written" not in s.unlike]


@pytest.mark.parametrize("sample, value", [c for c in CASES if of(c) in WRITTEN])
def test_a_form_posted_as_it_was_drawn_changes_nothing(sample: Sample, value: Value) -> None:
    form, bound = form_of(sample.field)
    form.process(None, data={sample.field.code: value})
    markup = str(bound())
    assert f'id="{bound.id}"' in markup
    form.process(posted(markup), data={sample.field.code: value})
    assert (form.validate(), bound.errors, bound.problems) == (True, [], [])
    assert bound.sent
    assert bound.data == value
    assert not bound.changed


@pytest.mark.parametrize("sample", WRITTEN, ids=lambda s: s.name)
def test_a_form_can_fill_and_clear(sample: Sample) -> None:
    field = sample.field
    empty = field.coerce(None, OFFICE)
    value = sample.values[0]
    form, bound = form_of(field)
    form.process(None, data={field.code: empty})
    drawn_empty = posted(str(bound()))
    form.process(None, data={field.code: value})
    drawn_full = posted(str(bound()))
    form.process(drawn_full, data={field.code: empty})
    assert bound.changed
    if not isinstance(field, SubtableField):
        assert bound.data == value
    form.process(drawn_empty, data={field.code: value})
    assert bound.sent, "a cleared control is not an absent one"
    assert field.is_empty(bound.data)
    form.process(MultiDict(), data={field.code: value})
    assert (bound.sent, bound.changed) == (False, False)
    assert bound.data == value, "what the form did not show stays"


@each_sample
def test_a_new_form_shows_the_default(sample: Sample) -> None:
    if sample.field.writable:
        form, bound = form_of(sample.field)
        form.process(None)
        if "default" not in sample.unlike:
            assert bound.data == sample.field.default(OFFICE)
        assert bound.name == sample.field.code


WRONG = {
    "NUMBER": ("十二", "number.not_a_number"),
    "DATE": ("9/22", "date.no_year"),
    "TIME": ("25:00", "time.not_a_time"),
    "DATETIME": ("2022-08-25", "datetime.no_time"),
    "LINK": ("javascript:alert(1)", "link."),
    "DROP_DOWN": ("99", "choice.unknown"),
    "RADIO_BUTTON": ("99", "choice.unknown"),
    "CHECK_BOX": ("99", "choice.unknown"),
    "MULTI_SELECT": ("99", "choice.unknown"),
    "SINGLE_LINE_TEXT": ("a\x07", "text.control_character"),
    "MULTI_LINE_TEXT": ("a\x07", "text.control_character"),
    "RICH_TEXT": ("a\x07", "text.control_character"),
}


@pytest.mark.parametrize("sample", [s for s in WRITTEN if s.field.type_name in WRONG], ids=lambda s: s.name)
def test_a_wrong_value_is_named_and_kept_in_the_form(sample: Sample) -> None:
    typed, code = WRONG[sample.field.type_name]
    form, bound = form_of(sample.field)
    form.process(MultiDict([(sample.field.code, typed)]), data={sample.field.code: sample.values[0]})
    assert not form.validate()
    assert [p.code.startswith(code) for p in bound.problems] == [True]
    assert bound.errors
    assert bound.errors[0] != bound.problems[0].code, "the problem has a sentence"
    markup = str(bound())
    assert 'aria-invalid="true"' in markup
    if not sample.field.form_choices(None, OFFICE):
        assert html.fromstring(f"<div>{markup}</div>").xpath("//@value | //textarea/text()")[0].lstrip("\n") == typed


# --- settings ----------------------------------------------------------------------------------


@each_sample
def test_settings_survive_json(sample: Sample) -> None:
    properties = orjson.loads(orjson.dumps(sample.field.to_json()))
    again = load_field(sample.field.code, properties)
    assert again.to_json() == sample.field.to_json()
    assert hash(again) == hash(load_field(sample.field.code, properties))
    assert {c["key"] for c in sample.field.controls()} == properties.keys() - {"type"}


# --- storage and queries -----------------------------------------------------------------------


class OneTable:
    """The tables of an app that has one field."""

    def __init__(self, field: Field) -> None:
        metadata = sa.MetaData()
        system: list[sa.Column[t.Any]] = [
            sa.Column("created_at", UtcDateTime()),
            sa.Column("updated_at", UtcDateTime()),
            sa.Column("created_by", sa.BigInteger()),
            sa.Column("updated_by", sa.BigInteger()),
            sa.Column("status", sa.Integer()),
            sa.Column("assignees", sa.Text()),
            sa.Column("categories", sa.Text()),
        ]
        self.main = sa.Table(
            "app_1", metadata, sa.Column("id", sa.BigInteger(), primary_key=True), *system, *field.columns()
        )
        self.search = sa.Table(
            "app_1_search",
            metadata,
            sa.Column("id", sa.BigInteger(), primary_key=True),
            sa.Column(f"f{field.id}", sa.Text()),
        )
        self._side = None
        if isinstance(field, ManyValued) and field.columns():
            self._side = sa.Table(
                f"app_1_f{field.id}",
                metadata,
                sa.Column("record_id", sa.BigInteger()),
                sa.Column("position", sa.Integer()),
                sa.Column("value", field.element_type()),
            )

    def side(self, field_id: int) -> sa.Table:
        assert self._side is not None
        return self._side

    def fill(self, connection: sa.Connection, field: Field, values: Sequence[Value]) -> None:
        """One row per value; its id is the value's place, unless the value is the id."""
        self.main.metadata.create_all(connection)
        for place, value in enumerate(values, start=1):
            row: dict[str, t.Any] = {"id": place, **field.row_values(value)}
            if isinstance(field, SystemField):
                row[field.column_name] = field.store(value)
            connection.execute(sa.insert(self.main).values(row))
            connection.execute(
                sa.insert(self.search).values({"id": row["id"], f"f{field.id}": field.search_text(value, OFFICE)})
            )
            if self._side is not None:
                for position, element in enumerate(t.cast(ManyValued, field).elements(value)):
                    connection.execute(
                        sa.insert(self._side).values(record_id=row["id"], position=position, value=element)
                    )


def meets(field: Field, operator: str, value: Value, operand: t.Any) -> bool:
    """What a query means, in plain Python."""
    elements = set(t.cast(ManyValued, field).elements(value)) if isinstance(value, tuple) else {value}
    if isinstance(value, tuple) and not value:
        elements = {None}
    match operator:
        case "=":
            return bool(value == operand)
        case "!=":
            return bool(value != operand)
        case "in":
            return bool(elements.intersection(operand))
        case "not in":
            return not elements.intersection(operand)
        case "is empty":
            return field.is_empty(value)
        case "is not empty":
            return not field.is_empty(value)
        case "like":
            return operand in field.search_text(value, OFFICE)
        case "not like":
            return operand not in field.search_text(value, OFFICE)
    return not field.is_empty(value) and bool(COMPARISONS[operator](value, operand))


def operands(sample: Sample, operator: str) -> Iterator[t.Any]:
    """Operands to try an operator with: each value, several at once, and nothing where that is allowed."""
    field = sample.field
    match operator:
        case "is empty" | "is not empty":
            yield None
        case "like" | "not like":
            for value in sample.values:
                text = field.search_text(value, OFFICE)
                if sample.name == "telephone":  # searched under its digits too, and nobody types both
                    text = fold(field.text(value, OFFICE))
                yield from (text, text[:2], text[-2:])
            yield "ありえない文字列"
        case "in" | "not in":
            singles = [e for v in sample.values for e in (v if isinstance(v, tuple) else (v,))]
            if isinstance(field, ManyValued):
                singles = [e for v in sample.values for e in field.elements(v)]
            nothing = field.operand("", OFFICE)
            yield from ([one] for one in [*singles, nothing])
            yield [singles[0], singles[-1], nothing]
            yield []
        case "=" | "!=":
            yield from (*sample.values, field.operand("", OFFICE))
        case _:
            yield from sample.values


@pytest.mark.parametrize("sample", STORED, ids=lambda s: s.name)
def test_stored_found_and_sorted(sample: Sample, engine: sa.Engine) -> None:
    field, tables = sample.field, OneTable(sample.field)
    # The number of a record is never empty; every other column may be.
    is_id = field.column_name == "id"
    rows = [*sample.values] if is_id else [*sample.values, field.coerce(None, OFFICE)]
    with writing(engine) as connection:
        tables.fill(connection, field, rows)
        columns = connection.execute(
            sa.select(tables.main.c[field.column_name]).order_by(sa.literal(1) if is_id else tables.main.c.id)
        ).scalars()
        assert sorted(map(repr, map(field.load, columns))) == sorted(map(repr, rows))
        for operator in field.operators:
            for operand in operands(sample, operator):
                condition = field.where(operator, tables, operand, OFFICE)
                found = set(connection.execute(sa.select(tables.main.c.id).where(condition)).scalars())
                wanted = {v if is_id else n for n, v in enumerate(rows, 1) if meets(field, operator, v, operand)}
                assert found == wanted, (operator, operand)
        if field.sortable and COMPARISONS.keys() & set(field.operators):
            statement = (
                sa.select(tables.main.c[field.column_name])
                .where(tables.main.c[field.column_name].is_not(None))
                .order_by(field.sort_column(tables))
            )
            assert [field.load(raw) for raw in connection.execute(statement).scalars()] == list(sample.values)


@pytest.mark.parametrize("sample", STORED, ids=lambda s: s.name)
def test_operands_are_read_as_a_query_writes_them(sample: Sample) -> None:
    field = sample.field
    if not {"=", "in"} & set(field.operators):
        return
    for value in sample.values:
        dumped = field.kintone_value(value, OFFICE)
        for one in dumped if isinstance(dumped, list) else [dumped]:
            literal = one["code"] if isinstance(one, dict) else one
            read = field.operand(literal, OFFICE)
            assert read in value if isinstance(value, tuple) else read == value


@each_sample
def test_an_unknown_operator_is_refused(sample: Sample) -> None:
    with pytest.raises(Invalid, match="operator_not_allowed"):
        sample.field.where("~", OneTable(sample.field), "x", OFFICE)
