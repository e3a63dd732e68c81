-- $1 refresh, $2 first accounts of chunks, $3 last account of all, $4 accounts of a chunk. Scores of these accounts, reasons one a
-- line. Nothing else is asked for here, so that workers can do all of it.
SELECT r.account_id, r.bot_probability, r.is_bot, r.confidence, r.probability_low, r.probability_high, r.anomaly_score,
       r.is_anomaly, r.events, r.stage, r.model_version, pg_catalog.array_to_string(r.reasons, E'\n')
FROM (
    SELECT account_id FROM botdet.refresh_account WHERE refresh_id = $1 AND account_id = ANY ($2)
) AS first
CROSS JOIN LATERAL botdet.score_batch(ARRAY(
    SELECT n.account_id
    FROM botdet.refresh_account n
    WHERE n.refresh_id = $1 AND n.account_id BETWEEN first.account_id AND $3
    ORDER BY n.account_id
    LIMIT $4
)) AS r
