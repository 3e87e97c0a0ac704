#!/bin/sh
# Starts PostgreSQL in place of this shell. The first time it makes the cluster, the account `mood` and its
# database; an interrupted first time is begun again. The password is that of the secret, also when it changed.
set -eu

cluster=/var/lib/postgresql/cluster
data=$cluster/data
bin=$(echo /usr/lib/postgresql/*/bin)

# What a killed server left says nothing here, where process numbers begin anew; this lock does.
exec 9>"$cluster/lock"
flock --nonblock 9 || { echo "another PostgreSQL works in this volume" >&2; exit 1; }
rm -f "$data/postmaster.pid"

alone() { "$bin/postgres" --single -D "$1" postgres >/dev/null; } # runs the statements of its input

if [ ! -e "$data" ]; then
    rm -rf "$data.new"
    "$bin/initdb" -D "$data.new" -U postgres -A peer -E UTF8 --locale=C --no-instructions >/dev/null
    printf '%s\n' 'CREATE ROLE mood LOGIN;' 'CREATE DATABASE mood OWNER mood;' | alone "$data.new"
    mv "$data.new" "$data"
fi
echo "ALTER ROLE mood PASSWORD '$(cat /run/secrets/postgres_password)';" | alone "$data"
exec "$bin/postgres" -D "$data" -c config_file=/etc/mood/postgresql.conf -c hba_file=/etc/mood/pg_hba.conf
