"""``lowcode serve`` and ``lowcode worker``: gunicorn in the foreground, the job worker beside it."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Sequence

import flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from lowcode import db
from lowcode.accounts import first, users
from lowcode.app import create_app
from lowcode.commands import Answer, Subparsers, command, open_services, say
from lowcode.errors import LowcodeError, NotAvailable
from lowcode.services import Services, secret_key
from lowcode.web import metrics

JOBS = "lowcode.jobs.worker"
"""The module whose ``run(services)`` works off jobs until SIGTERM."""
THREADS = 8
STOP_SECONDS = 20
RESTART_SECONDS = 2.0


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    serve = command(subparsers, "serve", _serve, "cli.help.serve")
    serve.add_argument("--bind", action="append", metavar="ADDRESS:PORT", help=say("cli.option.bind"))
    serve.add_argument("--workers", type=int, default=None, metavar="N", help=say("cli.option.workers"))
    serve.add_argument("--no-worker", action="store_true", help=say("cli.option.no_worker"))
    command(subparsers, "worker", _worker, "cli.help.worker")


def default_binds(port: int | None = None) -> list[str]:
    """The loopback addresses of this machine: IPv4, and IPv6 where it exists."""
    port = port or int(os.environ.get("PORT") or 8000)
    return [f"127.0.0.1:{port}", *([f"[::1]:{port}"] if _has_ipv6() else [])]


def serve(
    services: Services, binds: Sequence[str], *, workers: int | None = None, with_jobs: bool = True
) -> t.NoReturn:
    """Serve until SIGTERM or SIGINT; ends the process.

    :raises LowcodeError: an address is taken.
    """
    secret_key(services.settings)  # a bad key stops the start here, with a sentence, not in every worker
    _require_free(binds)
    with db.reading(services.engine) as connection:
        nobody = not users.any_user(connection)
    if nobody:
        print(say("cli.setup_code", address=_browse(binds[0]), code=first.setup_code(services.settings)), flush=True)
    # Connections must not be shared with the workers that are forked from here.
    services.engine.dispose()
    metrics.shared()  # made here, so that all of them count together
    ready = say("cli.serving", address=_browse(binds[0]))
    application = _Application(binds, workers or min(4, os.cpu_count() or 1), ready)
    _Supervisor(application, with_jobs and jobs_exist()).run()
    raise SystemExit(0)


def jobs_exist() -> bool:
    """Whether this release has a job worker."""
    return importlib.util.find_spec("lowcode.jobs") is not None and importlib.util.find_spec(JOBS) is not None


def _serve(options: argparse.Namespace) -> Answer:
    services = open_services()
    binds = options.bind or default_binds()
    serve(services, binds, workers=options.workers, with_jobs=not options.no_worker)


def _worker(options: argparse.Namespace) -> Answer:
    if not jobs_exist():
        raise NotAvailable()
    services = open_services()
    _log()
    run: Callable[[Services], None] = importlib.import_module(JOBS).run
    run(services)
    return Answer()


class _Application(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Our application in gunicorn; each worker makes its own, with its own connections."""

    def __init__(self, binds: Sequence[str], workers: int, ready: str) -> None:
        def when_ready(arbiter: Arbiter) -> None:
            # Not before: whoever opens the address as soon as it is printed would be refused.
            print(ready, flush=True)

        self._chosen = {
            "when_ready": when_ready,
            "bind": list(binds),
            "workers": workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 120,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 5,
            "loglevel": "warning",
            # Whether a proxy's words are believed is decided by LOWCODE_TRUSTED_PROXIES, in one place.
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._chosen.items():
            # An older gunicorn has no control socket that would have to be switched off.
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> flask.Flask:
        _log()
        return create_app()


class _Supervisor(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's master, which also keeps one job worker alive."""

    def __init__(self, app: _Application, with_jobs: bool) -> None:
        self._with_jobs = with_jobs
        self._jobs: subprocess.Popen[bytes] | None = None
        self._jobs_started = 0.0
        super().__init__(app)

    def manage_workers(self) -> None:
        super().manage_workers()
        if not self._with_jobs or (self._jobs is not None and self._jobs.poll() is None):
            return
        # A worker that dies at once must not be started hundreds of times a second.
        if time.monotonic() - self._jobs_started >= RESTART_SECONDS:
            self._jobs_started = time.monotonic()
            command_line = [sys.executable, "-m", "lowcode", "worker"]
            self._jobs = subprocess.Popen(command_line, preexec_fn=_die_with_parent)  # noqa: S603 our own command

    def stop(self, graceful: bool = True) -> None:
        self._with_jobs = False
        if self._jobs is not None and self._jobs.poll() is None:
            self._jobs.terminate()
        super().stop(graceful)
        if self._jobs is not None:
            try:
                self._jobs.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._jobs.kill()
                self._jobs.wait()


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces every look at the revision


def _die_with_parent() -> None:
    # The signals that gunicorn blocked or handles are the worker's own business; and on Linux the kernel ends the
    # worker when the master is killed outright.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def _require_free(binds: Sequence[str]) -> None:
    """Say in words that somebody else listens, instead of gunicorn's five tries."""
    for bind in binds:
        host, _, port = bind.rpartition(":")
        host = host.strip("[]")
        if not port.isdecimal() or not host or bind.startswith("unix:"):
            continue
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                raise AddressTaken("cli.address_taken", address=bind, reason=error.strerror) from None


class AddressTaken(LowcodeError):
    """The address cannot be listened at."""

    status = 500


def _browse(bind: str) -> str:
    return f"http://{bind}"
