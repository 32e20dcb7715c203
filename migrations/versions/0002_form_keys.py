"""Keys of forms, so that one sent twice makes one record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lowcode.db import UtcDateTime, text_type

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_keys",
        sa.Column("key", text_type(64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_form_keys"),
    )
    op.create_index("ix_form_keys_created_at", "form_keys", ["created_at"], unique=False)


def downgrade() -> None:
    raise RuntimeError("Going back to an older release is not supported; restore a backup instead.")
