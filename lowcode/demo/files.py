"""Import files for practice and tests, clean and dirty; the manifest says what an import should make of them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import typing as t
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from lowcode.definition.schema import AppDefinition
from lowcode.demo.cases import CaseNumber
from lowcode.demo.dirt import Dirt, Row, soil
from lowcode.demo.load import APPS, rows
from lowcode.demo.presets import World
from lowcode.demo.streams import Stream
from lowcode.fields.base import Context, Field
from lowcode.fields.date import DateField
from lowcode.fields.datetime import DateTimeField
from lowcode.fields.number import NumberField
from lowcode.fields.serial import SerialField
from lowcode.fields.subtable import SubtableField
from lowcode.transfer import shipped
from lowcode.transfer.exporting import write_table

Json = dict[str, t.Any]

KEYS: t.Final = {"facility": "facility_no", "case_ledger": "hersys_id", "observation": None, "supply_request": None}
SPREADSHEET_LIMIT: t.Final = 10_000
"""Larger presets get no spreadsheets: nobody opens them."""
SAMPLE: t.Final = 50
LACKING: t.Final = {"𠮷": "吉", "−": "－", "‐": "－", "–": "－", "—": "―"}
"""Characters that CP932 lacks, and the common variant that stands for them."""
LEFT_OUT: t.Final = frozenset({"dup_of", "source_case", "prev_case"})
"""They name numbers that an empty ledger has not given yet."""
ERROR_PAGE: t.Final = (
    '<!DOCTYPE html>\r\n<html lang="ja"><head><title>503 Service Unavailable</title></head>\r\n'
    "<body><h1>ただいま混み合っています</h1><p>しばらくしてからもう一度お試しください。</p></body></html>\r\n"
)


@dataclass
class Written:
    """One file, as the manifest has it."""

    file: str
    app: str
    encoding: str
    rows: int = 0
    key: str | None = None
    after: str | None = None
    """The file that has to be imported before, where the numbers below count on it."""
    expected: dict[str, int] = field(default_factory=dict)
    dirty: list[Json] = field(default_factory=list)
    replaced: list[Json] = field(default_factory=list)
    note: str = ""
    sha256: str = ""


class Tables:
    """The fields of the shipped templates as columns of files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ctx = Context(now=world.now)
        self.apps: dict[str, AppDefinition] = {app: shipped.load(app).apps[0] for app in APPS}
        self._kept: dict[str, list[Json]] = {}
        self.columns: dict[str, tuple[Field, ...]] = {app: self._columns(app) for app in APPS}
        self._numbering = t.cast(SerialField, self.apps["case_ledger"].field("case_no"))

    def rows(self, app: str) -> Iterable[Json]:
        """The records of an app; of small data sets they are made once."""
        if self.world.preset.cases > SPREADSHEET_LIMIT:
            return rows(self.world, app)
        if app not in self._kept:
            self._kept[app] = list(rows(self.world, app))
        return self._kept[app]

    def _columns(self, app: str) -> tuple[Field, ...]:
        """The fields that any record of the app has a value for, in the order of the form."""
        used: set[str] = set(MORE.get(app, ()))
        for number, values in enumerate(self.rows(app)):
            used |= values.keys()
            if number >= 2_000:
                break
        return tuple(
            one
            for one in self.apps[app].layout_order
            if one.code in used and one.code not in LEFT_OUT and not isinstance(one, SubtableField)
        )

    def codes(self, app: str) -> tuple[str, ...]:
        return tuple(one.code for one in self.columns[app])

    def header(self, app: str) -> list[str]:
        return [one.label for one in self.columns[app]]

    def row(self, app: str, values: Mapping[str, t.Any]) -> Row:
        """A record as texts, empty for what it has not."""
        return {one.code: self._text(one, values.get(one.code)) for one in self.columns[app]}

    def _text(self, one: Field, raw: t.Any) -> str:
        if raw is None:
            return ""
        if isinstance(raw, CaseNumber):
            # What a new ledger that was filled with the same data gave to the case.
            return self._numbering.format(raw.index + 1, self.world.local_now, 4)
        return one.text(one.coerce(raw, self.ctx), self.ctx)

    def cell(self, one: Field, text: str) -> t.Any:
        """The native cell of a spreadsheet for a clean text."""
        if text and isinstance(one, DateField | DateTimeField | NumberField):
            return one.cell(one.parse(text, self.ctx), self.ctx)
        return text or None


