"""A file looked at before it becomes an app: how it is read, and what each column becomes, to be corrected."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from lowcode.designer import words
from lowcode.errors import Invalid, NotFound, Problem
from lowcode.system import models
from lowcode.transfer import inference, tabular
from lowcode.transfer.app_from_file import Proposal
from lowcode.transfer.inference import ColumnFacts, Guess
from lowcode.transfer.tabular import Preview
from lowcode.web import i18n, state
from lowcode.web.forms import Option

KINDS: t.Final = (
    "SINGLE_LINE_TEXT",
    "MULTI_LINE_TEXT",
    "NUMBER",
    "DATE",
    "DATETIME",
    "TIME",
    "DROP_DOWN",
    "RADIO_BUTTON",
    "LINK:WEB",
    "LINK:CALL",
    "LINK:MAIL",
)
MOST_OPTIONS: t.Final = 200


@dataclass(frozen=True)
class Found:
    """What the file holds."""

    preview: Preview
    facts: tuple[ColumnFacts, ...]
    guesses: tuple[Guess, ...]


@dataclass(frozen=True)
class Choice:
    """What one column becomes, as proposed or as corrected."""

    at: int
    header: str
    label: str
    kind: str
    unique: bool
    why: str
    samples: tuple[str, ...]
    guess: Guess | None


def own_file(key: str) -> tuple[Path, str]:
    """An uploaded file of whoever asks. Raises :class:`NotFound`."""
    files = models.File.__table__
    with state.reading() as space:
        row = space.connection.execute(sa.select(files.c.name, files.c.created_by).where(files.c.key == key)).first()
    if row is None or row.created_by != state.actor().user_id:
        raise NotFound("file.not_found")
    return state.services().store.path(key), row.name


def look(path: Path, chosen: Mapping[str, str]) -> Found:
    """Read the file as chosen, and learn every column. Raises :class:`Invalid` or ``TooLarge``."""
    number = chosen.get("header_row", "")
    preview = tabular.inspect(
        path,
        encoding=chosen.get("encoding") or None,
        delimiter={"tab": "\t"}.get(chosen.get("delimiter", ""), chosen.get("delimiter")) or None,
        sheet=chosen.get("sheet") or None,
        header_row=int(number) if number.isascii() and number.isdigit() and len(number) < 4 else None,
    )
    facts = tuple(inference.learn(preview.headers, tabular.rows(path, preview.reading)))
    return Found(preview, facts, inference.guess(facts))


def _kind_of(guess: Guess) -> str:
    kind = guess.type_name
    return f"LINK:{guess.properties.get('protocol', 'WEB')}" if kind == "LINK" else kind


def choices(found: Found, form: MultiDict[str, str] | None) -> list[Choice]:
    """Every column with what it becomes."""
    by_header = {guess.header: guess for guess in found.guesses}
    samples = found.preview.samples(3)
    made = []
    for at, header in enumerate(found.preview.headers):
        guess = by_header.get(header)
        choice = Choice(
            at=at,
            header=header,
            label=str(guess.properties.get("label", header)) if guess else header,
            kind=_kind_of(guess) if guess else "",
            unique=bool(guess and guess.properties.get("unique")),
            why=i18n.translate(f"transfer.why.{guess.why}", **guess.params) if guess else "",
            samples=tuple(samples[at]) if at < len(samples) else (),
            guess=guess,
        )
        if form is not None and f"kind.{at}" in form:
            choice = replace(
                choice,
                label=form.get(f"label.{at}", "").strip() or header,
                kind=form[f"kind.{at}"],
                unique=f"unique.{at}" in form,
            )
        made.append(choice)
    return made


def decided(found: Found, chosen: Sequence[Choice]) -> Proposal:
    """The proposal with the person's corrections. Raises :class:`Invalid`."""
    taken: set[str] = set()
    guesses = []
    for choice in chosen:
        if not choice.kind:
            continue
        if choice.kind not in KINDS:
            raise Invalid(
                [Problem(code="setting.unknown_type", path=(f"kind.{choice.at}",), params={"value": choice.kind[:40]})]
            )
        code = choice.guess.code if choice.guess and choice.label == choice.guess.properties.get("label") else ""
        if not code or code in taken:
            code = inference.field_code(choice.label, taken)
        taken.add(code)
        guesses.append(_guess(choice, code, found.facts[choice.at]))
    if not guesses:
        raise Invalid([Problem(code="designer.no_columns")])
    return Proposal(preview=found.preview, guesses=tuple(guesses))


def _guess(choice: Choice, code: str, facts: ColumnFacts) -> Guess:
    base = choice.guess
    kind, _, protocol = choice.kind.partition(":")
    if base is not None and choice.kind == _kind_of(base):
        properties = dict(base.properties)
    else:
        properties = {"type": kind, **({"protocol": protocol} if protocol else {})}
        if kind in ("DROP_DOWN", "RADIO_BUTTON"):
            properties["options"] = _options(base, facts)
            if kind == "RADIO_BUTTON":
                properties["required"] = False
    properties.update(code=code, label=choice.label)
    properties.pop("unique", None)
    if choice.unique and kind in ("SINGLE_LINE_TEXT", "NUMBER", "DATE", "DATETIME", "LINK"):
        properties["unique"] = True
    return Guess(
        header=choice.header,
        code=code,
        properties=properties,
        why=base.why if base else "text",
        params=base.params if base else {},
        serial=bool(base and base.serial and kind == "DATE"),
    )


def _options(base: Guess | None, facts: ColumnFacts) -> dict[str, t.Any]:
    if base is not None and "options" in base.properties:
        return dict(base.properties["options"])
    values = [value for value in facts.values if len(value) <= 128]
    if not values or len(values) > MOST_OPTIONS:
        raise Invalid(
            [
                Problem(
                    code="designer.too_many_values",
                    params={"label": facts.header, "count": len(facts.values), "limit": MOST_OPTIONS},
                )
            ]
        )
    return {value: {"label": value, "index": str(at)} for at, value in enumerate(values)}


def type_options() -> list[Option]:
    """What a column may become."""
    found = []
    for kind in KINDS:
        base, _, protocol = kind.partition(":")
        label = i18n.translate(f"setting.value.{protocol}") if protocol else words.type_words(base)
        found.append(Option(kind, label))
    return found
