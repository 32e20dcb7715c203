"""Why somebody may do what they may with a record: the facts that an explanation of rights asks for."""

from __future__ import annotations

from lowcode.access.actor import system
from lowcode.access.explain import Explanation, RecordFacts, explain, people_fields
from lowcode.errors import NotFound
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace

REASON = "explaining rights"
LARGEST_ID = 2**63 - 1
"""What the databases take."""


def explain_rights(space: Workspace, live: LiveApp, record_id: int | None = None) -> Explanation:
    """What rights give the workspace's actor in an app, with the rules that decide.

    The record is looked at whether or not it exists for the actor; no value of it is given out.

    :raises NotFound: there is no such record.
    """
    policy = space.policy(live)
    if record_id is None:
        return explain(policy)
    if not 0 < record_id <= LARGEST_ID:
        raise NotFound("record.not_found", id=record_id)
    everything = space.acting_as(system(REASON)).reader(live)
    record = everything.get(record_id, fields=sorted(people_fields(live.definition)))
    met = space.reader(live).screen.met(record_id)
    if met is None:
        raise NotFound("record.not_found", id=record_id)
    return explain(policy, RecordFacts(id=record.id, met=met, values=record.values))
