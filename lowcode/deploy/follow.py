"""Apps that name a code of another app follow when that code gets a new name, in the same switch."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from lowcode.definition import codec
from lowcode.definition.compare import renamed_codes
from lowcode.definition.rename import rename_in_other_app
from lowcode.deploy import versions
from lowcode.deploy.apply import Follow
from lowcode.deploy.plan import Plan
from lowcode.query import kintone


def followers(connection: sa.Connection, plans: Sequence[Plan]) -> tuple[Follow, ...]:
    """The live apps, other than those of ``plans``, whose references have to change with them."""
    own = {plan.app_id for plan in plans}
    changed = []
    for plan in plans:
        if plan.old is not None:
            codes = renamed_codes(plan.old, plan.definition)
            if codes or plan.old.code != plan.definition.code:
                changed.append((plan.old.code, plan.definition.code, codes))
    if not changed:
        return ()
    found = []
    for number, version, definition in versions.live_apps(connection).values():
        if number in own:
            continue
        before = codec.dump(definition)
        after = before
        for old_app, new_app, codes in changed:
            after = rename_in_other_app(after, old_app, new_app, codes, kintone)
        if after != before:
            found.append(Follow(app_id=number, based_on=version, definition=codec.load(after)))
    return tuple(found)
