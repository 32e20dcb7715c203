"""What the selections of users, organisations and groups share."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import marshmallow as ma
from markupsafe import Markup

from lowcode.errors import Invalid
from lowcode.fields import adapters, form_widgets
from lowcode.fields.base import Context, ManyValued, Problem, Value, fold, invalid, setting
from lowcode.fields.context import Entity
from lowcode.fields.plain import shortened

LISTED = 200
"""How many a list box shows at most; beyond that codes are typed, or the picker is asked."""
MOST_CANDIDATES = 5_000
"""How many a picker looks through."""
MOST_NAMES = 1_000
_ID = "id:"
_SEPARATORS = re.compile(r"[,、;；]")


@dataclass(frozen=True)
class EntityRef:
    """Somebody named in a setting, by code: codes survive a move to another installation, ids do not."""

    type: str
    code: str
    include_subs: bool = False


class EntityRefs(ma.fields.Field[tuple[EntityRef, ...]]):
    """A list of ``{"type", "code"}`` as kintone writes it, with ``includeSubs`` where it is set."""

    TYPES: t.ClassVar[frozenset[str]] = frozenset({"USER", "ORGANIZATION", "GROUP", "FUNCTION"})

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        return [
            {"type": ref.type, "code": ref.code, **({"includeSubs": True} if ref.include_subs else {})}
            for ref in value or ()
        ]

    def _deserialize(
        self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any
    ) -> tuple[EntityRef, ...]:
        if not isinstance(value, list | tuple):
            raise ma.ValidationError("setting.not_a_list")
        errors: dict[int, list[str]] = {}
        refs = []
        for index, item in enumerate(value):
            if (
                not isinstance(item, Mapping)
                or item.get("type") not in self.TYPES
                or not isinstance(item.get("code"), str)
                or not isinstance(item.get("includeSubs", False), bool)
                or set(item) - {"type", "code", "includeSubs"}
            ):
                errors[index] = ["setting.not_an_entity"]
            else:
                refs.append(EntityRef(item["type"], item["code"], item.get("includeSubs", False)))
        if errors:
            raise ma.ValidationError(t.cast(t.Any, errors))
        return tuple(refs)


@dataclass(frozen=True, kw_only=True)
class EntitySelectField(ManyValued):
    """Some users, organisations or groups: a tuple of ids, in the order in which they were chosen."""

    widget: t.ClassVar[adapters.Widget] = form_widgets.EntityPicker()
    kind: t.ClassVar[t.Literal["USER", "ORGANIZATION", "GROUP"]]
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "code": {"type": "string"}, "name": {"type": "string"}},
        },
    }

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    entities: tuple[EntityRef, ...] = setting(EntityRefs(), control="entities", label="setting.entities", default=())
    default_value: tuple[EntityRef, ...] = setting(
        EntityRefs(), control="entities", label="setting.default_value", default=()
    )

    # -- values ----------------------------------------------------------------------------------

    def default(self, ctx: Context) -> Value:
        wanted = dict.fromkeys(id for ref in self.default_value if (id := self._resolve(ref, ctx)) is not None)
        allowed = self.allowed(ctx) if wanted else None
        return tuple(id for id in wanted if allowed is None or id in allowed)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """Ids from a list of ``{"id"}``, ``{"code"}``, ids or codes, or from one of them."""
        if raw is None or raw == "" or raw == () or raw == []:
            return ()
        if isinstance(raw, tuple) and all(type(item) is int and 0 < item < 2**63 for item in raw):
            return tuple(dict.fromkeys(raw))
        items = list(raw) if isinstance(raw, list | tuple) else [raw]
        if len(items) > MOST_NAMES:
            raise invalid("entity.too_many", limit=MOST_NAMES)
        found: list[int] = []
        problems: list[Problem] = []
        for index, item in enumerate(items):
            entity = self._entity(item, ctx)
            if entity is None:
                problems.append(Problem(code=self._unknown, path=(index,), params={"value": _shown(item)}))
            else:
                found.append(entity.id)
        if problems:
            raise Invalid(problems)
        return tuple(dict.fromkeys(found))

    def dump(self, value: Value) -> t.Any:
        return [{"id": id} for id in value or ()]

    def check_change(self, before: Value, after: Value, ctx: Context) -> Iterator[Problem]:
        """Who is newly named must be among the allowed; people who changed their section stay where they are."""
        kept = frozenset(before or ())
        if self.entities and not kept.issuperset(after or ()):
            allowed = self.allowed(ctx) or frozenset()
            for index, id in enumerate(after or ()):
                if id not in kept and id not in allowed:
                    yield Problem(code="entity.not_allowed", path=(index,), params={"value": self._name(id, ctx)})

    def allowed(self, ctx: Context) -> frozenset[int] | None:
        """Ids that may be chosen, or None when the field does not restrict them."""
        if not self.entities:
            return None
        found: set[int] = set()
        for ref in self.entities:
            found |= self._covered(ref, ctx)
        return frozenset(found)

    def _covered(self, ref: EntityRef, ctx: Context) -> frozenset[int]:
        id = self._resolve(ref, ctx)
        if id is not None:
            below = ref.include_subs and self.kind == ref.type == "ORGANIZATION"
            return frozenset({id}) | (ctx.directory.below(id) if below else frozenset())
        if self.kind != "USER" or ref.type not in ("ORGANIZATION", "GROUP"):
            return frozenset()
        entity = ctx.directory.by_code(ref.type, ref.code)
        if entity is None:
            return frozenset()
        return ctx.directory.members(ref.type, entity.id, below=ref.include_subs)

    def _resolve(self, ref: EntityRef, ctx: Context) -> int | None:
        """The id that a setting means for this reader, when it is of the field's own kind."""
        if ref.type == "FUNCTION":
            if self.kind == "USER" and ref.code == "LOGINUSER()":
                return ctx.user_id
            if self.kind == "ORGANIZATION" and ref.code == "PRIMARY_ORGANIZATION()":
                return next(iter(ctx.organization_ids), None)
            return None
        if ref.type != self.kind:
            return None
        entity = ctx.directory.by_code(ref.type, ref.code)
        return None if entity is None else entity.id

    def _entity(self, item: t.Any, ctx: Context) -> Entity | None:
        if isinstance(item, Mapping):
            item = item["id"] if item.get("id") is not None else item.get("code")
        if type(item) is int:
            return ctx.directory.by_id(self.kind, item) if 0 < item < 2**63 else None
        return ctx.directory.by_code(self.kind, item) if isinstance(item, str) else None

    @property
    def _unknown(self) -> str:
        return f"{self.kind.lower()}.unknown"

    def _name(self, id: int, ctx: Context) -> str:
        entity = ctx.directory.by_id(self.kind, id)
        return f"#{id}" if entity is None else entity.name

    # -- history ---------------------------------------------------------------------------------

    def history_value(self, value: Value) -> t.Any:
        return list(value or ())

    def from_history(self, raw: t.Any) -> Value:
        return tuple(raw or ())

    # -- text ------------------------------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        """One line each, ``name (code)``: names alone are not unique and could not be read back."""
        lines = []
        for id in value or ():
            entity = ctx.directory.by_id(self.kind, id)
            if entity is None:
                lines.append(f"#{id}")
            else:
                lines.append(entity.code if entity.name == entity.code else f"{entity.name} ({entity.code})")
        return "\n".join(lines)

    def parse(self, text: str, ctx: Context) -> Value:
        """Codes, or ``name (code)``, one a line or separated by commas."""
        found: list[int] = []
        problems: list[Problem] = []
        if len(_SEPARATORS.split(text)) + text.count("\n") > MOST_NAMES * 4:
            raise invalid("entity.too_many", limit=MOST_NAMES)
        for line in filter(None, map(str.strip, text.splitlines())):
            whole = self._written(line, ctx)
            pieces = [line] if whole else list(filter(None, map(str.strip, _SEPARATORS.split(line))))
            for piece in pieces:
                entity = whole or self._written(piece, ctx)
                if entity is None:
                    problems.append(Problem(code=self._unknown, params={"value": _shown(piece)}))
                else:
                    found.append(entity.id)
        if problems:
            raise Invalid(problems)
        return tuple(dict.fromkeys(found))

    def _written(self, text: str, ctx: Context) -> Entity | None:
        entity = ctx.directory.by_code(self.kind, text)
        if entity is None and text.endswith((")", "）")):
            starts = [match.start() + 1 for match in re.finditer(r"[(（]", text)][:20]
            entity = next((e for s in starts if (e := ctx.directory.by_code(self.kind, text[s:-1].strip()))), None)
        if entity is None and re.fullmatch(r"#[0-9]{1,18}", text):
            entity = ctx.directory.by_id(self.kind, int(text[1:]))
        return entity

    def search_text(self, value: Value, ctx: Context) -> str:
        known = [entity for id in value or () if (entity := ctx.directory.by_id(self.kind, id))]
        return fold(" ".join(f"{entity.name} {entity.code}" for entity in known))

    # -- screens ---------------------------------------------------------------------------------

    def display(self, value: Value, ctx: Context) -> Markup:
        pieces = []
        for id in value or ():
            entity = ctx.directory.by_id(self.kind, id)
            classes = f"entity entity-{self.kind.lower()}" + ("" if entity and entity.active else " is-inactive")
            name = f"#{id}" if entity is None else entity.name
            pieces.append(Markup('<span class="{}">{}</span>').format(classes, name))
        return Markup(" ").join(pieces)

    def form_choices(self, value: Value, ctx: Context) -> Sequence[adapters.FormChoice]:
        """Those who are chosen, in their order, then those who may be chosen, as far as they can be listed."""
        chosen = tuple(value or ())
        listed = {id: ctx.directory.by_id(self.kind, id) or Entity(self.kind, id, "", f"#{id}") for id in chosen}
        for entity in self._listed(ctx):
            listed.setdefault(entity.id, entity)
        return [
            adapters.FormChoice(f"{_ID}{entity.id}", entity.name, entity.id in chosen) for entity in listed.values()
        ]

    def lists_everybody(self, ctx: Context) -> bool:
        """Whether the list box shows all who may be chosen, so that codes need not be typed."""
        allowed = self.allowed(ctx)
        return len(self._listed(ctx)) < LISTED if allowed is None else len(allowed) <= LISTED

    def _listed(self, ctx: Context) -> Sequence[Entity]:
        return self.candidates(ctx, limit=LISTED)

    def candidates(self, ctx: Context, *, limit: int = MOST_CANDIDATES) -> Sequence[Entity]:
        """The active users, organisations or groups that may be chosen, in the order people expect."""
        allowed = self.allowed(ctx)
        if allowed is None:
            return ctx.directory.choices(self.kind, limit)
        known = (ctx.directory.by_id(self.kind, id) for id in allowed)
        return sorted((e for e in known if e is not None and e.active), key=lambda e: (fold(e.name), e.id))[:limit]

    def form_values(self, value: Value, ctx: Context) -> tuple[str, ...]:
        return tuple(f"{_ID}{id}" for id in value or ())

    def from_form(self, values: Sequence[str], ctx: Context) -> Value:
        """Ids from the list box and codes from the line below it."""
        found: list[int] = []
        for text in values:
            if text.startswith(_ID) and text.removeprefix(_ID).isdecimal():
                found.extend(self.coerce({"id": int(text.removeprefix(_ID)[:18])}, ctx))
            else:
                found.extend(self.parse(text, ctx))
        return tuple(dict.fromkeys(found))

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        known = [entity for id in value or () if (entity := ctx.directory.by_id(self.kind, id))]
        return [{"code": entity.code, "name": entity.name} for entity in known]

    # -- queries ---------------------------------------------------------------------------------

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        """One id: from a code as a query writes it, or from an id that a function gave."""
        if raw is None or raw == "":
            return None
        entity = self._entity(raw, ctx)
        if entity is None:
            raise invalid(self._unknown, value=_shown(raw))
        return entity.id


def _shown(item: t.Any) -> str:
    if isinstance(item, Mapping):
        item = item.get("code", item.get("id"))
    return shortened(item)
