"""The blueprint of the runtime and its views; importing the view modules registers their routes."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("runtime", __name__, template_folder="templates")

from lowcode.runtime import attachments, editing, exporting, importing, jobs, lists, pickers, portal, records, search, trash  # noqa: E402, F401
