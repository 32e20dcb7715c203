"""The error tree: every failure is a value with a stable code, parameters and a place.

The sentence a person reads is made at the edge from ``code`` and ``params`` (see
:mod:`lowcode.messages`), in the reader's language.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where.

    ``code`` is stable and dotted (``number.too_large``) and also the key of the sentence;
    ``path`` leads from the outside in: ``(3, "name")`` is field ``name`` of the fourth record.
    """

    code: str
    path: Path = ()
    params: Mapping[str, t.Any] = field(default_factory=dict)

    def under(self, *prefix: str | int) -> Problem:
        """The same problem with ``prefix`` put before its path."""
        return replace(self, path=(*prefix, *self.path))


class LowcodeError(Exception):
    """Base of all errors that the product raises on purpose.

    :param code: stable dotted code. :param params: values for the sentence.
    """

    status: t.ClassVar[int] = 400
    default_code: t.ClassVar[str] = "error"

    def __init__(self, code: str = "", /, **params: t.Any) -> None:
        self.code = code or self.default_code
        self.params: dict[str, t.Any] = params
        super().__init__(self.code, params)


class Invalid(LowcodeError):
    """The input cannot be accepted; ``problems`` lists everything that is wrong with it."""

    status = 422
    default_code = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("invalid", count=len(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(f"{p.code} at {'.'.join(map(str, p.path))} {dict(p.params)}" for p in self.problems)


class NotFound(LowcodeError):
    """The thing does not exist, or does not exist for the asker (the two are never told apart)."""

    status = 404
    default_code = "not_found"


class Forbidden(LowcodeError):
    """The actor may see the thing and may not do this to it."""

    status = 403
    default_code = "forbidden"


class Unauthenticated(LowcodeError):
    """Nobody is logged in."""

    status = 401
    default_code = "unauthenticated"


class Conflict(LowcodeError):
    """Somebody else changed the same thing; nothing was written."""

    status = 409
    default_code = "conflict"


class TooMany(LowcodeError):
    """Asked too often; ``params['seconds']`` says how long to wait."""

    status = 429
    default_code = "too_many"


class TooLarge(LowcodeError):
    """The input is larger than allowed."""

    status = 413
    default_code = "too_large"


class NotAvailable(LowcodeError):
    """A documented capability that this release does not have yet."""

    status = 501
    default_code = "not_available_yet"


class Busy(LowcodeError):
    """The database or a limited resource is held by others; trying again helps."""

    status = 503
    default_code = "busy"


def invalid(code: str, /, *path: str | int, **params: t.Any) -> Invalid:
    """An :class:`Invalid` of one problem: ``raise invalid("date.not_a_date", value=raw)``."""
    return Invalid([Problem(code=code, path=tuple(path), params=params)])
