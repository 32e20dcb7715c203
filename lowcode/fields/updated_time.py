"""UPDATED_TIME: when the record was changed last."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields.created_time import SystemTimeField


@dataclass(frozen=True, kw_only=True)
class UpdatedTimeField(SystemTimeField):
    """When the record was changed last."""

    type_name: t.ClassVar[str] = "UPDATED_TIME"
    system_column: t.ClassVar[str] = "updated_at"
