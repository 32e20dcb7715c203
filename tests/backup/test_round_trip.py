"""A backup brings everything to an empty place, whichever database is there, and everything goes on from there."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from lowcode import backup, db, deploy
from lowcode.accounts import audit_proof, users
from lowcode.records.record import Change
from lowcode.system import models
from tests.backup.conftest import CODES, Kind, Place, fill, parts
from tests.deploy import apps

WAYS = (
    pytest.param(("sqlite", "sqlite"), id="sqlite"),
    pytest.param(("sqlite", "postgresql", "sqlite", "postgresql"), id="there and back", marks=pytest.mark.postgresql),
)
OWN = {"tables/audit_log.jsonl", "tables/meta.jsonl", "tables/apps.jsonl", "manifest.json"}
"""A restore adds an entry to the log, no backup was made in the new place yet, and the index is filled anew."""


@pytest.mark.parametrize("kinds", WAYS)
def test_everything_arrives_and_goes_on(kinds: t.Sequence[Kind], place: Callable[..., Place], tmp_path: Path) -> None:
    here = place(kinds[0])
    fill(here)
    deleted = here.house.add("facility", code="F2", name="消える")
    here.house.save("facility", Change(id=deleted.id, delete=True))
    exports = {code: here.csv(code) for code in CODES}
    template, first = here.template(), tmp_path / "0.zip"
    made = backup.make(here.services, first, here.actor)
    assert (made.apps, made.files, made.missing, made.damaged) == (4, 4, (), ())
    assert first.stat().st_mode & 0o777 == 0o600
    entries = here.log().entries
    for number, kind in enumerate(kinds[1:], 1):
        there, file = place(kind), tmp_path / f"{number}.zip"
        backup.restore(there.services, tmp_path / f"{number - 1}.zip")
        assert {code: there.csv(code) for code in CODES} == exports
        assert there.template() == template
        assert (there.log().bad, there.log().sealed) == (None, here.log().sealed)
        backup.make(there.services, file, there.actor)
        before, after = parts(first), parts(file)
        assert sorted(before) == sorted(after)
        assert [name for name in before if name not in OWN and before[name] != after[name]] == []
    assert there.log().entries == entries + len(kinds) - 1
    there.note(2)
    audit_proof.seal(there.engine, there.folder, there.actor, there.services.settings.now())
    assert there.log().bad is None
    assert there.house.add("facility", code="F3", name="次").id == deleted.id + 1


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_restored_installation_works(kind: Kind, place: Callable[..., Place], tmp_path: Path) -> None:
    here, there = place(), place(kind)
    fill(here)
    backup.make(here.services, tmp_path / "a.zip", here.actor)
    deploy.rollback(here.engine, "wards", 1, apps.ACTOR, ctx=apps.CTX)
    here_values = here.house.get("wards", 1).values
    backup.restore(there.services, tmp_path / "a.zip")
    # Numbers go on for people and their places, too.
    with db.writing(there.engine) as connection:
        data = users.UserData(login="ito", name="伊藤")
        assert users.save(connection, data, there.actor, there.services.settings.now()) == 2
        parents = connection.execute(sa.select(models.Organization.code, models.Organization.parent_id)).all()
    assert sorted(map(tuple, parents)) == [("high", None), ("low", 2)]
    # There are the indexes of the second version and no more, and the first version's fields still hold their values.
    assert deploy.tidy(there.engine) == 0
    deploy.rollback(there.engine, "wards", 1, apps.ACTOR, ctx=apps.CTX)
    values = there.house.find("wards", 'old = "前の値"')[0].values
    assert (values["kinds"], values["staff"][0].values["who"]) == (here_values["kinds"], "a")


def test_only_an_empty_place_is_filled(place: Callable[..., Place], tmp_path: Path) -> None:
    here = place()
    fill(here)
    backup.make(here.services, tmp_path / "a.zip", here.actor)
    before = parts(tmp_path / "a.zip")
    with pytest.raises(backup.restoring.CannotRestore, match="folder_not_empty"):
        backup.restore(here.services, tmp_path / "a.zip")
    backup.make(here.services, tmp_path / "b.zip", here.actor)
    assert before["tables/app_3.jsonl"] == parts(tmp_path / "b.zip")["tables/app_3.jsonl"]
    bare = place()
    with db.writing(bare.engine) as connection:
        connection.exec_driver_sql("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(backup.restoring.CannotRestore, match="database_not_empty"):
        backup.restore(bare.services, tmp_path / "a.zip")
    other = place(LOWCODE_SECRET_KEY="another secret than before")
    with pytest.raises(backup.restoring.CannotRestore, match="other_secret"):
        backup.restore(other.services, tmp_path / "a.zip")
    assert orjson.loads(before["manifest.json"])["format"] == 1


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_deploy_does_not_wait_for_a_backup(kind: Kind, place: Callable[..., Place], tmp_path: Path) -> None:
    here, there = place(kind), place()
    fill(here)
    deployed: list[int] = []

    def during(part: str, _rows: int) -> None:
        # The table that gets a column was read before this one, and that transaction is over.
        if part == "tables/app_4_history.jsonl" and not deployed:
            more = apps.definition_json(here.engine, 4)
            more["properties"]["more"] = {"type": "SINGLE_LINE_TEXT", "code": "more", "label": "追加"}
            deployed.append(apps.publish(here.engine, 4, more))

    backup.make(here.services, tmp_path / "a.zip", here.actor, progress=during)
    assert deployed == [3]
    backup.restore(there.services, tmp_path / "a.zip")
    with there.house.reading() as space:
        live = space.reader("wards").live
    assert (live.version, live.definition.find("more")) == (2, None)
