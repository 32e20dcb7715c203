"""The platform's own tables. Records of apps are not here: see :mod:`lowcode.records.tables`.

Every change to this file needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

import typing as t
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from lowcode.db import NAMING, UtcDateTime, text_type

Id = t.Annotated[int, orm.mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)]
Ref = t.Annotated[int, orm.mapped_column(sa.BigInteger())]
"""A number of something that may be gone one day; the row that names it stays."""
Instant = t.Annotated[datetime, orm.mapped_column(UtcDateTime())]
Code = t.Annotated[str, orm.mapped_column(text_type(128))]
Words = t.Annotated[str, orm.mapped_column(text_type())]


class Base(orm.DeclarativeBase):
    """All system tables share this metadata."""

    metadata = sa.MetaData(naming_convention=NAMING)
    if t.TYPE_CHECKING:
        # For the type checker: every class here is mapped to a real table.
        __table__: t.ClassVar[sa.Table]


# --- people ----------------------------------------------------------------------------------


class User(Base):
    """A person who can log in. Never deleted, only switched off, because records name them."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: orm.Mapped[Id]
    login: orm.Mapped[Code] = orm.mapped_column(unique=True)
    """As shown; stored in lower case, since nobody should be two people by a capital letter."""
    name: orm.Mapped[Words]
    kana: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """Reading of the name; people are sorted by it."""
    email: orm.Mapped[Words] = orm.mapped_column(server_default="")
    locale: orm.Mapped[str] = orm.mapped_column(text_type(8), server_default="")
    """Empty: the installation's."""
    zone: orm.Mapped[str] = orm.mapped_column(text_type(64), server_default="")
    """Empty: the installation's."""
    active: orm.Mapped[bool] = orm.mapped_column(server_default=sa.true())
    administrator: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    password_hash: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """Empty: cannot log in by password."""
    password_changed_at: orm.Mapped[Instant | None]
    must_change_password: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    expires_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date())
    """The last day on which the person may log in (helpers for a wave)."""
    preferences: orm.Mapped[Words] = orm.mapped_column(server_default="{}")
    """JSON: size, density, focus, rail."""
    created_at: orm.Mapped[Instant]
    updated_at: orm.Mapped[Instant]


class Organization(Base):
    """A department; departments form a tree."""

    __tablename__ = "organizations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: orm.Mapped[Id]
    code: orm.Mapped[Code] = orm.mapped_column(unique=True)
    name: orm.Mapped[Words]
    parent_id: orm.Mapped[Ref | None] = orm.mapped_column(sa.ForeignKey("organizations.id"), index=True)
    position: orm.Mapped[int] = orm.mapped_column(server_default="0")
    active: orm.Mapped[bool] = orm.mapped_column(server_default=sa.true())
    wards: orm.Mapped[Words] = orm.mapped_column(server_default="[]")
    """Names of the wards it serves, as a JSON list."""


class Membership(Base):
    """A user's place in an organisation; exactly one of a user's places is the primary one."""

    __tablename__ = "memberships"

    user_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    organization_id: orm.Mapped[Ref] = orm.mapped_column(
        sa.ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_primary: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    title: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """Position in this organisation: 係長, 主任, …"""

    __table_args__ = (
        sa.Index(
            "uq_memberships_primary",
            "user_id",
            unique=True,
            sqlite_where=sa.text("is_primary"),
            postgresql_where=sa.text("is_primary"),
        ),
    )


class Group(Base):
    """A named set of users across organisations. ``everyone`` is built in and has no rows of members."""

    __tablename__ = "groups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: orm.Mapped[Id]
    code: orm.Mapped[Code] = orm.mapped_column(unique=True)
    name: orm.Mapped[Words]
    built_in: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    active: orm.Mapped[bool] = orm.mapped_column(server_default=sa.true())


class GroupMember(Base):
    """A user in a group."""

    __tablename__ = "group_members"

    group_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: orm.Mapped[Ref] = orm.mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Session(Base):
    """One log-in of one browser. The token itself is only in the cookie; here is its SHA-256."""

    __tablename__ = "sessions"

    hash: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    user_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: orm.Mapped[Instant]
    seen_at: orm.Mapped[Instant]
    expires_at: orm.Mapped[Instant] = orm.mapped_column(index=True)
    """The end however busy the person is; idling ends it earlier."""
    csrf: orm.Mapped[str] = orm.mapped_column(text_type(64))
    address: orm.Mapped[Words] = orm.mapped_column(server_default="")
    agent: orm.Mapped[Words] = orm.mapped_column(server_default="")


class LoginAttempt(Base):
    """Failures of one log-in name or of one address, counted for all workers together."""

    __tablename__ = "login_attempts"

    kind: orm.Mapped[str] = orm.mapped_column(text_type(16), primary_key=True)
    """``login``, ``address`` or ``pair`` (both together)."""
    key: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    """A hash: what people typed as a log-in name is sometimes their password."""
    failures: orm.Mapped[int]
    last_at: orm.Mapped[Instant] = orm.mapped_column(index=True)
    blocked_until: orm.Mapped[Instant | None]


class ApiToken(Base):
    """A token for programs, bound to one app. Only its SHA-256 is stored."""

    __tablename__ = "api_tokens"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: orm.Mapped[Id]
    hash: orm.Mapped[str] = orm.mapped_column(text_type(64), unique=True)
    app_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("apps.id", ondelete="CASCADE"), index=True)
    name: orm.Mapped[Words] = orm.mapped_column(server_default="")
    rights: orm.Mapped[Words]
    """Words of ``view add edit delete manage``, separated by blanks."""
    active: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    """Tokens made on the settings screen wait for the next deploy."""
    created_at: orm.Mapped[Instant]
    created_by: orm.Mapped[Ref | None]
    used_at: orm.Mapped[Instant | None]


