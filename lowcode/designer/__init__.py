"""The screens on which staff declare apps: fields, views, settings, review, publishing, versions."""

from __future__ import annotations

from lowcode.designer.blueprint import blueprint

__all__ = ["blueprint"]
