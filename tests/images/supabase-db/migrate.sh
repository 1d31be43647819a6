#!/bin/bash
# init-scripts run as `postgres`, who is a superuser until the end; then migrations as
# `supabase_admin`, the owner of everything.
set -euo pipefail
run() { psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --dbname postgres "$@"; }

run -U supabase_admin -c 'create role postgres superuser createdb createrole replication bypassrls login'
run -U supabase_admin -v password="$POSTGRES_PASSWORD" <<<"alter role postgres password :'password'; alter role supabase_admin password :'password';"
for file in /docker-entrypoint-initdb.d/init-scripts/*.sql; do run -U postgres -f "$file"; done
for file in /docker-entrypoint-initdb.d/migrations/*.sql; do
    [ ! -e "$file" ] || run -U supabase_admin -f "$file"
done
run -U supabase_admin -c 'alter role postgres nosuperuser'