# --- apps ------------------------------------------------------------------------------------


class App(Base):
    """An app; what it is stands in its versions."""

    __tablename__ = "apps"

    id: orm.Mapped[Id]
    code: orm.Mapped[Code]
    live_version: orm.Mapped[int | None]
    """None until it is published for the first time."""
    next_id: orm.Mapped[int] = orm.mapped_column(server_default="1")
    """The next number for a field, option, state, action or view; never given twice."""
    search_ready: orm.Mapped[bool] = orm.mapped_column(server_default=sa.true())
    """Whether the search index holds every record; while it is filled, searches go on without it."""
    created_at: orm.Mapped[Instant]
    created_by: orm.Mapped[Ref | None]
    deleted_at: orm.Mapped[Instant | None]

    __table_args__ = (
        sa.Index(
            "uq_apps_code",
            "code",
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class AppVersion(Base):
    """One published definition; never changed afterwards."""

    __tablename__ = "app_versions"

    app_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True)
    version: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    definition: orm.Mapped[Words]
    """JSON text."""
    hash: orm.Mapped[str] = orm.mapped_column(text_type(64))
    created_at: orm.Mapped[Instant]
    created_by: orm.Mapped[Ref | None]
    note: orm.Mapped[Words] = orm.mapped_column(server_default="")


class AppDraft(Base):
    """What is being changed and nobody uses yet; one per app."""

    __tablename__ = "app_drafts"

    app_id: orm.Mapped[Ref] = orm.mapped_column(
        sa.ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    definition: orm.Mapped[Words]
    based_on: orm.Mapped[int | None]
    """The live version that the draft was begun from; None for an app never published."""
    revision: orm.Mapped[int] = orm.mapped_column(server_default="1")
    updated_at: orm.Mapped[Instant]
    updated_by: orm.Mapped[Ref | None]


class Counter(Base):
    """The last number that a SERIAL field gave out in a period."""

    __tablename__ = "counters"

    app_id: orm.Mapped[Ref] = orm.mapped_column(sa.ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True)
    field_id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    period: orm.Mapped[str] = orm.mapped_column(text_type(16), primary_key=True)
    value: orm.Mapped[Ref]


class File(Base):
    """An attachment; its bytes lie in the file store under ``key`` and never change."""

    __tablename__ = "files"

    key: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    name: orm.Mapped[Words]
    content_type: orm.Mapped[Words]
    size: orm.Mapped[Ref]
    sha256: orm.Mapped[str] = orm.mapped_column(text_type(64), index=True)
    created_at: orm.Mapped[Instant] = orm.mapped_column(index=True)
    created_by: orm.Mapped[Ref | None]
    claimed: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    """Whether a record has it; what is not claimed for days is swept away."""
    app_id: orm.Mapped[Ref | None] = orm.mapped_column(index=True)
    record_id: orm.Mapped[Ref | None]


class FileText(Base):
    """What stands in an attachment, for the search: read once by a job, empty where there is no text to read."""

    __tablename__ = "file_texts"

    key: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    text: orm.Mapped[Words]


class FormKey(Base):
    """The key of a form that made a record: sent twice, it makes one record only."""

    __tablename__ = "form_keys"

    key: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    """A hash of the form's key and its sender."""
    record_id: orm.Mapped[Ref | None]
    created_at: orm.Mapped[Instant] = orm.mapped_column(index=True)


# --- what happens later, and what happened -----------------------------------------------------


class OutboxEntry(Base):
    """An announcement, written with its cause and delivered at least once afterwards."""

    __tablename__ = "outbox"

    id: orm.Mapped[Id]
    kind: orm.Mapped[Code]
    payload: orm.Mapped[Words]
    created_at: orm.Mapped[Instant]
    delivered_at: orm.Mapped[Instant | None]
    attempts: orm.Mapped[int] = orm.mapped_column(server_default="0")
    retry_at: orm.Mapped[Instant | None]
    error: orm.Mapped[Words | None]

    __table_args__ = (
        sa.Index(
            "ix_outbox_waiting",
            "id",
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class Job(Base):
    """A piece of work for the worker. This row is the truth; a message only wakes somebody up."""

    __tablename__ = "jobs"

    id: orm.Mapped[Id]
    kind: orm.Mapped[Code]
    payload: orm.Mapped[Words] = orm.mapped_column(server_default="{}")
    state: orm.Mapped[str] = orm.mapped_column(text_type(16), server_default="waiting")
    """``waiting``, ``running``, ``done``, ``failed``, ``stopped``."""
    unique_key: orm.Mapped[Words | None]
    """While a job with this key waits or runs, no second one can be made."""
    run_at: orm.Mapped[Instant]
    lease_until: orm.Mapped[Instant | None]
    leased_by: orm.Mapped[Words | None]
    attempts: orm.Mapped[int] = orm.mapped_column(server_default="0")
    progress: orm.Mapped[Ref] = orm.mapped_column(server_default="0")
    total: orm.Mapped[Ref | None]
    message: orm.Mapped[Words] = orm.mapped_column(server_default="")
    result: orm.Mapped[Words | None]
    error: orm.Mapped[Words | None]
    stop_requested: orm.Mapped[bool] = orm.mapped_column(server_default=sa.false())
    app_id: orm.Mapped[Ref | None] = orm.mapped_column(index=True)
    actor_id: orm.Mapped[Ref | None] = orm.mapped_column(index=True)
    created_at: orm.Mapped[Instant]
    started_at: orm.Mapped[Instant | None]
    finished_at: orm.Mapped[Instant | None]

    __table_args__ = (
        sa.Index("ix_jobs_state_run_at", "state", "run_at"),
        sa.Index(
            "uq_jobs_unique_key",
            "unique_key",
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        ),
        {"sqlite_autoincrement": True},
    )


class AuditEntry(Base):
    """Who did what, when, from where, to which records. Only ever added to, by :mod:`lowcode.accounts.audit`.

    Two indexes and no more: every read of personal data writes here before its answer leaves.
    """

    __tablename__ = "audit_log"

    id: orm.Mapped[Id]
    """Without gaps, so that a missing number is a removed entry."""
    at: orm.Mapped[Instant] = orm.mapped_column(index=True)
    actor_kind: orm.Mapped[str] = orm.mapped_column(text_type(8))
    actor_id: orm.Mapped[Ref | None]
    actor_login: orm.Mapped[Words] = orm.mapped_column(server_default="")
    actor_name: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """A person's or token's name; for the system, the reason why it acted."""
    address: orm.Mapped[Words] = orm.mapped_column(server_default="")
    request_id: orm.Mapped[Words] = orm.mapped_column(server_default="")
    action: orm.Mapped[Code]
    """Stable and dotted: ``login.failed``, ``user.added``, ``records.exported``."""
    outcome: orm.Mapped[Words] = orm.mapped_column(server_default="ok")
    """``ok``, or what became of the request: ``refused``, ``failed``."""
    target: orm.Mapped[Words] = orm.mapped_column(server_default="")
    app_id: orm.Mapped[Ref | None] = orm.mapped_column(index=True)
    records: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """Record numbers in short (:mod:`lowcode.accounts.record_numbers`)."""
    record_count: orm.Mapped[Ref | None]
    first_record: orm.Mapped[Ref | None]
    last_record: orm.Mapped[Ref | None]
    query: orm.Mapped[Words] = orm.mapped_column(server_default="")
    """The filter that was asked with; the one place where the log may hold what a record holds."""
    details: orm.Mapped[Words] = orm.mapped_column(server_default="{}")
    mac: orm.Mapped[str] = orm.mapped_column(text_type(64), server_default="")
    """Keyed hash of the columns above, the number apart."""
    chain: orm.Mapped[str] = orm.mapped_column(text_type(64))
    """Hash of the chain before and ``mac``."""

    __table_args__ = ({"sqlite_autoincrement": True},)


class AuditHead(Base):
    """PostgreSQL only: number and chain of the newest entry of the audit log, in the one row at which writers queue.

    On SQLite there is one writer anyway, and the newest entry itself says the same.
    """

    __tablename__ = "audit_head"

    id: orm.Mapped[Id]
    number: orm.Mapped[Ref]
    before: orm.Mapped[str] = orm.mapped_column(text_type(64))
    chain: orm.Mapped[str] = orm.mapped_column(text_type(64))


class Meta(Base):
    """Small facts of the installation by name: name of the site, version of the directory."""

    __tablename__ = "meta"

    key: orm.Mapped[str] = orm.mapped_column(text_type(64), primary_key=True)
    value: orm.Mapped[Words]
