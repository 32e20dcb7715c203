"""The blueprint of the designer and its views; importing the view modules registers their routes."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("designer", __name__, url_prefix="/k/admin/app", template_folder="templates")

from lowcode.designer import creating, fields, json_screen, overview, publishing, see_as, settings, views  # noqa: E402, F401