MORE: t.Final = {"case_ledger": ("drugs", "email", "onset")}


def write(world: World, folder: Path) -> Json:
    """Write every file and ``manifest.json``; returns the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = Tables(world)
    made: list[Written] = []
    for app in APPS:
        made.append(_clean(tables, app, folder / f"{app}.csv", "utf-8-sig"))
    made.append(_clean(tables, "case_ledger", folder / "case_ledger_cp932.csv", "cp932"))
    made.append(_again(tables, folder / "case_ledger_again.csv"))
    dirty = list(_dirty_rows(tables))
    made.append(_dirty(tables, dirty, folder / "case_ledger_dirty.csv", "utf-8-sig"))
    made.append(_dirty(tables, dirty, folder / "case_ledger_dirty_cp932.csv", "cp932"))
    if world.preset.cases <= SPREADSHEET_LIMIT:
        made.append(_spreadsheet(tables, folder / "case_ledger.xlsx"))
        made.append(_dirty_spreadsheet(tables, dirty, folder / "case_ledger_dirty.xlsx"))
    made += _misfits(tables, folder)
    manifest = {
        "preset": world.preset.name,
        "seed": world.seed,
        "now": world.local_now.isoformat(),
        "order": "facility.csv comes first; observation.csv and supply_request.csv need a ledger that "
        "`lowcode demo` filled with the same preset, seed and date",
        "files": [_described(one, folder) for one in made],
    }
    written = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder / "manifest.json").write_bytes(written)
    return manifest


def _described(one: Written, folder: Path) -> Json:
    one.sha256 = hashlib.sha256((folder / one.file).read_bytes()).hexdigest()
    return asdict(one)


# --- clean files -----------------------------------------------------------------------------


def _clean(tables: Tables, app: str, path: Path, encoding: str) -> Written:
    found = Written(path.name, app, encoding, key=KEYS[app])
    if app in ("observation", "supply_request"):
        found.after = "lowcode demo"
    codes = tables.codes(app)
    with _Csv(path, encoding, found) as out:
        out.write(tables.header(app))
        for values in tables.rows(app):
            row = tables.row(app, values)
            out.write([row[code] for code in codes], codes)
            found.rows += 1
    found.expected = {"created": found.rows, "updated": 0, "unchanged": 0, "failed": 0}
    return found


def _again(tables: Tables, path: Path) -> Written:
    """The same cases once more, as each day's file repeats the days before: some of them changed."""
    found = Written(path.name, "case_ledger", "utf-8-sig", key=KEYS["case_ledger"], after="case_ledger.csv")
    codes, changed = ("hersys_id", "name", "call_time"), 0
    labels = {one.code: one.label for one in tables.apps["case_ledger"].fields}
    with _Csv(path, "utf-8-sig", found) as out:
        out.write([labels[code] for code in codes])
        for number, values in enumerate(tables.rows("case_ledger")):
            told = Stream(tables.world.seed, "again", number).chance(0.06)
            changed += told
            out.write([values["hersys_id"], values["name"], "午前中" if told else ""], codes)
            found.rows += 1
    found.expected = {"created": 0, "updated": changed, "unchanged": found.rows - changed, "failed": 0}
    return found


