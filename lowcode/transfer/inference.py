"""From a table to an app: a type for each column by all its values, and a definition ready to be published."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from lowcode.definition.system_fields import RESERVED
from lowcode.errors import Invalid, invalid
from lowcode.fields import eras
from lowcode.fields.base import CODE_PATTERN, RESERVED_CODES
from lowcode.fields.context import NOBODY
from lowcode.fields.datetime import DateTimeField
from lowcode.fields.link import is_web_address
from lowcode.fields.number import typed_number
from lowcode.fields.time import parse_time
from lowcode.transfer.cells import NOTHING, unguarded
from lowcode.transfer.tabular import Cell, Line, as_text, is_blank, is_footnote, looks_like_date

MAX_CHOICES = 20
REMEMBERED = 200_000
"""Different values of a column that are told apart at most; beyond that a column is not called unique."""
MOSTLY = 0.98
USUAL_CHOICES = (
    (re.compile(r"性別"), ("その他", "不明")),
    (re.compile(r"年代|年齢|職業|状態|症状|経路|区分"), ("不明",)),
)
LONG = 100
VIEW_COLUMNS = 12
_IDENTIFIER = re.compile(r"番号|no\.?$|^no|№|^id$|id$|コード|code|症例|事例|枝番|通番|連番", re.IGNORECASE)
_CODE = re.compile(r"コード|code|郵便|zip", re.IGNORECASE)
_DATE_WORDS = re.compile(r"日$|年月日|日付|date|期日|生年", re.IGNORECASE)
_PHONE_WORDS = re.compile(r"電話|tel|phone|携帯|fax|連絡先", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d()（）\-‐−ー. ]{9,20}")
_PHONE_HYPHENS = re.compile(r"0\d{1,4}-\d{1,4}-\d{3,4}")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_NUMBER = re.compile(r"[+-]?\d+(?:\.(\d+))?")
_DIGIT = re.compile(r"[0-9元]")
_SERIAL = re.compile(r"[34]\d{4}")
_HYPHENS = {0x2010: 0x2D, 0x2212: 0x2D}
_BAD_CODE = re.compile(r"[^\w・￥＄]+")
_INSTANTS = DateTimeField(id=1, code="x", label="x")


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a column becomes: its field's JSON and why (a code of ``transfer.why``)."""

    header: str
    code: str
    properties: Mapping[str, t.Any]
    why: str
    params: Mapping[str, t.Any] = field(default_factory=dict)
    serial: bool = False
    """Whether the column's dates are day numbers of a spreadsheet."""

    @property
    def type_name(self) -> str:
        """The field type."""
        return str(self.properties["type"])


