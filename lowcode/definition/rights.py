"""Who may do what: rights on the app, on records and on fields, as kintone's access control has them."""

from __future__ import annotations

import typing as t
from collections.abc import Collection
from dataclasses import dataclass

import marshmallow as ma

from lowcode.definition.parts import Choice, Flag, One, Part, Several, Text
from lowcode.fields.settings import setting

ENTITY_TYPES = ("USER", "GROUP", "ORGANIZATION", "CREATOR", "FIELD_ENTITY", "CUSTOM_FIELD", "FUNCTION")
EVERYONE = "everyone"
"""Code of the group that everybody belongs to."""


@dataclass(frozen=True, kw_only=True)
class EntityRef(Part):
    """A person, organisation or group by code; ``id`` is put in when the app is published."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"id"})

    type: str = setting(Choice(*ENTITY_TYPES, required=True), control="select", label="")
    code: str = setting(Text(longest=128), control="text", label="", default="")
    id: int | None = setting(ma.fields.Integer(allow_none=True), control="hidden", label="", default=None)


@dataclass(frozen=True, kw_only=True)
class Grantee(Part):
    """Somebody, and for an organisation perhaps everybody below it."""

    entity: EntityRef = setting(One(EntityRef, required=True), control="entity", label="")
    include_subs: bool = setting(Flag(), control="check", label="", default=False)

    def includes(
        self,
        *,
        user: str = "",
        user_id: int | None = None,
        organizations: Collection[int | str] = (),
        ancestors: Collection[int | str] = (),
        groups: Collection[int | str] = (),
        creator_id: int | None = None,
    ) -> bool:
        """Whether the person with these memberships (ids or codes) is meant."""
        entity = self.entity
        match entity.type:
            case "USER":
                return entity.code == user if entity.id is None else entity.id == user_id
            case "CREATOR":
                return user_id is not None and user_id in (entity.id, creator_id)
            case "GROUP":
                return entity.code == EVERYONE or _named(entity, groups)
            case "ORGANIZATION":
                return _named(entity, organizations) or (self.include_subs and _named(entity, ancestors))
        return False


def _named(entity: EntityRef, members: Collection[int | str]) -> bool:
    return (entity.id is not None and entity.id in members) or entity.code in members


@dataclass(frozen=True, kw_only=True)
class AppRight(Grantee):
    """What somebody may do in the app."""

    app_editable: bool = setting(Flag(), control="check", label="definition.right.manage", default=False)
    record_viewable: bool = setting(Flag(), control="check", label="definition.right.view", default=False)
    record_addable: bool = setting(Flag(), control="check", label="definition.right.add", default=False)
    record_editable: bool = setting(Flag(), control="check", label="definition.right.edit", default=False)
    record_deletable: bool = setting(Flag(), control="check", label="definition.right.delete", default=False)
    record_importable: bool = setting(Flag(), control="check", label="definition.right.import", default=False)
    record_exportable: bool = setting(Flag(), control="check", label="definition.right.export", default=False)

    def allows(self, action: str) -> bool:
        """Whether the right covers ``action``: edit and delete carry view; import carries add; export carries view."""
        match action:
            case "manage":
                return self.app_editable
            case "view":
                return self.record_viewable or self.record_editable or self.record_deletable or self.record_exportable
            case "add":
                return self.record_addable or self.record_importable
            case "edit":
                return self.record_editable
            case "delete":
                return self.record_deletable
            case "import":
                return self.record_importable
            case "export":
                return self.record_exportable
        return False


@dataclass(frozen=True, kw_only=True)
class AppRights(Part):
    """Rights on the app, in order of priority."""

    rights: tuple[AppRight, ...] = setting(Several(AppRight), control="rights", label="", default=())

    def allows(self, action: str, **person: t.Any) -> bool:
        """Whether the first right that means this person (see :meth:`first`) covers ``action``."""
        found = self.first(**person)
        return found is not None and found[1].allows(action)

    def first(
        self,
        *,
        user: str = "",
        user_id: int | None = None,
        organizations: Collection[int | str] = (),
        ancestors: Collection[int | str] = (),
        groups: Collection[int | str] = (),
        creator_id: int | None = None,
    ) -> tuple[int, AppRight] | None:
        """The first right that means this person, with its place from 0; the group everyone comes last.

        :param organizations: ids or codes of the person's organisations; ``ancestors``: of those above them.
        """
        ordered = sorted(
            enumerate(self.rights), key=lambda r: r[1].entity.type == "GROUP" and r[1].entity.code == EVERYONE
        )
        for place, right in ordered:
            if right.includes(
                user=user,
                user_id=user_id,
                organizations=organizations,
                ancestors=ancestors,
                groups=groups,
                creator_id=creator_id,
            ):
                return place, right
        return None


@dataclass(frozen=True, kw_only=True)
class RecordGrant(Grantee):
    """What somebody may do with the records of one condition."""

    viewable: bool = setting(Flag(), control="check", label="definition.right.view", default=False)
    editable: bool = setting(Flag(), control="check", label="definition.right.edit", default=False)
    deletable: bool = setting(Flag(), control="check", label="definition.right.delete", default=False)


@dataclass(frozen=True, kw_only=True)
class RecordRight(Part):
    """Rights on the records that meet a condition."""

    filter_cond: str = setting(Text(longest=10_000), control="query", label="", default="")
    entities: tuple[RecordGrant, ...] = setting(Several(RecordGrant), control="rights", label="", default=())


@dataclass(frozen=True, kw_only=True)
class RecordRights(Part):
    """Rights on records; the first condition that a record meets counts."""

    rights: tuple[RecordRight, ...] = setting(Several(RecordRight), control="rights", label="", default=())


@dataclass(frozen=True, kw_only=True)
class FieldGrant(Grantee):
    """How far somebody may go with one field."""

    accessibility: str = setting(
        Choice("WRITE", "READ", "NONE", required=True), control="select", label="definition.right.accessibility"
    )


@dataclass(frozen=True, kw_only=True)
class FieldRight(Part):
    """Rights on one field."""

    code: str = setting(Text(required=True, shortest=1), control="field", label="")
    entities: tuple[FieldGrant, ...] = setting(Several(FieldGrant), control="rights", label="", default=())


@dataclass(frozen=True, kw_only=True)
class FieldRights(Part):
    """Rights on fields."""

    rights: tuple[FieldRight, ...] = setting(Several(FieldRight), control="rights", label="", default=())


@dataclass(frozen=True, kw_only=True)
class Acl(Part):
    """All rights of an app."""

    app: AppRights = setting(One(AppRights), control="rights", label="", default=AppRights())
    record: RecordRights = setting(One(RecordRights), control="rights", label="", default=RecordRights())
    field: FieldRights = setting(One(FieldRights), control="rights", label="", default=FieldRights())


DEFAULT_APP_RIGHTS = AppRights(
    rights=(
        AppRight(
            entity=EntityRef(type="CREATOR"),
            app_editable=True,
            record_viewable=True,
            record_addable=True,
            record_editable=True,
            record_deletable=True,
            record_importable=True,
            record_exportable=True,
        ),
        AppRight(
            entity=EntityRef(type="GROUP", code=EVERYONE),
            record_viewable=True,
            record_addable=True,
            record_editable=True,
            record_deletable=True,
        ),
    )
)
"""What a new app starts with, as in kintone."""
