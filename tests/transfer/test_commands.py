"""``lowcode records import/export/undo`` and ``app from-file``, as scripts call them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import orjson
import pytest

from lowcode import cli

TABLE = "番号,氏名,発症日\n1,山田,2022-08-01\n2,鈴木,2022-08-02\n3,佐藤,2022-08-03\n"
Run = t.Callable[..., t.Any]


@pytest.fixture
def lowcode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    monkeypatch.setenv("LOWCODE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> t.Any:
        assert cli.main([*arguments, "--json"]) == code
        output = capsysbinary.readouterr()
        return orjson.loads(output.out if code == 0 else output.err.splitlines()[-1])

    run("init")
    return run


@pytest.fixture
def cases(lowcode: Run, tmp_path: Path) -> Run:
    (tmp_path / "a.csv").write_text(TABLE, "utf-8")
    made = lowcode("app", "from-file", "a.csv", "--code", "cases", "--name", "症例")
    assert (made["code"], made["name"], made["created"]) == ("cases", "症例", 3)
    assert [f["type"] for f in made["fields"]] == ["SINGLE_LINE_TEXT", "SINGLE_LINE_TEXT", "DATE"]
    return lowcode


def numbers(answer: t.Mapping[str, t.Any]) -> tuple[int, ...]:
    return tuple(answer[name] for name in ("created", "updated", "unchanged", "failed"))


def test_import_export_and_undo(cases: Run, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes((TABLE.replace("鈴木", "鈴木 一") + "4,加藤,昨日\n5,伊藤,\n").encode("cp932"))
    rehearsed = cases("records", "import", "cases", "b.csv", "--key", "番号", "--dry-run")
    assert (numbers(rehearsed), rehearsed["dry_run"]) == ((1, 1, 2, 1), True)
    done = cases("records", "import", "cases", "b.csv", "--key", "番号")
    assert (numbers(done), done["reading"]["encoding"]) == ((1, 1, 2, 1), "cp932")
    listed = Path(done["errors_file"]).read_text("utf-8-sig")
    assert "「昨日」は日付として読めません" in listed
    mended = tmp_path / "mended.csv"
    mended.write_text(listed.replace("4,加藤,昨日", "4,加藤,2022-08-04"), "utf-8")
    assert numbers(cases("records", "import", "cases", str(mended), "--key", "番号")) == (1, 0, 0, 0)

    for name in ("out.csv", "out.tsv", "out.xlsx"):
        assert cases("records", "export", "cases", "-o", name)["count"] == 5
        assert numbers(cases("records", "import", "cases", name, "--key", "番号")) == (0, 0, 5, 0)
    cases("records", "export", "cases", "-o", "one.csv", "--query", '氏名 = "佐藤"', "--columns", "発症日,氏名")
    assert (tmp_path / "one.csv").read_text("utf-8-sig") == "発症日,氏名\n2022-08-03,佐藤\n"
    cases("records", "export", "cases", "-o", "view.csv", "--view", "一覧", "--encoding", "cp932")
    assert (tmp_path / "view.csv").read_text("cp932").splitlines()[:2] == [
        "レコード番号,番号,氏名,発症日",
        "cases-1,1,山田,2022-08-01",
    ]

    undone = cases("records", "undo", str(done["batch"]))
    assert (undone["undone"], undone["kept"]) == (2, 0)
    cases("records", "export", "cases", "-o", "after.csv", "--columns", "番号,氏名", "--query", "order by 番号 asc")
    assert (tmp_path / "after.csv").read_text("utf-8-sig") == "番号,氏名\n1,山田\n2,鈴木\n3,佐藤\n4,加藤\n"


def test_settings_are_kept_under_a_name(cases: Run, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("表題\nNo,名前,日\n1,山田,8/9\n9,加藤,8/10\n", "utf-8")
    options = (
        "--key",
        "番号",
        "--map",
        "No=番号",
        "--map",
        "名前=氏名",
        "--map",
        "日=発症日",
        "--year",
        "発症日=2022",
        "--mode",
        "update",
        "--header-row",
        "2",
    )
    first = cases("records", "import", "cases", "b.csv", *options, "--save-profile", "朝")
    assert (numbers(first), first["notes"]) == ((0, 1, 0, 1), {"transfer.note.year": 1})
    assert numbers(cases("records", "import", "cases", "b.csv", "--profile", "朝")) == (0, 0, 1, 1)
    assert numbers(cases("records", "import", "cases", "b.csv", "--profile", "朝", "--mode", "upsert")) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("records", "import", "cases", "html.csv"), "transfer.html"),
        (("records", "import", "cases", "a.csv", "--key", "nowhere"), "transfer.no_such_field"),
        (("records", "import", "nowhere", "a.csv"), "app.not_found"),
        (("records", "import", "cases", "a.csv", "--map", "x"), "transfer.cli.pair"),
        (("records", "import", "cases", "a.csv", "--profile", "x"), "transfer.no_such_profile"),
        (("records", "import", "cases", "a.csv", "--user", "x"), "user.not_found"),
        (("records", "import", "cases", "missing.csv"), "cli.file"),
        (("records", "export", "cases", "-o", "x.csv", "--view", "x"), "transfer.cli.no_such_view"),
        (("records", "undo", "99"), "jobs.not_found"),
        (("app", "from-file", "a.csv", "--code", "cases"), "code_taken"),
        (("app", "from-file", "html.csv", "--code", "other"), "transfer.html"),
    ],
)
def test_what_cannot_be_done_is_said(cases: Run, tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    (tmp_path / "html.csv").write_text("<!doctype html><p>404", "utf-8")
    assert code in str(cases(*arguments, code=1))
