#!/bin/sh
# `mood base-image`: makes the platform's base image mood-base:<release>: holder of every case, FROM of the reference images.
#
# A Python image is pulled where a registry answers; otherwise the image is bootstrapped from the packages
# of this machine's own distribution. Both forms contain sh, sleep, python3 and pip, and trust the
# certificate authorities that this machine trusts, so that pip works in builds behind a proxy.
#
#   MOOD_BASE_PULL     image to try to pull first (default python:3.11-slim); "none" bootstraps at once
#   MOOD_BASE_RELEASE  distribution release to bootstrap (default: this machine's) and tag of the image
#   MOOD_BASE_REBUILD  set to 1 to build although the image is there
set -eu

say() { echo "base image: $*"; }
fail() { echo "base image: $*" >&2; exit 1; }

release=${MOOD_BASE_RELEASE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
[ -n "$release" ] || fail "this distribution has no codename; set MOOD_BASE_RELEASE, for example to bookworm"
image="mood-base:$release"
pull=${MOOD_BASE_PULL:-python:3.11-slim}
bundle=/etc/ssl/certs/ca-certificates.crt
inside=/etc/ssl/certs/mood-ca-certificates.crt

docker version >/dev/null 2>&1 || fail "no Docker Engine answers; start it, or point DOCKER_HOST to one"
if [ "${MOOD_BASE_REBUILD:-0}" != 1 ] && docker image inspect "$image" >/dev/null 2>&1; then
    say "$image is there"
    exit 0
fi

work=$(mktemp -d)
scratch=mood-base-$$
trap 'docker rm -f "$scratch" >/dev/null 2>&1; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
[ ! -f "$bundle" ] || cp "$bundle" "$work/ca.crt"

set -- --change 'LABEL org.mood.base=1' --change 'CMD ["sh"]'
if [ -f "$work/ca.crt" ]; then
    for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE; do
        set -- "$@" --change "ENV $name=$inside"
    done
fi

from_registry() {
    [ "$pull" != none ] || return 1
    say "asking a registry for $pull"
    timeout 45 docker pull -q "$pull" >/dev/null 2>&1 || return 1
    docker create --name "$scratch" "$pull" >/dev/null
    [ ! -f "$work/ca.crt" ] || docker cp "$work/ca.crt" "$scratch:$inside" >/dev/null
    docker commit "$@" "$scratch" "$image" >/dev/null
    say "$image made from $pull"
}

from_distribution() {
    command -v mmdebstrap >/dev/null || fail "no registry answers and mmdebstrap is missing; install it (apt-get install mmdebstrap) or set MOOD_BASE_PULL"
    say "no registry answers; bootstrapping $release with mmdebstrap (about 40 s)"
    cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/ubuntu.sources \
        >"$work/sources" 2>/dev/null || true
    [ "$release" = "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" ] || : >"$work/sources"
    mirror=""
    [ ! -s "$work/sources" ] || mirror=-
    # shellcheck disable=SC2016,SC2086  # $1 is expanded by mmdebstrap's shell; an empty mirror is no argument
    mmdebstrap --quiet --variant=minbase --format=tar \
        --include=python3,python3-pip,python3-venv,ca-certificates \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
        --customize-hook='ln -sf python3 "$1/usr/bin/python"' \
        --customize-hook="[ ! -f '$work/ca.crt' ] || cp '$work/ca.crt' \"\$1$inside\"" \
        --customize-hook="[ ! -f '$work/ca.crt' ] || chmod 644 \"\$1$inside\"" \
        "$release" "$work/root.tar" $mirror <"$work/sources" \
        || fail "mmdebstrap failed; its messages are above"
    docker import "$@" --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        "$work/root.tar" "$image" >/dev/null
    say "$image made from the packages of $release"
}

from_registry "$@" || from_distribution "$@"
say "$(docker image inspect --format '{{.Id}}, {{.Size}} bytes' "$image")"
