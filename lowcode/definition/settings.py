"""The settings of an app as a whole: name, icon, title field, switches, numbers."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma

from lowcode.definition.parts import Choice, Flag, IntegerString, Kept, One, Opaque, Part, Text
from lowcode.fields.settings import FrozenMap, setting

THEMES = ("WHITE", "CLIPBOARD", "BINDER", "PENCIL", "CLIPS", "RED", "BLUE", "GREEN", "YELLOW", "BLACK")
ROUNDING = ("HALF_EVEN", "UP", "DOWN")


@dataclass(frozen=True, kw_only=True)
class Icon(Part):
    """The picture of the app: one of the drawn ones, or a file."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"file"})

    type: str = setting(Choice("PRESET", "FILE"), control="hidden", label="", default="PRESET")
    key: str = setting(Text(longest=64), control="icon", label="definition.setting.icon", default="APP1")
    file: Opaque = setting(Kept(dict), control="hidden", label="", default=Opaque("{}"))


@dataclass(frozen=True, kw_only=True)
class TitleField(Part):
    """Which field names a record in lists and links."""

    selection_mode: str = setting(
        Choice("AUTO", "MANUAL"), control="select", label="definition.setting.title_mode", default="AUTO"
    )
    code: str = setting(Text(), control="field", label="definition.setting.title_field", default="")


@dataclass(frozen=True, kw_only=True)
class NumberPrecision(Part):
    """How exactly numbers are calculated."""

    digits: int = setting(
        IntegerString(least=1, most=30), control="number", label="definition.setting.digits", default=16
    )
    decimal_places: int = setting(
        IntegerString(least=0, most=10), control="number", label="definition.setting.decimal_places", default=4
    )
    rounding_mode: str = setting(
        Choice(*ROUNDING), control="select", label="definition.setting.rounding_mode", default="HALF_EVEN"
    )

    @classmethod
    def from_json(cls, raw: t.Any) -> t.Self:
        made = super().from_json(raw)
        # An unset number means kintone's own default.
        return cls(
            digits=16 if t.cast("int | None", made.digits) is None else made.digits,
            decimal_places=4 if t.cast("int | None", made.decimal_places) is None else made.decimal_places,
            rounding_mode=made.rounding_mode,
        )


@dataclass(frozen=True, kw_only=True)
class AppSettings(Part):
    """What kintone calls the app's general settings, and a few of ours."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"names", "hue", "personal_data", "space"})

    name: str = setting(Text(shortest=1, longest=64, required=True), control="text", label="definition.setting.name")
    names: tuple[tuple[str, str], ...] = setting(
        FrozenMap(), control="labels", label="definition.setting.names", default=()
    )
    description: str = setting(Text(longest=10_000), control="area", label="definition.setting.description", default="")
    icon: Icon = setting(One(Icon), control="icon", label="definition.setting.icon", default=Icon())
    theme: str = setting(Choice(*THEMES), control="select", label="definition.setting.theme", default="WHITE")
    hue: str = setting(Text(longest=32), control="colour", label="definition.setting.hue", default="")
    title_field: TitleField = setting(
        One(TitleField), control="field", label="definition.setting.title_field", default=TitleField()
    )
    enable_thumbnails: bool = setting(Flag(), control="check", label="definition.setting.thumbnails", default=True)
    enable_bulk_deletion: bool = setting(
        Flag(), control="check", label="definition.setting.bulk_deletion", default=False
    )
    enable_comments: bool = setting(Flag(), control="check", label="definition.setting.comments", default=True)
    enable_duplicate_record: bool = setting(
        Flag(), control="check", label="definition.setting.duplicate_record", default=True
    )
    enable_inline_record_editing: bool = setting(
        Flag(), control="check", label="definition.setting.inline_editing", default=True
    )
    number_precision: NumberPrecision = setting(
        One(NumberPrecision), control="hidden", label="", default=NumberPrecision()
    )
    first_month_of_fiscal_year: int = setting(
        IntegerString(least=1, most=12), control="number", label="definition.setting.first_month", default=4
    )
    personal_data: bool = setting(Flag(), control="check", label="definition.setting.personal_data", default=False)
    space: str = setting(Text(longest=128), control="text", label="definition.setting.space", default="")

    @classmethod
    def from_json(cls, raw: t.Any) -> t.Self:
        made = super().from_json(raw)
        if t.cast("int | None", made.first_month_of_fiscal_year) is None:
            raise ma.ValidationError({"firstMonthOfFiscalYear": ["setting.missing"]})
        return made
