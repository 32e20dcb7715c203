"""Short ways to make fields in tests."""

from __future__ import annotations

import typing as t

import pytest

from lowcode.errors import Invalid
from lowcode.fields.base import Field
from lowcode.fields.registry import load_field


def make(type_name: str, *, code: str = "x", id: int = 1, **settings: t.Any) -> t.Any:
    """A field from its JSON, as a definition would load it."""
    return load_field(code, {"type": type_name, "id": id, "label": settings.pop("label", "項目"), **settings})


def refused(type_name: str, **settings: t.Any) -> list[tuple[str, tuple[str | int, ...]]]:
    """Codes and places of what is wrong with settings."""
    with pytest.raises(Invalid) as caught:
        make(type_name, **settings)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def problems(act: t.Callable[[], t.Any]) -> list[tuple[str, tuple[str | int, ...]]]:
    """Codes and places of what ``act`` refuses."""
    with pytest.raises(Invalid) as caught:
        act()
    return [(problem.code, problem.path) for problem in caught.value.problems]


def complaints(field: Field, value: t.Any, ctx: t.Any) -> list[tuple[str, tuple[str | int, ...]]]:
    """Codes and places of what :meth:`Field.check` says."""
    return [(problem.code, problem.path) for problem in field.check(value, ctx)]
