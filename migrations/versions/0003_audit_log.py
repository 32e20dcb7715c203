"""The audit log tells where from, which records and which filter; its chain is made of keyed hashes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lowcode.accounts import audit
from lowcode.db import text_type

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = text_type()
    for name, kind, default in (
        ("actor_login", text, ""),
        ("request_id", text, ""),
        ("outcome", text, "ok"),
        ("records", text, ""),
        ("record_count", sa.BigInteger(), None),
        ("first_record", sa.BigInteger(), None),
        ("last_record", sa.BigInteger(), None),
        ("query", text, ""),
        ("mac", text_type(64), ""),
    ):
        op.add_column("audit_log", sa.Column(name, kind, server_default=default, nullable=default is None))
    for name in ("ix_audit_log_action", "ix_audit_log_actor_id"):
        op.drop_index(name, table_name="audit_log")
    op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("before", text_type(64), nullable=False),
        sa.Column("chain", text_type(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    _chain_anew(op.get_bind())


def _chain_anew(connection: sa.Connection) -> None:
    """Entries of before get numbers without gaps and a chain of today's kind."""
    table = sa.Table("audit_log", sa.MetaData(), autoload_with=connection)
    types = {name: audit._table.c[name].type for name in audit.CONTENT}
    columns = [table.c.id, *[sa.type_coerce(table.c[name], kind).label(name) for name, kind in types.items()]]
    key, number, chain = audit.key_of(connection), 0, ""
    for row in connection.execute(sa.select(*columns).order_by(table.c.id)).mappings().all():
        number, mac = number + 1, audit.mac_of(key, row)
        chain = audit.linked(chain, mac)
        connection.execute(sa.update(table).where(table.c.id == row["id"]).values(id=number, mac=mac, chain=chain))
    if connection.dialect.name == "postgresql":
        head = sa.table("audit_head", *[sa.column(name) for name in ("id", "number", "before", "chain")])
        connection.execute(sa.insert(head).values(id=1, number=number, before="", chain=chain))
    else:
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        connection.execute(sa.update(sequence).where(sequence.c.name == "audit_log").values(seq=number))


def downgrade() -> None:
    raise RuntimeError("Going back to an older release is not supported; restore a backup instead.")
