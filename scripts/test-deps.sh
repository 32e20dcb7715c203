#!/usr/bin/env bash
# Install what the tests need beside Python, from Debian's packages, and only what is missing.
set -euo pipefail

missing=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || command -v initdb >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
[ -n "$(ls /usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
command -v runuser >/dev/null || missing+=(util-linux)

if [ ${#missing[@]} -eq 0 ]; then
    echo "PostgreSQL, Chromium and the fonts are already here."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "apt-get is missing; please install by hand: ${missing[*]}" >&2
    exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
# The tests start a throw-away cluster of their own; the package need not make one.
if [[ " ${missing[*]} " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
