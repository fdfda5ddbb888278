#!/usr/bin/env bash
# Installs Debian's chromium for the browser tests, where it is missing and apt-get is there.
set -euo pipefail

if command -v chromium >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "SKIPPED: no apt-get here: the browser tests will be left out" >&2
    exit 0
fi
root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! sudo --non-interactive true 2>/dev/null; then
        echo "SKIPPED: installing chromium needs root: apt-get install chromium" >&2
        exit 0
    fi
    root=(sudo --non-interactive)
fi
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update --quiet=2
"${root[@]}" apt-get install --quiet=2 --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
