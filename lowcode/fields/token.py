"""TOKEN: a secret per record, which will open a public form without a log-in."""

from __future__ import annotations

import re
import secrets
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.fields.base import Context, Field, Value, invalid, setting, text_column
from lowcode.fields.settings import IntegerString

_SECRET = re.compile(r"[A-Za-z0-9_-]{43,128}")
_BYTES = 32
MASK = "••••••••"
ADDRESS = "/f/{form}/{token}"


@dataclass(frozen=True, kw_only=True)
class TokenField(Field):
    """A random secret of 256 bits, made with the record and never given by people.

    Whoever holds it may answer for this record, so it is not searched, not exported, not shown to kintone's
    clients, and masked on screens until a public form is named that it opens.
    """

    type_name: t.ClassVar[str] = "TOKEN"
    operators: t.ClassVar[tuple[str, ...]] = ("is empty", "is not empty")
    inside_subtable: t.ClassVar[bool] = False
    searchable: t.ClassVar[bool] = False
    sortable: t.ClassVar[bool] = False
    exported: t.ClassVar[bool] = False
    """CSV, Excel and our API leave it out."""

    # Not a setting here: a token is always a key.
    indexed: bool = False
    form: str = setting(
        ma.fields.String(validate=ma.validate.Regexp(r"[A-Za-z0-9_-]{0,64}\Z", error="token.form")),
        control="form",
        label="setting.form",
        default="",
    )
    expires_after_days: int | None = setting(
        IntegerString(minimum=1, maximum=36500), control="number", label="setting.expires_after_days", default=None
    )
    once_per_day: bool = setting(ma.fields.Boolean(), control="check", label="setting.once_per_day", default=False)

    @property
    def writable(self) -> bool:
        return False

    def is_unique(self) -> bool:
        return True

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    # -- the secret ------------------------------------------------------------------------------

    def default(self, ctx: Context) -> Value:
        return secrets.token_urlsafe(_BYTES)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """A secret made before (restore, a backup); anything too short to be one is refused."""
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str) or not _SECRET.fullmatch(raw):
            raise invalid("token.not_a_token")
        return raw

    def expires_at(self, start: datetime) -> datetime | None:
        """When the link stops working, counted from ``start``; None for never."""
        return None if self.expires_after_days is None else start + timedelta(days=self.expires_after_days)

    def accepts(self, now: datetime, *, start: datetime, last_answer: datetime | None, zone: ZoneInfo) -> bool:
        """Whether the link takes an answer now: not expired, and with ``oncePerDay`` not answered today yet."""
        end = self.expires_at(start)
        if not self.form or (end is not None and now >= end):
            return False
        answered_today = last_answer is not None and last_answer.astimezone(zone).date() == now.astimezone(zone).date()
        return not (self.once_per_day and answered_today)

    # -- kept away -------------------------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        """Nothing: exports, letters and searches must not carry the secret."""
        return ""

    def parse(self, text: str, ctx: Context) -> Value:
        if text.strip():
            raise invalid("token.not_writable")
        return None

    def display(self, value: Value, ctx: Context) -> Markup:
        if not value:
            return Markup("")
        if not self.form:
            return Markup('<span class="masked">{}</span>').format(MASK)
        address = ADDRESS.format(form=self.form, token=value)
        return Markup('<a class="token" href="{0}" rel="noreferrer">{0}</a>').format(address)

    def kintone_type(self) -> str:
        """kintone has nothing like it: the compatible API leaves the field out."""
        return ""

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return ""
