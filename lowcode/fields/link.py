"""LINK: an address of the web, a telephone number or a mail address that can be pressed."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Field, fold, text_column
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.settings import setting
from lowcode.fields.text import LineOfText

PROTOCOLS = ("WEB", "CALL", "MAIL")
SCHEMES = frozenset({"http", "https"})
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_MAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[^\s@<>(),;:\"\[\]\\/]+\.[^\s@<>(),;:\"\[\]\\/.]+")
_PHONE = re.compile(r"\+?[0-9()\-. ]*[0-9][0-9()\-. ]*(?:(?:内線|ext\.?|x|#|,|p|w)[ 0-9]+)?", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:内線|ext\.?|x|#|,|p|w).*$", re.IGNORECASE)
_HYPHENS = str.maketrans(dict.fromkeys("−‐‑‒–—―ー－", "-"))


def tidy_phone(text: str) -> str:
    """A telephone number in half-width characters and plain hyphens, otherwise as written."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_HYPHENS).split())


def phone_digits(text: str) -> str:
    """The digits by which a telephone number is found: ``+81 (0)3-1234-5678`` and ``０３（1234）5678`` are one.

    An extension does not count. Text without a digit gives an empty text.
    """
    plain = _EXTENSION.sub("", tidy_phone(text))
    digits = re.sub(r"[^0-9]", "", plain)
    if plain.startswith("+81") and digits.startswith("81"):
        return "0" + digits[2:].removeprefix("0")
    return f"+{digits}" if plain.startswith("+") and digits else digits


@dataclass(frozen=True, kw_only=True)
class LinkField(LineOfText):
    """One address. Telephone numbers are found whatever their hyphens, brackets and widths."""

    type_name: t.ClassVar[str] = "LINK"

    protocol: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(PROTOCOLS, error="setting.choice")),
        control="select",
        label="setting.protocol",
        default="WEB",
    )

    # -- storage: a telephone number has a second column with its digits ---------------------------

    @property
    def digits_column(self) -> str:
        """The column that holds a telephone number's digits; index and ``=`` use it."""
        return f"{self.column_name}_n"

    @property
    def is_phone(self) -> bool:
        """Whether the address is a telephone number."""
        return self.protocol == "CALL"

    def columns(self) -> tuple[sa.Column[t.Any], ...]:
        value = super().columns()
        return (*value, sa.Column(self.digits_column, text_column(), nullable=True)) if self.is_phone else value

    def row_values(self, value: Value) -> dict[str, t.Any]:
        row = super().row_values(value)
        if self.is_phone:
            row[self.digits_column] = phone_digits(value or "") or None
        return row

    def has_index(self) -> bool:
        # Answering a call starts with the number: it is always looked up.
        return self.is_phone or super().has_index()

    def index_columns(self) -> tuple[str, ...]:
        return (self.digits_column,) if self.is_phone else super().index_columns()

    # -- values ----------------------------------------------------------------------------------

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        value = super().coerce(raw, ctx)
        if value is None:
            return None
        value = tidy_phone(value) if self.is_phone else value.strip()
        if self.protocol == "MAIL":
            value = unicodedata.normalize("NFKC", value)
        return value or None

    def check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        yield from super().check(value, ctx)
        if value is not None:
            yield from self._check_address(value)

    def _check_address(self, value: str) -> Iterator[Problem]:
        match self.protocol:
            case "CALL":
                if not _PHONE.fullmatch(value):
                    yield Problem(code="link.not_a_phone_number")
            case "MAIL":
                if not _MAIL.fullmatch(value):
                    yield Problem(code="link.not_a_mail_address")
            case _:
                if not is_web_address(value):
                    scheme = _SCHEME.match(value)
                    allowed = scheme is None or scheme[0][:-1].lower() in SCHEMES
                    yield Problem(code="link.not_an_address" if allowed else "link.scheme_not_allowed")

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            if default := self.coerce(self.default_value, Context()):
                yield from (problem.under("defaultValue") for problem in self._check_address(default))
        except Invalid:
            return  # the base names it

    # -- text and screens ------------------------------------------------------------------------

    def search_text(self, value: Value, ctx: Context) -> str:
        if value is None:
            return ""
        folded = fold(value)
        return f"{folded} {phone_digits(value)}" if self.is_phone else folded

    def href(self, value: str) -> str | None:
        """What pressing the link opens; None when it is not safe to open."""
        match self.protocol:
            case "CALL":
                digits = phone_digits(value)
                return f"tel:{digits}" if digits else None
            case "MAIL":
                return f"mailto:{value}" if _MAIL.fullmatch(value) else None
            case _:
                return value if is_web_address(value) else None

    def display(self, value: Value, ctx: Context) -> Markup:
        if value is None:
            return Markup()
        href = self.href(value)
        if href is None:
            return escape(value)
        if self.protocol == "WEB":
            # A foreign page must neither reach back into ours nor learn which record led there.
            return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(href, value)
        return Markup('<a href="{}">{}</a>').format(href, value)

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        mode = {"WEB": "url", "CALL": "tel", "MAIL": "email"}[self.protocol]
        return {**super().input_attributes(ctx), "inputmode": mode}

    # -- queries ---------------------------------------------------------------------------------

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        if not self.is_phone:
            return super().where(operator, tables, operand, ctx)
        match operator:
            case "=" | "!=" if operand is not None:
                found = tables.main.c[self.digits_column] == phone_digits(operand)
                return found if operator == "=" else sa.not_(sa.func.coalesce(found, sa.false()))
            case "like" | "not like":
                # Whoever types a number means its digits; other words are searched as written.
                digits = phone_digits(operand) if _PHONE.fullmatch(tidy_phone(operand)) else ""
                return super().where(operator, tables, digits or operand, ctx)
        return super().where(operator, tables, operand, ctx)

    def _where_in(self, column: sa.ColumnElement[t.Any], operands: Iterable[Value]) -> sa.ColumnElement[bool]:
        if not self.is_phone:
            return super()._where_in(column, operands)
        wanted = [operand if operand is None else phone_digits(operand) for operand in operands]
        digits = t.cast("sa.Column[t.Any]", column).table.c[self.digits_column]
        return super()._where_in(digits, wanted)

    def convert_from(self, old: Field) -> t.Callable[[Value, Context], Value] | None:
        convert = super().convert_from(old)
        if convert is None:
            return None

        def checked(value: Value, ctx: Context) -> Value:
            made = convert(value, ctx)
            if problems := [] if made is None else list(self._check_address(made)):
                raise Invalid(problems)
            return made

        return checked


def is_web_address(text: str) -> bool:
    """Whether a text is an ``http`` or ``https`` address without white space or a login."""
    if any(c.isspace() or ord(c) < 32 or c in '\\<>"' for c in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in SCHEMES and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


__all__ = ["PROTOCOLS", "LinkField", "is_web_address", "phone_digits", "tidy_phone"]