def _spreadsheet(tables: Tables, path: Path) -> Written:
    found = Written(path.name, "case_ledger", "xlsx", key=KEYS["case_ledger"])
    columns = tables.columns["case_ledger"]

    def cells() -> Iterator[Sequence[t.Any]]:
        yield tables.header("case_ledger")
        for values in tables.rows("case_ledger"):
            row = tables.row("case_ledger", values)
            found.rows += 1
            yield [tables.cell(one, row[one.code]) for one in columns]

    _save_spreadsheet(path, cells())
    found.expected = {"created": found.rows, "updated": 0, "unchanged": 0, "failed": 0}
    return found


# --- dirty files -----------------------------------------------------------------------------


@dataclass(frozen=True)
class DirtyRow:
    """One row of a dirty file and what is dirty in it."""

    row: Row
    dirt: tuple[Dirt, ...]
    outcome: t.Literal["created", "unchanged", "failed"]
    typed: frozenset[str] = frozenset()
    """Columns whose cells are text in a spreadsheet, because somebody typed them."""


def _dirty_rows(tables: Tables) -> Iterator[DirtyRow]:
    """Each case; some twice, some persons once more under another spelling."""
    world, codes = tables.world, tables.codes("case_ledger")
    for index, values in enumerate(tables.rows("case_ledger")):
        row = tables.row("case_ledger", values)
        dirt = tuple(soil(world, index, row, values, codes))
        failed = any(one.effect == "refused" for one in dirt)
        shifted = any(one.kind == "column shifted" for one in dirt)
        typed = frozenset(codes) if shifted else frozenset(one.column for one in dirt)
        yield DirtyRow(row, dirt, "failed" if failed else "created", typed)
        stream = Stream(world.seed, "double", index)
        if stream.chance(0.005):
            again = Dirt("hersys_id", "row repeated", row["hersys_id"], row["hersys_id"], "read")
            # A repeat is what became of the first: unchanged, or refused with it.
            yield DirtyRow(dict(row), (again,), "failed" if failed else "unchanged", typed)
        if stream.chance(0.005):
            other = {
                **tables.row("case_ledger", values),
                "hersys_id": f"8{values['hersys_id'][1:]}",
                "press_no": "",
                "kana": _other_kana(values["kana"]),
            }
            twin = Dirt("hersys_id", "same person again", other["hersys_id"], values["hersys_id"], "kept")
            yield DirtyRow(other, (twin,), "created")


def _other_kana(kana: str) -> str:
    swaps = (("ザキ", "サキ"), ("ジマ", "シマ"), ("ダ", "タ"), ("ガ", "カ"), ("オウ", "オオ"), ("ヅ", "ズ"))
    return next((kana.replace(old, new, 1) for old, new in swaps if old in kana), kana + "コ")


def _noted(found: Written, dirty: Sequence[DirtyRow], labels: Mapping[str, str]) -> None:
    counts = {"created": 0, "updated": 0, "unchanged": 0, "failed": 0}
    for number, one in enumerate(dirty, start=2):
        counts[one.outcome] += 1
        found.dirty += [
            {
                "row": number,
                "column": labels[dirt.column],
                "field": dirt.column,
                "kind": dirt.kind,
                "written": dirt.written,
                "truth": dirt.truth,
                "effect": dirt.effect,
            }
            for dirt in one.dirt
        ]
    found.rows, found.expected = len(dirty), counts


def _dirty(tables: Tables, dirty: Sequence[DirtyRow], path: Path, encoding: str) -> Written:
    found = Written(path.name, "case_ledger", encoding, key=KEYS["case_ledger"])
    codes = tables.codes("case_ledger")
    with _Csv(path, encoding, found) as out:
        out.write(tables.header("case_ledger"))
        for one in dirty:
            out.write([one.row[code] for code in codes], codes)
    _noted(found, dirty, _labels(tables))
    return found


