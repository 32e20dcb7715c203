"""Who acts: a value that every read and write carries."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Kind = t.Literal["user", "token", "form", "system"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person, an API token, a public form or the system itself.

    ``principals`` are the ids that rights are granted to: organisations with their ancestors, and groups.
    There is no way to skip rights: who acts without limits is the system, and has to say why.
    """

    kind: Kind
    user_id: int | None = None
    login: str = ""
    name: str = ""
    administrator: bool = False
    locale: str = "ja"
    organization_ids: tuple[int, ...] = ()
    """Own organisations, the primary one first."""
    ancestor_ids: tuple[int, ...] = ()
    """Organisations above the own ones."""
    group_ids: tuple[int, ...] = ()
    wards: tuple[str, ...] = ()
    """What ``MYWARD()`` means: the wards that the own organisations serve."""
    token_rights: frozenset[str] = frozenset()
    """For a token: of ``view add edit delete manage``."""
    token_app: int | None = None
    form_app: int | None = None
    """For a public form: the app it adds records to …"""
    form_fields: frozenset[str] = frozenset()
    """… and the codes of the fields it shows; nothing else exists for it."""
    reason: str = ""
    """For the system: why it acts; kept in the history."""

    @property
    def principals(self) -> Principals:
        """Whom rights have to name to mean this actor."""
        return Principals(
            user=self.login if self.kind == "user" else "",
            user_id=self.user_id if self.kind == "user" else None,
            organizations=self.organization_ids,
            ancestors=self.ancestor_ids,
            groups=self.group_ids,
        )


class Principals(t.NamedTuple):
    """Everything by which rights can mean somebody; equal for whoever has the same memberships and log-in name."""

    user: str = ""
    user_id: int | None = None
    organizations: tuple[int, ...] = ()
    ancestors: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()


def system(reason: str, *, locale: str = "ja") -> Actor:
    """The system, acting for a stated reason."""
    if not reason:
        raise ValueError("the system has to say why it acts")
    return Actor(kind="system", name="system", administrator=True, reason=reason, locale=locale)
