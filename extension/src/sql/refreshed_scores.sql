-- $1 refresh, $2 first accounts of chunks, $3 last account of all, $4 accounts of a chunk. Scores of all accounts that are known, or
-- have a score, in ascending order; reasons one a line; and who wrote the score that each has.
SELECT r.account_id, r.bot_probability, r.is_bot, r.confidence, r.probability_low, r.probability_high, r.anomaly_score,
       r.is_anomaly, r.events, r.stage, r.model_version, pg_catalog.array_to_string(r.reasons, E'\n'), s.xmin
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
    SELECT xmin FROM botdet.score WHERE account_id = r.account_id AND detector = 'account' OFFSET 0
) AS s ON true
WHERE r.stage <> 'none' OR s.xmin IS NOT NULL
ORDER BY r.account_id
