#!/usr/bin/env bash
# Writes tests/golden/features.csv and sequences.csv: what features.py and sequence.py make of 240 simulated accounts.
#
#     eval "$(make up | tail -1)"; tests/reference/make_golden.sh    # PYTHON names one with numpy
#
# The accounts are those of the tests' populated database (tests/src/population.rs); run it again when the simulator or a
# definition changes, and look at what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

botdet=${CARGO_TARGET_DIR:-target}/release/botdet
python=${PYTHON:-python3}
work=$(mktemp -d)
database="botdet_golden_$$"
psql "$DATABASE_URL" --quiet --command "CREATE DATABASE $database"
trap 'psql "$DATABASE_URL" --quiet --command "DROP DATABASE $database"; rm -rf "$work"' EXIT
url=$(sed "s#^postgresql:///[^?]*#postgresql:///$database#" <<<"$DATABASE_URL")

psql "$url" --quiet --command 'CREATE EXTENSION botdet'
"$botdet" simulate --accounts 240 --days 10 --seed 7 --out "$work"
"$botdet" load --format ndjson --accounts "$work/accounts.ndjson" --activity "$work/activity.ndjson" --database-url "$url"
for table in account activity; do
    psql "$url" --quiet --command "\\copy (SELECT * FROM botdet.$table) TO '$work/$table.csv' (FORMAT csv, HEADER, NULL '\\N')"
done
"$python" tests/reference/features.py "$work/account.csv" "$work/activity.csv" >"$work/features.csv"
"$python" tests/reference/sequence.py "$work/activity.csv" >"$work/sequences.csv"
"$python" tests/reference/golden.py "$work/account.csv" "$work/features.csv" "$work/sequences.csv" tests/golden
echo "$(($(wc -l <tests/golden/features.csv) - 1)) accounts in tests/golden/features.csv"
