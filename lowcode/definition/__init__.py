"""What an app is: frozen dataclasses in memory, kintone-shaped JSON at the border."""

from __future__ import annotations

from lowcode.definition.check import check, waiting
from lowcode.definition.codec import digest, dump, dumps, load, loads, read
from lowcode.definition.complete import complete
from lowcode.definition.ids import assign_ids
from lowcode.definition.queries import QueryChecker, QueryText, Waiting
from lowcode.definition.schema import AppDefinition, View

__all__ = [
    "AppDefinition",
    "QueryChecker",
    "QueryText",
    "View",
    "Waiting",
    "assign_ids",
    "check",
    "complete",
    "digest",
    "dump",
    "dumps",
    "load",
    "loads",
    "read",
    "waiting",
]
