#!/usr/bin/env bash
# Makes the passwords that docker/compose.yaml mounts, where they are not there yet. They are random, and known to nobody else.
set -euo pipefail
umask 022

directory=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)/secrets
mkdir -p "$directory"
# Containers run as users of their own, and read their files by the mode they have here: the folder is what keeps others out.
chmod 0700 "$directory"
for name in postgres_password service_password jobs_password grafana_database_password grafana_admin_password; do
    file=$directory/$name
    [ ! -s "$file" ] || continue
    (umask 077 && od --address-radix=n --format=x1 --read-bytes=24 /dev/urandom | tr -d ' \n' >"$file.new")
    chmod 0444 "$file.new"
    mv "$file.new" "$file"
    printf 'secrets: made %s\n' "$name"
done
