"""The fields that every app has."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

SYSTEM_FIELDS: t.Final[tuple[tuple[str, str, str], ...]] = (
    ("RECORD_NUMBER", "レコード番号", "Record number"),
    ("CREATOR", "作成者", "Created by"),
    ("CREATED_TIME", "作成日時", "Created at"),
    ("MODIFIER", "更新者", "Updated by"),
    ("UPDATED_TIME", "更新日時", "Updated at"),
    ("STATUS", "ステータス", "Status"),
    ("STATUS_ASSIGNEE", "作業者", "Assignee"),
    ("CATEGORY", "カテゴリー", "Categories"),
)
"""Type, code and Japanese label, English label of the fields that every app has."""
SYSTEM_TYPES: t.Final = frozenset(kind for kind, _, _ in SYSTEM_FIELDS)
RESERVED: t.Final[Mapping[str, str]] = {code: kind for kind, code, _ in SYSTEM_FIELDS}
"""Codes that only the system field of this type may have."""
