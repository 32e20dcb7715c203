"""Home: the apps that a person may open, and what changed lately."""

from __future__ import annotations

from flask import render_template

from lowcode import messages
from lowcode.records.workspace import Workspace
from lowcode.runtime import shown
from lowcode.runtime.blueprint import blueprint
from lowcode.web.state import actor, context, reading

CARD_COUNT_LIMIT = 10_000


@blueprint.get("/")
def home() -> str:
    """The portal."""
    ctx = context()
    with reading() as space:
        apps = [_card(space, app_id) for app_id in sorted(space.snapshot.live)]
    found = [card for card in apps if card is not None]
    hour = ctx.now.astimezone(ctx.zone).hour
    part = "morning" if 4 <= hour < 11 else "day" if hour < 18 else "evening"
    return render_template(
        "portal.html",
        apps=found,
        greeting=messages.text(f"runtime.greeting.{part}", ctx.locale, name=actor().name),
        create_url="/k/admin/app/new" if actor().administrator else "",
    )


def _card(space: Workspace, app_id: int) -> dict[str, str] | None:
    live = space.snapshot.app(app_id)
    policy = space.policy(live)
    if not (policy.allows("view") or policy.allows("add")):
        return None
    tile = shown.tile(live, space.ctx.locale)
    count = space.reader(live).count(limit=CARD_COUNT_LIMIT + 1)
    words = f"{CARD_COUNT_LIMIT:,}+" if count > CARD_COUNT_LIMIT else f"{count:,}"
    return {
        "name": tile.name,
        "icon": tile.icon,
        "hue": tile.hue,
        "url": tile.url,
        "fact": tile.space,
        "count": messages.text("runtime.records_count", space.ctx.locale, count=words),
    }


@blueprint.get("/apps")
def apps() -> str:
    """All apps; the same page as home for now, under the name that the phone's bar uses."""
    return home()
