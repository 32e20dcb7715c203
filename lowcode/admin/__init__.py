"""Screens for administrators: users, organisations, groups, the audit log."""

from __future__ import annotations

from lowcode.admin.views import blueprint

__all__ = ["blueprint"]
