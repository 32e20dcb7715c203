"""Previews of attachments as jobs."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from lowcode.config import Settings
from lowcode.files import previews
from lowcode.jobs import queue
from lowcode.jobs.running import JobRun


def root(settings: Settings) -> Path:
    """The folder of all previews."""
    return settings.data_dir / "previews"


def enqueue_preview(connection: sa.Connection, key: str, content_type: str, size: int, now: datetime) -> int | None:
    """A job that makes the pictures of an attachment; None where there is nothing to make."""
    if not previews.can_preview(content_type, size):
        return None
    return queue.add(connection, "files.preview", {"file": key}, now, unique_key=f"preview:{key}")


def run_preview(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``files.preview``."""
    key = run.job.payload["file"]
    folder = root(run.services.settings)
    present = previews.pages(folder, key)
    return {"pages": len(present) or previews.make(run.services.store.path(key), folder, key)}


__all__ = ["enqueue_preview", "root", "run_preview"]
