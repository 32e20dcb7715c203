#!/bin/sh
# Write both locks anew: every version with its hashes, good for Python 3.11 to 3.13 on any platform.
# `UPGRADE=1 make lock` takes newer versions; otherwise those that still fit stay.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --custom-compile-command "make lock" ${UPGRADE:+--upgrade} "$@"
}
compile --extra build --output-file requirements.lock
compile --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
