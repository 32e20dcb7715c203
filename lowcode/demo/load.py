"""Invented data on its way into the apps: made row by row, saved in batches, counted in a manifest."""

from __future__ import annotations

import hashlib
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor, system
from lowcode.definition import codec
from lowcode.demo.cases import CaseNumber, case_values, hersys_id, make_case
from lowcode.demo.facilities import facility_count, facility_values
from lowcode.demo.observations import observations, today_values
from lowcode.demo.presets import World
from lowcode.demo.supplies import requests
from lowcode.deploy import apply_definition, known_apps
from lowcode.errors import Conflict
from lowcode.fields.base import Context
from lowcode.query import kintone
from lowcode.records import workspace
from lowcode.records.catalog import Catalog
from lowcode.records.record import Change, Record
from lowcode.transfer import shipped, template

Json = dict[str, t.Any]
Progress = Callable[[str, int], None]

BATCH: t.Final = 500
APPS: t.Final = ("facility", "case_ledger", "observation", "supply_request")
"""In this order: what is looked up comes first."""
BANNER: t.Final = "合成データ"
SUMMED: t.Final[Mapping[str, tuple[str, ...]]] = {
    "facility": ("beds", "slots"),
    "case_ledger": ("age",),
    "observation": ("temp", "spo2"),
    "supply_request": ("family_n",),
}


@dataclass
class Count:
    """What was made for one app."""

    rows: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    _hash: t.Any = field(default_factory=hashlib.sha256, repr=False)

    def add(self, values: Json, summed: Sequence[str]) -> None:
        """Count one record."""
        self.rows += 1
        for code in summed:
            if code in values:
                self.sums[code] = self.sums.get(code, Decimal(0)) + Decimal(values[code])
        self._hash.update(orjson.dumps(values, default=_plain, option=orjson.OPT_SORT_KEYS))
        self._hash.update(b"\n")

    def to_json(self) -> Json:
        """Rows, sums and the hash of all rows in order."""
        return {
            "rows": self.rows,
            "sums": {code: f"{total:f}" for code, total in sorted(self.sums.items())},
            "sha256": self._hash.hexdigest(),
        }


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, CaseNumber):
        return f"case {value.index}"
    raise TypeError(value)


# --- the rows --------------------------------------------------------------------------------


def rows(world: World, app: str) -> Iterator[Json]:
    """The records of one app in order, as canonical JSON; :class:`CaseNumber` stands for a number of the ledger."""
    match app:
        case "facility":
            yield from (facility_values(world, index) for index in range(facility_count(world)))
        case "case_ledger":
            for index in range(world.preset.cases):
                case = make_case(world, index)
                values = case_values(world, case)
                yield values | today_values(world, case, values["care"])
        case "observation":
            for index in range(world.preset.cases):
                yield from (one.values() for one in observations(world, make_case(world, index)))
        case "supply_request":
            for index in range(world.preset.cases):
                yield from requests(world, make_case(world, index))
        case _:
            raise KeyError(app)


def manifest(world: World) -> Json:
    """What a data set holds, without writing it anywhere."""
    counts = {}
    for app in APPS:
        counts[app] = count = Count()
        for values in rows(world, app):
            count.add(values, SUMMED[app])
    return describe(world, counts)


def describe(world: World, counts: Mapping[str, Count]) -> Json:
    """The manifest of counted rows."""
    return {
        "preset": world.preset.name,
        "seed": world.seed,
        "now": world.local_now.isoformat(),
        "apps": {app: count.to_json() for app, count in counts.items()},
    }


# --- saving ----------------------------------------------------------------------------------


def load(
    engine: sa.Engine,
    world: World,
    *,
    catalog: Catalog | None = None,
    staff: Sequence[int] = (),
    install_as: Actor | None = None,
    progress: Progress | None = None,
    only: Sequence[str] = APPS,
) -> Json:
    """Fill the health-centre apps, installing those that are missing; returns the manifest.

    :param only: the apps to fill; observations and requests need the ledger among them, or filled before.
    :param staff: numbers of users who get the open cases, in turn.
    :param install_as: who is to manage apps that have to be installed.
    :raises Conflict: the ledger has records already.
    """
    catalog = catalog or Catalog()
    actor = system("demo data")
    ctx = Context(now=world.now)
    wanted = [app for app in APPS if app in only]
    _prepare(engine, install_as or actor, wanted)
    with workspace.reading(engine, catalog, actor, ctx) as space:
        if filled := [space.app(app).definition.name for app in wanted if space.reader(app).count(limit=1)]:
            raise Conflict("demo.not_empty", apps="、".join(filled))
        # Facilities alone need no ledger, which may not be installed.
        elsewhere = "case_ledger" not in wanted and wanted != ["facility"]
        numbers = _numbers(space, world) if elsewhere else []
    counts = {app: Count() for app in wanted}
    for app in wanted:
        for batch in _batches(world, app):
            changes = []
            for values in batch:
                counts[app].add(values, SUMMED[app])
                changes.append(Change(values=_given(app, _resolved(values, numbers), world, staff, counts[app].rows)))
            with workspace.writing(engine, catalog, actor, ctx) as space:
                saved = space.service(app).save(changes)
                if app == "case_ledger" and world.preset.observed_days:
                    _move_on(space, [(record.id, steps(values)) for record, values in zip(saved, batch, strict=True)])
            if app == "case_ledger":
                numbers.extend(record.values["case_no"] for record in saved)
            if progress is not None:
                progress(app, counts[app].rows)
    if "observation" in wanted:
        _end(engine, catalog, actor, ctx)
    return describe(world, counts)


