-- $1 account, and the columns of its score; $13 reasons, one a line. There is less to start than for arrays of one.
INSERT INTO botdet.score AS s (
    account_id, detector, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score, is_anomaly,
    events, stage, model_version, reasons, scored_at
)
VALUES (
    $1, 'account', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, pg_catalog.string_to_array($13, E'\n'), pg_catalog.now()
)
