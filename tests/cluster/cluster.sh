#!/usr/bin/env bash
# The private development server under target/cluster/: up, down, status, url, psql, reset, clean.
#
# It runs its own copy of the `postgres` program in a tree of links to the installed server. PostgreSQL finds its libraries
# and extensions relative to its program, so the extension under development is installed into that tree: nothing
# outside the clone changes, no privilege is needed, and two clones do not overwrite each other's build.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tests/cluster/server.sh
source "$ROOT/tests/cluster/server.sh"

# A note when the database was made from other SQL than the clone now holds; the checksum rides in its comment.
prepare_database() {
    local checksum found
    checksum=$(sha256sum "$TREE$SHARE_DIR/extension/botdet--$(workspace_version).sql" | cut -c1-16)
    found=$(query postgres "select coalesce(shobj_description(oid, 'pg_database'), 'nothing') from pg_database where datname = 'botdet'")
    if [ -z "$found" ]; then
        query postgres 'create database botdet'
        found=nothing
    fi
    if [ "$found" = nothing ]; then
        query botdet 'create extension if not exists botdet'
        query postgres "comment on database botdet is '$checksum'"
        say "up: database botdet has the extension"
    elif [ "$found" != "$checksum" ]; then
        say "up: sql/ changed since the database botdet was made; make reset recreates it, empty"
    fi
}

run_server() {
    enter_cluster
    refresh_tree
    install_extension
    if ! ready || [ "$RESTART" = yes ]; then
        stop_server || true
        start_server
    fi
}

up() {
    run_server
    prepare_database
    say "up: server in target/cluster, log in target/cluster/log/server.log"
    say "export DATABASE_URL='$(url)'"
}

down() {
    enter_cluster
    if stop_server; then say "down: stopped"; else say "down: was not running"; fi
}

status() {
    if ready; then
        say "running, process $(head -1 "$DATA/postmaster.pid"), $(query postgres 'show server_version')"
        say "extension: $(query botdet "select extversion from pg_extension where extname = 'botdet'" 2>/dev/null || true)"
        url
    else
        say "not running"
        return 3
    fi
}

reset() {
    run_server
    query postgres 'drop database if exists botdet with (force)'
    prepare_database
}

clean() {
    enter_cluster
    stop_server || true
    local socket
    socket=$(socket_directory)
    rm -rf "$CLUSTER" "$socket"
    rm -f "$ROOT/target/cluster"
    say "clean-cluster: removed"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
up | down | status | url | reset | clean) "$verb" ;;
psql) exec "$BIN_DIR/psql" "$(url)" "$@" ;;
*) fail "usage: cluster.sh up | down | status | url | psql [arguments] | reset | clean" ;;
esac
