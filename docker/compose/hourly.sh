#!/usr/bin/env bash
# What is to be done each hour, by a login of role botdet_scorer. A failure is in the log, and tried again within the hour.
set -euo pipefail

sleeping=
trap '[ -z "$sleeping" ] || kill "$sleeping"; exit 0' TERM INT
PGPASSWORD=$(cat "${BOTDET_SECRETS:-/run/secrets}/jobs_password")
export PGPASSWORD
while true; do
    wait_seconds=3600
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --command='SELECT botdet_roll_up_scores()' >/dev/null || wait_seconds=60
    # In the background, so that a signal ends the wait.
    sleep "$wait_seconds" &
    sleeping=$!
    wait "$sleeping"
done
