"""The screens on which people work with records: thin views over the record service and the reader."""

from __future__ import annotations

from lowcode.runtime.blueprint import blueprint

__all__ = ["blueprint"]
