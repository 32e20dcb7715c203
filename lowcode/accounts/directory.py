"""All users, organisations and groups in memory, as the fields see them; read again only when they changed."""

from __future__ import annotations

import secrets
import threading
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa

from lowcode.fields.context import Entity
from lowcode.system.meta import DIRECTORY_VERSION
from lowcode.system.models import Group, GroupMember, Membership, Meta, Organization, User

EVERYONE = "everyone"
_meta = Meta.__table__
_VERSION = sa.select(_meta.c.value).where(_meta.c.key == DIRECTORY_VERSION)


@dataclass(frozen=True)
class Person:
    """What others need to know of a user to let them act."""

    entity: Entity
    administrator: bool
    locale: str
    zone: str
    organization_ids: tuple[int, ...]
    """The primary one first."""
    title: str
    """Position in the primary organisation."""


@dataclass(frozen=True, eq=False)
class PeopleDirectory:
    """One state of the directory; immutable, shared by all threads. See :class:`lowcode.fields.context.Directory`."""

    version: str
    people: Mapping[int, Person]
    organizations: Mapping[int, Entity]
    """In the order of the tree: a department stands directly before its sections."""
    parents: Mapping[int, int | None]
    own_wards: Mapping[int, tuple[str, ...]]
    """By organisation, those with wards of their own."""
    groups: Mapping[int, Entity]
    group_members: Mapping[int, frozenset[int]]
    everyone_id: int | None
    _codes: Mapping[tuple[str, str], Entity] = field(repr=False)
    _children: Mapping[int | None, tuple[int, ...]] = field(repr=False)
    _direct: Mapping[int, frozenset[int]] = field(repr=False)

    def by_id(self, kind: str, id: int) -> Entity | None:
        """A user, organisation or group by its number, switched off ones too."""
        if kind == "USER":
            person = self.people.get(id)
            return person.entity if person else None
        return (self.organizations if kind == "ORGANIZATION" else self.groups).get(id)

    def by_code(self, kind: str, code: str) -> Entity | None:
        """The same by log-in name or code."""
        return self._codes.get((kind, code)) or (self._codes.get((kind, code.lower())) if kind == "USER" else None)

    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        """Active users in a group or organisation; see the protocol."""
        found: Iterable[int]
        if kind == "USER":
            found = {id} & self.people.keys()
        elif kind == "GROUP":
            found = self.people if id == self.everyone_id else self.group_members.get(id, ())
        else:
            places = {id, *self.below(id)} if below else {id}
            found = (user for place in places for user in self._direct.get(place, ()))
        return frozenset(user for user in found if self.people[user].entity.active)

    def below(self, id: int) -> frozenset[int]:
        """Organisations under one, without itself."""
        found: set[int] = set()
        waiting = list(self._children.get(id, ()))
        while waiting:
            each = waiting.pop()
            found.add(each)
            waiting.extend(self._children.get(each, ()))
        return frozenset(found)

    def above(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Organisations over some, without those themselves unless they stand above each other; nearest first."""
        found: dict[int, None] = {}
        for each in ids:
            parent = self.parents.get(each)
            while parent is not None and parent not in found:
                found[parent] = None
                parent = self.parents.get(parent)
        return tuple(found)

    def wards_of(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Names of the wards that some organisations serve, each once, in the order of ``ids``.

        An organisation without wards of its own serves those of the nearest one above it that has some.
        """
        found: dict[str, None] = {}
        for each in ids:
            nearest = (self.own_wards[place] for place in (each, *self.above([each])) if place in self.own_wards)
            found.update(dict.fromkeys(next(nearest, ())))
        return tuple(found)

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        """The first active ones, people by the reading of their names."""
        entities: Iterable[Entity]
        if kind == "USER":
            entities = (person.entity for person in self.people.values())
        else:
            entities = (self.organizations if kind == "ORGANIZATION" else self.groups).values()
        found: list[Entity] = []
        for entity in entities:
            if entity.active:
                found.append(entity)
                if len(found) == limit:
                    break
        return found

    def groups_of(self, user_id: int) -> tuple[int, ...]:
        """Groups of a user, ``everyone`` among them."""
        return tuple(g for g in self.groups if g == self.everyone_id or user_id in self.group_members.get(g, ()))


class DirectoryCache:
    """The directory of one process: each transaction asks for its version (one small statement) and mostly has it."""

    def __init__(self) -> None:
        self._current: PeopleDirectory | None = None
        self._lock = threading.Lock()

    def current(self, connection: sa.Connection, version: str | None = None) -> PeopleDirectory:
        """The directory as the transaction of ``connection`` sees it.

        :param version: its version, where the caller has read it in this transaction already.
        """
        if version is None:
            version = connection.scalar(_VERSION) or ""
        current = self._current
        if current is not None and current.version == version:
            return current
        with self._lock:
            if self._current is None or self._current.version != version:
                self._current = load(connection, version)
            return self._current


def changed(connection: sa.Connection) -> None:
    """Tell every process, once this transaction is committed, to read the directory again."""
    # Not a number: one given out in a transaction that is rolled back would come again for another state.
    connection.execute(sa.update(_meta).where(_meta.c.key == DIRECTORY_VERSION).values(value=secrets.token_hex(8)))


def load(connection: sa.Connection, version: str) -> PeopleDirectory:
    """Read everybody."""
    users, organizations, groups = User.__table__, Organization.__table__, Group.__table__
    memberships, members = Membership.__table__, GroupMember.__table__
    places: dict[int, list[tuple[int, str]]] = {}
    direct: dict[int, set[int]] = {}
    for row in connection.execute(
        sa.select(memberships).order_by(memberships.c.is_primary.desc(), memberships.c.organization_id)
    ):
        places.setdefault(row.user_id, []).append((row.organization_id, row.title))
        direct.setdefault(row.organization_id, set()).add(row.user_id)
    people = {
        row.id: Person(
            entity=Entity("USER", row.id, row.login, row.name, row.active),
            administrator=row.administrator,
            locale=row.locale,
            zone=row.zone,
            organization_ids=tuple(place for place, _ in places.get(row.id, ())),
            title=places[row.id][0][1] if row.id in places else "",
        )
        for row in connection.execute(
            sa.select(
                users.c.id,
                users.c.login,
                users.c.name,
                users.c.active,
                users.c.administrator,
                users.c.locale,
                users.c.zone,
            ).order_by(users.c.kana == "", users.c.kana, users.c.name, users.c.id)
        )
    }
    rows = connection.execute(sa.select(organizations).order_by(organizations.c.position, organizations.c.code)).all()
    parents = {row.id: row.parent_id for row in rows}
    children: dict[int | None, list[int]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row.id)
    entities = {row.id: Entity("ORGANIZATION", row.id, row.code, row.name, row.active) for row in rows}
    group_entities = {
        row.id: Entity("GROUP", row.id, row.code, row.name, row.active)
        for row in connection.execute(sa.select(groups).order_by(groups.c.built_in.desc(), groups.c.code))
    }
    group_members: dict[int, set[int]] = {}
    for row in connection.execute(sa.select(members)):
        group_members.setdefault(row.group_id, set()).add(row.user_id)
    codes: dict[tuple[str, str], Entity] = {}
    for entity in [*(p.entity for p in people.values()), *entities.values(), *group_entities.values()]:
        codes[(entity.kind, entity.code)] = entity
    everyone = codes.get(("GROUP", EVERYONE))
    return PeopleDirectory(
        version=version,
        people=people,
        organizations={i: entities[i] for i in _in_tree_order(children)},
        parents=parents,
        own_wards={row.id: wards for row in rows if (wards := tuple(orjson.loads(row.wards)))},
        groups=group_entities,
        group_members={g: frozenset(m) for g, m in group_members.items()},
        everyone_id=everyone.id if everyone else None,
        _codes=codes,
        _children={parent: tuple(ids) for parent, ids in children.items()},
        _direct={place: frozenset(ids) for place, ids in direct.items()},
    )


def _in_tree_order(children: Mapping[int | None, Sequence[int]]) -> t.Iterator[int]:
    waiting = list(reversed(children.get(None, ())))
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(children.get(each, ())))
