#!/bin/sh
# Builds the images of docker-compose.yml: base image, the platform's wheels, then one build per Dockerfile.
# Options go to docker-compose: build.sh --env-file FILE. Compose v2: COMPOSE="docker compose".
set -eu

cd "$(dirname "$0")/../.."
[ -x .venv/bin/python ] || { echo "compose: .venv is missing; run \`make setup\` first" >&2; exit 1; }
infra/base-image/build.sh
release=${MOOD_BASE_RELEASE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
.venv/bin/python infra/compose/wheels.py "mood-base:$release" .wheels/platform
# shellcheck disable=SC2086  # may be two words: docker compose
${COMPOSE:-docker-compose} "$@" build --quiet
