"""New names carried through a definition: field codes, labels of options, states, and codes of other apps.

Works on JSON, since a draft may hold mistakes elsewhere. Query texts belong to a layer above and are rewritten by
functions that are handed in; what cannot be parsed stays as it is, and the check names it.
"""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from lowcode.definition.rights import ENTITY_TYPES
from lowcode.errors import Invalid, NotFound, invalid
from lowcode.formula import rename as rename_formula

Json = dict[str, t.Any]
Names = Mapping[str, str]

ABOUT_FIELDS: t.Final = ("FIELD_ENTITY", "SUM", "AVERAGE", "MAX", "MIN")
"""Types beside which a code is a field's."""
PEOPLE: t.Final = tuple(kind for kind in ENTITY_TYPES if kind not in ABOUT_FIELDS)
"""Types beside which a code is somebody's."""
RULE_CONDITIONS: t.Final = ("filterCond", "condition", "if")
"""Where a rule says when it holds. Rules are kept as given, so that every likely key is followed."""


class Queries(t.Protocol):
    """The two functions of the query language that rewrite texts (``lowcode.query.kintone`` has them)."""

    def rename(
        self,
        text: str,
        fields: Names,
        options: Mapping[str, Names] | None = None,
        related: Mapping[str, Names] | None = None,
    ) -> str:
        """A condition with other codes and values. Raises :class:`Invalid` for what is no query."""
        ...

    def rename_order(self, text: str, fields: Names) -> str:
        """A sort text with other codes. Raises :class:`Invalid`."""
        ...


def rename_field(definition: Mapping[str, t.Any], old: str, new: str, queries: Queries) -> Json:
    """A copy in which the field ``old`` has the code ``new`` wherever it is named.

    :raises NotFound: there is no such field. :raises Invalid: the new code is taken.
    """
    made = copy.deepcopy(dict(definition))
    owner = _owner(made, old)
    if owner is None:
        raise NotFound("definition.no_such_field", code=old)
    if new == old:
        return made
    if _owner(made, new) is not None:
        raise invalid("definition.code_twice", "properties", new, code=new)
    _rename_key(owner, old, new)
    owner[new]["code"] = new
    _Carry(made, {old: new}, {}, queries).everything()
    return made


def rename_option(definition: Mapping[str, t.Any], field: str, key: str, label: str, queries: Queries) -> Json:
    """A copy in which an option of ``field`` reads ``label``; its key and id stay, so no record changes.

    Formulas compare choices by key and go on as they are.

    :raises NotFound: there is no such field or option. :raises Invalid: another option reads so already.
    """
    made = copy.deepcopy(dict(definition))
    owner = _owner(made, field)
    options = owner[field].get("options", {}) if owner else {}
    if not isinstance(options, dict) or not isinstance(options.get(key), dict):
        raise NotFound("definition.no_such_option", code=field, option=key)
    if any(k != key and o.get("label") == label and not o.get("retired") for k, o in options.items()):
        raise invalid("definition.option_twice", "properties", field, "options", key, label=label)
    before = str(options[key].get("label", key))
    options[key]["label"] = label
    _Carry(made, {}, {field: {before: label}}, queries).everything()
    return made


def rename_state(definition: Mapping[str, t.Any], old: str, new: str, queries: Queries) -> Json:
    """A copy in which the state ``old`` is called ``new``, also in actions and conditions.

    :raises NotFound: there is no such state. :raises Invalid: the new name is taken.
    """
    made = copy.deepcopy(dict(definition))
    status = made.get("status") or {}
    states = status.get("states") or {}
    if old not in states:
        raise NotFound("definition.no_such_state", name=old)
    if new in states and new != old:
        raise invalid("definition.state_twice", "status", "states", new, name=new)
    _rename_key(states, old, new)
    states[new]["name"] = new
    for action in status.get("actions") or ():
        for key in ("from", "to"):
            if action.get(key) == old:
                action[key] = new
    fields = [code for code, p in made.get("properties", {}).items() if p.get("type") == "STATUS"]
    _Carry(made, {}, {code: {old: new} for code in fields}, queries).everything()
    return made


