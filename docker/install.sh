#!/usr/bin/env bash
# Installs the built extension into the PostgreSQL that PG_CONFIG names. The development server does not need this: see
# tests/cluster/cluster.sh.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/cluster/common.sh"

library_directory=$("$PG_CONFIG" --pkglibdir)
extension_directory=$("$PG_CONFIG" --sharedir)/extension
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$ROOT/docker/stage.sh" "$stage"

privilege=()
if [ ! -w "$library_directory" ] || [ ! -w "$extension_directory" ]; then
    command -v sudo >/dev/null ||
        fail "$library_directory and $extension_directory are not writable for $(id -un), and there is no sudo; make up needs neither"
    privilege=(sudo)
fi

# put <source> <directory> <mode>: a rename, since a running backend may have the old library mapped.
put() {
    local destination
    destination=$2/$(basename "$1")
    cmp -s "$1" "$destination" && return
    "${privilege[@]}" install -m "$3" "$1" "$destination.new"
    "${privilege[@]}" mv -f "$destination.new" "$destination"
    say "install: $destination"
}
for file in "$stage"/extension/*; do
    put "$file" "$extension_directory" 0644
done
put "$stage/lib/botdet.so" "$library_directory" 0755
say "install: $(workspace_version) is in place; sessions that are open keep the library they loaded"
