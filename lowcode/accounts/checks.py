"""Rules that users, organisations and groups share."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Iterator

from lowcode.access.actor import Actor
from lowcode.errors import Forbidden, Problem

CODE_LENGTH = 100
NAME_LENGTH = 128
# What kintone allows in codes, and what is needed in an address or a file name: no blanks, quotes or brackets.
_CODE = re.compile(r"[^\s\"'<>\\/:;,|?*()\[\]{}\x00-\x1f\x7f]+")
_MAIL = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+")


def require_administrator(actor: Actor) -> None:
    """Only administrators and the system change people. Raises :class:`Forbidden`."""
    if not (actor.administrator and actor.kind in ("user", "system")):
        raise Forbidden("forbidden.administrators_only")


def clean(text: str | None) -> str:
    """One line as typed, without blanks around it and with composed letters."""
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def unify(text: str | None) -> str:
    """A log-in name as stored: half-width, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", text or "").strip().lower()


def code_problems(code: str, field: str) -> Iterator[Problem]:
    """What is wrong with a code or log-in name."""
    if not code:
        yield Problem(code="people.required", path=(field,))
    elif len(code) > CODE_LENGTH:
        yield Problem(code="people.too_long", path=(field,), params={"maximum": CODE_LENGTH})
    elif not _CODE.fullmatch(code):
        yield Problem(code="people.code_letters", path=(field,), params={"value": code})


def name_problems(name: str, field: str = "name", *, required: bool = True) -> Iterator[Problem]:
    """What is wrong with a name."""
    if required and not name:
        yield Problem(code="people.required", path=(field,))
    elif len(name) > NAME_LENGTH:
        yield Problem(code="people.too_long", path=(field,), params={"maximum": NAME_LENGTH})


def email_problems(email: str) -> Iterator[Problem]:
    """What is wrong with a mail address (one look at its form; only a mail can prove it)."""
    if email and (len(email) > 254 or not _MAIL.fullmatch(email)):
        yield Problem(code="user.email", path=("email",), params={"value": email})


def one_of(value: str, allowed: t.Collection[str], field: str) -> Iterator[Problem]:
    """A word from a list, or nothing."""
    if value and value not in allowed:
        choices = ", ".join(sorted(allowed))
        yield Problem(code="people.not_a_choice", path=(field,), params={"value": value, "choices": choices})