def rename_view(definition: Mapping[str, t.Any], old: str, new: str) -> Json:
    """A copy in which the view ``old`` is called ``new``. Raises :class:`NotFound` or :class:`Invalid`."""
    made = copy.deepcopy(dict(definition))
    views = made.get("views") or {}
    if old not in views:
        raise NotFound("definition.no_such_view", name=old)
    if new in views and new != old:
        raise invalid("definition.view_twice", "views", new, name=new)
    _rename_key(views, old, new)
    views[new]["name"] = new
    return made


def rename_in_other_app(
    definition: Mapping[str, t.Any], old_app: str, new_app: str, codes: Names, queries: Queries
) -> Json:
    """A copy in which references to the app ``old_app`` follow its new code and its fields' new codes."""
    made = copy.deepcopy(dict(definition))
    carry = _Carry(made, {}, {}, queries)
    for _, settings in _all_properties(made):
        for part in _references(settings):
            if part.get("relatedApp", {}).get("code") == old_app:
                part["relatedApp"]["code"] = new_app
                carry.other_side(part, codes)
    related = {
        code: codes
        for code, settings in _all_properties(made)
        if (settings.get("referenceTable") or {}).get("relatedApp", {}).get("code") == new_app
    }
    if related:
        _Carry(made, {}, {}, queries, related).conditions()
    actions = made.get("actions")
    for action in actions.values() if isinstance(actions, dict) else ():
        if isinstance(action, dict) and (action.get("destApp") or {}).get("code") == old_app:
            action["destApp"]["code"] = new_app
            for mapping in action.get("mappings") or ():
                _swap(mapping, "destField", codes)
    return made


def _owner(made: Json, code: str) -> Json | None:
    """The map that holds the property ``code``: the top one or that of a subtable."""
    properties = made.get("properties")
    if not isinstance(properties, dict):
        return None
    if code in properties:
        return properties
    for settings in properties.values():
        inner = settings.get("fields") if isinstance(settings, dict) else None
        if isinstance(inner, dict) and code in inner:
            return inner
    return None


def _rename_key(owner: Json, old: str, new: str) -> None:
    """Another key at the same place."""
    items = [(new if key == old else key, value) for key, value in owner.items()]
    owner.clear()
    owner.update(items)


def _all_properties(made: Json) -> Iterator[tuple[str, Json]]:
    properties = made.get("properties")
    for code, settings in properties.items() if isinstance(properties, dict) else ():
        if isinstance(settings, dict):
            yield code, settings
            inner = settings.get("fields")
            for inner_code, inner_settings in inner.items() if isinstance(inner, dict) else ():
                if isinstance(inner_settings, dict):
                    yield inner_code, inner_settings


def _references(settings: Json) -> Iterator[Json]:
    for key in ("lookup", "referenceTable", "rollup"):
        if isinstance(part := settings.get(key), dict):
            yield part


def _swap(part: t.Any, key: str, names: Names) -> None:
    if isinstance(part, dict) and isinstance(part.get(key), str):
        part[key] = names.get(part[key], part[key])


def _swap_list(part: t.Any, key: str, names: Names) -> None:
    if isinstance(part, dict) and isinstance(part.get(key), list):
        part[key] = [names.get(code, code) if isinstance(code, str) else code for code in part[key]]


