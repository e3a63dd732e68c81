#!/usr/bin/env bash
# Fetches ONNX Runtime's shared library into target/onnxruntime/, through pip so that the person's own pip settings
# (index, proxy, certificates) hold. The version and the checksums are in onnxruntime.txt.
set -euo pipefail
# shellcheck source=tests/cluster/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pin=$ROOT/tests/cluster/onnxruntime.txt
directory=$(area_directory onnxruntime)
if [ -e "$directory/libonnxruntime.so" ] && cmp -s "$pin" "$directory/pin.txt"; then
    exit 0
fi

machine=$(uname -m)
case $machine in
x86_64 | aarch64) ;;
*)
    # The embedded implementation needs no library, so this machine still builds and runs.
    say "setup: no ONNX Runtime for $machine, going on without it"
    exit 0
    ;;
esac

say "setup: fetching ONNX Runtime with pip"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --only-binary=:all: --platform "manylinux_2_28_$machine" \
    --implementation cp --python-version 3.11 --abi cp311 --require-hashes --requirement "$pin" --dest "$work" ||
    fail "pip could not fetch the wheel pinned in tests/cluster/onnxruntime.txt (see its message above)"

python3 - "$work" <<'PYTHON'
import glob, os, sys, zipfile

work = sys.argv[1]
(wheel,) = glob.glob(os.path.join(work, "*.whl"))
with zipfile.ZipFile(wheel) as archive:
    members = [name for name in archive.namelist() if os.path.basename(name).startswith("libonnxruntime.so")]
    if len(members) != 1:
        sys.exit(f"error: expected one libonnxruntime.so in {os.path.basename(wheel)}, found {members}")
    with open(os.path.join(work, os.path.basename(members[0])), "wb") as library:
        library.write(archive.read(members[0]))
PYTHON

for library in "$work"/libonnxruntime.so*; do
    replace_file "$library" "$directory/$(basename "$library")" 0755 || true
    ln -sfn "$(basename "$library")" "$directory/libonnxruntime.so"
done
# Written last: an interrupted run starts over.
replace_file "$pin" "$directory/pin.txt" || true
