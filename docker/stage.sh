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

# Prints sql/install such that it can run where an earlier version is installed: what holds no rows is replaced, tables that are there
# stay. PostgreSQL refuses both for what does not belong to the extension. Upgrade scripts alter and drop beforehand what
# this cannot bring up to date.
install_again() {
    sed -E -e 's/^CREATE (FUNCTION|PROCEDURE|AGGREGATE|VIEW|TRIGGER) /CREATE OR REPLACE \1 /' \
        -e 's/^CREATE (SCHEMA|TABLE|SEQUENCE) /CREATE \1 IF NOT EXISTS /' "${parts[@]}"
}

mkdir -p "$destination/lib" "$destination/extension"
install -m 0755 "$LIBRARY" "$destination/lib/botdet.so"
install -m 0644 "$control" "$destination/extension/"
{
    printf '%s\n' '\echo Use "CREATE EXTENSION botdet" to load this file. \quit'
    for part in "${parts[@]}"; do
        printf '\n-- %s\n' "$(basename "$part")"
        cat "$part"
    done
} >"$destination/extension/botdet--$version.sql"
for upgrade in "${upgrades[@]}"; do
    # A script to a version that is out must not follow sql/install any more: what this printed for that version takes its place.
    if grep -qx '\\install_again' "$upgrade" && [[ $upgrade != *--"$version".sql ]]; then
        fail "$(basename "$upgrade") still follows sql/install, which has moved on to $version"
    fi
    install_again | sed -e '/^\\install_again$/{r /dev/stdin' -e 'd}' "$upgrade" >"$destination/extension/$(basename "$upgrade")"
done
