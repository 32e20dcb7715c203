"""A fresh clone of this project in which ``make run`` is typed, as on a newcomer's machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import typing as t
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_START = 900.0
"""Seconds in which a first start must print its address: the parts are fetched and thousands of records are made."""
LATER_START = 120.0
STOP = 60.0


def why_absent() -> str | None:
    """Why no fresh clone can be made here, as a sentence; None when one can."""
    for program in ("git", "make"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not (ROOT / ".git").exists():
        return "this folder is not a git repository, so it cannot be cloned"
    return None


def real_data() -> Path | None:
    """The folder of published files beside the project, where it is (the fixture would leave the test out)."""
    folder = Path(os.environ.get("LOWCODE_REAL_DATA") or ROOT.parent / "shared" / "data" / "real")
    return folder if folder.is_dir() else None


class Clone:
    """The clone, the process that ``make run`` is, and what it printed."""

    def __init__(self, folder: Path, *, database: str = "", demo: str = "") -> None:
        self.folder = folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.passwords: dict[str, str] = {}
        self._options = [f"PORT={self.port}", *([f"DEMO={demo}"] if demo else [])]
        # What steers this run of the tests is nothing that a newcomer has; pip keeps its cache and its index.
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LOWCODE_", "PYTEST_", "COV_"))
            and name not in ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS")
        }
        self._environment["LOWCODE_DATA_DIR"] = str(folder / "var")
        if database:
            self._environment["LOWCODE_DATABASE_URL"] = database
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []
        self._more = threading.Condition()

    @classmethod
    def make(cls, folder: Path, *, database: str = "", demo: str = "") -> Clone:
        """Clone the newest commit of this project."""
        subprocess.run(
            ["git", "clone", "--quiet", str(ROOT), str(folder)], check=True, capture_output=True, timeout=120
        )
        return cls(folder, database=database, demo=demo)

    @property
    def printed(self) -> str:
        """Everything that was printed since the last start."""
        with self._more:
            return "\n".join(self._lines)

    def start(self, patience: float = FIRST_START) -> float:
        """Type ``make run`` and wait for the address and the log-ins; returns the seconds that took."""
        begun = time.monotonic()
        self._lines = []
        self._process = subprocess.Popen(
            ["make", "run", *self._options], cwd=self.folder, env=self._environment, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self._wait_for("Ctrl+C", begun + patience)
        assert f"ブラウザーで開いてください： {self.address}" in self.printed, self.printed
        self.passwords = dict(re.findall(r"^ログイン名 (\S+)　パスワード (\S+)　", self.printed, re.M))
        return time.monotonic() - begun

    def stop(self) -> None:
        """Press Ctrl+C: the signal goes to make and to everything that it started."""
        process = self._process
        if process is None:
            return
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP)
            raise AssertionError(f"it did not stop within {STOP:.0f} seconds:\n{self.printed}") from None
        self._process = None
        # The output ends when the last process that was started has ended, workers too.
        t.cast(threading.Thread, self._reader).join(STOP)
        assert not t.cast(threading.Thread, self._reader).is_alive(), "something that `make run` started is still there"

    def kill(self) -> None:
        """End whatever still runs (after a test that failed)."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP)
        if self._reader is not None:
            self._reader.join(STOP)

    def lowcode(self, *arguments: str) -> t.Any:
        """The answer of the clone's own command."""
        done = subprocess.run(
            [str(self.folder / ".venv" / "bin" / "lowcode"), *arguments, "--json"], cwd=self.folder,
            env=self._environment, capture_output=True, text=True, encoding="utf-8", timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def logins_file(self) -> Mapping[str, str]:
        """The log-ins that the first start kept in the data folder."""
        kept = json.loads((self.folder / "var" / "demo-logins.json").read_text("utf-8"))
        return {each["login"]: each["password"] for each in kept}

    def _read(self, process: subprocess.Popen[str]) -> None:
        with t.cast(t.IO[str], process.stdout) as output:
            for line in output:
                with self._more:
                    self._lines.append(line.rstrip("\n"))
                    self._more.notify_all()
        with self._more:
            self._lines.append("")
            self._more.notify_all()

    def _wait_for(self, words: str, until: float) -> None:
        process = t.cast("subprocess.Popen[str]", self._process)

        def ready() -> bool:
            return any(words in line for line in self._lines) or process.poll() is not None

        with self._more:
            while not ready():
                left = until - time.monotonic()
                assert left > 0, "`make run` printed no address in time:\n" + "\n".join(self._lines)
                # A process that ends without a last line wakes nobody, so look again now and then.
                self._more.wait(min(left, 5.0))
            assert any(words in line for line in self._lines), "`make run` ended:\n" + "\n".join(self._lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
