"""The command ``lowcode``: answers, errors, codes; and a real server that starts, serves and stops."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import cli, db
from lowcode.demo.facilities import WARDS
from lowcode.query import kintone
from lowcode.services import Services
from lowcode.system import migrate
from tests.people import PASSWORD


class Result(t.NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> t.Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in this process, on one data folder."""

    def __init__(self, folder: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        for name in [name for name in os.environ if name.startswith("LOWCODE_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("LOWCODE_DATA_DIR", str(folder))
        monkeypatch.setenv("LOWCODE_DATABASE_URL", database)

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Result:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with self._monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                code = cli.main(arguments)
            except SystemExit as ending:
                code = int(ending.code or 0)
            out.flush()
            return Result(code, out.buffer.getvalue().decode(), err.getvalue())


@pytest.fixture
def shell(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path / "var", database_url, monkeypatch)


@pytest.fixture
def ready(shell: Shell) -> Shell:
    assert shell("init").code == 0
    return shell


def test_init_prepares_and_may_be_repeated(shell: Shell) -> None:
    first = shell("init", "--json")
    assert first.data == {"before": None, "after": migrate.head(), "data_dir": str(shell.folder)}
    assert shell("init", "--json").data["before"] == migrate.head()
    key = shell.folder / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) >= 48


def test_people_by_command(ready: Shell) -> None:
    assert ready("organization", "add", "health", "--name", "保健所").code == 0
    assert ready("organization", "add", "food", "--name", "食品係", "--parent", "health").code == 0
    assert ready("group", "add", "night", "--name", "夜間").code == 0
    made = ready(
        "user", "add", "sato", "--name", "佐藤", "--admin", "--organization", "food", "--organization", "health",
        "--group", "night", "--json", LOWCODE_PASSWORD=PASSWORD,
    )  # fmt: skip
    assert made.data == {"id": made.data["id"], "login": "sato"}
    assert ready("user", "add", "ito", stdin=PASSWORD + "\n").code == 0
    users = {user["login"]: user for user in ready("user", "list", "--json").data}
    assert users["sato"]["administrator"]
    assert [place["organization"] for place in users["sato"]["places"]] == ["food", "health"]
    assert users["sato"]["groups"] == ["night"]
    assert users["ito"]["name"] == "ito"
    assert ready("user", "disable", "ITO").code == 0
    assert {u["login"]: u["active"] for u in ready("user", "list", "--json").data} == {"sato": True, "ito": False}
    assert ready("user", "enable", "ito").code == 0
    assert ready("user", "password", "ito", LOWCODE_PASSWORD="another good secret").code == 0
    assert ready("organization", "add", "moji", "--ward", "門司区", "--ward", "若松区").code == 0
    listed = {o["code"]: o["wards"] for o in ready("organization", "list", "--json").data}
    assert listed == {"food": [], "health": [], "moji": ["門司区", "若松区"]}
    assert [g["code"] for g in ready("group", "list", "--json").data] == ["everyone", "night"]
    assert "sato\t佐藤\tfood,health\tnight\t管理者" in ready("user", "list").out


def test_people_by_file(ready: Shell, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("login,name\nsato,佐藤\nito,伊藤\n", "utf-8")
    assert ready("user", "import", str(file), "--dry-run", "--json").data["created"] == 2
    assert ready("user", "list", "--json").data == []
    assert ready("user", "import", str(file), "--json").data == {"created": 2, "updated": 0, "unchanged": 0}
    out = tmp_path / "out.csv"
    assert ready("user", "export", "-o", str(out)).code == 0
    assert "佐藤" in out.read_text("utf-8-sig")
    file.write_text("login,name\nsato,\n,x\n", "utf-8")
    refused = ready("user", "import", str(file))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines() == ["2.name: 入力してください。", "3.login: 入力してください。"]


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (("user", "add", "sato"), 1, "password: パスワードは10文字以上にしてください。"),
        (("user", "disable", "ghost"), 1, "利用者が見つかりません。"),
        (("user", "import", "/nothing/here.csv"), 1, "ファイルを扱えません"),
        (("user", "remove", "sato"), 2, "invalid choice"),
        ((), 2, "required"),
        (("template", "upgrade", "x"), 3, "この機能はまだ使えません。"),
    ],
)
def test_failures_are_sentences_on_standard_error(
    ready: Shell, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = ready(*arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert "Traceback" not in result.err


def test_failures_are_json_for_programs(ready: Shell) -> None:
    refused = ready("user", "add", "a b", "--json", LOWCODE_PASSWORD="short", LOWCODE_LOCALE="en")
    error = json.loads(refused.err)["error"]
    assert error["code"] == "invalid"
    assert {(p["code"], tuple(p["path"])) for p in error["problems"]} == {
        ("people.code_letters", ("login",)),
        ("password.too_short", ("password",)),
    }
    assert error["problems"][0]["message"].isascii()


def test_a_database_that_is_not_prepared_is_named(shell: Shell) -> None:
    refused = shell("user", "list")
    assert refused.code == 1
    assert "lowcode init" in refused.err


def test_a_database_of_a_newer_release_is_left_alone(ready: Shell) -> None:
    engine = db.make_engine(os.environ["LOWCODE_DATABASE_URL"])
    with db.writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for command in (("init",), ("user", "list"), ("serve", "--bind", "127.0.0.1:1")):
        refused = ready(*command)
        assert refused.code == 1
        assert "9999" in refused.err


@pytest.mark.parametrize(
    "environment, message",
    [
        ({"LOWCODE_TIMEZONE": "Mars/Base"}, "Mars/Base"),
        ({"LOWCODE_DATABASE_URL": "mysql://x"}, "LOWCODE_DATABASE_URL"),
        ({"LOWCODE_NOW": "2022-08-25"}, "LOWCODE_DRILL"),
        ({"LOWCODE_SECRET_KEY": "short"}, "LOWCODE_SECRET_KEY"),
    ],
)
def test_a_wrong_setting_stops_the_start(shell: Shell, environment: dict[str, str], message: str) -> None:
    refused = shell("init", **environment)
    assert refused.code == 1
    assert message in refused.err


def test_the_doctor_looks_at_everything(ready: Shell) -> None:
    ready("user", "add", "sato", "--admin", LOWCODE_PASSWORD=PASSWORD)
    found = ready("doctor", "--json")
    assert found.code == 0, found.out
    assert {line["name"] for line in found.data} == {
        "configuration", "database", "migrations", "people", "disk", "clock", "backup", "outside",
    }  # fmt: skip
    (ready.folder / "secret.key").chmod(0o644)
    assert any("secret.key" in line["text"] for line in ready("doctor", "--json").data)
    engine = db.make_engine(os.environ["LOWCODE_DATABASE_URL"])
    with db.writing(engine) as connection:
        connection.execute(sa.text("UPDATE audit_log SET target = 'x'"))
    engine.dispose()
    sick = ready("doctor", "--json", LOWCODE_SMTP_URL="smtp://mail.example.jp:25")
    assert sick.code == 1
    assert [line["name"] for line in sick.data if line["state"] == "bad"] == ["people"]
    assert [line["text"] for line in sick.data if line["name"] == "outside"] == ["mail.example.jp"]


def test_a_database_that_is_away_is_said_in_words(shell: Shell, tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1"
    refused = shell("user", "list", LOWCODE_DATABASE_URL=away)
    assert refused.code == 1
    assert "データベースにつながりません" in refused.err
    found = shell("doctor", "--json", LOWCODE_DATABASE_URL=away)
    assert found.code == 1
    assert any(line["name"] == "database" and line["state"] == "bad" for line in found.data)


# --- a real server ------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(*arguments: str, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lowcode", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PORT": str(port)},
    )
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    break
        assert process.poll() is None, process.communicate()[0]
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def children(process: subprocess.Popen[str]) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listed.stdout.split()]


def test_a_server_serves_and_stops_on_sigterm(ready: Shell) -> None:
    port = free_port()
    with started("serve", port=port) as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/setup") as answer:
            assert answer.status == 200
        if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text():
            with urllib.request.urlopen(f"http://[::1]:{port}/healthz") as answer:
                assert answer.read() == b"ok\n"
        family = children(server)
        assert len(family) >= 2  # a web worker and the job worker
        refused = ready("serve", "--bind", f"127.0.0.1:{port}")
        assert refused.code == 1
        assert "PORT=8001" in refused.err
        server.send_signal(signal.SIGTERM)
        out, _ = server.communicate(timeout=40)
        assert server.returncode == 0, out
        assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
        assert re.search(r"/setup .*\d{4}-\d{4}-\d{4}-\d{4}", out)
        assert "Traceback" not in out


def test_a_server_that_is_killed_outright_leaves_nobody_behind(ready: Shell) -> None:
    with started("serve", port=free_port()) as server:
        family = children(server)
        server.kill()
        server.wait()
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{pid}").exists() for pid in family) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]


def test_a_second_quickstart_keeps_the_data_and_its_log_ins(shell: Shell) -> None:
    first = shell("quickstart", "--no-serve", "--demo", "none", "--json")
    assert first.code == 0, first.err
    path = shell.folder / "demo-logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == first.data["logins"]
    assert {each["login"] for each in first.data["logins"]} == {"admin", "hoken", "jimu"}
    assert len({each["password"] for each in first.data["logins"]}) == 3
    ready = shell("user", "add", "sato", LOWCODE_PASSWORD=PASSWORD)
    assert ready.code == 0
    assert shell("quickstart", "--no-serve", "--demo", "none", "--json").data == first.data
    assert "sato" in shell("user", "list").out


def test_the_people_of_a_first_look_have_wards_with_cases(shell: Shell) -> None:
    assert shell("quickstart", "--no-serve", "--demo", "tiny", "--json").code == 0
    services = Services.open()
    try:
        with db.reading(services.engine) as connection:
            people = services.directories.current(connection)
        wards, found = {}, {}
        for login in ("admin", "hoken", "jimu"):
            person = people.by_code("USER", login)
            assert person is not None
            actor = services.actor(person.id)
            wards[login] = actor.wards
            with services.reading(actor) as space:
                reader = space.reader("case_ledger")
                own = next(view for view in reader.definition.views if view.name == "自区")
                found[login] = reader.count(kintone.parse_condition(own.filter_cond))
    finally:
        services.engine.dispose()
    assert wards == {"admin": WARDS, "hoken": ("小倉北区",), "jimu": WARDS}
    # The tiny city is one ward.
    assert found["admin"] == found["jimu"] == found["hoken"] > 0


def test_quickstart_lets_nobody_unknown_into_an_installation_in_use(ready: Shell) -> None:
    ready("user", "add", "boss", "--admin", LOWCODE_PASSWORD=PASSWORD)
    assert ready("quickstart", "--no-serve", "--demo", "none", "--json").data["logins"] == []
    assert len(ready("user", "list", "--json").data) == 1


def test_verify_names_the_entry_that_was_changed(ready: Shell) -> None:
    for login in ("sato", "suzuki", "tanaka"):
        ready("user", "add", login, LOWCODE_PASSWORD=PASSWORD)
    whole = ready("verify", "--json")
    assert (whole.code, whole.data["audit_log"]["first_bad"]) == (0, None)
    count = whole.data["audit_log"]["entries"]
    assert f"{count} 件" in ready("verify").out
    engine = db.make_engine(os.environ["LOWCODE_DATABASE_URL"])
    with db.writing(engine) as connection:
        connection.execute(sa.text("UPDATE audit_log SET target = 'x' WHERE id = 2"))
    changed = ready("verify", "--json")
    assert (changed.code, changed.data["audit_log"]["first_bad"]) == (1, {"number": 2, "kind": "changed"})
    with db.writing(engine) as connection:
        connection.execute(sa.text("DELETE FROM audit_log WHERE id = 2"))
    engine.dispose()
    missing = ready("verify")
    assert missing.code == 1
    assert "監査ログの 2 番がありません" in missing.out
    assert ready("verify", "backup.tar").code == cli.FAILED
