-- $1 refresh, $2 first accounts of chunks, $3 last account of all, $4 accounts of a chunk. Scores of all known accounts, a column
-- an array, in ascending order of account; the last array says where their states were.
SELECT pg_catalog.array_agg(r.account_id ORDER BY r.account_id),
       pg_catalog.array_agg(r.bot_probability ORDER BY r.account_id),
       pg_catalog.array_agg(r.is_bot ORDER BY r.account_id),
       pg_catalog.array_agg(r.confidence ORDER BY r.account_id),
       pg_catalog.array_agg(r.probability_low ORDER BY r.account_id),
       pg_catalog.array_agg(r.probability_high ORDER BY r.account_id),
       pg_catalog.array_agg(r.anomaly_score ORDER BY r.account_id),
       pg_catalog.array_agg(r.is_anomaly ORDER BY r.account_id),
       pg_catalog.array_agg(r.stage ORDER BY r.account_id),
       pg_catalog.array_agg(r.model_version ORDER BY r.account_id),
       pg_catalog.array_agg(pg_catalog.array_to_string(r.reasons, E'\n') ORDER BY r.account_id),
       pg_catalog.array_agg(s.ctid ORDER BY r.account_id)
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
LEFT JOIN LATERAL (
    SELECT ctid FROM botdet.account_state WHERE account_id = r.account_id OFFSET 0
) AS s ON true
WHERE r.stage <> 'none'
