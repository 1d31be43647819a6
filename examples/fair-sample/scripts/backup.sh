#!/bin/sh
# dump the database into BACKUP_DIR
set -eu
target="${BACKUP_DIR:-./backups}"
mkdir -p "$target"
file="$target/registry-$(date -u +%Y%m%dT%H%M%SZ).sql.gz"
PGPASSWORD="$POSTGRES_SECRET" pg_dump \
  --host "$POSTGRES_HOST" --port "${POSTGRES_PORT:-5432}" \
  --username "${POSTGRES_USER:-postgres}" "${POSTGRES_DB_NAME:-postgres}" > "$file.part"
gzip -c "$file.part" > "$file"
rm "$file.part"
echo "$file"
