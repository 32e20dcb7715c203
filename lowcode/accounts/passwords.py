"""Password hashes (Argon2id) and the rules for new passwords."""

from __future__ import annotations

import functools
import secrets
import threading
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import argon2

from lowcode.errors import Problem

MINIMUM = 10
MAXIMUM = 128
"""Long enough for any sentence; a megabyte of password would only keep the machine busy."""
DISTINCT = 5

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each hash takes 19 MiB: two hundred log-ins at eight in the morning must not take four gigabytes.
_at_once = threading.Semaphore(4)


def hash_password(password: str) -> str:
    """The stored form of a password."""
    with _at_once:
        return _hasher.hash(_normal(password))


@dataclass(frozen=True)
class Prepared:
    """A new password with its hash, made before a transaction begins: hashing is slow on purpose."""

    plain: str = field(repr=False)
    hash: str = field(repr=False)


def prepare(password: str) -> Prepared:
    """Hash a new password; too long ones are not hashed, for they will be refused."""
    return Prepared(password, hash_password(password) if len(password) <= MAXIMUM else "")


def verify(stored: str, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; takes as long when there is none (``stored`` empty)."""
    usable = bool(stored) and len(password) <= MAXIMUM
    with _at_once:
        try:
            _hasher.verify(stored if usable else _nobodys(), _normal(password[:MAXIMUM]))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
    return usable


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older, weaker parameters."""
    return _hasher.check_needs_rehash(stored)


def random_password(words: int = 4) -> str:
    """A password made by the machine that a person can read off a screen: ``k4mf-8hxp-…``."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0, 1, which look alike
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(words))


def problems(password: str, *, login: str = "", minimum: int = MINIMUM, field_name: str = "password") -> list[Problem]:
    """Everything that is wrong with a new password."""
    found: list[Problem] = []
    folded = _fold(password)
    if len(password) < minimum:
        found.append(Problem(code="password.too_short", path=(field_name,), params={"minimum": minimum}))
    if len(password) > MAXIMUM:
        found.append(Problem(code="password.too_long", path=(field_name,), params={"maximum": MAXIMUM}))
    if found:
        return found
    if login and _fold(login) in (folded, folded.strip("0123456789!?.-_#$@ ")):
        found.append(Problem(code="password.is_login", path=(field_name,)))
    elif len(set(folded)) < DISTINCT or _core(folded) in _common() or folded in _common():
        found.append(Problem(code="password.too_common", path=(field_name,)))
    return found


def _normal(password: str) -> str:
    # The same letters typed on two keyboards must give the same password.
    return unicodedata.normalize("NFKC", password)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _core(folded: str) -> str:
    """What is left of ``P@ssw0rd2026!`` after the usual decorations."""
    return folded.strip("0123456789!?.-_#$%& ").translate(str.maketrans("@013457$", "aoieastS".lower()))


@functools.cache
def _common() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text("utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@functools.cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_hex(16))