class ColumnFacts:
    """What is learned of one column while its values go by; memory is bounded."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.filled = self.longest = self.places = self.digits = 0
        self.breaks = self.leading_zeros = self.dashes = self.repeated = False
        self.counts: dict[str, int] = dict.fromkeys(
            ("date", "instant", "time", "number", "serial", "phone", "mail", "link", "odd_date"), 0
        )
        self.values: dict[str, int] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def see(self, cell: Cell) -> None:
        """One more value."""
        if is_blank(cell):
            return
        kinds: tuple[str, ...]
        if isinstance(cell, str):
            text = unguarded(cell).strip()
            if len(text) == 1 and text in NOTHING:
                self.dashes = True
                return
            found = self._known.get(text)
            if found is None:
                found = self._kinds(text)
                if len(self._known) < 50_000:
                    self._known[text] = found
            kinds = found
        else:
            text = as_text(cell)
            kinds = _native_kinds(cell)
        self.filled += 1
        for kind in kinds:
            self.counts[kind] += 1
        if "number" in kinds:
            self._measure(text)
        self.longest = max(self.longest, len(text))
        self.breaks = self.breaks or "\n" in text
        if text in self.values:
            self.values[text] += 1
            self.repeated = True
        elif len(self.values) < REMEMBERED:
            self.values[text] = 1
        else:
            self.repeated = True

    def _measure(self, text: str) -> None:
        plain = typed_number(text)
        whole, _, places = plain.lstrip("+-").partition(".")
        self.places = max(self.places, len(places.rstrip("0")))
        self.digits = max(self.digits, len(whole))
        if len(whole) > 1 and whole.startswith("0"):
            self.leading_zeros = True

    def _kinds(self, text: str) -> tuple[str, ...]:
        plain = unicodedata.normalize("NFKC", text)
        found = []
        if _NUMBER.fullmatch(typed_number(text)):
            found.append("number")
            if _SERIAL.fullmatch(plain):
                found.append("serial")
        # A bare number is a day only when it is written 20220825.
        if ("number" not in found or len(plain) == 8) and _DIGIT.search(plain):
            if _is_date(text):
                found.append("date")
            elif ":" not in plain and "時" not in plain and looks_like_date(plain):
                found.append("odd_date")  # without a year, or of a year that cannot be
            if not found and (":" in plain or "時" in plain):
                if _is_instant(text):
                    found.append("instant")
                elif _is_time(text):
                    found.append("time")
        named = _PHONE_WORDS.search(self.header)
        if _PHONE_HYPHENS.fullmatch(plain.translate(_HYPHENS)) or (named and _PHONE.fullmatch(plain)):
            found.append("phone")
        if _MAIL.fullmatch(plain):
            found.append("mail")
        if is_web_address(text):
            found.append("link")
        return tuple(found)

    def all_are(self, kind: str) -> bool:
        """Whether every value is of a kind."""
        return self.filled > 0 and self.counts[kind] == self.filled

    @property
    def all_different(self) -> bool:
        """Whether no value occurs twice."""
        return not self.repeated and self.filled > 1


def _native_kinds(cell: Cell) -> tuple[str, ...]:
    if isinstance(cell, bool):
        return ()
    if isinstance(cell, datetime):
        return ("instant",)
    if isinstance(cell, date):
        return ("date",)
    if isinstance(cell, time):
        return ("time",)
    if isinstance(cell, int | float | Decimal):
        return ("number", "serial") if isinstance(cell, int) and 30_000 <= cell < 50_000 else ("number",)
    return ()


def _is_date(text: str) -> bool:
    try:
        return eras.parse_date(text) is not None
    except Invalid:
        return False


def _is_instant(text: str) -> bool:
    try:
        return _INSTANTS.parse(text, NOBODY) is not None
    except Invalid:
        return False


def _is_time(text: str) -> bool:
    try:
        return parse_time(text) is not None
    except Invalid:
        return False


def learn(
    headers: Sequence[str], rows: Iterable[Line], on_row: t.Callable[[int], None] | None = None
) -> list[ColumnFacts]:
    """The facts of every column from all rows."""
    facts = [ColumnFacts(header) for header in headers]
    for count, (_, cells) in enumerate(rows):
        if is_footnote(cells, len(headers)):
            continue
        for fact, cell in zip(facts, cells, strict=False):
            fact.see(cell)
        if on_row is not None and count % 5_000 == 0:
            on_row(count)
    return facts


def guess(facts: Sequence[ColumnFacts]) -> tuple[Guess, ...]:
    """A field for every column that has a name or values. Raises :class:`Invalid` when there is none."""
    codes: set[str] = set()
    found = []
    for fact in facts:
        if not fact.filled and re.fullmatch(r"列\d+", fact.header):
            continue
        code = field_code(fact.header, codes)
        codes.add(code)
        settings, why, params, serial = _settings(fact)
        properties = {"type": settings.pop("type"), "code": code, "label": fact.header[:128], **settings}
        found.append(Guess(header=fact.header, code=code, properties=properties, why=why, params=params, serial=serial))
    if not found:
        raise invalid("transfer.app_without_rows")
    return tuple(found)


def _settings(fact: ColumnFacts) -> tuple[dict[str, t.Any], str, dict[str, t.Any], bool]:
    if not fact.filled:
        return {"type": "SINGLE_LINE_TEXT"}, "empty", {}, False
    by_kind = _by_kind(fact)
    if by_kind is not None:
        settings, why = by_kind
        return settings, why, {}, why == "serial_dates"
    if fact.counts["odd_date"] + fact.counts["date"] > fact.filled / 2 and fact.longest <= LONG:
        return {"type": "SINGLE_LINE_TEXT"}, "odd_dates", {}, False
    if fact.breaks or fact.longest > LONG:
        return {"type": "MULTI_LINE_TEXT"}, "long", {}, False
    if _is_choice(fact):
        labels = dict.fromkeys([*fact.values, *_usual(fact)])
        options = {value: {"label": value, "index": str(at)} for at, value in enumerate(labels)}
        return {"type": "DROP_DOWN", "options": options}, "choices", {"count": len(options)}, False
    if _IDENTIFIER.search(_plain(fact.header)) and fact.all_different:
        return {"type": "SINGLE_LINE_TEXT", "unique": True}, "identifiers", {}, False
    return {"type": "SINGLE_LINE_TEXT"}, "text", {}, False


def _by_kind(fact: ColumnFacts) -> tuple[dict[str, t.Any], str] | None:
    header = _plain(fact.header)
    named_date = bool(_DATE_WORDS.search(header))
    if fact.all_are("serial") and named_date:
        return {"type": "DATE"}, "serial_dates"
    if fact.all_are("number"):
        return _number(fact, header)
    if fact.all_are("date"):
        return {"type": "DATE"}, "dates"
    dated = fact.counts["date"] + fact.counts["instant"]
    if fact.counts["instant"] and dated == fact.filled:
        return {"type": "DATETIME"}, "instants"
    serials = fact.counts["date"] + fact.counts["serial"]
    if named_date and fact.counts["serial"] > fact.filled / 2 and serials >= fact.filled * MOSTLY:
        return {"type": "DATE"}, "serial_dates"
    if named_date and fact.filled >= 20 and fact.counts["date"] >= fact.filled * MOSTLY:
        return {"type": "DATE"}, "mostly_dates"
    for kind, settings, why in (
        ("time", {"type": "TIME"}, "times"),
        ("phone", {"type": "LINK", "protocol": "CALL"}, "phones"),
        ("mail", {"type": "LINK", "protocol": "MAIL"}, "mails"),
        ("link", {"type": "LINK", "protocol": "WEB"}, "links"),
    ):
        if fact.all_are(kind):
            return dict(settings), why
    return None


def _number(fact: ColumnFacts, header: str) -> tuple[dict[str, t.Any], str]:
    if fact.leading_zeros:
        phone = fact.all_are("phone")
        if phone:
            return {"type": "LINK", "protocol": "CALL"}, "phones"
        unique = {"unique": True} if fact.all_different and _IDENTIFIER.search(header) else {}
        return {"type": "SINGLE_LINE_TEXT", **unique}, "leading_zeros"
    if _IDENTIFIER.search(header) and fact.places == 0:
        if fact.all_different:
            return {"type": "SINGLE_LINE_TEXT", "unique": True}, "identifiers"
        if _CODE.search(header):
            return {"type": "SINGLE_LINE_TEXT"}, "codes"
    if fact.digits > 12:
        return {"type": "SINGLE_LINE_TEXT"}, "codes"
    return {"type": "NUMBER", **({"scale": min(fact.places, 10)} if fact.places > 6 else {})}, "numbers"


def _is_choice(fact: ColumnFacts) -> bool:
    kinds = len(fact.values)
    return kinds <= MAX_CHOICES and fact.filled >= 3 * kinds and fact.longest <= 40 and not _CODE.search(fact.header)


def _usual(fact: ColumnFacts) -> tuple[str, ...]:
    """What such a column sooner or later holds too, so that the next file of the same kind goes in whole."""
    header = _plain(fact.header)
    japanese = any(not value.isascii() for value in fact.values)
    return next((words for pattern, words in USUAL_CHOICES if japanese and pattern.search(header)), ())


def _plain(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip()


def field_code(header: str, taken: set[str]) -> str:
    """A field code from a header: Japanese stays, what a code may not hold becomes ``_``, repeats get a number."""
    text = unicodedata.normalize("NFKC", header)
    text = _BAD_CODE.sub("_", text).strip("_")[:120] or "field"
    if not CODE_PATTERN.fullmatch(text):
        text = f"_{text}"
    if not CODE_PATTERN.fullmatch(text):
        text = "field"
    made, count = text, 1
    while made in taken or made.lower() in RESERVED_CODES or made in RESERVED:
        count += 1
        made = f"{text}_{count}"
    return made


def definition_of(guesses: Sequence[Guess], *, code: str, name: str) -> dict[str, t.Any]:
    """The definition JSON of an app with these fields and one view of them."""
    shown = [g.code for g in guesses if g.type_name != "MULTI_LINE_TEXT"][:VIEW_COLUMNS] or [guesses[0].code]
    layout = [
        {"type": "ROW", "fields": [{"type": g.type_name, "code": g.code} for g in guesses[at : at + 3]]}
        for at in range(0, len(guesses), 3)
    ]
    title = next((g.code for g in guesses if g.properties.get("unique")), None)
    settings: dict[str, t.Any] = {"name": name}
    if title is not None:
        settings["titleField"] = {"selectionMode": "MANUAL", "code": title}
    return {
        "format": 1,
        "code": code,
        "settings": settings,
        "properties": {g.code: dict(g.properties) for g in guesses},
        "layout": layout,
        "views": {
            "一覧": {
                "type": "LIST",
                "name": "一覧",
                "index": "0",
                "fields": ["レコード番号", *shown],
                "filterCond": "",
                "sort": "レコード番号 asc",
            }
        },
    }


__all__ = ["ColumnFacts", "Guess", "definition_of", "field_code", "guess", "learn"]
