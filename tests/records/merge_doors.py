"""The doors that the merge property test saves through: a posted form, the API's PATCH, and a CSV file.

Each door turns an edit of the model into what really arrives (pairs of a form, a JSON body, a file), lets the product's
own code take it in, and reads the answer back into an outcome of the model. Form and API are entered through the whole
of HTTP by a test client, or just below it where histories are many.
"""

from __future__ import annotations

import csv
import re
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from lxml.html import HtmlElement
from werkzeug.datastructures import MultiDict

from lowcode import messages
from lowcode.api.v1 import records as api
from lowcode.errors import Invalid, NotFound
from lowcode.fields.base import Context
from lowcode.records.record import ORDER
from lowcode.runtime.submission import ASKED, CHOOSE, CHOSEN_AT, REVISION, Saved, submit
from lowcode.transfer import importing, tabular
from lowcode.transfer.mapping import RECORD_START
from tests.records import merge_model as model
from tests.records.merge_model import PLAIN, SETS, TABLE, Asked, Content, Edit, Line, Outcome
from tests.records.merge_office import CELLS, DEFINITION, FIELDS, NUMBER, Desk, Names, Office, plain
from tests.runtime.town import Form, Page, words

BLANK = messages.text("web.blank", "ja")
Pairs = list[tuple[str, str]]


# -- the form ----------------------------------------------------------------------------------------


class FormDoor:
    """The edit form of one record, posted as a browser posts it."""

    def __init__(self, office: Office, *, http: bool) -> None:
        self.office, self.http = office, http

    def save(self, desk: Desk, names: Names, edit: Edit, viewed: Content) -> Outcome:
        """Post the form as ``viewed`` drew it, with what ``edit`` says."""
        number = names.ids[edit.record]
        pairs = posted(names, edit, viewed)
        self.office.counts["form, HTTP" if self.http else "form"] += 1
        if self.http:
            return self._by_http(desk, names, edit, number, pairs)
        with self.office.writing(desk) as space:
            outcome = submit(space, self.office.app, number, MultiDict(pairs))
            if isinstance(outcome, Saved):
                return Outcome("saved")
            if outcome.clash is None:
                return Outcome("missing" if outcome.kind == "gone" else "invalid")
            found = [
                names.asked(c.path, [_json_of(c.path, side) for side in (c.before, c.theirs, c.mine)])
                for c in outcome.clash.clashes
            ]
            return Outcome("asked", {edit.record: tuple(found)})

    def _by_http(self, desk: Desk, names: Names, edit: Edit, number: int, pairs: Pairs) -> Outcome:
        data = MultiDict([*pairs, ("csrf_token", desk.csrf)])
        answer = self.office.at(desk).post(f"/k/{self.office.app}/edit/{number}", data=data, buffered=True)
        if answer.status_code == 303:
            return Outcome("saved")
        page = Page(t.cast(t.Any, None), answer)
        assert page.status in (409, 422), page.status
        again = Form(page, page.root.xpath("//form[@id='edit']")[0])
        assert typed(again.data) == typed(pairs), "what was typed stands on the page"
        dialogs = page.root.xpath("//*[@id='conflict']")
        if not dialogs:
            return Outcome("invalid" if page.status == 422 else "missing")
        (dialog,) = dialogs
        kept = Form(page, dialog.xpath(".//form")[0])
        found = tuple(self._read(names, row) for row in dialog.xpath(".//tbody/tr"))
        assert typed(kept.data) == typed(pairs), "the dialog hands on what was typed"
        assert kept.get(ASKED) == "\n".join(names.clash_key(asked.place) for asked in found)
        return Outcome("asked", {edit.record: found})

    def _read(self, names: Names, row: HtmlElement) -> Asked:
        """A line of the dialog; its sides are the words on the screen."""
        (name,) = set(row.xpath(".//input[@type='radio']/@name"))
        steps = str(name).removeprefix(CHOOSE).split("/")
        place = names.place([int(step) if step.isdecimal() else step for step in steps])
        was = words(row.xpath("./td[contains(@class, 'was')]")[0]).removeprefix("元の値").strip()
        if place == model.ORDER:
            return on_screen(Asked(place, None, None, None))
        return Asked(place, was, *(words(s) for s in row.xpath(".//td[contains(@class, 'side')]//label/span")))

    def draw(self, desk: Desk, names: Names, record: int, content: Content) -> None:
        """Open the form by HTTP: a browser would post exactly the pairs that this door makes of what stands there."""
        answer = self.office.at(desk).get(f"/k/{self.office.app}/edit/{names.ids[record]}", buffered=True)
        self.office.counts["form, drawn"] += 1
        page = Page(t.cast(t.Any, None), answer)
        drawn = Form(page, page.root.xpath("//form[@id='edit']")[0]).data
        edit = Edit(record, content, desk.seen[record], door="form")
        expected = posted(names, edit, content)
        if not model.lines(content):  # a table always shows one row to type into
            expected += [(f"{TABLE}-0:id", ""), (f"{TABLE}-0:place", "1"), *_cells(0, Line("", {}))]
        assert sorted(drawn) == sorted([*expected, *[p for p in drawn if p[0] in ("csrf_token", "back", "version")]])


