"""An explanation of rights in words: what a person may do, field by field, and which rule says so."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from lowcode import messages
from lowcode.access.compiled import RECORD_ACTIONS
from lowcode.access.explain import AppReason, ConditionReason, Explanation, FieldReason, RecordReason, Row
from lowcode.definition.rights import EVERYONE, Grantee
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Field
from lowcode.fields.context import Directory
from lowcode.fields.reference_table import ReferenceTableField
from lowcode.fields.subtable import SubtableField
from lowcode.records.workspace import Workspace

Answer = t.Literal["yes", "no", "write", "read", "none", "varies"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One line: what it is about, the answer, and why."""

    code: str
    """The action, or the code of the field."""
    label: str
    answer: Answer
    answer_words: str
    why: str
    reason: str
    """The sentence for ``why``."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of the record rights, with the rows that have to do with the person."""

    number: int
    text: str
    met: str
    met_words: str
    decides: bool
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is shown of an explanation."""

    record: int | None
    app: tuple[Verdict, ...]
    records: tuple[Verdict, ...]
    conditions: tuple[Condition, ...]
    fields: tuple[Verdict, ...]
    """Only those that rights have something to say about."""
    fields_note: str
    """What holds for all the other fields."""


class Elsewhere:
    """How the reader of a report knows other apps: by name what they may see, else by code."""

    def __init__(self, space: Workspace, locale: str) -> None:
        """:param space: the reader's own transaction."""
        self._space, self._locale = space, locale

    def app(self, code: str) -> str:
        """An app in words."""
        found = self._space.snapshot.find(code)
        if found is None or not self._space.policy(found).known:
            return code
        return found.definition.display_name(self._locale)

    def field(self, app: str, code: str) -> str:
        """A field of another app in words."""
        found = self._space.snapshot.find(app)
        if found is None or code not in self._space.policy(found).shown:
            return code
        return found.definition.field(code).display_label(self._locale)


