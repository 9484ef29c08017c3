#!/bin/sh
# Prints the first interpreter that really runs, is at least 3.11 and can make virtual environments.
# A name on PATH is no proof: pyenv puts shims there for versions that are not switched on, and Debian's
# python3 may come without venv. An argument names the only one to try.
set -u

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${1-}" ]; then
    if usable "$1"; then
        echo "$1"
        exit 0
    fi
    echo "PYTHON=$1 does not run, is older than 3.11, or lacks the venv module." >&2
    exit 1
fi

for candidate in python3.13 python3.12 python3.11 python3.14 python3 python \
    "${HOME:-/nonexistent}"/.pyenv/versions/3.1[1-4]*/bin/python3 \
    /opt/homebrew/bin/python3.1[1-4] /usr/local/bin/python3.1[1-4]; do
    if usable "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done

cat >&2 <<'MESSAGE'
No Python >= 3.11 with the venv module was found.
  Debian, Ubuntu:  sudo apt install python3 python3-venv
  macOS:           brew install python@3.13
  or name one:     make PYTHON=/path/to/python3 ...
MESSAGE
exit 1
