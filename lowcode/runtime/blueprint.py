"""The blueprint of the runtime and its views; importing the view modules registers their routes."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, request

from lowcode.errors import NotFound

blueprint = Blueprint("runtime", __name__, template_folder="templates")
LARGEST = 2**63 - 1
"""Numbers beyond this are in no column; to look for them would be an error of the database."""


@blueprint.before_request
def refuse_impossible_numbers() -> None:
    """An address with a number that nothing can have leads nowhere."""
    if any(isinstance(value, int) and value > LARGEST for value in (request.view_args or {}).values()):
        raise NotFound()


def record_ids(texts: Iterable[str], most: int = 500) -> list[int]:
    """The numbers of records in what a form sent; anything else is passed over."""
    found = (number_of(text) for text in texts)
    return list(dict.fromkeys(number for number in found if number is not None))[:most]


def number_of(text: str | None) -> int | None:
    """A number of a record, a revision or a field as a form sends it; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None


from lowcode.runtime import (  # noqa: E402, F401
    attachments,
    editing,
    exporting,
    importing,
    jobs,
    lists,
    pickers,
    portal,
    printing,
    records,
    search,
    trash,
)
