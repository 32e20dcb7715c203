"""The web application: wiring and nothing else."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence

import flask
import sqlalchemy as sa

from lowcode.config import Settings
from lowcode.errors import NotAvailable
from lowcode.services import Services, secret_key
from lowcode.web import (
    auth,
    csrf,
    errors,
    headers,
    i18n,
    list_rows,
    metrics,
    nav,
    pages,
    read_log,
    setup,
    state,
    static,
)
from lowcode.web.addresses import CONVERTERS

BLUEPRINTS = ("lowcode.runtime", "lowcode.designer", "lowcode.admin", "lowcode.api")
"""Packages that bring screens or an API: each has ``register(app)``, or one blueprint called ``blueprint``."""
PROMISED = ("/", "/work", "/notices", "/apps", "/search", "/help", "/spaces/new")
"""Links of the frame; until a package has a page for one, it says so plainly."""
MEBIBYTE = 1024 * 1024


def create_app(
    settings: Settings | None = None,
    engine: sa.Engine | None = None,
    *,
    services: Services | None = None,
    packages: Sequence[str] = BLUEPRINTS,
) -> flask.Flask:
    """The application for one process. Settings come from the environment unless given.

    :param packages: which packages of screens take part; tests leave some out.
    """
    services = services or Services.open(settings, engine)
    app = flask.Flask("lowcode.web", static_folder=None, template_folder="templates")
    app.config.update(
        SECRET_KEY=secret_key(services.settings),
        SESSION_COOKIE_NAME="lowcode_visit",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=(services.settings.base_url or "").startswith("https:"),
        # Attachments may be large; the text of a form may not.
        MAX_CONTENT_LENGTH=1040 * MEBIBYTE,
        MAX_FORM_MEMORY_SIZE=32 * MEBIBYTE,
        MAX_FORM_PARTS=50_000,
    )
    app.url_map.converters.update(CONVERTERS)
    app.extensions[state.EXTENSION] = services
    app.jinja_env.globals.update(_=i18n.translate, csrf_token=csrf.token, list_rows=list_rows)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(nav.globals_of_page)
    metrics.register(app)
    errors.register(app)
    read_log.register(app)
    auth.register(app)
    headers.register(app)
    static.register(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(setup.blueprint)
    for name in packages:
        _register(app, name)
    _promise(app)
    return app


def _register(app: flask.Flask, name: str) -> None:
    if importlib.util.find_spec(name) is None:
        return
    package = importlib.import_module(name)
    if hasattr(package, "register"):
        package.register(app)
    elif hasattr(package, "blueprint"):
        app.register_blueprint(package.blueprint)


def _promise(app: flask.Flask) -> None:
    present = {rule.rule for rule in app.url_map.iter_rules()}
    for path in PROMISED:
        if path not in present:
            app.add_url_rule(path, f"promised:{path.strip('/') or 'home'}", _not_yet)


def _not_yet() -> str:
    raise NotAvailable()
