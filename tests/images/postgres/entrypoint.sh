#!/bin/bash
# Prepares a PostgreSQL data folder at the first start, then becomes the server.
#   POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS   each also as NAME_FILE
#   POSTGRES_HOST_AUTH_METHOD                                            `trust` allows no password
#   PGDATA                                                               the data folder
#   /docker-entrypoint-initdb.d/*.sql, *.sql.gz, *.sh                    run once, in name order
set -euo pipefail

# value NAME DEFAULT: $NAME, or what the file named by $NAME_FILE holds.
value() {
    local name=$1 file_variable=${1}_FILE
    if [ -n "${!name:-}" ] && [ -n "${!file_variable:-}" ]; then
        echo "error: both $name and $file_variable are set" >&2
        exit 1
    fi
    if [ -n "${!file_variable:-}" ]; then cat "${!file_variable}"; else printf '%s' "${!name:-$2}"; fi
}

prepare() {
    local user password database auth
    local -a options
    user=$(value POSTGRES_USER postgres)
    password=$(value POSTGRES_PASSWORD '')
    database=$(value POSTGRES_DB "$user")
    read -ra options <<<"$(value POSTGRES_INITDB_ARGS '')"
    auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$auth" != trust ]; then
        echo "error: set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) to a password for $user" >&2
        exit 1
    fi
    # In a file of its own memory: on the command line `ps` would show it.
    [ -z "$password" ] || options+=("--pwfile=/dev/fd/3")
    initdb --username="$user" --no-instructions "${options[@]}" -D "$PGDATA" 3<<<"$password"
    echo "host all all all $auth" >>"$PGDATA/pg_hba.conf"

    # Until everything is in place only the socket answers, so that nobody takes the half-made
    # server for a ready one.
    pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
    local -a psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user")
    [ "$database" = postgres ] || "${psql[@]}" --dbname postgres --set db="$database" <<<'CREATE DATABASE :"db";'
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else bash "$file"; fi ;;
            *.sql) "${psql[@]}" --dbname "$database" -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | "${psql[@]}" --dbname "$database" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
}

[ "${1:-}" != "" ] && [ "${1#-}" = "$1" ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p "$PGDATA"
        find "$PGDATA" ! -user postgres -exec chown postgres: {} +
        find /var/run/postgresql ! -user postgres -exec chown postgres: {} +
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    [ -s "$PGDATA/PG_VERSION" ] || prepare
fi
exec "$@"
