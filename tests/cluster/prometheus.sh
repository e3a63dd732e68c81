#!/usr/bin/env bash
# Puts prometheus and promtool into target/prometheus/, for the tests of dashboards and alerts: those on PATH, or those of Debian's
# package, which is unpacked and not installed, so that no server starts on this machine.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

directory=$ROOT/target/prometheus
[ ! -x "$directory/prometheus" ] || [ ! -x "$directory/promtool" ] || exit 0
mkdir -p "$directory"

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    ln -sfn "$(command -v prometheus)" "$directory/prometheus"
    ln -sfn "$(command -v promtool)" "$directory/promtool"
    exit 0
fi

command -v apt-get >/dev/null || fail "prometheus and promtool are not on PATH, and there is no apt-get to fetch them"
say "setup: fetching Prometheus with apt-get"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! apt-get -qq download prometheus 2>/dev/null; then
    privilege=()
    [ "$(id -u)" = 0 ] || privilege=(sudo)
    "${privilege[@]}" apt-get -qq update
    apt-get -qq download prometheus || fail "apt-get could not fetch the package prometheus"
fi
dpkg-deb --extract prometheus_*.deb unpacked
for program in prometheus promtool; do
    replace_file "unpacked/usr/bin/$program" "$directory/$program" 0755 || true
done
