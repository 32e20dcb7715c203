"""Alembic's entry: runs the scripts on the connection that lowcode.system.migrate hands in."""

from __future__ import annotations

from alembic import context

from lowcode.system.models import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `lowcode init`: migrations work on the product's own connection.")
context.configure(connection=connection, target_metadata=Base.metadata)
context.run_migrations()
