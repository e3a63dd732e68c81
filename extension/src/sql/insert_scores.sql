-- $1 accounts in ascending order, and the columns of their scores; $13 reasons, one a line.
INSERT INTO botdet.score AS s (
    account_id, detector, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score, is_anomaly,
    events, stage, model_version, reasons, scored_at
)
SELECT k.account_id, 'account', k.bot_probability, k.is_bot, k.action, k.confidence, k.probability_low, k.probability_high,
       k.anomaly_score, k.is_anomaly, k.events, k.stage, k.model_version,
       pg_catalog.string_to_array(k.reasons, E'\n'), pg_catalog.now()
FROM ROWS FROM (
    pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),
    pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9), pg_catalog.unnest($10),
    pg_catalog.unnest($11), pg_catalog.unnest($12), pg_catalog.unnest($13)
) AS k (
    account_id, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score, is_anomaly, events,
    stage, model_version, reasons
)