class Reasons:
    """Puts the reasons of one app into sentences of one language."""

    def __init__(self, definition: AppDefinition, directory: Directory, elsewhere: Elsewhere, locale: str) -> None:
        self.definition, self.directory, self.elsewhere, self.locale = definition, directory, elsewhere, locale

    def report(self, found: Explanation) -> Report:
        """The whole explanation."""
        by_code = {reason.code: reason for reason in found.fields}
        limited = [by_code[field.code] for field in self._in_order() if by_code[field.code].limited]
        whole = next((reason.why for reason in limited if reason.why in ("app", "record")), None)
        return Report(
            record=found.record,
            app=tuple(self._verdict(r, self._app(r), r.allowed) for r in found.app),
            records=tuple(self._verdict(r, self._record(r), r.allowed) for r in found.records),
            conditions=tuple(self._condition(c) for c in found.conditions),
            fields=() if whole else tuple(self._field(reason) for reason in limited),
            fields_note=self._say(f"fields.{whole}") if whole else self._rest(found, bool(limited)),
        )

    # -- the app and its records -----------------------------------------------------------------

    def _verdict(self, reason: AppReason | RecordReason, sentence: str, allowed: bool | None) -> Verdict:
        answer: Answer = "varies" if allowed is None else "yes" if allowed else "no"
        return Verdict(
            code=reason.action,
            label=messages.text(f"definition.right.{reason.action}", self.locale),
            answer=answer,
            answer_words=self._say(f"answer.{answer}"),
            why=reason.why,
            reason=sentence,
        )

    def _app(self, reason: AppReason) -> str:
        return self._say(f"app.{reason.why}", **self._row_params(reason.row))

    def _record(self, reason: RecordReason) -> str:
        condition = (reason.condition or 0) + 1
        key = reason.why if reason.why != "varies" or reason.condition is None else "varies_in"
        return self._say(f"record.{key}", condition=condition, **self._row_params(reason.row))

    def _condition(self, reason: ConditionReason) -> Condition:
        return Condition(
            number=reason.place + 1,
            text=reason.text,
            met=reason.met,
            met_words=self._say("met.always" if not reason.text and reason.met == "met" else f"met.{reason.met}"),
            decides=reason.decides,
            rows=tuple(self.row(row) for row in reason.rows) or (self._say("rows.nobody"),),
        )

    # -- fields ----------------------------------------------------------------------------------

    def _in_order(self) -> Iterator[Field]:
        """The fields as they stand on the form."""
        for field in self.definition.layout_order:
            yield field
            if isinstance(field, SubtableField):
                yield from self.definition.inner_order(field)

    def _rest(self, found: Explanation, some_limited: bool) -> str:
        free = [self.definition.field(reason.code) for reason in found.fields if not reason.limited]
        # Labels and lines are no fields to people.
        count = sum(1 for f in free if f.stores_value or isinstance(f, SubtableField | ReferenceTableField))
        return self._say("fields.rest" if some_limited else "fields.none", count=count)

    def _field(self, reason: FieldReason) -> Verdict:
        answer: Answer = reason.level or "varies"
        return Verdict(
            code=reason.code,
            label=self._label(reason.code),
            answer=answer,
            answer_words=self._say(f"answer.{answer}"),
            why=reason.why,
            reason=self._field_reason(reason),
        )

    def _field_reason(self, reason: FieldReason) -> str:
        match reason.why:
            case "row" | "nobody":
                sentence = self._say(f"field.{reason.why}", **self._row_params(reason.row))
                fixed = reason.row is not None and "write" in reason.row.gives and reason.level == "read"
                return self._joined(sentence, self._say("field.automatic")) if fixed else sentence
            case "varies":
                return self._say("field.varies", rows=self._say("comma").join(self.row(row) for row in reason.rows))
            case "table":
                return self._say("field.table", source=self._label(reason.source))
            case "here":
                key = "here" if reason.level == "none" else "here_varies"
                return self._say(f"field.{key}", source=self._label(reason.source))
        unseen = reason.unseen
        if unseen is None:
            return self._say("field.elsewhere")
        app = self.elsewhere.app(unseen.app)
        named = self.elsewhere.field(unseen.app, unseen.field) if unseen.field else ""
        return self._say(f"field.elsewhere_{unseen.what}", app=app, field=named)

    def _label(self, code: str) -> str:
        field, table = self.definition.find(code), self.definition.subtable_of(code)
        label = code if field is None else field.display_label(self.locale) or code
        if table is None:
            return label
        return self._say("column", table=table.display_label(self.locale) or table.code, label=label)

    # -- rows ------------------------------------------------------------------------------------

    def row(self, row: Row) -> str:
        """A row of a list of rights with what it gives."""
        if row.gives & {"read", "write"}:
            gives = self._say("answer.write" if "write" in row.gives else "answer.read")
        elif row.gives:
            ordered = [action for action in RECORD_ACTIONS if action in row.gives]
            gives = self._say("comma").join(messages.text(f"definition.right.{each}", self.locale) for each in ordered)
        else:
            gives = self._say("answer.nothing")
        return self._say("row", gives=gives, **self._row_params(row))

    def who(self, grantee: Grantee) -> str:
        """Whom a row names."""
        entity = grantee.entity
        if entity.type == "GROUP" and entity.code == EVERYONE:
            return self._say("who.everyone")
        below = "_below" if grantee.include_subs and entity.type in ("ORGANIZATION", "FIELD_ENTITY") else ""
        if entity.type == "FIELD_ENTITY":
            field = self.definition.find(entity.code)
            below = below if field is not None and field.type_name == "ORGANIZATION_SELECT" else ""
            return self._say(f"who.FIELD_ENTITY{below}", name=self._label(entity.code))
        found = self.directory.by_id(entity.type, entity.id) if entity.id is not None else None
        if found is None and entity.code:
            found = self.directory.by_code(entity.type, entity.code)
        return self._say(f"who.{entity.type}{below}", name=found.name if found is not None else entity.code)

    def _row_params(self, row: Row | None) -> dict[str, t.Any]:
        return {} if row is None else {"place": row.place + 1, "who": self.who(row.grantee)}

    def _joined(self, *sentences: str) -> str:
        return ("" if self.locale == "ja" else " ").join(sentences)

    def _say(self, code: str, /, **params: t.Any) -> str:
        return messages.text(f"see_as.{code}", self.locale, **params)
