"""The administration's page of the backups: how the last one went, and which ones are kept."""

from __future__ import annotations

from datetime import datetime

import flask
import orjson

from lowcode import db
from lowcode.admin.views import Answer, blueprint
from lowcode.backup import keeping
from lowcode.system import meta
from lowcode.web import i18n, state


@blueprint.get("/backups")
def list_backups() -> Answer:
    """The last result and the kept generations. The files are fetched from the server's disk, never from here."""
    services = state.services()
    with db.reading(services.engine) as connection:
        facts = meta.everything(connection)
    made, failed = (orjson.loads(facts.get(key) or "null") for key in (meta.LAST_BACKUP, meta.FAILED_BACKUP))
    kept = [(each.path.name, _size(each.size)) for each in keeping.generations(services.settings)]
    return flask.render_template(
        "admin/backups.html",
        made=made and {**made, "at": _moment(made["made_at"]), "size": _size(made["size"])},
        failed=failed and {"at": _moment(failed["at"]), "reason": i18n.translate(failed["code"], **failed["params"])},
        generations=kept,
        folder=str(services.settings.data_dir / keeping.FOLDER),
        most=keeping.GENERATIONS,
    )


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(state.context().zone)
    return moment.strftime("%Y-%m-%d %H:%M")


def _size(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"
