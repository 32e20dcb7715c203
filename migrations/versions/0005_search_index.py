"""The index of the tolerant search: its tables for every app that is there, and what stands in attachments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lowcode.db import text_type

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As they were made by this release; what later ones change is theirs to carry over.
ON_SQLITE = (
    "CREATE TABLE app_{number}_words (id INTEGER NOT NULL, texts TEXT NOT NULL, "
    "CONSTRAINT pk_app_{number}_words PRIMARY KEY (id))",
    "CREATE VIRTUAL TABLE app_{number}_grams USING fts5(grams, content='', columnsize=0, detail=none, "
    "tokenize=\"ascii tokenchars '_=~'\")",
)
ON_POSTGRESQL = (
    'CREATE TABLE app_{number}_words (id BIGINT NOT NULL, texts TEXT COLLATE "C" NOT NULL, '
    "CONSTRAINT pk_app_{number}_words PRIMARY KEY (id))",
    "CREATE TABLE app_{number}_grams (rowid BIGINT NOT NULL, grams TSVECTOR NOT NULL, "
    "CONSTRAINT pk_app_{number}_grams PRIMARY KEY (rowid))",
    "CREATE INDEX gin_app_{number}_grams ON app_{number}_grams USING gin (grams) WITH (fastupdate = off)",
)


def upgrade() -> None:
    op.create_table(
        "file_texts",
        sa.Column("key", text_type(64), nullable=False),
        sa.Column("text", text_type(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_file_texts"),
    )
    op.add_column("apps", sa.Column("search_ready", sa.Boolean(), nullable=False, server_default=sa.true()))
    apps = sa.table("apps", sa.column("id"), sa.column("search_ready"), sa.column("live_version"))
    connection = op.get_bind()
    numbers = connection.scalars(sa.select(apps.c.id).where(apps.c.live_version.is_not(None)).order_by(apps.c.id))
    statements = ON_SQLITE if connection.dialect.name == "sqlite" else ON_POSTGRESQL
    for number in numbers.all():
        for statement in statements:
            op.execute(sa.text(statement.format(number=int(number))))
    # A job fills the index; until then searches go on without it.
    connection.execute(sa.update(apps).values(search_ready=False))


def downgrade() -> None:
    raise RuntimeError("Going back to an older release is not supported; restore a backup instead.")
