"""Strangers' files are opened by a process of their own, with limits, that can be killed at any time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lowcode.errors import NotAvailable

GRACE = 2.0
"""The clock on the wall may run a little longer than the processor's."""
TOO_SLOW = -24
"""SIGXCPU: the limit of the processor's time was reached."""


def run(program: Path, arguments: Sequence[object], *, seconds: int, folder: Path) -> int | None:
    """Run one of our files in a process without environment, input and output; its exit code.

    :param program: a module that imports nothing of ours, by its file: nothing of the product is on its path.
    :param folder: where it works and writes. :returns: None when it took longer than ``seconds``.
    :raises NotAvailable: the machine cannot limit a process.
    """
    if os.name != "posix":
        raise NotAvailable("preview.not_on_this_system")
    process = subprocess.Popen(  # noqa: S603  # our own module with numbers and paths that we made
        [sys.executable, "-I", str(program), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        cwd=folder,
    )
    try:
        code = process.wait(timeout=seconds + GRACE)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
    return None if code == TOO_SLOW else code


__all__ = ["run"]
