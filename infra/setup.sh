#!/usr/bin/env bash
# Brings a bare Debian or Ubuntu machine (make, Python >= 3.11) to the point where everything runs.
# As root it installs what is missing; otherwise it says exactly what to install. Quick when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

PACKAGES=()
need() { command -v "$1" >/dev/null 2>&1 || PACKAGES+=("$2"); }

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && "$name" 2>/dev/null -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            echo "$name"
            return
        fi
    done
}

missing_packages() {
    need dockerd docker.io
    need docker docker.io
    need mmdebstrap mmdebstrap
    need setpriv util-linux
    need ip iproute2
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || PACKAGES+=(postgresql)
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || PACKAGES+=(python3-venv)
}

install_packages() {
    [ ${#PACKAGES[@]} -gt 0 ] || return 0
    local wanted
    wanted=$(printf '%s\n' "${PACKAGES[@]}" | sort -u | tr '\n' ' ')
    [ "$(id -u)" = 0 ] || fail "these packages are missing; run: sudo apt-get install $wanted"
    command -v apt-get >/dev/null || fail "install the equivalents of: $wanted"
    say "installing $wanted"
    export DEBIAN_FRONTEND=noninteractive
    # The distribution's own cluster is neither made nor started: `mood up` keeps one of its own.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $wanted >/dev/null
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_engine() {
    engine_answers && return
    [ "$(id -u)" = 0 ] || fail "no Docker Engine answers; start it (sudo systemctl start docker) and join the group docker"
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        say "starting the Docker Engine (no systemd here)"
        rm -f /var/run/docker.pid
        setsid nohup dockerd >/var/log/mood-dockerd.log 2>&1 </dev/null &
    fi
    for _ in $(seq 120); do
        engine_answers && return
        sleep 0.25
    done
    fail "the Docker Engine does not answer; see /var/log/mood-dockerd.log"
}

python_environment() {
    local stamp wanted
    stamp=.venv/.stamp
    wanted=$(cat requirements/*.txt ./*/pyproject.toml | sha256sum)
    [ "$(cat $stamp 2>/dev/null)" != "$wanted" ] || return 0
    say "Python environment in .venv ($("$PYTHON" --version))"
    [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
    local pip=(.venv/bin/python -m pip install -q --disable-pip-version-check)
    "${pip[@]}" -r requirements/uv.txt || true # only for speed
    .venv/bin/uv pip install -q -p .venv/bin/python --require-hashes -r requirements/dev.txt 2>/dev/null ||
        "${pip[@]}" --require-hashes -r requirements/dev.txt
    "${pip[@]}" -r requirements/torch.txt
    "${pip[@]}" --no-deps --no-build-isolation -e evaluator -e test_sets -e platform -e reference_submissions
    echo "$wanted" >$stamp
}

PYTHON=$(find_python)
[ -n "$PYTHON" ] || fail "Python 3.11 or newer is needed; install python3.11 (or newer) first"
missing_packages
install_packages
start_engine
python_environment
say "ready"
