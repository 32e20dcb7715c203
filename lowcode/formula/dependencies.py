"""The order in which calculated fields are worked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lowcode.errors import invalid


def order(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys, each after those that it depends on; otherwise in the order given.

    Names that are no keys (fields somebody types in) are left aside.

    :raises Invalid: ``formula.cycle`` with the way round as ``cycle``: ``["a", "b", "a"]``.
    """
    done: dict[str, None] = {}
    for start in dependencies:
        # A path of names under way, each with what is left to visit; a loop, since chains may be long.
        path: dict[str, Iterator[str]] = {}
        name: str | None = None if start in done else start
        while name is not None:
            path[name] = iter(dependencies[name])
            name = _next(path, done, dependencies)
    return list(done)


def _next(
    path: dict[str, Iterator[str]], done: dict[str, None], dependencies: Mapping[str, Iterable[str]]
) -> str | None:
    """The next name to enter, after finishing those on the path with nothing left to visit."""
    while path:
        last = next(reversed(path))
        for name in path[last]:
            if name in path:
                names = list(path)
                cycle = [*names[names.index(name) :], name]
                raise invalid("formula.cycle", cycle=cycle, way=" → ".join(cycle))
            if name in dependencies and name not in done:
                return name
        del path[last]
        done[last] = None
    return None
