"""Which fields exist for somebody: those their rights show, without what could tell of the others.

A calculated field shows something of the fields it is made of, a roll-up of the records of another app, and a list of
related records of the field it is joined by. Each is hidden together with its source, unless its author said that it
may be disclosed (``disclose``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from lowcode.access.compiled import Compiled, FieldRule
from lowcode.access.sources import Elsewhere, sources_of
from lowcode.definition.schema import AppDefinition

SeenThere = Callable[[Elsewhere], bool]
"""Whether everything that a value tells of another app is seen."""


@dataclass(frozen=True)
class Masks:
    """Codes of fields, those inside subtables among them."""

    readable: frozenset[str]
    """Seen in every record: these may be filtered, sorted, grouped and searched by."""
    writable: frozenset[str]
    """May be given a value in every record."""
    varying: Mapping[str, FieldRule]
    """Top-level fields whose own rights depend on the record."""
    shown: frozenset[str]
    """Seen in some record at least: ``readable`` and what depends on the record."""
    sources: Mapping[str, frozenset[str]]
    """Of fields that are shown in some records only: the fields of the app that they are made of."""

    def hidden_in(self, unseen: Collection[str]) -> frozenset[str]:
        """Everything hidden in a record in which the varying fields ``unseen`` may not be seen."""
        hidden = set(unseen)
        growing = True
        while growing:
            more = {code for code, made_of in self.sources.items() if code not in hidden and made_of & hidden}
            growing = bool(more)
            hidden |= more
        return frozenset(hidden)


def all_of(definition: AppDefinition) -> Masks:
    """Nothing is hidden."""
    return Masks(definition.field_codes, definition.writable_codes, {}, definition.field_codes, {})


def only(definition: AppDefinition, codes: frozenset[str]) -> Masks:
    """Nothing but ``codes`` exists (for a public form); with a subtable come its columns."""
    inside = {f.code for s in definition.subtables if s.code in codes for f in s.fields}
    there = (codes | inside) & definition.field_codes
    return Masks(there, there & definition.writable_codes, {}, there, {})


def masks(definition: AppDefinition, rights: Compiled, seen_there: SeenThere) -> Masks:
    """The masks of an app for whom ``rights`` were worked out.

    :param seen_there: asked for the fields of other apps that roll-ups and related records are made of.
    """
    sources, foreign_hidden = _sources(definition, seen_there)
    never = {code for code, rule in rights.fields.items() if rule.read.always is False} | foreign_hidden
    varying = {
        code: rule
        for code, rule in rights.fields.items()
        if code not in never and (rule.read.always is None or rule.write.always is None)
    }
    never = _spread(definition, sources, never)
    unsure = _spread(definition, sources, {code for code, rule in varying.items() if rule.read.always is None})
    codes = definition.field_codes
    readable = codes - never - unsure
    refused = {code for code, rule in rights.fields.items() if rule.write.always is not True}
    refused = _with_columns(definition, refused)
    shown = codes - never
    return Masks(
        readable=readable,
        writable=(definition.writable_codes & readable) - refused,
        varying={code: rule for code, rule in varying.items() if code in shown},
        shown=shown,
        sources=_in_unsure_records(definition, sources, unsure),
    )


def _in_unsure_records(
    definition: AppDefinition, sources: Mapping[str, frozenset[str]], unsure: Collection[str]
) -> dict[str, frozenset[str]]:
    """What the fields are made of that are seen in some records only; a column is also part of its table."""
    found = {code: made_of for code, made_of in sources.items() if code in unsure}
    for table in definition.subtables:
        if table.code in unsure:
            for column in table.fields:
                found[column.code] = found.get(column.code, frozenset()) | {table.code}
    return found


def _with_columns(definition: AppDefinition, codes: Collection[str]) -> set[str]:
    """The codes, with the columns of every subtable among them."""
    return {*codes, *(f.code for s in definition.subtables if s.code in codes for f in s.fields)}


def _spread(definition: AppDefinition, sources: Mapping[str, frozenset[str]], codes: Collection[str]) -> set[str]:
    """The codes, with everything that is made of them."""
    found = _with_columns(definition, codes)
    growing = bool(found)
    while growing:
        more = {code for code, made_of in sources.items() if code not in found and made_of & found}
        found |= more
        growing = bool(more)
    return found


def _sources(definition: AppDefinition, seen_there: SeenThere) -> tuple[dict[str, frozenset[str]], set[str]]:
    """What fields are made of inside the app, and the fields whose sources elsewhere are hidden."""
    found: dict[str, frozenset[str]] = {}
    hidden: set[str] = set()
    for field in definition.all_fields:
        made_of = sources_of(field)
        if made_of.here:
            found[field.code] = made_of.here
        if made_of.elsewhere is not None and not seen_there(made_of.elsewhere):
            hidden.add(field.code)
    return found, hidden
