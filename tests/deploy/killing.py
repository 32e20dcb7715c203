"""A process that deploys in children, each of which kills itself at one place (``python -m tests.deploy.killing``).

It has one thread and no open connection when it forks, so that a child is safe; and everything is imported and every
statement compiled by then, so that a child takes hundredths of a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import traceback
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa

from lowcode import db, deploy
from tests.deploy import apps, faults
from tests.deploy.copies import Copies


class Killing:
    """The process, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def at(self, place: int) -> bool:
        """Deploy, and kill at this statement or commit; whether it came to that, or the deploy ended before."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{place}\n")
        self._process.stdin.flush()
        ended = self.read()
        assert ended in (-signal.SIGKILL, 0), "the deploy failed; standard error says how"
        return ended != 0

    def read(self) -> int:
        """The next number that the process says."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline() or 1)


@contextlib.contextmanager
def killing(copies: Copies) -> Iterator[Killing]:
    """Start the process and end it again. It uses up one copy for its rehearsal."""
    copies.fresh()
    command = [sys.executable, "-m", "tests.deploy.killing", copies.url, str(copies.app)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        made = Killing(process)
        assert made.read() == 0, "the rehearsal failed; standard error says how"
        yield made
    assert process.returncode == 0


def _serve(url: str, app: int) -> None:
    engine = db.make_engine(url)
    deploy.deploy(engine, app, apps.ACTOR, ctx=apps.CTX)
    engine.dispose()
    print(0, flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _die(engine, app, int(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _die(engine: sa.Engine, app: int, place: int) -> t.NoReturn:
    try:
        with faults.at_statement(engine, place, lambda: os.kill(os.getpid(), signal.SIGKILL)):
            deploy.deploy(engine, app, apps.ACTOR, ctx=apps.CTX)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
