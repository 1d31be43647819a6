#!/bin/sh
# Becomes redis-server as the user `redis`. Other containers may connect without a password, as
# with the published image: Debian's build would answer the loopback address alone.
set -eu

case "${1:-}" in
    -* | *.conf | '') set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
    case " $* " in
        *" --protected-mode "*) ;;
        *) set -- "$@" --protected-mode no ;;
    esac
    if [ "$(id -u)" -eq 0 ]; then
        find . ! -user redis -exec chown redis: {} +
        exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
    fi
fi
exec "$@"
