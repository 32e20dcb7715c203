"""Everything that decides what an import does, checked against the app and the actor's rights beforehand."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields.base import Field
from lowcode.records.workspace import Workspace
from lowcode.transfer.mapping import Column, map_columns
from lowcode.transfer.tabular import Preview, Reading

KEY_TYPES = frozenset({"SINGLE_LINE_TEXT", "NUMBER", "DATE", "LINK", "RECORD_NUMBER", "SERIAL", "LOOKUP", "DATETIME"})
MODES = frozenset({"add", "update"})


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """Everything that decides what an import does; kept as JSON by a job.

    :param key: code of the field by which records of the file and of the app are the same; None adds every row.
    :param modes: ``add`` and/or ``update``; both need no decision per row (upsert).
    """

    app: int | str
    reading: Reading
    headers: tuple[str, ...]
    columns: tuple[Column, ...]
    key: str | None = None
    modes: frozenset[str] = MODES
    dry_run: bool = False
    bad_cells: t.Literal["fail", "empty"] = "fail"
    note_field: str | None = None
    total: int = 0

    @property
    def unknown(self) -> list[str]:
        """Headers of columns that belong to no field."""
        return [c.header for c in self.columns if c.role == "unknown"]

    @property
    def ignored(self) -> list[str]:
        """Headers of columns that are known and not taken in."""
        return [c.header for c in self.columns if c.role == "ignored"]

    def to_json(self) -> dict[str, t.Any]:
        """The plan as a job keeps it."""
        return {
            "app": self.app,
            "reading": vars(self.reading),
            "headers": list(self.headers),
            "columns": [c.to_json() for c in self.columns],
            "key": self.key,
            "modes": sorted(self.modes),
            "dry_run": self.dry_run,
            "bad_cells": self.bad_cells,
            "note_field": self.note_field,
            "total": self.total,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, t.Any]) -> ImportPlan:
        """The inverse of :meth:`to_json`."""
        return cls(
            app=raw["app"],
            reading=Reading(**raw["reading"]),
            headers=tuple(raw["headers"]),
            columns=tuple(Column.from_json(c) for c in raw["columns"]),
            key=raw["key"],
            modes=frozenset(raw["modes"]),
            dry_run=raw["dry_run"],
            bad_cells=raw["bad_cells"],
            note_field=raw["note_field"],
            total=raw["total"],
        )


def modes_of(mode: str | None) -> frozenset[str]:
    """``add``, ``update``, ``upsert`` or ``add,update`` as a set. Raises :class:`Invalid`."""
    words = {word.strip() for word in (mode or "upsert").split(",") if word.strip()}
    if "upsert" in words:
        words = (words - {"upsert"}) | MODES
    if not words or not words <= MODES:
        raise invalid("transfer.mode", value=mode)
    return frozenset(words)


def plan_import(
    space: Workspace,
    app: int | str,
    preview: Preview,
    *,
    key: str | None = None,
    mode: str | None = None,
    dry_run: bool = False,
    overrides: Mapping[str, str] | None = None,
    years: Mapping[str, int] | None = None,
    serial: bool = False,
    bad_cells: t.Literal["fail", "empty"] = "fail",
    note_field: str | None = None,
) -> ImportPlan:
    """A plan from a file's preview; ``key`` is a field's code or label.

    :raises Forbidden: the actor may not import. :raises Invalid: everything that does not fit together.
    """
    live = space.app(app)
    service = space.service(live)
    policy, definition = service.policy, live.definition
    policy.require("import")
    key_field = _key_field(definition.fields, key, preview.headers)
    modes = modes_of(mode or ("upsert" if key_field else "add"))
    columns = map_columns(
        preview.headers,
        definition,
        writable=policy.writable,
        key=key_field.code if key_field else None,
        overrides=overrides,
        years=years,
        serial=serial,
    )
    mapped = {c.field for c in columns if c.role == "value"}
    problems: list[Problem] = []
    if not mapped - {key_field.code if key_field else None} and (key_field is None or not key_field.writable):
        problems.append(Problem(code="transfer.nothing_mapped", params={"headers": "、".join(preview.headers[:10])}))
    if key_field is None and "update" in modes:
        problems.append(Problem(code="transfer.key_needed", path=("key",)))
    if key_field is not None and key_field.code not in mapped:
        problems.append(Problem(code="transfer.key_not_in_file", path=("key",), params={"field": key_field.label}))
    if note_field is not None:
        note = definition.find(note_field)
        if note is None or note.type_name not in ("MULTI_LINE_TEXT", "SINGLE_LINE_TEXT") or not note.writable:
            problems.append(Problem(code="transfer.note_field", path=("note_field",), params={"field": note_field}))
    if problems:
        raise Invalid(problems)
    for action in sorted(modes):
        policy.require("add" if action == "add" else "edit")
    return ImportPlan(
        app=live.id,
        reading=preview.reading,
        headers=preview.headers,
        columns=columns,
        key=key_field.code if key_field else None,
        modes=modes,
        dry_run=dry_run,
        bad_cells=bad_cells,
        note_field=note_field,
        total=preview.total,
    )


def _key_field(fields: Sequence[Field], key: str | None, headers: Sequence[str]) -> Field | None:
    if not key:
        return None
    found = next((f for f in fields if f.code == key), None) or next((f for f in fields if f.label == key), None)
    if found is None:
        raise invalid("transfer.no_such_field", "key", field=key)
    if found.type_name not in KEY_TYPES:
        raise invalid("transfer.key_type", "key", field=found.label)
    return found


__all__ = ["KEY_TYPES", "MODES", "ImportPlan", "modes_of", "plan_import"]
