"""The only writer of records: load and lock → rights → coerce → merge → compute → check → write → history → outbox.

Screens, API, import, public forms and jobs all call :meth:`RecordService.save`; one record is a list of one.
Either everything in the list happens or nothing does.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

import sqlalchemy as sa

from lowcode import events
from lowcode.access.policy import Policy
from lowcode.errors import Conflict, Forbidden, Invalid, NotFound, Path, Problem
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records import (
    attachments,
    compute,
    derived,
    history,
    indexing,
    lookups,
    process,
    serials,
    turns,
    unique,
    versions,
)
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.merge import MISSING, empty_value, merge_value, take_mine
from lowcode.records.plan import SavePlan, plan_for
from lowcode.records.record import ORDER, Change, Clash, MergeConflict, Record, RecordClash, clash_key
from lowcode.records.rows import RowWriter, chunks, next_ids, selection, to_record, with_rows
from lowcode.search.index import IndexWriter

if t.TYPE_CHECKING:
    from lowcode.records.workspace import Workspace

GIVEN_BY_MANAGERS = frozenset({"CREATOR", "CREATED_TIME", "MODIFIER", "UPDATED_TIME"})


class RecordService:
    """Writes the records of one app for the workspace's actor, inside the workspace's transaction."""

    def __init__(self, workspace: Workspace, live: LiveApp) -> None:
        self.workspace, self.live, self.connection = workspace, live, workspace.connection
        self.actor = workspace.actor
        self.ctx: Context = workspace.context(live)
        self.stored_ctx: Context = self.ctx.stored
        self.definition, self.tables = live.definition, live.tables
        self.policy: Policy = workspace.policies.of(live)
        self.plan: SavePlan = plan_for(self.live)

    def save(self, changes: Sequence[Change], *, history_action: history.Action | None = None) -> list[Record]:
        """Create, update and delete: all of ``changes``, or none.

        :returns: the records as they now stand, in the order of ``changes`` (a deleted one as it was).
        :raises Invalid: everything wrong with every record; paths begin with the position in ``changes``.
        :raises MergeConflict: others changed the same places meanwhile.
        :raises Conflict: a strict change was not made on the present revision.
        :raises Forbidden, NotFound: the actor may not, or the record does not exist for the actor.
        """
        if not changes:
            return []
        drafts = self._load(changes)
        self._authorize(drafts)
        self._coerce(drafts)
        self._merge(drafts)
        removals = [d for d in drafts if d.change.delete]
        kept = [d for d in drafts if not d.change.delete]
        self._compute(kept)
        self._check(kept)
        self._authorize_result(kept)
        self._write(kept, removals, history_action)
        return [self._result(d) for d in drafts]

    # -- load and lock ---------------------------------------------------------------------------

    def _load(self, changes: Sequence[Change]) -> list[Draft]:
        turns.take(self.connection, self.workspace.snapshot, self.live)
        ids = sorted({c.id for c in changes if c.id is not None})
        present = self._locked(ids)
        drafts = []
        seen: set[int] = set()
        for index, change in enumerate(changes):
            if change.id is None:
                drafts.append(Draft(index=index, change=change, before=None))
                continue
            before = present.get(change.id)
            if before is None:
                raise NotFound("record.not_found", id=change.id)
            if change.id in seen:
                raise Invalid([Problem(code="record.twice", path=(index,), params={"id": change.id})])
            seen.add(change.id)
            if change.strict and change.revision is not None and change.revision != before.revision:
                raise Conflict("record.revision", id=change.id, given=change.revision, present=before.revision)
            drafts.append(Draft(index=index, change=change, before=before, id=change.id))
        return drafts

    def _locked(self, ids: Sequence[int]) -> dict[int, Record]:
        found: dict[int, Record] = {}
        selected = selection(self.live, frozenset(self.plan.by_code))
        visible = self.policy.visible()
        conditions = [] if visible is None else [visible]
        for part in chunks(ids):
            statement = selected.locking.where(*conditions) if conditions else selected.locking
            for row in self.connection.execute(statement, {"ids": list(part)}).all():
                found[row[0]] = to_record(selected, row)
        with_rows(self.connection, self.tables, selected, list(found.values()))
        return found

    # -- rights ----------------------------------------------------------------------------------

    def _authorize(self, drafts: Sequence[Draft]) -> None:
        wanted: dict[t.Literal["add", "edit", "delete"], list[int]] = {}
        for draft in drafts:
            if draft.change.delete:
                wanted.setdefault("delete", []).append(draft.id)
            elif draft.is_new:
                wanted.setdefault("add", [])
            elif draft.change.values:
                wanted.setdefault("edit", []).append(draft.id)
        for action, ids in wanted.items():
            self.policy.require(action)
            predicate = None if action == "add" else self.policy.visible(action)
            if predicate is None or not ids:
                continue
            main = self.tables.main
            allowed: set[int] = set()
            for part in chunks(ids):
                allowed.update(self.connection.scalars(sa.select(main.c.id).where(main.c.id.in_(part), predicate)))
            self._refuse(i for i in ids if i not in allowed)

    def _refuse(self, ids: Iterable[int]) -> None:
        for record_id in ids:
            raise Forbidden("forbidden.record", id=record_id)

    def require_edit(self, record_id: int) -> None:
        """Raise :class:`Forbidden` unless the actor may edit a record that exists for them."""
        self.policy.require("edit")
        predicate = self.policy.visible("edit")
        if predicate is None:
            return
        main = self.tables.main
        if self.connection.scalar(sa.select(main.c.id).where(main.c.id == record_id, predicate)) is None:
            raise Forbidden("forbidden.record", id=record_id)

    def _may_give(self, draft: Draft) -> frozenset[str]:
        """Codes that the actor may give values for in a record as it stands (in some record, while it is new)."""
        policy = self.policy
        if not policy.masks.varying:
            return policy.writable
        if draft.is_new:
            return policy.writable | policy.masks.varying.keys()
        return policy.writable_in(draft.old)

    def _authorize_result(self, drafts: Sequence[Draft]) -> None:
        """Field rights that depend on who stands in the record: of a new record they are known only now."""
        if not self.policy.masks.varying:
            return
        for draft in drafts:
            if draft.is_new:
                creator = {f.code: self.actor.user_id for f in self.definition.fields if f.type_name == "CREATOR"}
                allowed = self.policy.writable_in({**draft.values, **creator})
                for code in sorted(draft.given - allowed):
                    draft.problem("field.not_writable", draft.index, code, field=self.plan.by_code[code].label)
        self._stop_on_problems(drafts)

    # -- values ----------------------------------------------------------------------------------

    def _coerce(self, drafts: Sequence[Draft]) -> None:
        may_manage: bool | None = None
        versions.translate(self.workspace, self.live, drafts, self.ctx)
        for draft in drafts:
            draft.values = dict(draft.old)
            allowed = self._may_give(draft)
            for code, raw in draft.posted.items():
                field = self.plan.by_code.get(code)
                if field is None or code not in self.policy.shown:
                    draft.problem("field.unknown", draft.index, code, field=code)
                    continue
                if code in self.plan.copied:
                    continue
                if field.writable and code not in allowed:
                    # Said before values are looked at: a clash would tell what stands in a hidden field.
                    draft.problem("field.not_writable", draft.index, code, field=field.label)
                    continue
                if not field.writable:
                    if field.type_name in GIVEN_BY_MANAGERS and draft.is_new:
                        if may_manage is None:
                            may_manage = self.policy.allows("manage")
                        if may_manage:
                            self._given_by_manager(draft, field, raw)
                            continue
                    draft.problem("field.not_writable", draft.index, code, field=field.label)
                    continue
                self._give(draft, field, raw)

    def _give(self, draft: Draft, field: Field, raw: t.Any) -> None:
        try:
            value = field.coerce(raw, self.ctx)
        except Invalid as error:
            draft.problems.extend(p.under(draft.index, field.code) for p in error.problems)
            return
        draft.values[field.code] = value
        draft.given.add(field.code)

    def _given_by_manager(self, draft: Draft, field: Field, raw: t.Any) -> None:
        try:
            value = field.coerce(raw, self.ctx)
        except Invalid as error:
            draft.problems.extend(p.under(draft.index, field.code) for p in error.problems)
            return
        if not field.is_empty(value):
            draft.system[field.column_name] = field.store(value)

    # -- simultaneous edits ----------------------------------------------------------------------

    def _merge(self, drafts: Sequence[Draft]) -> None:
        behind = {
            d.id: d.change.revision
            for d in drafts
            if d.before is not None and d.change.revision is not None and d.change.revision < d.before.revision
        }
        entries = history.since(self.connection, self.tables, behind) if behind else {}
        conflicts: list[RecordClash] = []
        for draft in drafts:
            before = draft.before
            if before is None:
                self._complete_rows(draft, {})
                continue
            seen = draft.change.revision
            if seen is None or seen >= before.revision:
                self._complete_rows(draft, before.values)
                continue
            steps = entries.get(draft.id, [])
            whole = history.complete(steps, seen, before.revision)
            base = history.base_values(self.definition, before.values, steps, self.ctx) if whole else None
            self._name_new_rows(draft, before.values, base)
            clashes = self._settle(draft, before, self._merge_draft(draft, before, base))
            if draft.change.delete:
                clashes = [Clash(path=(), before=None, theirs="changed", mine="deleted")] if steps or not whole else []
            if draft.change.action is not None and any(s.action == "status" for s in steps):
                clashes.append(Clash(path=("$status",), before=None, theirs=before.status, mine=draft.change.action))
            if clashes:
                last = steps[-1] if steps else None
                conflicts.append(
                    RecordClash(
                        index=draft.index,
                        record_id=draft.id,
                        revision=before.revision,
                        clashes=tuple(self._seen_of(clash) for clash in clashes),
                        who=last.actor_name if last else "",
                        at=last.at if last else None,
                    )
                )
        problems = [p for d in drafts for p in d.problems]
        if problems:
            raise Invalid(problems)
        if conflicts:
            raise MergeConflict(conflicts)

    def _merge_draft(self, draft: Draft, before: Record, base: Mapping[str, Value] | None) -> list[Clash]:
        clashes: list[Clash] = []
        for code in sorted(draft.given):
            field = self.plan.by_code[code]
            empty = empty_value(field)
            known = MISSING if base is None else base.get(code, empty)
            theirs, mine = before.values.get(code, empty), draft.values.get(code, empty)
            my_order = self._choice(draft, before, (code, ORDER)) == "mine"
            merged, found = merge_value(field, known, theirs, mine, my_order=my_order)
            draft.values[code] = merged
            clashes.extend(found)
        return clashes

    def _seen_of(self, clash: Clash) -> Clash:
        """A clash of whole rows without the cells that the author may not see."""
        table = next((s for s in self.plan.subtables if clash.path and s.code == clash.path[0]), None)
        hidden = frozenset(f.code for f in table.fields) - self.policy.shown if table is not None else frozenset()
        if not hidden:
            return clash
        sides = [
            history.without_columns((side,), hidden)[0] if isinstance(side, Row) else side
            for side in (clash.before, clash.theirs, clash.mine)
        ]
        return replace(clash, before=sides[0], theirs=sides[1], mine=sides[2])

    def _settle(self, draft: Draft, before: Record, clashes: list[Clash]) -> list[Clash]:
        """Apply the choices that the person made when the clashes were shown; what is left must be asked."""
        left = []
        for clash in clashes:
            choice = self._choice(draft, before, clash.path)
            if choice == "mine":
                draft.values[str(clash.path[0])] = take_mine(draft.values.get(str(clash.path[0])), clash)
            elif choice != "theirs":
                left.append(clash)
        return left

    @staticmethod
    def _choice(draft: Draft, before: Record, path: Path) -> t.Literal["mine", "theirs"] | None:
        """What the person chose at a clash, if the record is still as it was then."""
        return draft.change.choices.get(clash_key(path)) if draft.change.chosen_at == before.revision else None

    def _complete_rows(self, draft: Draft, present: Mapping[str, Value]) -> None:
        """Rows that stand there keep cells that were not named; every other row is new and gets defaults."""
        for field in self.plan.subtables:
            if field.code in draft.given:
                known = {row.id: row for row in present.get(field.code) or ()}
                draft.values[field.code] = tuple(
                    Row(id=row.id, values={**known[row.id].values, **row.values})
                    if row.id is not None and row.id in known
                    else self._new_row(field, row)
                    for row in draft.values[field.code]
                )

    def _name_new_rows(self, draft: Draft, present: Mapping[str, Value], base: Mapping[str, Value] | None) -> None:
        """Before a merge: rows that neither the person saw nor anybody added are new rows."""
        for field in self.plan.subtables:
            if field.code in draft.given:
                known = {row.id for values in (present, base or {}) for row in values.get(field.code) or ()}
                draft.values[field.code] = tuple(
                    row if row.id is not None and row.id in known else self._new_row(field, row)
                    for row in draft.values[field.code]
                )

    def _new_row(self, field: SubtableField, row: Row) -> Row:
        values = {
            f.code: row.values[f.code] if f.code in row.values else f.default(self.ctx)
            for f in field.fields
            if f.stores_value
        }
        return Row(id=None, values=values)

    # -- compute and check -----------------------------------------------------------------------

    def _compute(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            if not draft.is_new:
                continue
            for field in self.plan.stored:
                if field.code not in draft.given:
                    draft.values[field.code] = field.default(self.ctx)
        lookups.copy(self.workspace, self.live, self.plan, drafts, self.ctx)
        self._stop_on_problems(drafts)
        process.prepare(self, drafts)
        serials.number(self.connection, self.live, self.plan, drafts, self.stored_ctx)
        derived.own_rollups(self.workspace, self.live, self.plan, drafts)
        if self.plan.formulas:
            for draft in drafts:
                if draft.is_new or any(draft.changed(c) for c in self.plan.by_code):
                    compute.evaluate(self.definition, self.plan, draft.values, self.stored_ctx)

    def _check(self, drafts: Sequence[Draft]) -> None:
        blank = self._problems_of_blank_fields() if any(d.is_new for d in drafts) else {}
        for draft in drafts:
            if not draft.is_new and not draft.given and not draft.change.values:
                continue  # a status action alone does not re-check what stands there
            for field, by_value, by_change in self.plan.checked:
                value = draft.values.get(field.code)
                if draft.is_new and field.code not in draft.given and field.is_empty(value):
                    found = list(blank.get(field.code, ()))
                else:
                    found = list(field.check(value, self.ctx)) if by_value else []
                    if by_change:
                        found.extend(field.check_change(draft.old.get(field.code), value, self.ctx))
                if found and draft.unasked:
                    found = [
                        p
                        for p in found
                        if p.code != "required" or not draft.unasked.intersection((field.code, *p.path[-1:]))
                    ]
                if found and field.code not in self.policy.writable:
                    # Whoever may not fill a field in is not asked to.
                    found = [p for p in found if p.code != "required" or field.code in self._may_give(draft)]
                if found:
                    draft.problems.extend(p.under(draft.index, field.code) for p in found)
        unique.check(self.connection, self.live, self.plan, drafts)
        attachments.claim(self.connection, self.live, self.plan, drafts, self.actor.user_id)
        self._stop_on_problems(drafts)

    def _problems_of_blank_fields(self) -> dict[str, list[Problem]]:
        found = {f.code: list(f.check(empty_value(f), self.ctx)) for f in self.plan.stored if f.writable}
        return {code: problems for code, problems in found.items() if problems}

    def _stop_on_problems(self, drafts: Sequence[Draft]) -> None:
        problems = [p for d in drafts for p in d.problems]
        if problems:
            raise Invalid(self._speakable(problems))

    def _speakable(self, problems: Sequence[Problem]) -> list[Problem]:
        """Problems without the names of fields that the actor may not see."""
        hidden = self.definition.field_codes - self.policy.shown
        found = [
            Problem(code="record.not_possible", path=p.path[:1])
            if len(p.path) > 1 and p.path[1] in hidden and p.code != "field.unknown"
            else p
            for p in problems
        ]
        return list({(p.code, p.path, repr(p.params)): p for p in found}.values()) if hidden else found

    # -- write -----------------------------------------------------------------------------------

    def _write(self, drafts: Sequence[Draft], removals: Sequence[Draft], action: history.Action | None) -> None:
        now = self.ctx.now
        new = [d for d in drafts if d.is_new]
        for draft, record_id in zip(new, next_ids(self.connection, self.tables.main, len(new)), strict=True):
            draft.id = record_id
        changed = [d for d in drafts if not d.is_new and self._is_changed(d)]
        index = IndexWriter(self.connection, self.tables.index)
        writer = RowWriter(self.connection, self.tables, self.plan.stored, index)
        entries: list[dict[str, t.Any]] = []
        for draft in new:
            system = {
                "revision": 1,
                "created_at": now,
                "created_by": self.actor.user_id,
                "updated_at": now,
                "updated_by": self.actor.user_id,
                **draft.system,
            }
            writer.insert(draft.id, system, draft.values, draft.sources, self.stored_ctx)
            told: dict[str, t.Any] = {}
            _tell_set_aside(draft, told)
            entries.append({"record_id": draft.id, "revision": 1, "action": action or "create", "after": told})
        for draft in changed:
            codes = {f.code for f in self.plan.stored if draft.changed(f.code)}
            before = t.cast(Record, draft.before)
            step = 2 if draft.change.action is not None else 1
            revision = before.revision + step
            system = {"revision": revision, "updated_at": now, "updated_by": self.actor.user_id, **draft.system}
            writer.update(draft.id, system, {c: draft.values.get(c) for c in codes}, draft.sources, self.stored_ctx)
            kind: history.Action = action or ("status" if draft.change.action is not None else "update")
            old, new_image = (
                history.image(self.definition, draft.old, codes),
                history.image(self.definition, draft.values, codes),
            )
            _tell_set_aside(draft, new_image)
            if draft.change.action is not None:
                old["status"], new_image["status"] = before.status, draft.system.get("status")
            entries.append(
                {"record_id": draft.id, "revision": revision, "action": kind, "before": old, "after": new_image}
            )
        for draft in removals:
            record = t.cast(Record, draft.before)
            writer.delete(draft.id)
            entries.append(
                {
                    "record_id": draft.id,
                    "revision": record.revision + 1,
                    "action": "delete",
                    "before": {**history.image(self.definition, record.values), **_system_image(self.plan, record)},
                }
            )
        writer.flush()
        for subtable in self.plan.subtables:
            self._write_rows(subtable, new, changed, removals)
        indexing.put_rows(index, self.plan, [*new, *changed], self.stored_ctx)
        attachments.settle(self.connection, self.live, self.plan, [*new, *changed])
        # After the files' rows are locked: what is read out of one now finds its record, or is found here.
        indexing.put_files(self.connection, index, self.plan, [*new, *changed])
        index.flush()
        history.write(self.connection, self.live, self.actor, now, entries)
        derived.refresh(self.workspace, self.live, [*new, *changed], removals)
        if new or changed or removals:
            events.announce(
                self.connection,
                "records.saved",
                {
                    "app": self.live.id,
                    "created": [d.id for d in new],
                    "updated": [d.id for d in changed],
                    "deleted": [d.id for d in removals],
                },
                now,
            )

    def _is_changed(self, draft: Draft) -> bool:
        return bool(draft.system or draft.set_aside) or any(draft.changed(f.code) for f in self.plan.stored)

    def _write_rows(
        self, subtable: SubtableField, new: Sequence[Draft], changed: Sequence[Draft], removals: Sequence[Draft]
    ) -> None:
        part = self.tables.rows[subtable.id]
        writer = RowWriter(self.connection, part, subtable.fields)
        inserts: list[tuple[Draft, int, Row]] = []
        for draft in [*new, *changed]:
            if not draft.changed(subtable.code):
                continue
            present = {row.id: (at, row) for at, row in enumerate(draft.old.get(subtable.code) or ())}
            kept = set()
            for at, row in enumerate(draft.values.get(subtable.code) or ()):
                if row.id is None or row.id not in present:
                    inserts.append((draft, at, row))
                    continue
                kept.add(row.id)
                was_at, was = present[row.id]
                cells = {c: v for c, v in row.values.items() if was.values.get(c) != v}
                if cells or was_at != at:
                    writer.update(
                        row.id, {"position": at}, cells, self._row_sources(draft, subtable, at), self.stored_ctx
                    )
            for row_id in present:
                if row_id is not None and row_id not in kept:
                    writer.delete(row_id)
        for draft in removals:
            for row in draft.old.get(subtable.code) or ():
                if row.id is not None:
                    writer.delete(row.id)
        for (draft, at, row), row_id in zip(inserts, next_ids(self.connection, part.main, len(inserts)), strict=True):
            system = {"record_id": draft.id, "position": at}
            writer.insert(row_id, system, row.values, self._row_sources(draft, subtable, at), self.stored_ctx)
            rows = list(draft.values[subtable.code])
            rows[at] = replace(row, id=row_id)
            draft.values[subtable.code] = tuple(rows)
        writer.flush()

    def _row_sources(self, draft: Draft, subtable: SubtableField, at: int) -> dict[str, int | None]:
        return {
            inner: source
            for (code, row, inner), source in draft.row_sources.items()
            if code == subtable.code and row == at
        }

    def _result(self, draft: Draft) -> Record:
        now = self.ctx.now
        before = draft.before
        if draft.change.delete:
            return t.cast(Record, before)
        if before is not None and not self._is_changed(draft):
            return before
        step = 2 if draft.change.action is not None else 1
        status = draft.system.get("status", before.status if before else None)
        revision = before.revision + step if before else 1
        created_at = before.created_at if before else draft.system.get("created_at", now)
        created_by = before.created_by if before else draft.system.get("created_by", self.actor.user_id)
        values = dict(draft.values)
        for field in self.plan.by_code.values():
            match field.type_name:
                case "RECORD_NUMBER":
                    values[field.code] = draft.id
                case "CREATOR":
                    values[field.code] = created_by
                case "CREATED_TIME":
                    values[field.code] = created_at
                case "MODIFIER":
                    values[field.code] = self.actor.user_id
                case "UPDATED_TIME":
                    values[field.code] = now
                case "STATUS":
                    values[field.code] = status
                case "STATUS_ASSIGNEE" if "assignees" in draft.system:
                    values[field.code] = field.load(draft.system["assignees"])
                case "STATUS_ASSIGNEE" | "CATEGORY":
                    values.setdefault(field.code, ())
        return Record(
            id=draft.id,
            revision=revision,
            created_at=created_at,
            created_by=created_by,
            updated_at=now,
            updated_by=self.actor.user_id,
            status=status,
            values=values,
            set_aside=tuple(draft.set_aside),
        )

    # -- trash -----------------------------------------------------------------------------------

    def restore(self, record_ids: Sequence[int]) -> list[Record]:
        """Bring deleted records back under their own ids, as they were.

        :raises NotFound: nothing deleted under that id. :raises Invalid: a unique value is taken meanwhile.
        """
        self.policy.require("delete")
        from lowcode.records import trash

        return trash.restore(self, record_ids)


def _tell_set_aside(draft: Draft, image: dict[str, t.Any]) -> None:
    if draft.set_aside:
        image[history.SET_ASIDE] = [asdict(one) for one in draft.set_aside]


def _system_image(plan: SavePlan, record: Record) -> dict[str, t.Any]:
    """What a deleted record needs beside its fields' values to come back as it was."""
    many = {
        f"${f.column_name}": f.store(record.values.get(f.code))
        for f in plan.by_code.values()
        if f.type_name in ("STATUS_ASSIGNEE", "CATEGORY")
    }
    return {
        "$created_at": record.created_at.isoformat(),
        "$created_by": record.created_by,
        "$revision": record.revision,
        "status": record.status,
        **many,
    }
