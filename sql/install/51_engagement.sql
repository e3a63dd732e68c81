-- Engagement that is inserted is judged at once. The trigger runs with the rights of its owner, as those of activity do: who inserts
-- needs no right to scores.

CREATE FUNCTION botdet.flag_engagement()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    account bigint;
    answer botdet.score_result;
BEGIN
    IF EXISTS (
        SELECT FROM botdet.detector d
        WHERE d.detector OPERATOR(pg_catalog.=) 'engagement' AND d.insert_mode OPERATOR(pg_catalog.=) 'off'
    ) THEN
        RETURN NULL;
    END IF;
    -- In the order of accounts, so that two transactions of one statement each never wait for one another.
    FOR account IN SELECT DISTINCT n.account_id FROM new_rows n ORDER BY n.account_id LOOP
        BEGIN
            answer := @extschema@.botdet_score('engagement'::text, account);
        EXCEPTION WHEN OTHERS THEN
            -- The row that was inserted is worth more than its score.
            answer := NULL;
            answer.stage := 'failed';
            answer.reasons := ARRAY[pg_catalog.translate(sqlerrm, E'\n', ' ')];
            answer.scored_at := pg_catalog.now();
        END;
        INSERT INTO botdet.score AS s (
            account_id, detector, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score,
            is_anomaly, events, stage, model_version, reasons, scored_at
        )
        VALUES (
            account, 'engagement', answer.bot_probability, answer.is_bot, answer.action, answer.confidence,
            answer.probability_low, answer.probability_high, answer.anomaly_score, answer.is_anomaly, answer.events,
            answer.stage, answer.model_version, answer.reasons, answer.scored_at
        )
        ON CONFLICT ON CONSTRAINT score_pkey DO UPDATE SET
            (bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score, is_anomaly, events,
             stage, model_version, reasons, scored_at)
            = (excluded.bot_probability, excluded.is_bot, excluded.action, excluded.confidence, excluded.probability_low,
               excluded.probability_high, excluded.anomaly_score, excluded.is_anomaly, excluded.events, excluded.stage,
               excluded.model_version, excluded.reasons, excluded.scored_at);
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.flag_engagement() IS 'trigger: writes the engagement score of every account that got rows';

CREATE TRIGGER flag_engagement_insert
AFTER INSERT ON botdet.engagement_hourly
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.flag_engagement();

CREATE TRIGGER flag_engagement_update
AFTER UPDATE ON botdet.engagement_hourly
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.flag_engagement();
