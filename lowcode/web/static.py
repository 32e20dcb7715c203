"""Static files under hashed addresses: ``/s/<hash>/js/app.js`` may be kept for ever, for a change gives a new hash.

There is one hash for all files together: script modules name each other by relative addresses, which must
stay inside one consistent set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import flask
from werkzeug.exceptions import NotFound

from lowcode import resources

PACKAGES = ("web", "runtime", "designer", "admin")
# A browser refuses a module or a sheet of a wrong type under nosniff; the system's table of types may lack them.
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
}
FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files of all packages; ``<package>/static/<path>`` is served as ``<path>``, the first package that has it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files: dict[str, Path] = {}
        digest = hashlib.sha256()
        for folder in folders:
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in TYPES):
                name = path.relative_to(folder).as_posix()
                if name not in self._files:
                    self._files[name] = path
                    digest.update(f"{name}\0{path.stat().st_size}\0".encode())
                    digest.update(path.read_bytes())
        self.hash = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file (``static('css/base.css')`` in templates)."""
        return f"/s/{self.hash}/{name}"

    def send(self, hash: str, name: str) -> flask.Response:
        """Answer with a file. An outdated hash gets today's file, kept for a minute only."""
        path = self._files.get(name)
        if path is None:
            raise NotFound
        response = flask.send_file(path, mimetype=TYPES[path.suffix], conditional=True, etag=True, max_age=60)
        if hash == self.hash:
            response.headers["Cache-Control"] = FOR_EVER
        return response


def register(app: flask.Flask) -> StaticFiles:
    """Add the route and the template global."""
    files = StaticFiles([resources.PACKAGE / package / "static" for package in PACKAGES])

    @app.get("/s/<hash>/<path:name>", endpoint="static")
    def send(hash: str, name: str) -> flask.Response:
        return files.send(hash, name)

    app.jinja_env.globals["static"] = files.url
    return files
