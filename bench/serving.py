"""Starts an application under gunicorn, the same way for both sides, and calls it over one kept connection."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WORKERS, THREADS = 2, 4
PIECE = 65_536


@dataclass(frozen=True)
class Server:
    """A gunicorn that listens on ``port``; its master is the process ``pid``."""

    port: int
    pid: int

    def resident(self) -> dict[int, int]:
        """Bytes of memory that each worker holds for itself now, by process (Linux, proc(5): resident less shared).

        Pages of the database's file that SQLite has mapped are the kernel's to take away, and do not count.
        """
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        page = os.sysconf("SC_PAGE_SIZE")
        sizes = {int(pid): Path(f"/proc/{pid}/statm").read_text("ascii").split() for pid in children}
        return {pid: (int(size[1]) - int(size[2])) * page for pid, size in sizes.items()}


class Growth:
    """By how many bytes the largest worker stood above ``before`` at its highest while the block ran."""

    def __init__(self, server: Server, before: Mapping[int, int]) -> None:
        self.server, self.before, self.most = server, before, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Growth:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            for pid, size in self.server.resident().items():
                self.most = max(self.most, size - self.before.get(pid, size))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(
    target: str, environment: Mapping[str, str], *, threads: int = THREADS, keep_alive: int = 60
) -> Iterator[Server]:
    """Serve ``module:callable()`` until the block ends."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", target, "--bind", f"127.0.0.1:{port}"),
        *("--workers", str(WORKERS), "--threads", str(threads), "--worker-class", "gthread"),
        *("--keep-alive", str(keep_alive), "--log-level", "error"),
    ]
    with _running(command, environment, port) as server:
        yield server


@contextlib.contextmanager
def served_as_shipped(environment: Mapping[str, str]) -> Iterator[Server]:
    """``lowcode serve``, with the job worker beside it, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "lowcode", "serve", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)]
    with _running(command, environment, port) as server:
        yield server


@contextlib.contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], port: int) -> Iterator[Server]:
    # Our own server; what it says belongs to the progress, not to the results.
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=sys.stderr)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} did not start")
            time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(60)


class Client:
    """One kept connection; raises when an answer is not what the benchmark needs."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = dict(headers or {})

    def again(self) -> Client:
        """Another connection with the same headers."""
        return Client(self.connection.port, self.headers)

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, t.Any]:
        """Status, body and headers of one answer."""
        self.connection.request(method, path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def need(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """The body; anything but a success stops the run."""
        status, found, _ = self.call(method, path, body, **headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {found[:300]!r}")
        return found

    def lines(self, path: str) -> int:
        """How many lines a streamed answer has; it is read in pieces and not kept."""
        self.connection.request("GET", path, None, self.headers)
        answer = self.connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.read()[:300]!r}")
        count = 0
        while piece := answer.read(PIECE):
            count += piece.count(b"\n")
        return count
