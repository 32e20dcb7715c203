"""Programs' doors: our own API under ``/api/v1``."""

from __future__ import annotations

import flask

from lowcode.api.v1.blueprint import blueprint as v1
from lowcode.web import auth


def register(app: flask.Flask) -> None:
    """Add the APIs to ``app``; they look at tokens in headers themselves."""
    auth.own_credentials(v1)
    app.register_blueprint(v1)
