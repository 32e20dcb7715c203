"""Publishing apps: drafts, plans, tables and indexes, versions, going back."""

from __future__ import annotations

from lowcode.deploy.drafts import Draft, discard_draft, find_draft, load_draft, rebase_draft, save_draft
from lowcode.deploy.plan import Note, Plan
from lowcode.deploy.publish import (
    apply_definition,
    create_app,
    deploy,
    deploy_all,
    plan_deploy,
    rollback,
)
from lowcode.deploy.purge import Leftover, leftovers, purge
from lowcode.deploy.tidy import tidy
from lowcode.deploy.versions import Version, known_apps, list_versions, live_apps

__all__ = [
    "Draft",
    "Leftover",
    "Note",
    "Plan",
    "Version",
    "apply_definition",
    "create_app",
    "deploy",
    "deploy_all",
    "discard_draft",
    "find_draft",
    "known_apps",
    "leftovers",
    "list_versions",
    "live_apps",
    "load_draft",
    "plan_deploy",
    "purge",
    "rebase_draft",
    "rollback",
    "save_draft",
    "tidy",
]
