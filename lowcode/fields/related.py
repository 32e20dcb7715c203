"""Settings parts that name another app: shared by lookups, lists of related records and roll-ups."""

from __future__ import annotations

from dataclasses import dataclass

import marshmallow as ma

from lowcode.fields.settings import setting


@dataclass(frozen=True, kw_only=True)
class AppRef:
    """Another app. The code counts, since it survives a move; ``app`` (kintone's number) is only kept."""

    app: str = setting(ma.fields.String(allow_none=True), control="hidden", label="setting.app", default="")
    code: str = setting(
        ma.fields.String(required=True, validate=ma.validate.Length(min=1, error="setting.empty")),
        control="app",
        label="setting.app_code",
    )
