#!/bin/sh
# Brings a bare Debian or Ubuntu with make and Python >= 3.11 to the point where everything here runs.
#
# As root it installs what is missing and starts the Docker Engine where no systemd does; otherwise it
# says exactly what to install. Done before and unchanged: it returns at once.
#
#   PYTHON  the interpreter to build .venv with (default: the first that is new enough)
set -eu

cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-}
PACKAGES="evaluator test_sets platform reference_submissions studies"
begun=$(date +%s)

say() { echo "setup $(($(date +%s) - begun))s: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

fingerprint() {
    cat requirements/*.txt infra/setup.sh evaluator/pyproject.toml test_sets/pyproject.toml \
        platform/pyproject.toml reference_submissions/pyproject.toml studies/pyproject.toml | sha256sum | cut -d' ' -f1
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# A client alone, as some images ship it, is not enough: something must answer, or be there to be started.
has_engine() { engine_answers || command -v dockerd >/dev/null || { [ -n "${DOCKER_HOST:-}" ] && command -v docker >/dev/null; }; }

has_postgres() { ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null; }

has_compose() { command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1; }

missing_packages() {
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
    has_engine || echo docker.io
    has_compose || echo docker-compose
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    [ -d /etc/ssl/certs ] || echo ca-certificates
    has_postgres || echo postgresql
}

install_packages() {
    [ -n "$1" ] || return 0
    # shellcheck disable=SC2086  # a list of words
    set -- $1
    [ "$(id -u)" = 0 ] || fail "these packages are missing: $*. Run as root, or: sudo apt-get install $*"
    command -v apt-get >/dev/null || fail "this is no Debian or Ubuntu; install by hand what is called there: $*"
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    quiet apt-get update
    case " $* " in *" postgresql "*) # the server alone: the platform makes its own cluster
        quiet apt-get install -y --no-install-recommends postgresql-common
        sed -i 's/^#\{0,1\}create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf ;;
    esac
    quiet apt-get install -y --no-install-recommends "$@"
}

quiet() {
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; rm -f "$log"; fail "failed: $*"; }
    rm -f "$log"
}

start_engine() {
    engine_answers && return 0
    [ -z "${DOCKER_HOST:-}" ] || fail "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST"
    [ "$(id -u)" = 0 ] || fail "the Docker Engine does not answer: start it, and add yourself to the group docker"
    say "starting the Docker Engine"
    if [ -d /run/systemd/system ]; then
        quiet systemctl start docker
    else
        rm -f /var/run/docker.pid
        nohup setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null &
    fi
    tries=0
    until engine_answers; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || { tail -n 20 /var/log/dockerd.log >&2; fail "the Docker Engine did not start"; }
        sleep 0.5
    done
}

find_python() {
    for name in $PYTHON python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is missing; install it, or name it with PYTHON"
}

install_requirements() {
    if .venv/bin/python -m pip install --quiet -r requirements/uv.txt 2>/dev/null; then
        say "installing the pinned requirements with uv"
        uv_pip --require-hashes -r requirements/dev.txt
    else
        say "installing the pinned requirements with pip (uv is not to be had)"
        pip_install --require-hashes -r requirements/dev.txt
    fi
    say "installing PyTorch" # by pip, which takes a CPU build where one is at hand
    pip_install -r requirements/torch.txt
    say "installing the five packages of this repository"
    editable=""
    for package in $PACKAGES; do editable="$editable -e ./$package"; done
    # shellcheck disable=SC2086  # a list of words
    pip_install --no-deps --no-build-isolation $editable
}

uv_pip() { quiet .venv/bin/uv pip install --python .venv/bin/python --compile-bytecode "$@"; }
pip_install() { quiet .venv/bin/python -m pip install --disable-pip-version-check "$@"; }

make_environment() {
    say "making .venv with $("$PYTHON" --version)"
    [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
    install_requirements
    fingerprint >.venv/.setup
}

PYTHON=$(find_python)
install_packages "$(missing_packages | tr '\n' ' ' | sed 's/ $//')"
start_engine
[ "$(cat .venv/.setup 2>/dev/null)" = "$(fingerprint)" ] || make_environment
say "ready"
