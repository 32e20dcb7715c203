"""A throw-away PostgreSQL for the tests: one cluster per run, shared by all workers of pytest-xdist.

The cluster listens on a Unix socket only and writes nothing safely (``fsync=off``): it is thrown away.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

RUN_FOLDER = "LOWCODE_TEST_RUN_DIR"
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # dropping a schema locks every table in it
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "timezone": "UTC",
}
# Ends the cluster when the test run is killed and cannot do so itself.
WATCH = """
import os, shutil, subprocess, sys, time
run, folder, *stop = sys.argv[1:]
while os.path.isdir(folder):
    try:
        os.kill(int(run.rpartition("-")[2]), 0)
    except ProcessLookupError:
        subprocess.run(stop, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(run, ignore_errors=True)
    time.sleep(2)
"""


def programs() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl`` of the newest PostgreSQL here, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name))
    on_path = shutil.which("initdb")
    candidates = [*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((path for path in candidates if (path / "initdb").exists() and (path / "pg_ctl").exists()), None)


def why_absent() -> str | None:
    """Why PostgreSQL cannot be used here, as a sentence; None when it can."""
    if programs() is None:
        return "PostgreSQL's programs are not installed (`make test-deps` installs them on Debian)"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL refuses to run as root and `runuser` is missing"
    return None


def shared_cluster() -> str:
    """The URL of the run's cluster (its ``postgres`` database); starts it when nobody has yet."""
    state = Path(os.environ[RUN_FOLDER]) / "postgres.json"
    with _locked(state.with_suffix(".lock")):
        if not state.exists():
            folder = _start()
            state.write_text(json.dumps({"folder": str(folder)}), "utf-8")
        folder = Path(json.loads(state.read_text("utf-8"))["folder"])
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


def stop(run_folder: Path) -> None:
    """Stop the run's cluster, if one was started, and delete it."""
    state = run_folder / "postgres.json"
    if state.exists():
        folder = Path(json.loads(state.read_text("utf-8"))["folder"])
        subprocess.run(_stop_command(folder), check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _start() -> Path:
    # A socket's path may have about 100 characters, so it never lies in pytest's own long folders.
    folder = Path(tempfile.mkdtemp(prefix="lowcode-pg-", dir="/tmp"))
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    _run("initdb", "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync")
    options = " ".join(f"-c {name}={value or repr(value)}" for name, value in OPTIONS.items())
    _run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", f"{options} -k {folder}", "start")
    # Through a shell that ends at once: the watcher outlives this process and is nobody's child.
    subprocess.run(
        [
            "sh",
            "-c",
            '"$@" &',
            "sh",
            sys.executable,
            "-c",
            WATCH,
            os.environ[RUN_FOLDER],
            str(folder),
            *_stop_command(folder),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return folder


def _stop_command(folder: Path) -> list[str]:
    return _command("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop")


def _command(name: str, *arguments: str) -> list[str]:
    bin_folder = programs()
    assert bin_folder is not None
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return [*as_postgres, str(bin_folder / name), *arguments]


def _run(name: str, *arguments: str) -> None:
    # pg_ctl's server keeps the pipes open, so its output goes to a file and not to a pipe.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            _command(name, *arguments), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/tmp"
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{name} failed:\n{output.read()}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[t.TextIO]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