def posted(names: Names, edit: Edit, viewed: Content) -> Pairs:
    """What a browser posts: every control, changed or not; deleted rows are ticked."""
    pairs: Pairs = [(REVISION, str(edit.seen))]
    for code in PLAIN:
        pairs.append((code, _form_text(code, edit.given[code])))
    pairs += _boxes("risks", "risks", edit.given["risks"])
    pairs.append((f"{TABLE}:shown", "1"))
    old = {line.key: (number, line) for number, line in enumerate(model.lines(viewed))}
    mine = model.lines(edit.given)
    for place, line in enumerate(mine, 1):
        number = old[line.key][0] if line.key in old else len(old) + place
        row_id = str(names.row_ids[line.key]) if line.key in old else ""
        pairs += [(f"{TABLE}-{number}:id", row_id), (f"{TABLE}-{number}:place", str(place)), *_cells(number, line)]
    for key, (number, line) in old.items():
        if all(key != other.key for other in mine):
            pairs += [(f"{TABLE}-{number}:id", str(names.row_ids[key])), (f"{TABLE}-{number}:place", str(number + 1))]
            pairs += [(f"{TABLE}-{number}:delete", "1"), *_cells(number, line)]
    if edit.take:
        pairs += [(CHOSEN_AT, str(edit.take_at)), (ASKED, "\n".join(names.clash_key(place) for place in edit.take))]
        if set(edit.take.values()) == {"theirs"}:
            pairs.append(("choose", "theirs"))
        else:
            pairs += [("choose", "each"), *((CHOOSE + names.clash_key(p), side) for p, side in edit.take.items())]
    return pairs


def _cells(number: int, line: Line) -> Pairs:
    prefix = f"{TABLE}-{number}"
    plain = [(f"{prefix}-{code}", _form_text(code, line.cells.get(code))) for code in model.PLAIN_CELLS]
    return [*plain, *_boxes("tags", f"{prefix}-tags", line.cells.get("tags") or frozenset())]


def _form_text(code: str, value: t.Any) -> str:
    if FIELDS[code].type_name == "DROP_DOWN" and value is not None:
        return str(t.cast(t.Any, FIELDS[code]).coerce(value, Context()))
    return "" if value is None else str(value)


def _boxes(code: str, name: str, members: t.Any) -> Pairs:
    ids = t.cast(t.Any, FIELDS[code]).coerce(sorted(members), Context())
    return [(f"{name}:shown", "1"), *((name, str(option_id)) for option_id in ids)]


def typed(pairs: Pairs) -> Pairs:
    """The controls that a person fills in, in no order; a table's row into which nobody typed is none."""
    rows = re.compile(rf"{TABLE}-([0-9]+)[-:](?!place)")
    filled = {found[1] for name, value in pairs if (found := rows.match(name)) and value and "shown" not in name}
    return sorted(
        (name, value)
        for name, value in pairs
        if name in (*PLAIN, *SETS) or ((found := rows.match(name)) and found[1] in filled)
    )


def on_screen(asked: Asked) -> Asked:
    """A clash of the model with its sides in the words of the dialog (of an order only the place is compared)."""
    if asked.place == model.ORDER:
        return Asked(asked.place, *[""] * 3)
    sides = (asked.before, asked.theirs, asked.mine)
    return Asked(asked.place, *(_line_words(s) if len(asked.place) == 2 else _words(asked.place[-1], s) for s in sides))


def _words(code: str, value: t.Any) -> str:
    return FIELDS[code].text(FIELDS[code].coerce(plain(value), Context()), Context()) or BLANK


def _line_words(line: Line | None) -> str:
    if line is None:
        return messages.text("runtime.row_deleted", "ja")
    return " ".join("/".join(w for code in CELLS if (w := _words(code, line.cells[code])) != BLANK).split()) or BLANK


