#!/bin/sh
# Writes what docker-compose.yml asks for: .env, and random secrets as files in a folder of their own.
#
#   env.sh [FOLDER]      default: this repository, whose .env docker-compose reads by itself
#
# What is there already stays: secrets are made once, and lines of .env may be edited.
#   MOOD_PROJECT         name of containers, networks and volumes (default mood)
#   MOOD_PORT            port of API and pages on 127.0.0.1 (default 8030)
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "${1:-$root}"
folder=$(cd "${1:-$root}" && pwd)
secrets=$folder/.secrets
exchange=$folder/exchange
umask 077

fail() { echo "compose: $*" >&2; exit 1; }
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
[ -S "$socket" ] || fail "$socket is no socket of a Docker Engine; slots need one on this machine"
[ "$(id -u)" = 0 ] && uid=10001 || uid=$(id -u)

write_secret() { # readable inside containers, which see the file alone; the folder keeps everyone else out
    printf '%s\n' "$2" >"$secrets.new/$1"
    chmod 444 "$secrets.new/$1"
}

if [ ! -d "$secrets" ]; then
    rm -rf "$secrets.new"
    mkdir "$secrets.new"
    database=$(random 24)
    broker=$(random 24)
    write_secret postgres_password "$database"
    write_secret MOOD_DATABASE__URL "postgresql+psycopg://mood:$database@postgres/mood"
    write_secret broker_password "requirepass $broker"
    write_secret MOOD_BROKER__URL "redis://:$broker@broker:6379/0"
    mv "$secrets.new" "$secrets"
fi
mkdir -p "$exchange"
[ "$(id -u)" != 0 ] || chown "$uid" "$exchange"

if [ ! -e "$folder/.env" ]; then
    cat >"$folder/.env.new" <<ENV
# What docker-compose.yml asks for; made by infra/compose/env.sh, yours to edit. No secret stands here.
COMPOSE_PROJECT_NAME=${MOOD_PROJECT:-mood}
MOOD_BASE_IMAGE=mood-base:$(. /etc/os-release && echo "${VERSION_CODENAME:-latest}")
MOOD_SECRETS=$secrets
MOOD_EXCHANGE=$exchange
MOOD_INSTANCE=mood-$(random 4)
MOOD_UID=$uid
MOOD_DOCKER_SOCKET=$socket
MOOD_DOCKER_GID=$(stat -c %g "$socket")
MOOD_PORT=${MOOD_PORT:-8030}
MOOD_PUBLIC_URL=http://127.0.0.1:${MOOD_PORT:-8030}
ENV
    mv "$folder/.env.new" "$folder/.env"
    echo "compose: $folder/.env and secrets in $secrets written"
fi
