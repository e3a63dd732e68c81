#!/usr/bin/env bash
# Installs what a bare Debian machine with Rust lacks to build and test botdet. When nothing is missing it changes nothing.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

have() { command -v "$1" >/dev/null; }
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null ||
        compgen -G '/usr/lib/*/libclang*.so*' >/dev/null
}
# pg_config alone proves nothing: Debian's client package brings it too.
have_server_headers() { [ -x "$PG_CONFIG" ] && [ -e "$("$PG_CONFIG" --includedir-server)/postgres.h" ]; }
have_browser() { have chromium || have chromium-browser || have google-chrome; }
have_pip() { python3 -m pip --version >/dev/null 2>&1; }
server_directory=$(dirname "$PG_CONFIG")

packages=()
require() { # require <package> <check that must hold>
    local package=$1
    shift
    "$@" || packages+=("$package")
}
require build-essential have cc
require make have make
require pkg-config have pkg-config
require libclang-dev have_libclang
require postgresql-15 test -x "$server_directory/pgbench" -a -x "$server_directory/initdb"
require postgresql-server-dev-15 have_server_headers
require python3 have python3
[ -e "$ROOT/target/onnxruntime/pin.txt" ] || require python3-pip have_pip
require chromium have_browser
require shellcheck have shellcheck
require util-linux have setpriv

# Only `make lint` wants it, and it goes on without it.
if [ "${packages[*]}" = shellcheck ] && [ "$(id -u)" != 0 ] && ! have sudo; then
    packages=()
fi

if [ "${#packages[@]}" -gt 0 ]; then
    say "setup: installing ${packages[*]}"
    have apt-get || fail "apt-get is not here; install these (or what your system calls them): ${packages[*]}"
    privilege=()
    if [ "$(id -u)" != 0 ]; then
        have sudo || fail "neither root nor sudo; ask an administrator to install: ${packages[*]}"
        privilege=(sudo)
    fi
    "${privilege[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${privilege[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-install-recommends "${packages[@]}" >/dev/null ||
        fail "apt-get could not install: ${packages[*]} (PostgreSQL 15 is Debian 12's; elsewhere add the PostgreSQL project's own apt repository)"
fi

have cargo || fail "cargo is not on PATH; install Rust $(awk -F'"' '/^rust-version/ { print $2 }' "$ROOT/Cargo.toml") or newer"
components=()
tools=$(rustc --print sysroot)/bin
[ -x "$tools/cargo-fmt" ] || components+=(rustfmt)
[ -x "$tools/cargo-clippy" ] || components+=(clippy)
if [ "${#components[@]}" -gt 0 ]; then
    say "setup: adding the Rust components ${components[*]}"
    have rustup || fail "the Rust components ${components[*]} are missing, and there is no rustup to add them"
    rustup component add "${components[@]}"
fi

"$ROOT/tests/cluster/onnxruntime.sh"
"$ROOT/tests/cluster/prometheus.sh"
say "setup: everything is there"
