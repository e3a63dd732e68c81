#!/usr/bin/env bash
# stage.sh <directory>: lays out the built extension as PostgreSQL wants it, lib/ and extension/, below <directory>.
# The development server, `make install`, the package and the image all start from here.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/cluster/common.sh"

destination=${1:?usage: stage.sh <directory>}
version=$(workspace_version)
control=$ROOT/extension/botdet.control
[ -f "$LIBRARY" ] || fail "$LIBRARY is not there: make build"
grep -qx "default_version = '$version'" "$control" ||
    fail "extension/botdet.control and Cargo.toml disagree: the workspace is at version $version"
shopt -s nullglob
parts=("$ROOT"/sql/install/*.sql)
upgrades=("$ROOT"/sql/upgrade/botdet--*.sql)
[ "${#parts[@]}" -gt 0 ] || fail "sql/install holds no .sql file"

mkdir -p "$destination/lib" "$destination/extension"
install -m 0755 "$LIBRARY" "$destination/lib/botdet.so"
install -m 0644 "$control" "${upgrades[@]}" "$destination/extension/"
{
    printf '%s\n' '\echo Use "CREATE EXTENSION botdet" to load this file. \quit'
    for part in "${parts[@]}"; do
        printf '\n-- %s\n' "$(basename "$part")"
        cat "$part"
    done
} >"$destination/extension/botdet--$version.sql"
