# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it and by those in docker/: the names, paths and helpers that they share.

# The server's account must be able to read what is made here, whatever the person's own mask is.
umask 022
shopt -s inherit_errexit

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PG_CONFIG=${PGRX_PG_CONFIG_PATH:-/usr/lib/postgresql/15/bin/pg_config}
BUILD_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
LIBRARY=$BUILD_DIR/${BOTDET_PROFILE:-release}/libbotdet.so

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# PostgreSQL refuses to run as root, so root runs it as the account that Debian's package creates.
if [ "$(id -u)" = 0 ]; then
    as_server() { setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; }
else
    as_server() { "$@"; }
fi

# Prints the directory that holds what the server must reach: target/, or, where the server's account cannot enter the
# clone (it lies below /root, say), a directory of our own in /var/tmp.
server_area() {
    mkdir -p "$ROOT/target"
    if as_server test -x "$ROOT/target/."; then
        say "$ROOT/target"
        return
    fi
    local area
    area=/var/tmp/botdet-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)-$(id -u)
    # Anyone may write to /var/tmp: a directory that somebody else made under our name is refused, not used.
    mkdir -m 0711 "$area" 2>/dev/null || true
    if [ -L "$area" ] || [ ! -d "$area" ] || [ ! -O "$area" ]; then
        fail "$area exists and is not a directory of $(id -un)"
    fi
    say "$area"
}

# Prints the real path of target/<name>, made if it is missing, and a link where the area is not target/ itself.
area_directory() {
    local area
    area=$(server_area)
    if [ "$area" != "$ROOT/target" ]; then
        [ -L "$ROOT/target/$1" ] || rm -rf "${ROOT:?}/target/$1"
        ln -sfn "$area/$1" "$ROOT/target/$1"
    fi
    mkdir -p "$area/$1"
    say "$area/$1"
}

# replace_file <source> <destination> [mode]: true when the content changed. The rename matters: a running backend
# has the old library mapped, and writing into that file would pull the code from under it.
replace_file() {
    cmp -s "$1" "$2" && return 1
    local new="$2.new.$$"
    install -m "${3:-0644}" "$1" "$new"
    mv -f "$new" "$2"
}

workspace_version() {
    awk '/^\[/ { here = ($0 == "[workspace.package]") }
         here && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' "$ROOT/Cargo.toml"
}