def _json_of(path: Sequence[str | int], side: t.Any) -> t.Any:
    table = FIELDS[TABLE]
    if tuple(path[1:]) == (ORDER,):
        return table.dump(side)
    if len(path) == 2:
        return None if side is None else table.dump((side,))[0]
    return FIELDS[str(path[-1])].dump(side)


# -- bulk --------------------------------------------------------------------------------------------


class BulkDoor:
    """``PATCH /api/v1/apps/<app>/records``: several records in one body, all or none."""

    def __init__(self, office: Office, *, http: bool) -> None:
        self.office, self.http = office, http

    def save(self, desk: Desk, names: Names, edits: Sequence[Edit]) -> Outcome:
        """Send the body."""
        body = orjson.dumps({"records": [self._one(names, edit) for edit in edits]})
        self.office.counts["bulk, HTTP" if self.http else "bulk"] += 1
        saved: t.Any
        if self.http:
            headers = {"X-Cybozu-API-Token": desk.token}
            answer = self.office.at(desk).patch(f"/api/v1/apps/{self.office.app}/records", data=body, headers=headers)
            kinds = {404: "missing", 422: "invalid"}
            if answer.status_code in kinds:
                return Outcome(t.cast(t.Any, kinds[answer.status_code]))
            assert answer.status_code in (200, 409), answer.text
            saved = answer.get_json()
        else:
            try:
                with self.office.writing(desk) as space:
                    saved = api.save(space, DEFINITION.code, api.changes_of(orjson.loads(body), creating=False))
            except NotFound:
                return Outcome("missing")
            except Invalid:
                return Outcome("invalid")
            saved = orjson.loads(orjson.dumps(saved)) if isinstance(saved, dict) else {}
        if "conflicts" not in saved:
            return Outcome("saved")
        return Outcome("asked", {names.ids.index(one["id"]): self._asked(names, one) for one in saved["conflicts"]})

    def _one(self, names: Names, edit: Edit) -> dict[str, t.Any]:
        body: dict[str, t.Any] = {"id": names.ids[edit.record], "values": names.json(edit.given)}
        if edit.seen is not None:
            body["revision"] = edit.seen
        if edit.take:
            body |= {"choices": {names.clash_key(p): side for p, side in edit.take.items()}, "chosen_at": edit.take_at}
        return body

    def _asked(self, names: Names, one: Mapping[str, t.Any]) -> tuple[Asked, ...]:
        return tuple(names.asked(c["path"], [c["before"], c["theirs"], c["mine"]]) for c in one["clashes"])


# -- import ------------------------------------------------------------------------------------------


class ImportDoor:
    """A CSV file with some columns of some records, by record number."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def save(self, desk: Desk, names: Names, edits: Sequence[Edit]) -> list[bool]:
        """Which records were taken in."""
        starts = self._write(desk.file, names, edits)
        self.office.counts["import"] += 1
        with self.office.writing(desk) as space:
            plan = importing.plan_import(space, DEFINITION.code, tabular.inspect(desk.file), key=NUMBER, mode="update")
        assert not [*plan.unknown, *plan.ignored]
        report = importing.run_import(desk.file, plan, lambda: self.office.writing(desk))
        assert report.failed + report.updated + report.unchanged == len(edits)
        assert (report.created, report.skipped) == (0, 0)
        failed = {error.row for error in report.errors}
        assert len(failed) == report.failed
        return [start not in failed for start in starts]

    def _write(self, path: Path, names: Names, edits: Sequence[Edit]) -> list[int]:
        """The file; returns the row at which each record begins."""
        top = [code for code in edits[0].given if code != TABLE]
        inner = CELLS if TABLE in edits[0].given else ()
        lines: list[list[str]] = [[*([RECORD_START] if inner else []), NUMBER, *top, *inner]]
        starts = []
        for edit in edits:
            starts.append(len(lines) + 1)
            own = [str(names.ids[edit.record]), *(_cell(edit.given[code]) for code in top)]
            rows = [[_cell(line.cells[code]) for code in inner] for line in model.lines(edit.given)] if inner else []
            for at, cells in enumerate(rows or [[""] * len(inner)]):
                mark = [] if not inner else ["*" if at == 0 else ""]
                lines.append([*mark, *(own if at == 0 else [""] * len(own)), *cells])
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(lines)
        return starts


def _cell(value: t.Any) -> str:
    if isinstance(value, frozenset):
        return "\n".join(sorted(value))
    return "" if value is None else str(value)


__all__ = ["BulkDoor", "FormDoor", "ImportDoor", "on_screen"]
