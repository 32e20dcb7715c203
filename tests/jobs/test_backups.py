"""The daily backup: made by the schedule, read back, fourteen generations, and what became of it where people look."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from lowcode import backup, health
from lowcode.backup import keeping
from lowcode.errors import LowcodeError
from tests.jobs.conftest import Office


def run(office: Office) -> t.Any:
    job_id = office.add("backup.daily")
    office.worker().run_due()
    return office.job(job_id)


def told(office: Office) -> list[str]:
    return [each.state for each in health.examine(office.services) if each.name == "backup"]


def test_a_fortnight_of_them_is_kept(office: Office) -> None:
    assert told(office) == ["note"]
    (keeping.folder(office.services.settings) / "by hand.zip").write_bytes(b"mine")
    for _ in range(keeping.GENERATIONS + 2):
        job = run(office)
        assert job.state == "done", job.error
        office.wait(days=1)
    kept = keeping.generations(office.services.settings)
    assert len(kept) == keeping.GENERATIONS
    assert kept[0].path == Path(job.result["file"])
    assert kept[0].path.name == "lowcode-20220909-090000.zip"
    assert job.result["deleted"] == 1
    assert backup.check(kept[-1].path).damage == ()
    assert sorted(path.name for path in kept[0].path.parent.iterdir())[0] == "by hand.zip"


def test_a_failure_is_told_until_the_next_success(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: t.Any, **__: t.Any) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(backup, "make", full)
        assert run(office).state == "failed"
    found = [each for each in health.examine(office.services) if each.name == "backup"]
    assert [each.state for each in found] == ["bad", "note"]
    assert "No space left on device" in found[0].text
    with monkeypatch.context() as patch:
        patch.setattr(backup, "check", lambda path: backup.Report(1, 1, (backup.Damage("files/x"),), {}))
        job = run(office)
    assert (job.state, job.error["code"], job.error["params"]) == ("failed", "backup.damaged", {"part": "files/x"})
    assert run(office).state == "done"
    assert "bad" not in told(office)


def test_a_password_stops_it_plainly(office: Office) -> None:
    settings = replace(office.services.settings, backup_password="secret")
    file = settings.data_dir / "a.zip"
    with pytest.raises(LowcodeError, match="no_encryption"):
        backup.make(replace(office.services, settings=settings), file, office.services.system("test"))
    assert not file.exists()
