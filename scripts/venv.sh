#!/bin/sh
# Fill .venv with the package and the given extras: `scripts/venv.sh PYTHON EXTRA[,EXTRA]`.
#
# `python -m venv` fails where ensurepip is missing, and `pip install` is refused where the system's
# Python is externally managed. So the environment is made without pip, and filled from outside.
set -eu

py=$1
extras=$2
venv=.venv
package=".[$extras]"

# A directory without the stamp was left by a run that failed half-way.
if [ ! -e "$venv/.ok" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    "$py" -m venv --without-pip "$venv"
fi

pip_can() { "$py" -c 'import pip, sys; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3))' 2>/dev/null; }

if pip_can; then
    "$py" -m pip --python "$venv/bin/python" install -qq --disable-pip-version-check \
        --root-user-action=ignore -c requirements.lock -e "$package"
elif command -v uv >/dev/null 2>&1; then
    uv pip install -q --python "$venv/bin/python" -c requirements.lock -e "$package"
elif "$venv/bin/python" -m ensurepip >/dev/null 2>&1; then
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check \
        --root-user-action=ignore -c requirements.lock -e "$package"
else
    echo "sidecar: $py has no pip >= 22.3 and there is no uv; on Debian: apt-get install python3-pip" >&2
    exit 1
fi
touch "$venv/.ok"