class _Carry:
    """Walks one definition and puts new names in; ``fields`` and ``options`` are keyed by the old ones."""

    def __init__(
        self,
        made: Json,
        fields: Names,
        options: Mapping[str, Names],
        queries: Queries,
        related: Mapping[str, Names] | None = None,
    ) -> None:
        self.made, self.fields, self.options, self.queries = made, fields, options, queries
        own = made.get("code")
        self.related: Mapping[str, Names] = related or {
            code: fields
            for code, settings in _all_properties(made)
            if own and (settings.get("referenceTable") or {}).get("relatedApp", {}).get("code") == own
        }

    def everything(self) -> None:
        """All places where a definition names fields or options."""
        own = self.made.get("code")
        for _, settings in _all_properties(self.made):
            self._formula(settings)
            for part in _references(settings):
                self.own_side(part)
                if own and (part.get("relatedApp") or {}).get("code") == own:
                    self.other_side(part, self.fields, self.options)
        title = (self.made.get("settings") or {}).get("titleField")
        _swap(title, "code", self.fields)
        self._layout(self.made.get("layout"))
        for view in (self.made.get("views") or {}).values():
            _swap_list(view, "fields", self.fields)
            _swap(view, "date", self.fields)
            _swap(view, "title", self.fields)
            self._sort(view)
        self.conditions()
        for key in ("status", "acl", "notifications", "reports", "actions", "rules"):
            self._named(self.made.get(key), in_rules=key == "rules")

    def conditions(self) -> None:
        """The conditions that speak about this app's own records."""
        for key in ("views", "status", "acl", "notifications", "reports", "actions"):
            self._filters(self.made.get(key), ("filterCond",))
        self._filters(self.made.get("rules"), RULE_CONDITIONS)

    def own_side(self, part: Json) -> None:
        """What a lookup, list or roll-up says about fields of this app."""
        for mapping in part.get("fieldMappings") or ():
            _swap(mapping, "field", self.fields)
        _swap(part.get("condition"), "field", self.fields)
        _swap(part, "keyField", self.fields)

    def other_side(self, part: Json, codes: Names, options: Mapping[str, Names] | None = None) -> None:
        """What it says about fields of the app that it names."""
        for key in ("relatedKeyField", "relatedField", "orderField"):
            _swap(part, key, codes)
        if "rollup" in part or "function" in part:
            _swap(part, "field", codes)
        for mapping in part.get("fieldMappings") or ():
            _swap(mapping, "relatedField", codes)
        _swap(part.get("condition"), "relatedField", codes)
        for key in ("lookupPickerFields", "displayFields"):
            _swap_list(part, key, codes)
        self._text(part, "filterCond", lambda text: self.queries.rename(text, codes, options or {}, {}))
        self._text(part, "sort", lambda text: self.queries.rename_order(text, codes))

    def _formula(self, settings: Json) -> None:
        text = settings.get("expression")
        if not isinstance(text, str) or not text:
            return
        settings["expression"] = rename_formula(text, self.fields)

    def _layout(self, parts: t.Any) -> None:
        for part in parts if isinstance(parts, list) else ():
            _swap(part, "code", self.fields)
            if isinstance(part, dict):
                self._layout(part.get("layout"))
                self._layout(part.get("fields"))

    def _sort(self, part: t.Any) -> None:
        self._text(part, "sort", lambda text: self.queries.rename_order(text, self.fields))

    def _filters(self, part: t.Any, keys: Sequence[str]) -> None:
        if isinstance(part, dict):
            for key in keys:
                self._text(part, key, lambda text: self.queries.rename(text, self.fields, self.options, self.related))
            for inner in part.values():
                self._filters(inner, keys)
        elif isinstance(part, list):
            for inner in part:
                self._filters(inner, keys)

    def _named(self, part: t.Any, *, in_rules: bool) -> None:
        """Field codes in rights, notices, charts, actions and rules."""
        if isinstance(part, list):
            for inner in part:
                self._named(inner, in_rules=in_rules)
            return
        if not isinstance(part, dict):
            return
        kind = part.get("type", "FIELD_ENTITY")
        # A code beside a type is somebody's, unless the type is about fields; what a rule does has a type too.
        if kind not in PEOPLE if in_rules else kind in ABOUT_FIELDS:
            _swap(part, "code", self.fields)
        for key in ("srcField", "field", "target"):
            _swap(part, key, self.fields)
        for key in ("fields", "targets", "codes") if in_rules else ("fields",):
            _swap_list(part, key, self.fields)
        for inner in part.values():
            self._named(inner, in_rules=in_rules)

    def _text(self, part: t.Any, key: str, rewrite: Callable[[str], str]) -> None:
        if isinstance(part, dict) and isinstance(part.get(key), str) and part[key]:
            try:
                part[key] = rewrite(part[key])
            except Invalid:
                return  # not a query: it stays, and the check tells the author
