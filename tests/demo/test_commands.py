"""``lowcode template`` and ``lowcode demo`` from the command line."""

from __future__ import annotations

import typing as t
from pathlib import Path

import orjson
import pytest

from lowcode.cli import main


class Shell:
    """Runs commands against one data folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> t.Any:
        assert main([*words, "--json"]) == code
        captured = self.capsys.readouterr()
        return orjson.loads(captured.out if code == 0 else captured.err)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("LOWCODE_DATA_DIR", str(tmp_path / "var"))
    made = Shell(capsys)
    made("init")
    return made


def test_templates_are_listed_installed_exported_and_imported(shell: Shell, tmp_path: Path) -> None:
    listed = {one["name"]: one for one in shell("template", "list")["templates"]}
    assert set(listed) == {"case_ledger", "facility", "observation", "supply_request"}
    assert listed["observation"]["requires"] == ["case_ledger"]
    made = shell("template", "install", "facility", "--sample-data")
    assert set(made["apps"]) == {"facility"}
    assert made["records"] == {"facility": 28}
    file = tmp_path / "facility.json"
    shell("template", "export", "facility", "-o", str(file), "--with-records")
    assert len(orjson.loads(file.read_bytes())["records"]["facility"]) == 28
    shell("template", "import", str(file), code=1)
    shell("template", "install", "facility", code=1)
    shell("template", "install", "nobody", code=1)
    other = orjson.loads(file.read_bytes())
    other["apps"][0]["code"] = "clinics"
    other["records"] = {"clinics": other["records"]["facility"]}
    file.write_bytes(orjson.dumps(other))
    assert shell("template", "import", str(file))["records"] == {"clinics": 28}


def test_demo_fills_once_and_writes_files(shell: Shell, tmp_path: Path) -> None:
    made = shell("demo", "tiny", "--now", "2022-08-25")
    assert made["apps"]["case_ledger"]["rows"] == 60
    shell("demo", "tiny", code=1)
    written = shell("demo", "tiny", "--now", "2022-08-25", "--files", str(tmp_path / "files"))
    assert {one["file"] for one in written["files"]} >= {"facility.csv", "case_ledger_dirty_cp932.csv"}
    assert (tmp_path / "files" / "manifest.json").exists()


@pytest.mark.parametrize(
    "words, code", [(("demo", "huge"), 1), (("demo", "tiny", "--now", "yesterday"), 1), (("demo", "vax"), 3)]
)
def test_wrong_use_of_demo(words: tuple[str, ...], code: int, shell: Shell) -> None:
    shell(*words, code=code)
