"""The app on the workbench: what is live, what the draft says, what is wrong with it, what it changes."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from lowcode import deploy
from lowcode.definition import AppDefinition, assign_ids, codec, complete
from lowcode.definition.compare import Change, compare
from lowcode.definition.layout import LayoutGroup, LayoutPart, items
from lowcode.definition.related import references
from lowcode.definition.upgrade import upgrade
from lowcode.deploy import versions
from lowcode.deploy.checking import query_problems
from lowcode.deploy.versions import AppRow
from lowcode.errors import Conflict, Forbidden, Invalid, NotFound, Path, Problem
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace
from lowcode.web import state

Json = dict[str, t.Any]


class Stamp(t.NamedTuple):
    """What a form was drawn from: the live version and the revision of the draft."""

    live: int
    revision: int

    def __str__(self) -> str:
        return f"{self.live}.{self.revision}"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One app while somebody changes it."""

    app: AppRow
    live: AppDefinition | None
    draft: deploy.Draft
    raw: Json
    """The draft with everything filled in that may be left out; as it was typed when it cannot be read at all."""
    definition: AppDefinition | None
    """As much of the draft as can be read."""
    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]
    known: Mapping[str, AppDefinition]
    """Every live app by code; only for checks."""
    visible: Mapping[str, AppDefinition]
    """The apps that whoever asks may see, by code; for choices."""

    @property
    def stamp(self) -> Stamp:
        """What forms carry, so that two authors notice each other."""
        return Stamp(self.app.live_version or 0, self.draft.revision)

    @property
    def has_draft(self) -> bool:
        """Whether something is being changed."""
        return self.draft.revision > 0

    @property
    def moved(self) -> bool:
        """Whether somebody published since the draft was begun."""
        return self.has_draft and self.draft.based_on != self.app.live_version

    @property
    def readable(self) -> bool:
        """Whether the draft has the shape of a definition, so that its fields can be shown."""
        return all(isinstance(self.raw.get(key), kind) for key, kind in (("properties", dict), ("layout", list)))

    @property
    def name(self) -> str:
        """The app's name as the draft has it."""
        settings = self.raw.get("settings")
        name = settings.get("name") if isinstance(settings, Mapping) else None
        return name if isinstance(name, str) and name else self.app.code

    def at(self, *path: str | int) -> tuple[Problem, ...]:
        """The problems at or below a place."""
        return tuple(problem for problem in self.problems if problem.path[: len(path)] == path)


def open_bench(space: Workspace, app: int | str) -> Bench:
    """The app, for somebody who may change it.

    :raises NotFound: it is not there, or not for the asker. :raises Forbidden: the asker may only use it.
    """
    row, found = open_app(space, app)
    live = found.definition if found is not None else None
    draft = deploy.load_draft(space.connection, row.id)
    known = {each.code: each.definition for each in space.snapshot.all()}
    visible = {each.code: each.definition for each in space.snapshot.all() if space.policy(each).allows("view")}
    raw, definition, problems = read_draft(row, live, draft.definition, known)
    changes = own_changes(live, definition) if definition is not None else ()
    return Bench(
        app=row,
        live=live,
        draft=draft,
        raw=raw,
        definition=definition,
        problems=problems,
        changes=changes if draft.revision else (),
        known=known,
        visible=visible,
    )


def open_app(space: Workspace, app: int | str) -> tuple[AppRow, LiveApp | None]:
    """An app and its live version, for somebody who may change it; raises like :func:`open_bench`."""
    row = versions.app_row(space.connection, app)
    live = space.snapshot.app(row.id) if row.live_version is not None else None
    _require(space, row, live, app)
    return row, live


def _require(space: Workspace, row: AppRow, live: LiveApp | None, asked: int | str) -> None:
    actor = space.actor
    if live is None:
        if not (actor.administrator or (actor.user_id is not None and actor.user_id == row.created_by)):
            raise NotFound("app.not_found", app=asked)
        return
    policy = space.policy(live)
    if policy.allows("manage"):
        return
    if policy.allows("view") or policy.allows("add"):
        raise Forbidden("forbidden.app", action="manage", app=live.definition.name)
    raise NotFound("app.not_found", app=asked)


