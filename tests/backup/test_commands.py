"""The commands ``backup``, ``verify`` and ``restore``; an older backup, a failure half-way, lost attachments."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from lowcode import backup, db
from lowcode.backup import archive, restoring
from lowcode.system import migrate, models
from tests.backup.conftest import Place, fill, parts
from tests.people import NOW
from tests.test_cli import Shell


def rewritten(source: Path, target: Path, manifest: dict[str, t.Any], **changed: bytes) -> None:
    """The same archive with other contents and right hashes."""
    with target.open("wb") as stream:
        writer = archive.Writer(stream, NOW)
        for name, content in parts(source).items():
            if name != archive.MANIFEST:
                with writer.part(name) as out:
                    out.write(changed.get(name.rpartition("/")[2].partition(".")[0], content))
        del manifest["parts"]
        writer.close(manifest)


@pytest.fixture
def made(place: Callable[..., Place], tmp_path: Path) -> Path:
    here = place()
    fill(here)
    backup.make(here.services, tmp_path / "a.zip", here.actor)
    return tmp_path / "a.zip"


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Shell(tmp_path / "here", f"sqlite:///{tmp_path / 'here' / 'lowcode.db'}", monkeypatch)
    assert here("init").code == 0
    assert here("user", "add", "sato", "--admin", LOWCODE_PASSWORD="three quiet ledgers").code == 0
    file = tmp_path / "all.zip"
    answer = here("backup", str(file), "--json")
    assert (answer.code, answer.data["file"], answer.data["missing"]) == (0, str(file), [])
    assert here("verify", str(file), "--json").data["damaged"] == []
    assert here("verify", "--json").data["audit_log"]["first_bad"] is None
    refused = here("restore", str(file))
    assert (refused.code, "空ではありません" in refused.err) == (1, True)
    assert here("backup", str(file), LOWCODE_BACKUP_PASSWORD="secret").code == 1
    assert here("backup", str(tmp_path / "no" / "folder.zip")).code == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    there = Shell(tmp_path / "there", f"sqlite:///{tmp_path / 'there' / 'lowcode.db'}", monkeypatch)
    assert there("restore", str(file)).code == 0
    assert [user["login"] for user in there("user", "list", "--json").data] == ["sato"]
    assert there("verify", "--json").data["audit_log"]["first_bad"] is None
    assert there("init", "--json").data["before"] == migrate.head()
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    assert len(there("verify", str(file), "--json").data["damaged"]) == 1
    assert there("verify", str(file)).code == 1
    empty = Shell(tmp_path / "empty", f"sqlite:///{tmp_path / 'empty' / 'lowcode.db'}", monkeypatch)
    assert empty("restore", str(file)).code == 1


def test_an_older_backup_is_upgraded(made: Path, place: Callable[..., Place], tmp_path: Path) -> None:
    """Before the index of the search there was one column less and one table."""
    manifest = orjson.loads(parts(made)["manifest.json"])
    manifest["revision"] = "0004"
    manifest["tables"] = [each for each in manifest["tables"] if each["name"] != "file_texts"]
    table = next(each for each in manifest["tables"] if each["name"] == "apps")
    gone = [name for name, _, _ in table["columns"]].index("search_ready")
    del table["columns"][gone]
    rows = [orjson.loads(line) for line in parts(made)["tables/apps.jsonl"].splitlines()]
    for row in rows:
        del row[gone]
    older = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    rewritten(made, tmp_path / "old.zip", manifest, apps=older)
    there = place()
    backup.restore(there.services, tmp_path / "old.zip")
    migrate.check(there.engine)
    with db.reading(there.engine) as connection:
        assert set(connection.scalars(sa.select(models.App.search_ready))) == {False}
    assert there.log().bad is None
    assert there.house.find("everything", 'number = "0001"')


def test_a_failure_leaves_the_place_empty(made: Path, place: Callable[..., Place], tmp_path: Path) -> None:
    manifest = orjson.loads(parts(made)["manifest.json"])
    manifest["tables"][-1]["rows"] += 1
    rewritten(made, tmp_path / "wrong.zip", manifest)
    there = place()
    with pytest.raises(restoring.CannotRestore, match="count"):
        backup.restore(there.services, tmp_path / "wrong.zip")
    assert [path.name for path in there.folder.iterdir() if not path.name.startswith("lowcode.db")] == []
    assert sa.inspect(there.engine).get_table_names() == []
    backup.restore(there.services, made)
    assert there.log().bad is None


@pytest.mark.parametrize(("key", "value", "code"), [("format", 99, "newer_format"), ("revision", "9999", "too_new")])
def test_what_a_newer_release_made_is_refused(
    key: str, value: t.Any, code: str, made: Path, place: Callable[..., Place], tmp_path: Path
) -> None:
    manifest = orjson.loads(parts(made)["manifest.json"])
    rewritten(made, tmp_path / "new.zip", {**manifest, key: value})
    with pytest.raises(Exception, match=code):
        backup.restore(place().services, tmp_path / "new.zip")


def test_lost_and_rotten_attachments_are_named(place: Callable[..., Place], tmp_path: Path) -> None:
    here = place()
    fill(here)
    with db.reading(here.engine) as connection:
        keys = list(
            connection.scalars(sa.select(models.File.key).where(models.File.claimed).order_by(models.File.size))
        )
    here.services.store.path(keys[0]).unlink()
    here.services.store.path(keys[1]).write_bytes(b"rotten")
    result = backup.make(here.services, tmp_path / "a.zip", here.actor)
    assert (result.missing, result.damaged) == ((keys[0],), (keys[1],))
