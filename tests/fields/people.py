"""A small office for tests of fields: five users, three organisations, two groups, and some files."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence
from datetime import UTC, datetime

from lowcode.fields.context import Context, Entity, FileRef

USERS = (
    Entity("USER", 1, "yamada", "山田 花子"),
    Entity("USER", 2, "sato", "佐藤 太郎"),
    Entity("USER", 3, "suzuki", "鈴木(旧姓 田中)"),
    Entity("USER", 4, "admin", "admin"),
    Entity("USER", 5, "gone", "退職した人", active=False),
)
ORGANIZATIONS = (
    Entity("ORGANIZATION", 10, "center", "保健所"),
    Entity("ORGANIZATION", 11, "infection", "感染症対策課"),
    Entity("ORGANIZATION", 12, "ward", "中央区分室"),
)
GROUPS = (Entity("GROUP", 20, "nurses", "保健師"), Entity("GROUP", 21, "everyone", "全員"))
PARENTS = {11: 10, 12: 11}
MEMBERS = {
    ("ORGANIZATION", 10): {4},
    ("ORGANIZATION", 11): {1},
    ("ORGANIZATION", 12): {2},
    ("GROUP", 20): {1, 3},
    ("GROUP", 21): {1, 2, 3, 4},
}
FILES = (
    FileRef("k" * 40, "検査票.pdf", "application/pdf", 12_345),
    FileRef("p" * 40, "<胸部>.png", "image/png", 999),
)


class Office:
    """A directory in memory."""

    def __init__(self, extra: Sequence[Entity] = ()) -> None:
        self.entities = (*USERS, *ORGANIZATIONS, *GROUPS, *extra)

    def by_id(self, kind: str, id: int) -> Entity | None:
        return next((e for e in self.entities if e.kind == kind and e.id == id), None)

    def by_code(self, kind: str, code: str) -> Entity | None:
        return next((e for e in self.entities if e.kind == kind and e.code == code), None)

    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        found = set(MEMBERS.get((kind, id), ()))
        if kind == "ORGANIZATION" and below:
            for child in self.below(id):
                found |= MEMBERS.get((kind, child), set())
        return frozenset(found)

    def below(self, id: int) -> frozenset[int]:
        children = {child for child, parent in PARENTS.items() if parent == id}
        return frozenset(children.union(*(self.below(child) for child in children)))

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        return [e for e in self.entities if e.kind == kind and e.active][:limit]


class Store:
    """Files in memory."""

    def get(self, key: str) -> FileRef | None:
        return next((ref for ref in FILES if ref.key == key), None)


OFFICE = Context(
    now=datetime(2022, 8, 25, 1, 30, tzinfo=UTC),
    user_id=1,
    organization_ids=(11, 10),
    group_ids=(20, 21),
    directory=Office(),
    files=Store(),
    app_id=7,
    app_code="case_ledger",
)
"""山田 of 感染症対策課, on 2022-08-25 at 10:30 in Tokyo."""


def someone_else(**changes: t.Any) -> Context:
    """The same office seen by another reader."""
    return dataclasses.replace(OFFICE, **changes)
