-- $1 refresh, $2 first accounts of chunks, $3 last account of all, $4 accounts of a chunk. Scores of these accounts, reasons one a
-- line.
-- Nothing else is asked for here, so that workers can do all of it; and the function stands among the columns: as a table joined
-- to the others the planner takes it for cheap to call again, and keeps the work to itself.
SELECT (r.made).account_id, (r.made).bot_probability, (r.made).is_bot, (r.made).action, (r.made).confidence, (r.made).probability_low,
       (r.made).probability_high, (r.made).anomaly_score, (r.made).is_anomaly, (r.made).events, (r.made).stage,
       (r.made).model_version, pg_catalog.array_to_string((r.made).reasons, E'\n'),
       (r.made).shadow_version, (r.made).shadow_probability, (r.made).shadow_is_bot, (r.made).shadow_stage,
       (r.made).shadow_failure
FROM (
    SELECT botdet.scores_of_chunk($1, account_id, $3, $4) AS made
    FROM botdet.refresh_account
    WHERE refresh_id = $1 AND account_id = ANY ($2)
) AS r
