#!/usr/bin/env bash
# Packs the built extension into target/package/. The same build gives the same bytes.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/cluster/common.sh"

name=botdet-$(workspace_version)-pg15-linux-$(uname -m)
directory=$ROOT/target/package
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$ROOT/docker/stage.sh" "$stage/$name"
install -m 0644 "$ROOT/docker/INSTALL.md" "$ROOT/LICENSE" "$stage/$name/"

mkdir -p "$directory"
tar --create --directory "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$name" |
    gzip --no-name >"$directory/$name.tar.gz.new"
mv -f "$directory/$name.tar.gz.new" "$directory/$name.tar.gz"
(cd "$directory" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
say "package: target/package/$name.tar.gz"
