"""The first system tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lowcode.db import UtcDateTime, text_type

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "apps",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("code", text_type(128), nullable=False),
        sa.Column("live_version", sa.Integer(), nullable=True),
        sa.Column("next_id", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_apps"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_apps_code",
        "apps",
        ["code"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", text_type(8), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", text_type(), server_default="", nullable=False),
        sa.Column("address", text_type(), server_default="", nullable=False),
        sa.Column("action", text_type(128), nullable=False),
        sa.Column("target", text_type(), server_default="", nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("details", text_type(), server_default="{}", nullable=False),
        sa.Column("chain", text_type(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_action", "audit_log", ["action"], unique=False)
    op.create_index("ix_audit_log_actor_id", "audit_log", ["actor_id"], unique=False)
    op.create_index("ix_audit_log_app_id", "audit_log", ["app_id"], unique=False)
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "files",
        sa.Column("key", text_type(64), nullable=False),
        sa.Column("name", text_type(), nullable=False),
        sa.Column("content_type", text_type(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", text_type(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_files"),
    )
    op.create_index("ix_files_app_id", "files", ["app_id"], unique=False)
    op.create_index("ix_files_created_at", "files", ["created_at"], unique=False)
    op.create_index("ix_files_sha256", "files", ["sha256"], unique=False)
    op.create_table(
        "groups",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("code", text_type(128), nullable=False),
        sa.Column("name", text_type(), nullable=False),
        sa.Column("built_in", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("code", name="uq_groups_code"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", text_type(128), nullable=False),
        sa.Column("payload", text_type(), server_default="{}", nullable=False),
        sa.Column("state", text_type(16), server_default="waiting", nullable=False),
        sa.Column("unique_key", text_type(), nullable=True),
        sa.Column("run_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", text_type(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("message", text_type(), server_default="", nullable=False),
        sa.Column("result", text_type(), nullable=True),
        sa.Column("error", text_type(), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_actor_id", "jobs", ["actor_id"], unique=False)
    op.create_index("ix_jobs_app_id", "jobs", ["app_id"], unique=False)
    op.create_index("ix_jobs_state_run_at", "jobs", ["state", "run_at"], unique=False)
    op.create_index(
        "uq_jobs_unique_key",
        "jobs",
        ["unique_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "login_attempts",
        sa.Column("kind", text_type(16), nullable=False),
        sa.Column("key", text_type(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_login_attempts"),
    )
    op.create_index("ix_login_attempts_last_at", "login_attempts", ["last_at"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", text_type(64), nullable=False),
        sa.Column("value", text_type(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("code", text_type(128), nullable=False),
        sa.Column("name", text_type(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["organizations.id"], name="fk_organizations_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("code", name="uq_organizations_code"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_organizations_parent_id", "organizations", ["parent_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", text_type(128), nullable=False),
        sa.Column("payload", text_type(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("error", text_type(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("login", text_type(128), nullable=False),
        sa.Column("name", text_type(), nullable=False),
        sa.Column("kana", text_type(), server_default="", nullable=False),
        sa.Column("email", text_type(), server_default="", nullable=False),
        sa.Column("locale", text_type(8), server_default="", nullable=False),
        sa.Column("zone", text_type(64), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("administrator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("password_hash", text_type(), server_default="", nullable=False),
        sa.Column("password_changed_at", UtcDateTime(), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("preferences", text_type(), server_default="{}", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("login", name="uq_users_login"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("hash", text_type(64), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("name", text_type(), server_default="", nullable=False),
        sa.Column("rights", text_type(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_api_tokens_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("hash", name="uq_api_tokens_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_app_id", "api_tokens", ["app_id"], unique=False)
    op.create_table(
        "app_drafts",
        sa.Column("app_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("definition", text_type(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_app_drafts_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", name="pk_app_drafts"),
    )
    op.create_table(
        "app_versions",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", text_type(), nullable=False),
        sa.Column("hash", text_type(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("note", text_type(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_app_versions_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", "version", name="pk_app_versions"),
    )
    op.create_table(
        "counters",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("field_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", text_type(16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_counters_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", "field_id", "period", name="pk_counters"),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_members_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_group_members_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_group_members"),
    )
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("title", text_type(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_memberships_organization_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "organization_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_organization_id", "memberships", ["organization_id"], unique=False)
    op.create_index(
        "uq_memberships_primary",
        "memberships",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("is_primary"),
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", text_type(64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("csrf", text_type(64), nullable=False),
        sa.Column("address", text_type(), server_default="", nullable=False),
        sa.Column("agent", text_type(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)

    # Rights are granted to it from the first app on; everybody is in it without a row.
    op.execute("INSERT INTO groups (code, name, built_in) VALUES ('everyone', 'Everyone', true)")
    op.execute("INSERT INTO meta (key, value) VALUES ('directory.version', '1')")


def downgrade() -> None:
    raise RuntimeError("Going back to an older release is not supported; restore a backup instead.")
