"""What a request works with: the installation's services, and a workspace for the person who asks."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask import current_app, g

from lowcode.access.actor import Actor
from lowcode.config import Settings
from lowcode.fields.base import Context
from lowcode.files.store import FileStore
from lowcode.records import workspace
from lowcode.records.catalog import Catalog


@dataclass(frozen=True)
class Services:
    """One per process, made by ``create_app``."""

    settings: Settings
    engine: sa.Engine
    catalog: Catalog
    files: FileStore


def services() -> Services:
    """The services of the running app."""
    return t.cast(Services, current_app.extensions["lowcode"])


def actor() -> Actor:
    """Who asks; set by the authentication before the view runs."""
    return t.cast(Actor, g.actor)


def context() -> Context:
    """The reader's clock, zone, language and directory."""
    return t.cast(Context, g.ctx)


@contextlib.contextmanager
def reading() -> Iterator[workspace.Workspace]:
    """A short read transaction for the person who asks."""
    with workspace.reading(services().engine, services().catalog, actor(), context()) as space:
        yield space


@contextlib.contextmanager
def writing() -> Iterator[workspace.Workspace]:
    """A write transaction for the person who asks; the clock is read anew, since uploads may have taken a while."""
    ctx = replace(context(), now=services().settings.now())
    with workspace.writing(services().engine, services().catalog, actor(), ctx) as space:
        yield space
