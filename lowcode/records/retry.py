"""Trying a whole transaction again when the database chose it as the loser of a race."""

from __future__ import annotations

import logging
import random
import time
import typing as t
from collections.abc import Callable

import sqlalchemy as sa

from lowcode.errors import Busy

T = t.TypeVar("T")
TRIES: t.Final = 3
LOST: t.Final = frozenset({"40P01", "40001"})
"""PostgreSQL's states for a deadlock and for a serialisation failure: nothing was written, another try may pass."""
TAKEN: t.Final = "23505"
"""A unique index refused what the check before it had let pass: the next try finds the other record and names it."""
FIRST_PAUSE: t.Final = 0.02

log = logging.getLogger(__name__)


def retried(work: Callable[[], T], *, pause: Callable[[float], None] = time.sleep) -> T:
    """What ``work`` returns, at the third try at the latest.

    ``work`` opens its own write transaction and must do nothing outside of it that lasts: it may run three times,
    and only the last run is committed.

    :raises Busy: it lost the race three times. Every other error is passed on at once.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return work()
        except sa.exc.DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in LOST and (state != TAKEN or attempt == TRIES):
                raise
            if attempt == TRIES:
                raise Busy() from error
            log.info("transaction lost a race (%s), try %s", state, attempt + 1)
            # Losers of one race must not meet again at once; how long they wait protects nothing.
            pause(FIRST_PAUSE * 2**attempt * (0.5 + random.random()))  # noqa: S311
    raise AssertionError("the last try returns or raises")
