#!/bin/sh
# Make or refresh a virtual environment from a lock with hashes, and put this folder's lowcode into it.
#
#   scripts/setup.sh run|dev [VENV [PYTHON]]
#
# Does nothing when the lock has not changed. Inside an unpacked bundle (dist/wheels is there) it asks no network.
set -eu
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
venv=${2:-.venv}
case $kind in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "scripts/setup.sh run|dev [VENV [PYTHON]]" >&2; exit 2 ;;
esac

new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in "$@" python3.11 python3.12 python3.13 python3; do
        if [ -n "$candidate" ] && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 以上が見つかりません。インストールしてください（例: sudo apt install python3 python3-venv python3-pip）。" >&2
    echo "Python 3.11 or newer is missing. Please install it (for example: sudo apt install python3 python3-venv python3-pip)." >&2
    return 1
}

if [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python"; then
    fresh=no
else
    python=$(find_python "${3:-${PYTHON:-}}")
    for module in venv ensurepip; do
        if ! "$python" -c "import $module" >/dev/null 2>&1; then
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            echo "Python の $module がありません。インストールしてください（例: sudo apt install python$version-venv python3-pip）。" >&2
            echo "Python's $module is missing. Please install it (for example: sudo apt install python$version-venv python3-pip)." >&2
            exit 1
        fi
    done
    echo "仮想環境を作ります / Making the virtual environment: $venv ($python)"
    "$python" -m venv --clear "$venv"
    fresh=yes
fi

# What the environment was made from: the lock, the project's metadata, this folder.
stamp_of() {
    "$venv/bin/python" -c '
import hashlib, os, sys
digest = hashlib.sha256((os.getcwd() + sys.version).encode())
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        digest.update(file.read())
print(digest.hexdigest())' "$1" pyproject.toml
}

current() {
    [ -f "$venv/.stamp-$1" ] && [ "$(cat "$venv/.stamp-$1")" = "$(stamp_of "$2")" ]
}

[ "$fresh" = yes ] && rm -f "$venv"/.stamp-*
# The development lock holds everything of the other one.
if current "$kind" "$lock" || { [ "$kind" = run ] && current dev requirements-dev.lock; }; then
    exit 0
fi

offline=
if [ -d dist/wheels ] && [ "$kind" = run ]; then
    offline="--no-index --find-links dist/wheels"
    echo "付属の部品から準備します（通信なし） / Setting up from the enclosed parts (no network)"
else
    echo "部品を取り寄せます / Fetching the parts named in $lock"
fi
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check -qq "$@"
}
# shellcheck disable=SC2086  # $offline is several words on purpose
pip install $offline --require-hashes -r "$lock"
# The build tool came with the lock, so this step needs no network either.
# shellcheck disable=SC2086
pip install $offline --no-deps --no-build-isolation --editable .
stamp_of "$lock" >"$venv/.stamp-$kind"
