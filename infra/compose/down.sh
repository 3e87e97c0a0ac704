#!/bin/sh
# Stops the platform of docker-compose.yml. Slots end the case in hand first; what a killed one left is removed.
# Data stays in its volumes. Options go to docker-compose: down.sh --env-file FILE.
set -eu

cd "$(dirname "$0")/../.."
compose() {
    # shellcheck disable=SC2086  # may be two words: docker compose
    ${COMPOSE:-docker-compose} "$@"
}
instance=$(compose "$@" config | sed -n 's/^ *MOOD_EXECUTION__INSTANCE: *//p' | head -n 1)
compose "$@" down
label="label=org.mood.instance=${instance:?}"
docker ps --all --quiet --filter "$label" | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
docker volume ls --quiet --filter "$label" | xargs --no-run-if-empty docker volume rm >/dev/null
