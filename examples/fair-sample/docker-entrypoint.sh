#!/bin/bash
set -e
# settings of a mounted .env, if there is one
if [ -f /app/backend/.env ]; then
  set -a
  source /app/backend/.env
  set +a
fi
exec "$@"