def read_draft(
    row: AppRow, live: AppDefinition | None, definition: t.Any, known: Mapping[str, AppDefinition]
) -> tuple[Json, AppDefinition | None, tuple[Problem, ...]]:
    """A draft completed, what can be read of it, and everything wrong with it."""
    if not isinstance(definition, Mapping):
        return {}, None, (Problem(code="setting.not_a_map"),)
    typed: Json = {"code": row.code, **definition}
    try:
        raw = assign_ids(complete(upgrade(typed)), codec.dump(live) if live else None, floor=row.next_id)
    except Invalid as error:
        return typed, None, error.problems
    except RecursionError:
        return typed, None, (Problem(code="definition.too_deep"),)
    found, problems = codec.read(raw, known_apps=known, query_checker=query_problems)
    return raw, found, problems


def own_changes(old: AppDefinition | None, new: AppDefinition) -> tuple[Change, ...]:
    """What ``new`` changes; another layout is no news when it only follows from fields that came or went."""
    changes = compare(old, new)
    if old is not None and any(change.kind == "layout_changed" for change in changes):
        both = frozenset(f.id for f in old.all_fields) & frozenset(f.id for f in new.all_fields)
        if _order(old, both) == _order(new, both):
            return tuple(change for change in changes if change.kind != "layout_changed")
    return changes


def _order(definition: AppDefinition, wanted: frozenset[int]) -> list[t.Any]:
    """Where the wanted fields stand, by id: those of a row together, with the group or table around them."""
    found: list[t.Any] = []
    for part in definition.layout:
        place = _ids(definition, part, wanted)
        if place:
            found.append(place)
    return found


def _ids(definition: AppDefinition, part: LayoutPart, wanted: frozenset[int]) -> list[t.Any]:
    rows: list[t.Any] = []
    if isinstance(part, LayoutGroup):
        own = definition.find(part.code)
        inner = [_ids(definition, row, wanted) for row in part.layout]
        return ([own.id] if own is not None and own.id in wanted else []) + [row for row in inner if row]
    for _, code, kind, _ in items((part,)):
        field = definition.find(code) if code else None
        if field is None and not code:
            rows.append(kind)
        elif field is not None and field.id in wanted:
            rows.append(field.id)
    return rows


def save(space: Workspace, bench: Bench, raw: Mapping[str, t.Any], seen: Stamp) -> deploy.Draft:
    """Keep ``raw`` as the draft, if what its author saw is still what there is.

    :raises Conflict: somebody saved the draft meanwhile, or published while there was none.
    """
    if not bench.has_draft and seen.revision == 0 and seen.live != bench.stamp.live:
        raise Conflict("designer.live_moved")
    return deploy.save_draft(space.connection, bench.app.id, raw, state.actor(), revision=seen.revision)


def check_seen(bench: Bench, seen: Stamp) -> None:
    """Raise :class:`Conflict` unless the draft is still the one that its author saw."""
    if bench.draft.revision != seen.revision:
        raise Conflict("deploy.draft_changed", app=bench.app.code)


def hidden_apps(bench: Bench) -> tuple[Problem, ...]:
    """References to apps that the asker may not see and that the live version does not make in just this way.

    Without this, a lookup or a roll-up would be a window into records that somebody is not to read.
    """
    if bench.definition is None:
        return ()
    # Another key, mapping or roll-up on an app that is in use already would open the window further.
    before = {(r.field.id, r.part) for r in references(bench.live)} if bench.live is not None else set()
    return tuple(
        Problem(code="designer.app_not_visible", path=reference.path, params={"app": reference.app})
        for reference in references(bench.definition)
        if reference.app in bench.known
        and reference.app not in bench.visible
        and (reference.field.id, reference.part) not in before
        and reference.app != bench.app.code
    )


def version_definition(space: Workspace, app_id: int, version: int) -> AppDefinition:
    """A published version. Raises :class:`NotFound`."""
    return versions.definition_of(space.connection, app_id, version)


def version_json(space: Workspace, app_id: int, version: int) -> Json:
    """A published version as JSON. Raises :class:`NotFound`."""
    return t.cast(Json, orjson.loads(versions.text_of(space.connection, app_id, version)))


def starts_with(path: Path, prefix: Sequence[str | int]) -> bool:
    """Whether a path leads to a place or below it."""
    return tuple(path[: len(prefix)]) == tuple(prefix)
