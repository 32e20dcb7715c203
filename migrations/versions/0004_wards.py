"""The wards that an organisation serves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lowcode.db import text_type

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("wards", text_type(), server_default="[]", nullable=False))


def downgrade() -> None:
    raise RuntimeError("Going back to an older release is not supported; restore a backup instead.")
