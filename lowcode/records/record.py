"""What goes into the record service and what comes out."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lowcode.errors import Conflict, Path
from lowcode.fields.base import Value

ORDER: t.Final = "$order"
"""The place of a clash about the order of a subtable's rows: ``(subtable, ORDER)``. No field has such a code."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody wants to happen to one record.

    :param id: the record; None makes a new one.
    :param values: canonical JSON or typed values by field code: only what the person changed, or a whole form.
        A subtable's array is the new table: rows by id keep cells that are not named, unknown ids are new rows.
    :param revision: the revision that the person saw; edits of others since then are merged with it.
        None means "whatever stands there now".
    :param strict: kintone's rule: refuse unless ``revision`` is the present one.
    :param choices: which side stays at each clash that was shown, by :func:`clash_key`; they count only while the
        record still has the revision ``chosen_at``, else the person is asked again.
    :param version: the version of the definition that ``values`` was written against, when that may be an older one.
    :param delete: move the record to the trash.
    :param action: the name of the process action to take.
    :param assignee: code of the user the action hands the record to.
    """

    id: int | None = None
    values: Mapping[str, t.Any] = field(default_factory=dict)
    revision: int | None = None
    strict: bool = False
    choices: Mapping[str, t.Literal["mine", "theirs"]] = field(default_factory=dict)
    chosen_at: int | None = None
    version: int | None = None
    delete: bool = False
    action: str | None = None
    assignee: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """Something typed for a field that was retired meanwhile: it stands in the history and nowhere else."""

    field_id: int
    label: str
    """The field's label in the author's language, below its subtable's where it has one."""
    text: str
    value: t.Any
    """JSON, as history keeps it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record as it stands: values by field code, system fields among them."""

    id: int
    revision: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None
    status: int | None
    values: Mapping[str, Value]
    set_aside: tuple[SetAside, ...] = ()
    """Only of a record that was just saved: show these to the author."""

    def __getitem__(self, code: str) -> Value:
        return self.values[code]


@dataclass(frozen=True, kw_only=True)
class Clash:
    """One place where two people gave different values.

    ``path`` is ``(field,)`` or ``(subtable, row id, inner field)``; a deleted row has no inner field. At
    ``(subtable, ORDER)`` the values are the rows that both have, in the order of each side.
    """

    path: Path
    before: Value
    theirs: Value
    mine: Value


def clash_key(path: Path) -> str:
    """The name of a clash in forms and choices: ``age``, ``family/12/years``."""
    return "/".join(map(str, path))


@dataclass(frozen=True, kw_only=True)
class RecordClash:
    """All clashes of one record, and who changed it meanwhile."""

    index: int
    """Position in the list of changes."""
    record_id: int
    revision: int
    """The present revision: saving again with it, and the chosen values, goes through."""
    clashes: tuple[Clash, ...]
    who: str
    at: datetime | None


class MergeConflict(Conflict):
    """Somebody changed the same places; nothing was written. ``records`` shows each side's values."""

    default_code = "record.conflict"

    def __init__(self, records: Sequence[RecordClash]) -> None:
        super().__init__("record.conflict", count=len(records))
        self.records = tuple(records)