def _dirty_spreadsheet(tables: Tables, dirty: Sequence[DirtyRow], path: Path) -> Written:
    """Clean cells as numbers and dates, dirty ones as the texts that were typed."""
    found = Written(path.name, "case_ledger", "xlsx", key=KEYS["case_ledger"])
    columns = tables.columns["case_ledger"]

    def cells() -> Iterator[Sequence[t.Any]]:
        yield tables.header("case_ledger")
        for one in dirty:
            yield [
                one.row[column.code] or None if column.code in one.typed else tables.cell(column, one.row[column.code])
                for column in columns
            ]

    _save_spreadsheet(path, cells())
    _noted(found, dirty, _labels(tables))
    return found


def _labels(tables: Tables) -> dict[str, str]:
    return {one.code: one.label for one in tables.apps["case_ledger"].fields}


def _misfits(tables: Tables, folder: Path) -> list[Written]:
    """Three files that are not what they seem."""
    codes = tables.codes("case_ledger")
    first = [
        tables.row("case_ledger", values) for values, _ in zip(tables.rows("case_ledger"), range(SAMPLE), strict=False)
    ]
    lines = [tables.header("case_ledger"), *([row[code] for code in codes] for row in first)]
    wrong = Written(
        "wrong_encoding.csv",
        "case_ledger",
        "utf-16",
        len(first),
        KEYS["case_ledger"],
        note="UTF-16, not UTF-8: nothing is taken in unless that encoding is found or chosen",
    )
    (folder / wrong.file).write_bytes(_csv_text(lines).encode("utf-16"))
    extra = Written(
        "extra_column.csv",
        "case_ledger",
        "utf-8-sig",
        len(first),
        KEYS["case_ledger"],
        note="one column more than the app knows; it is named and left out",
        expected={"created": len(first), "updated": 0, "unchanged": 0, "failed": 0},
    )
    wider = [[*line, "新しい項目" if number == 0 else "あり"] for number, line in enumerate(lines)]
    (folder / extra.file).write_bytes(_csv_text(wider).encode("utf-8-sig"))
    page = Written("error_page.csv", "case_ledger", "utf-8", 0, note="an error page saved as a file; it is refused")
    (folder / page.file).write_bytes(ERROR_PAGE.encode())
    return [wrong, extra, page]


# --- bytes -----------------------------------------------------------------------------------


def _csv_text(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


class _Csv:
    """A file in one of two encodings; what CP932 lacks is replaced and noted."""

    def __init__(self, path: Path, encoding: str, found: Written) -> None:
        self._stream = path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(self._stream, lineterminator="\r\n")
        self._narrow, self._found, self._number = encoding == "cp932", found, 0

    def __enter__(self) -> _Csv:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()

    def write(self, cells: Sequence[str], codes: Sequence[str] = ()) -> None:
        """Write one row."""
        self._number += 1
        if self._narrow:
            cells = [self._fitting(cell, codes[place] if codes else "") for place, cell in enumerate(cells)]
        self._writer.writerow(cells)

    def _fitting(self, cell: str, code: str) -> str:
        try:
            cell.encode("cp932")
        except UnicodeEncodeError:
            made = "その他" if code == "language" else "".join(_fitting(c) for c in cell)
            self._found.replaced.append({"row": self._number, "field": code, "truth": cell, "written": made})
            return made
        return cell


def _fitting(letter: str) -> str:
    try:
        letter.encode("cp932")
    except UnicodeEncodeError:
        return LACKING.get(letter, "〓")
    return letter


def _save_spreadsheet(path: Path, cells: Iterable[Sequence[t.Any]]) -> None:
    """A spreadsheet without the time of writing in it, so that the same data give the same bytes."""
    raw = path.with_suffix(".part")
    write_table(raw, cells)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb">\d{4}-\d\d-\d\dT[\d:]+Z<", b">2022-07-25T00:00:00Z<", content)
            target.writestr(zipfile.ZipInfo(name, (2022, 7, 25, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    raw.unlink()


__all__ = ["KEYS", "Tables", "Written", "write"]