# --- the process of the ledger ---------------------------------------------------------------


def steps(values: Json) -> tuple[str, ...]:
    """The actions that have been taken on a case, in order."""
    if values["notice_state"] == "取り下げ":
        return ("取り下げ",)
    if values["notice_state"] == "他自治体へ移管":
        return ("内容確認", "移管")
    if values["first_call"] == "未着手":
        return ()
    called = ("内容確認", "初回連絡")
    if values["first_call"] != "完了":
        return called
    if values["care"] == "調整中":
        return (*called, "入院・宿泊へ") if values["need_hosp"] == "有" else called
    return (*called, "療養先決定", *(["死亡"] if values["care"] == "死亡" else []))


def _move_on(space: workspace.Workspace, moves: Sequence[tuple[int, tuple[str, ...]]]) -> None:
    """Take the actions of many records, one step of all of them at a time."""
    for number in range(max((len(actions) for _, actions in moves), default=0)):
        space.service("case_ledger").save(
            [Change(id=record_id, action=actions[number]) for record_id, actions in moves if number < len(actions)]
        )


def _end(engine: sa.Engine, catalog: Catalog, actor: Actor, ctx: Context) -> None:
    """Cases whose care is over and who were well at last are closed, as the office does each morning."""
    over = kintone.parse_condition(
        'care in ("解除") and care_end_plan < TODAY() and last_flag in ("緑") and ステータス in ("療養中")'
    )
    with workspace.reading(engine, catalog, actor, ctx) as space:
        found = list(space.reader("case_ledger").ids(over))
    for start in range(0, len(found), BATCH):
        with workspace.writing(engine, catalog, actor, ctx) as space:
            _move_on(space, [(record_id, ("解除判定", "解除")) for record_id in found[start : start + BATCH]])


def _numbers(space: workspace.Workspace, world: World) -> list[str]:
    """The ledger's numbers of the cases of a data set that was loaded before."""
    pages: Iterable[Sequence[Record]] = space.reader("case_ledger").stream(fields=("hersys_id", "case_no"))
    found = {record.values["hersys_id"]: record.values["case_no"] for page in pages for record in page}
    wanted = [hersys_id(index) for index in range(world.preset.cases)]
    if any(number not in found for number in wanted):
        raise Conflict("demo.no_cases")
    return [found[number] for number in wanted]


def _prepare(engine: sa.Engine, owner: Actor, wanted: Sequence[str]) -> None:
    """Missing apps are installed, and every app says that its data are invented."""
    with db.reading(engine) as connection:
        known = known_apps(connection)
    if missing := [app for app in wanted if app not in known]:
        made = (shipped.load(name).apps for name in missing)
        apps = tuple(codec.load(_marked(codec.dump(app))) for found in made for app in found)
        template.install(engine, template.Template(apps=apps), owner)
    for app in wanted:
        if app in known and BANNER not in known[app].settings.description:
            apply_definition(engine, app, _marked(codec.dump(known[app])), owner, note=BANNER)


def _marked(raw: Json) -> Json:
    """A definition whose description begins with the banner."""
    settings = raw["settings"]
    return {**raw, "settings": {**settings, "description": f"【{BANNER}】{settings['description']}"}}


def _batches(world: World, app: str) -> Iterator[list[Json]]:
    """Rows to save together. A case may name one of an earlier day, so that no batch of cases spans two days."""
    if app != "case_ledger":
        yield from _chunks(rows(world, app))
        return
    made = rows(world, app)
    for count in world.counts:
        yield from _chunks(itertools.islice(made, count))


def _chunks(made: Iterable[Json]) -> Iterator[list[Json]]:
    made = iter(made)
    while batch := list(itertools.islice(made, BATCH)):
        yield batch


def _resolved(value: t.Any, numbers: Sequence[str]) -> t.Any:
    """The same values with the ledger's own numbers."""
    if isinstance(value, CaseNumber):
        return numbers[value.index]
    if isinstance(value, dict):
        return {key: _resolved(inner, numbers) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, numbers) for inner in value]
    return value


def _given(app: str, values: Json, world: World, staff: Sequence[int], number: int) -> Json:
    """What only an installation knows: who works there, and when the record came to be."""
    made = values.get("notice_at") or values.get("observed_at") or values.get("applied_at")
    if made:
        values |= {"作成日時": made, "更新日時": made}
    if app == "case_ledger" and staff and values["care"] in ("自宅療養", "宿泊療養", "調整中"):
        values["staff"] = (staff[number % len(staff)],)
    return values


__all__ = ["APPS", "Count", "describe", "load", "manifest", "rows"]
