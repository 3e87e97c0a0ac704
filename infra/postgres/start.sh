#!/bin/sh
# Starts PostgreSQL in place of this shell. The first time it makes the cluster, the account `mood` with the
# password of the secret `postgres_password`, and its database; an interrupted first time is begun again.
set -eu

cluster=/var/lib/postgresql/cluster
data=$cluster/data
bin=$(echo /usr/lib/postgresql/*/bin)

if [ ! -e "$data" ]; then
    rm -rf "$data.new"
    "$bin/initdb" -D "$data.new" -U postgres -A peer -E UTF8 --locale=C --no-instructions >/dev/null
    "$bin/postgres" --single -D "$data.new" postgres >/dev/null <<SQL
CREATE ROLE mood LOGIN PASSWORD '$(cat /run/secrets/postgres_password)';
CREATE DATABASE mood OWNER mood;
SQL
    mv "$data.new" "$data"
fi
exec "$bin/postgres" -D "$data" \
    -c config_file=/etc/mood/postgresql.conf -c hba_file=/etc/mood/pg_hba.conf
