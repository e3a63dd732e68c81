#!/usr/bin/env bash
# Asks a running service what its OpenAPI document says it answers, by Schemathesis: no 5xx, no status, content type or body that the
# document does not have. Prints Schemathesis' account and ends with its exit status.
#
#     python3 -m venv /tmp/schemathesis && /tmp/schemathesis/bin/pip install schemathesis==4.32.5
#     make build; eval "$(make up | tail -1)"; SCHEMATHESIS=/tmp/schemathesis/bin/schemathesis tests/reference/openapi.sh
#
# EXAMPLES a kind of request and operation, 25 by default; further arguments go to Schemathesis (--include-path /v1/jobs, --seed 1, ...).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

programs=${CARGO_TARGET_DIR:-target}/release
botdet=$programs/botdet
schemathesis=${SCHEMATHESIS:-schemathesis}
"$schemathesis" --version
work=$(mktemp -d)
database="botdet_openapi_$$"
url=$(sed "s#^postgresql:///[^?]*#postgresql:///$database#" <<<"$DATABASE_URL")
service=
end() {
    [[ -z $service ]] || { kill "$service"; wait "$service" || true; }
    psql "$DATABASE_URL" --quiet --command "DROP DATABASE IF EXISTS $database WITH (FORCE)"
    rm -rf "$work"
}
trap end EXIT

psql "$DATABASE_URL" --quiet --command "CREATE DATABASE $database"
psql "$url" --quiet --command 'CREATE EXTENSION botdet'
"$botdet" simulate --accounts 240 --days 10 --seed 7 --out "$work"
"$botdet" load --format ndjson --accounts "$work/accounts.ndjson" --activity "$work/activity.ndjson" --database-url "$url"
"$botdet" train --epochs 1 --sequence-accounts 40 --out "$work/account.botdet" --database-url "$url"
"$botdet" publish "$work/account.botdet" --database-url "$url"
psql "$url" --quiet --output /dev/null <<'SQL'
SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account;
SELECT botdet_fill_review_queue('account', 60);
SELECT botdet_sample_features();
SQL

# Schemathesis asks thousands of times a minute: what limits that is tested elsewhere.
"$programs/botdet-admin-api" --database-url "$url" --listen 127.0.0.1:0 --rate 10000 --burst 10000 \
    >"$work/service.log" 2>&1 &
service=$!
for _ in {1..100}; do
    address=$(grep --only-matching --max-count 1 '127\.0\.0\.1:[0-9]*' "$work/service.log" || true)
    [[ -z $address ]] || break
    sleep 0.1
done
[[ -n $address ]] || { cat "$work/service.log"; exit 1; }
token=$(DATABASE_URL=$url "$programs/botdet-admin-api" token create schemathesis --role botdet_admin | grep --only-matching 'botdet_[0-9a-f]*$')
# It keeps a folder of its own where it is run.
cd "$work"
"$schemathesis" run "http://$address/openapi.json" --header "Authorization: Bearer $token" --workers 1 --request-timeout 30 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --max-examples "${EXAMPLES:-25}" "$@"
