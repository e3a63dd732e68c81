-- $1 accounts in ascending order, and the columns of what a version in shadow says of them.
INSERT INTO botdet.shadow_score AS s (
    account_id, detector, model_version, bot_probability, is_bot, stage, failure, scored_at
)
SELECT k.account_id, 'account', k.model_version, k.bot_probability, k.is_bot, k.stage, k.failure, pg_catalog.now()
FROM ROWS FROM (
    pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),
    pg_catalog.unnest($6)
) AS k (account_id, model_version, bot_probability, is_bot, stage, failure)
ON CONFLICT (account_id, detector) DO UPDATE SET
    model_version = excluded.model_version, bot_probability = excluded.bot_probability, is_bot = excluded.is_bot,
    stage = excluded.stage, failure = excluded.failure, scored_at = excluded.scored_at
