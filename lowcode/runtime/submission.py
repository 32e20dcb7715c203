"""From a posted form to what became of it: everything between the browser's pairs and the record service.

Nothing is drawn here. The caller opens the write transaction, and draws the form again where it was not saved.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from lowcode.errors import Invalid, NotFound
from lowcode.fields.row_widgets import ADD_ROW
from lowcode.records import once
from lowcode.records.catalog import LiveApp
from lowcode.records.record import Change, MergeConflict, RecordClash, SetAside
from lowcode.records.workspace import Workspace
from lowcode.runtime.blueprint import number_of
from lowcode.runtime.edit_form import EditForm
from lowcode.runtime.older_forms import VERSION, older, renamed

REVISION = "revision"
"""The hidden revision that the form was drawn from."""
CHOOSE = "choose:"
"""Before the name of a clash: which side its author chose."""
CHOSEN_AT = "chosen_at"
"""The hidden revision at which the clashes were shown."""
ASKED = "clashes"
"""The hidden names of the clashes that were shown, one a line."""
ONCE = "once"
"""The hidden key of a form for a new record."""


@dataclass(frozen=True)
class Saved:
    """The record that a form made or changed, and what was typed for fields that are gone."""

    id: int
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """Nothing was saved, and the form with everything that was typed is to be shown again.

    :param kind: ``shown`` (a button that saves nothing), ``refused`` (something is wrong), ``asked`` (somebody changed
        the same places: ``clash``), ``gone`` (somebody deleted the record: the form is that of a new one).
    :param revision: the revision that the form was drawn from.
    """

    kind: t.Literal["shown", "refused", "asked", "gone"]
    form: EditForm
    revision: int | None = None
    clash: RecordClash | None = None


def submit(space: Workspace, app: int, record_id: int | None, formdata: MultiDict[str, str]) -> Saved | Drawn:
    """Save what a form posted, in the write transaction of ``space``.

    :param record_id: the record that the form edits; None makes a new one.
    :param formdata: the posted pairs, uploads among them as keys.
    :raises NotFound: no such record for the actor, and the form has not seen one. :raises Forbidden: the actor may not.
    """
    live = space.app(app)
    reader = space.reader(live)
    seen, version = number_of(formdata.get(REVISION)), number_of(formdata.get(VERSION))
    drawn = older(space, live, version)
    typed = formdata if drawn is None else renamed(formdata, drawn.definition, live.definition)
    record = None
    if record_id is not None:
        record = next(iter(reader.by_ids([record_id])), None)
        if record is None and seen is None:
            raise NotFound("record.not_found", id=record_id)
        if record is None:
            # Somebody deleted it while this form was open: what was typed is shown as a new record, not saved.
            reader.policy.require("add")
            return Drawn("gone", EditForm(live, reader, None, typed))
    form = EditForm(live, reader, record, typed)
    if ADD_ROW in formdata or formdata.get("then") == "edit":
        return Drawn("shown", form, seen)
    posted = form if drawn is None else EditForm(drawn, space.reader(drawn), None, formdata)
    if not (form.validate() if drawn is None else posted.readable()):
        form.validate()
        return Drawn("refused", form, seen)
    change = Change(
        id=record_id,
        values=posted.changes(),
        revision=seen,
        choices=_choices(formdata),
        chosen_at=number_of(formdata.get(CHOSEN_AT)),
        version=None if drawn is None else version,
    )
    try:
        with space.connection.begin_nested():
            return _written(space, live, change, formdata.get(ONCE, ""))
    except Invalid as error:
        form.refuse(error.problems)
        return Drawn("refused", form, seen)
    except MergeConflict as error:
        return Drawn("asked", form, seen, error.records[0])


def _written(space: Workspace, live: LiveApp, change: Change, key: str) -> Saved:
    """Save, unless this very form has made its record already."""
    if change.id is None and key:
        earlier = once.take(space.connection, space.actor, live.id, key, space.ctx.now)
        if earlier is not None:
            return Saved(earlier)
    saved = space.service(live).save([change])[0]
    if change.id is None and key:
        once.made(space.connection, space.actor, live.id, key, saved.id)
    return Saved(saved.id, saved.set_aside)


def _choices(formdata: MultiDict[str, str]) -> dict[str, t.Literal["mine", "theirs"]]:
    """Which side stays at each clash: all theirs, or each as chosen (not chosen counts as not answered)."""
    found: dict[str, t.Literal["mine", "theirs"]] = {}
    take_theirs = formdata.get("choose") == "theirs"
    for name in formdata.get(ASKED, "").split("\n"):
        choice = "theirs" if take_theirs else formdata.get(CHOOSE + name, "")
        if name and choice in ("mine", "theirs"):
            found[name] = t.cast(t.Any, choice)
    return found
