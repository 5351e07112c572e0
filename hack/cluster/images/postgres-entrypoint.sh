#!/bin/sh
# Make a database in PGDATA if there is none, then be Postgres. Its socket is in /tmp, the one other folder it writes to.
set -eu
umask 077
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s\n' "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}" >/tmp/password
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username="$user" --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C.UTF-8 >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA.new/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s"\n' "$database" | postgres --single -j -D "$PGDATA.new" postgres >/dev/null
  fi
  # Under its own name only when it is whole: a pod may be killed at any moment.
  mv "$PGDATA.new" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
