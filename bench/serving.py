"""Starts an application under gunicorn, the same way for both sides, and calls it over one kept connection."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator, Mapping

WORKERS, THREADS = 2, 4


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(target: str, environment: Mapping[str, str]) -> Iterator[int]:
    """Serve ``module:callable()`` until the block ends; gives the port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        target,
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        str(WORKERS),
        "--threads",
        str(THREADS),
        "--worker-class",
        "gthread",
        "--keep-alive",
        "60",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command, env={**os.environ, **environment})  # our own server
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{target} did not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


class Client:
    """One kept connection; raises when an answer is not what the benchmark needs."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = dict(headers or {})

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
