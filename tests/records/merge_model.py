"""A reference model of simultaneous edits, in plain Python and without a line of the product's merge.

Written from the rules in the documentation, not from the code: the property test compares the two. A record is a
mapping of the codes below; a subtable is a list of :class:`Line`. Nothing here knows a database.

* Different places are both kept, the same value is nothing to do, a true clash is asked and writes nothing.
* Choices merge as sets; rows merge by row, then by cell; deleting a row that another edited is a clash.
* Whoever alone moved the rows that both have decides their order; when both moved them, to different places, it is
  a clash. Rows that I add stand behind those that they added at the same place.
* Who saves without a revision replaces what stands there; a table that is given is the new table.
* A form checks what it posts before anything is merged, and drops new rows in which nothing was typed.
* An import is the last writer of its columns; its rows belong to the stored ones by their place, blank ones at the
  end of a table only pad the file, and each of its records is taken in or comes back by itself.
* Formulas and checks see the merged record. A call is carried out whole or not at all.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

PLAIN = ("name", "note", "age", "ward", "day")
SETS = ("risks",)
TABLE = "family"
PLAIN_CELLS = ("who", "years")
SET_CELLS = ("tags",)
LARGEST_AGE = 130

Place = tuple[str, ...]
ORDER: Place = (TABLE, "order")
"""The place of a clash about the order of rows; its sides are the keys of the rows that both have."""

Door = t.Literal["form", "bulk", "import"]
Plain = str | int | None
Cell = Plain | frozenset[str]


@dataclass(frozen=True)
class Line:
    """One row: a key that never changes (new rows get one from their author) and the cells that are named."""

    key: str
    cells: Mapping[str, Cell]


Content = Mapping[str, "Cell | tuple[Line, ...]"]


@dataclass(frozen=True)
class Edit:
    """What one call asks of one record; ``seen`` is the revision that the author had before the eyes."""

    record: int
    given: Content = field(default_factory=dict)
    """From a form: everything it shows. From an import: its columns, with new keys for all rows."""
    seen: int | None = None
    delete: bool = False
    take: Mapping[Place, str] = field(default_factory=dict)
    """``mine`` or ``theirs`` at the clashes that were shown …"""
    take_at: int | None = None
    """… while the record still has this revision."""
    door: Door = "bulk"


@dataclass(frozen=True)
class Asked:
    """One clash in front of its author."""

    place: Place
    before: t.Any
    theirs: t.Any
    mine: t.Any


@dataclass(frozen=True)
class Outcome:
    """``saved``, ``missing``, ``invalid`` or ``asked`` (with the clashes by record)."""

    kind: t.Literal["saved", "missing", "invalid", "asked"]
    clashes: Mapping[int, tuple[Asked, ...]] = field(default_factory=dict)


class Story:
    """One record: every content it ever had by revision (None while it lies in the trash)."""

    def __init__(self, content: Content) -> None:
        self.contents: list[Content | None] = [complete(content)]

    @property
    def revision(self) -> int:
        return len(self.contents)

    @property
    def present(self) -> Content | None:
        return self.contents[-1]

    def at(self, revision: int) -> Content:
        content = self.contents[revision - 1]
        assert content is not None
        return content


class Model:
    """Some records and the calls that change them."""

    def __init__(self, contents: Iterable[Content]) -> None:
        self.stories = [Story(content) for content in contents]
        self._reborn = itertools.count(1)

    def save(self, edits: Sequence[Edit]) -> Outcome:
        """All edits or none."""
        if any(self.stories[e.record].present is None for e in edits):
            return Outcome("missing")
        edits = [self._through_its_door(e) for e in edits]
        if any(not readable(e.given) or (e.door == "form" and not acceptable(complete(e.given))) for e in edits):
            return Outcome("invalid")
        planned: list[tuple[Edit, Content | None]] = []
        clashes: dict[int, tuple[Asked, ...]] = {}
        for edit in edits:
            content, asked = self._merged(edit)
            if asked:
                clashes[edit.record] = tuple(asked)
            planned.append((edit, content))
        if clashes:
            return Outcome("asked", clashes)
        if any(content is not None and not acceptable(content) for _, content in planned):
            return Outcome("invalid")
        for edit, content in planned:
            story = self.stories[edit.record]
            if content != story.present:
                story.contents.append(content)
        return Outcome("saved")

    def _through_its_door(self, edit: Edit) -> Edit:
        if TABLE not in edit.given or edit.door == "bulk":
            return edit
        story, table = self.stories[edit.record], [*lines(edit.given)]
        if edit.door == "form":
            seen = {line.key for line in lines(story.at(t.cast(int, edit.seen)))}
            table = [line for line in table if line.key in seen or not blank(line)]
        else:
            present = lines(story.at(story.revision))
            while table and blank(table[-1]) and (len(table) > len(present) or not blank(present[len(table) - 1])):
                table.pop()
            named = [line.key for line in (*present, *table[len(present) :])]
            table = [Line(key, line.cells) for key, line in zip(named, table, strict=False)]
        return replace(edit, given={**edit.given, TABLE: tuple(table)})

    def restore(self, record: int) -> Outcome:
        """Back from the trash, as it was."""
        story = self.stories[record]
        if story.present is not None:
            return Outcome("missing")
        story.contents.append(story.at(story.revision - 1))
        return Outcome("saved")

    def _merged(self, edit: Edit) -> tuple[Content | None, list[Asked]]:
        story = self.stories[edit.record]
        present = story.at(story.revision)
        behind = edit.seen is not None and edit.seen < story.revision
        if edit.delete:
            return None, [Asked((), None, "changed", "deleted")] if behind else []
        if not behind:
            return complete({**present, **replaced(present, self._reborn_lines(story, edit.given))}), []
        base = story.at(t.cast(int, edit.seen))
        my_order = edit.take_at == story.revision and edit.take.get(ORDER) == "mine"
        merged, asked = merge(base, present, edit.given, my_order=my_order)
        if edit.take_at == story.revision:
            for clash in asked:
                if edit.take.get(clash.place) == "mine":
                    merged = with_mine(merged, clash, f"reborn{next(self._reborn)}")
            asked = [clash for clash in asked if clash.place not in edit.take]
        return complete(merged), asked

    def _reborn_lines(self, story: Story, given: Content) -> Content:
        """Who names a row that is gone, without having seen the record, makes a new row."""
        present = {line.key for line in lines(t.cast(Content, story.present))}
        gone = {line.key for content in story.contents if content is not None for line in lines(content)} - present
        if not any(line.key in gone for line in lines(given)):
            return given
        table = [Line(f"reborn{next(self._reborn)}", line.cells) if line.key in gone else line for line in lines(given)]
        return {**given, TABLE: tuple(table)}


# -- a content by itself -----------------------------------------------------------------------------


def complete(content: Content) -> Content:
    """Every code and every cell, and what the formula gives."""
    full: dict[str, t.Any] = {code: content.get(code) for code in PLAIN}
    full |= {code: content.get(code, frozenset()) for code in SETS}
    full[TABLE] = tuple(whole(line) for line in lines(content))
    full["total"] = sum(t.cast("int | None", line.cells["years"]) or 0 for line in full[TABLE]) + (full["age"] or 0)
    return full


def lines(content: Content) -> tuple[Line, ...]:
    """The rows of a content."""
    return t.cast("tuple[Line, ...]", content.get(TABLE, ()))


def whole(line: Line) -> Line:
    """A row with all its cells."""
    empty: dict[str, Cell] = {**dict.fromkeys(PLAIN_CELLS), **dict.fromkeys(SET_CELLS, frozenset())}
    return Line(line.key, {**empty, **line.cells})


def blank(line: Line) -> bool:
    """Whether nothing stands in a row."""
    return all(cell in (None, "", frozenset()) for cell in line.cells.values())


def replaced(present: Content, given: Content) -> Content:
    """What is given without looking at others: rows that stand there keep the cells that are not named."""
    if TABLE not in given:
        return given
    known = {line.key: line for line in lines(present)}
    table = tuple(
        Line(line.key, {**known[line.key].cells, **line.cells}) if line.key in known else line for line in lines(given)
    )
    return {**given, TABLE: table}


def readable(given: Content) -> bool:
    """Whether every value can be understood at all."""
    numbers = [given.get("age"), *(line.cells.get("years") for line in lines(given))]
    return all(not isinstance(number, str) for number in numbers)


def acceptable(content: Content) -> bool:
    """Whether a whole record passes its checks."""
    age = t.cast("int | None", content["age"])
    return content["name"] not in (None, "") and (age is None or age <= LARGEST_AGE)


# -- three-way merge ---------------------------------------------------------------------------------


def merge(
    base: Content, theirs: Content, mine: Content, *, my_order: bool = False
) -> tuple[dict[str, t.Any], list[Asked]]:
    """What becomes of ``theirs`` when ``mine``, typed upon ``base``, joins; only codes in ``mine`` are touched."""
    merged: dict[str, t.Any] = dict(theirs)
    asked: list[Asked] = []
    for code in mine:
        if code == TABLE:
            merged[code], found = merge_tables(lines(base), lines(theirs), lines(mine), my_order=my_order)
        else:
            merged[code], found = merge_cell((code,), base[code], theirs[code], mine[code])
        asked += found
    return merged, asked


def merge_cell(place: Place, base: t.Any, theirs: t.Any, mine: t.Any) -> tuple[t.Any, list[Asked]]:
    """One value: a set by its members, anything else whole."""
    if isinstance(mine, frozenset):
        return (theirs | (mine - base)) - (base - mine), []
    i_changed, they_changed = mine != base, theirs != base
    if i_changed and they_changed and mine != theirs:
        return theirs, [Asked(place, base, theirs, mine)]
    return (mine if i_changed else theirs), []


def merge_tables(
    base: Sequence[Line], theirs: Sequence[Line], mine: Sequence[Line], *, my_order: bool = False
) -> tuple[tuple[Line, ...], list[Asked]]:
    """The table that both want, and what they must be asked."""
    was, their, my = ({line.key: line for line in side} for side in (base, theirs, mine))
    asked: list[Asked] = []
    staying: dict[str, Line] = {}
    for key in [*their, *(k for k in was if k not in their)]:
        place = (TABLE, key)
        if key in their and key in my:
            cells = dict(their[key].cells)
            for code, cell in my[key].cells.items():
                cells[code], found = merge_cell((*place, code), was[key].cells[code], cells[code], cell)
                asked += found
            staying[key] = Line(key, cells)
        elif key in their:
            if key not in was:
                staying[key] = their[key]
            elif their[key] != was[key]:
                staying[key] = their[key]
                asked.append(Asked(place, was[key], their[key], None))
        elif key in my and any(was[key].cells[code] != cell for code, cell in my[key].cells.items()):
            asked.append(Asked(place, was[key], None, my[key]))
    new = {k for k in my if k not in was and k not in their}
    order, found = merge_order([*was], [k for k in their if k in staying], [*my], new, my_order=my_order)
    asked += found
    added = {k: whole(line) for k, line in my.items() if k not in staying}
    return tuple(staying.get(key) or added[key] for key in order), asked


def merge_order(
    base: Sequence[str], theirs: Sequence[str], mine: Sequence[str], new: set[str], *, my_order: bool = False
) -> tuple[list[str], list[Asked]]:
    """The keys of the merged table in order, and whether the order must be asked; ``new`` are those that I add."""
    shared = [key for key in mine if key in theirs]
    was, their = ([key for key in side if key in shared] for side in (base, theirs))
    asked = []
    if my_order or their == was:
        mine_by_place = iter(shared)
        order = [next(mine_by_place) if k in shared else k for k in theirs]
    else:
        order = list(theirs)
        if shared not in (was, their):
            asked = [Asked(ORDER, tuple(was), tuple(their), tuple(shared))]
    they_added = {key for key in theirs if key not in base}
    anchor: str | None = None
    for key in mine:
        if key in new:
            if anchor is None and not any(k not in new for k in mine):
                place = len(order)  # nobody stands there that I could have put it before
            else:
                place = 0 if anchor is None else order.index(anchor) + 1
                while anchor not in new and place < len(order) and order[place] in they_added:
                    place += 1
            order.insert(place, key)
        if key in order:
            anchor = key
    return order, asked


def with_mine(merged: Mapping[str, t.Any], clash: Asked, reborn: str) -> dict[str, t.Any]:
    """The merged record after its author insisted at one clash."""
    match clash.place:
        case (code,):
            return {**merged, code: clash.mine}
        case (_, key, code):
            table = [Line(key, {**line.cells, code: clash.mine}) if line.key == key else line for line in lines(merged)]
        case (_, key) if clash.mine is None:
            table = [line for line in lines(merged) if line.key != key]
        case _:
            # They deleted the row that I edited: it comes back, as a new one, with what I had before me.
            table = [*lines(merged), whole(Line(reborn, {**clash.before.cells, **clash.mine.cells}))]
    return {**merged, TABLE: tuple(table)}


# -- knowing what one overwrites ---------------------------------------------------------------------


def places(content: Content) -> dict[Place, t.Any]:
    """Every single thing a person can have typed, by its place."""
    found: dict[Place, t.Any] = {(code,): content[code] for code in PLAIN if content[code] is not None}
    found |= {(code, member): True for code in SETS for member in t.cast("frozenset[str]", content[code])}
    for line in lines(content):
        for code in PLAIN_CELLS:
            if line.cells[code] is not None:
                found[(TABLE, line.key, code)] = line.cells[code]
        for code in SET_CELLS:
            found |= {(TABLE, line.key, code, member): True for member in t.cast("frozenset[str]", line.cells[code])}
    return found


def overwritten_unseen(seen: Content, before: Content, after: Content) -> list[Place]:
    """Places where something was typed that a save took away although its author had seen something else."""
    saw, had, has = places(seen), places(before), places(after)
    return [place for place, value in had.items() if has.get(place) != value and saw.get(place) != value]
