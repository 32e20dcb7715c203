"""What a program is told when somebody else changed the same places, so that it can ask and send the answer back."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from lowcode.fields.base import Value
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.reader import RecordReader
from lowcode.records.record import ORDER, Clash, MergeConflict, clash_key


def conflicts_json(error: MergeConflict, reader: RecordReader) -> list[dict[str, t.Any]]:
    """By record: its present revision, who changed it, and each clash with all three values in their canonical form.

    Clashes of fields that the asker may not read are left out.
    """
    return [
        {
            "index": one.index,
            "id": one.record_id,
            "revision": one.revision,
            "who": one.who,
            "at": None if one.at is None else one.at.isoformat(),
            "clashes": [_clash(clash, reader.live) for clash in one.clashes if str(clash.path[0]) in reader.readable],
        }
        for one in error.records
    ]


def _clash(clash: Clash, live: LiveApp) -> dict[str, t.Any]:
    dump = _dump(live, clash)
    return {
        "key": clash_key(clash.path),
        "path": list(clash.path),
        "before": dump(clash.before),
        "theirs": dump(clash.theirs),
        "mine": dump(clash.mine),
    }


def _dump(live: LiveApp, clash: Clash) -> Callable[[Value], t.Any]:
    field = live.definition.field(str(clash.path[0]))
    if not isinstance(field, SubtableField) or clash.path[1:] == (ORDER,):
        return lambda value: None if value is None else field.dump(value)
    if len(clash.path) == 3:
        inner = field.find(str(clash.path[2]))
        return lambda value: None if inner is None else inner.dump(value)
    return lambda row: None if row is None else field.dump((row,))[0]


__all__ = ["conflicts_json"]
