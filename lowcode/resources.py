"""Where the folders that stand at the top of the source tree are, in a checkout and once installed.

``app_templates/`` and ``migrations/`` are not Python packages. The wheel carries them as
``lowcode/_app_templates`` and ``lowcode/_migrations`` (see ``pyproject.toml``).
"""

from __future__ import annotations

import typing as t
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

Name = t.Literal["app_templates", "migrations"]


def folder(name: Name) -> Path:
    """The folder of the shipped app templates or of the alembic migrations.

    :raises FileNotFoundError: the installation is damaged: the folder is in neither place.
    """
    for candidate in (PACKAGE / f"_{name}", PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name} is missing beside {PACKAGE}; install lowcode again")
