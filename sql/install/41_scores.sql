-- Scores and what explains them.

CREATE FUNCTION botdet_score(user_id bigint)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_numbered';
COMMENT ON FUNCTION botdet_score(bigint) IS
    'probability that an account is a bot, with interval, anomaly, deciding stage, version and reasons; stage is none for an unknown account';

CREATE FUNCTION botdet_score(user_key text)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_named';
COMMENT ON FUNCTION botdet_score(text) IS 'score of the account with this key; see botdet_score(bigint)';

CREATE FUNCTION botdet_score(user_key uuid)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_uuid';
COMMENT ON FUNCTION botdet_score(uuid) IS 'score of the account with this key; see botdet_score(bigint)';

CREATE FUNCTION botdet_score(features botdet.account_features)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_vector';
COMMENT ON FUNCTION botdet_score(botdet.account_features) IS
    'score from features alone: filter and trees answer, since there is no sequence of events to look at';

CREATE FUNCTION botdet_score(detector text, features jsonb)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_row';
COMMENT ON FUNCTION botdet_score(text, jsonb) IS
    'score of a row by the active version of a detector: botdet_score(''spammer'', to_jsonb(row)); of features by detector account. NULL is missing, columns that the version did not learn from are ignored, a misspelt name is an error';

-- A detector that finds what it judges by a number is a case here.
CREATE FUNCTION botdet_score(detector text, account_id bigint)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 100000 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    series bytea;
    answer botdet.score_result;
BEGIN
    CASE detector
        WHEN 'account' THEN
            RETURN @extschema@.botdet_score(account_id);
        WHEN 'engagement' THEN
            series := botdet.engagement_series_of(account_id);
            IF series IS NOT NULL THEN
                answer := @extschema@.botdet_score(detector, to_jsonb(@extschema@.botdet_engagement_features(series)));
            ELSE
                answer.reasons := ARRAY['the account is unknown: it has no engagement'];
            END IF;
        WHEN 'backlink' THEN
            SELECT s.backlink_id, s.bot_probability, s.is_bot, s.action, s.confidence, s.probability_low, s.probability_high,
                   s.anomaly_score, s.is_anomaly, s.events, s.stage, s.model_version, s.reasons, s.scored_at
            INTO answer
            FROM botdet.backlink b
            CROSS JOIN LATERAL @extschema@.botdet_backlink_scores(coalesce(b.target_domain, b.target)) AS s
            WHERE b.backlink_id = botdet_score.account_id AND s.backlink_id = b.backlink_id;
            IF answer IS NULL THEN
                answer.reasons := ARRAY['the link is unknown'];
            END IF;
        ELSE
            RAISE EXCEPTION 'detector % does not judge what has a number', detector
                USING ERRCODE = 'undefined_object', HINT = 'Hand over the row: botdet_score(detector, to_jsonb(row)).';
    END CASE;
    answer.account_id := account_id;
    IF answer.stage IS NULL THEN
        answer.stage := 'none';
        answer.scored_at := now();
    END IF;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION botdet_score(text, bigint) IS
    'score by a detector of what goes by a number: an account, with detector engagement the rows of one in botdet.engagement_hourly, with detector backlink a link; stage is none for what is unknown';

-- Where there were none of text, a literal without a type could be meant for bigint as well.
CREATE FUNCTION botdet_score(detector text, features text)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 5000
LANGUAGE sql
RETURN botdet_score(detector, features::jsonb);
COMMENT ON FUNCTION botdet_score(text, text) IS 'score of a row given as JSON in a text';

CREATE FUNCTION botdet_score_batch(user_ids bigint[])
RETURNS SETOF botdet.score_result
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_numbers';
COMMENT ON FUNCTION botdet_score_batch(bigint[]) IS
    'scores of many accounts, in the order given; faster an account than botdet_score, NULL elements are passed over';

CREATE FUNCTION botdet_store_scores(user_ids bigint[])
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_store_scores';
COMMENT ON FUNCTION botdet_store_scores(bigint[]) IS
    'scores accounts and writes botdet.score; returns how many known accounts there were';

CREATE FUNCTION botdet_anomaly(user_id bigint)
RETURNS botdet.anomaly_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_anomaly_numbered';
COMMENT ON FUNCTION botdet_anomaly(bigint) IS
    'how unusual an account is among those the active model was trained on; an error when no anomaly model is active';

CREATE FUNCTION botdet_anomaly(user_key text)
RETURNS botdet.anomaly_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_anomaly_named';
COMMENT ON FUNCTION botdet_anomaly(text) IS 'how unusual the account with this key is; see botdet_anomaly(bigint)';

CREATE FUNCTION botdet_anomaly(user_key uuid)
RETURNS botdet.anomaly_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_anomaly_uuid';
COMMENT ON FUNCTION botdet_anomaly(uuid) IS 'how unusual the account with this key is; see botdet_anomaly(bigint)';

CREATE FUNCTION botdet_anomaly(detector text, features jsonb)
RETURNS botdet.anomaly_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_anomaly_row';
COMMENT ON FUNCTION botdet_anomaly(text, jsonb) IS
    'how unusual a row is among those the active version of a detector was trained on; see botdet_score(text, jsonb)';

CREATE FUNCTION botdet_explain(user_id bigint)
RETURNS TABLE (
    feature text, value double precision, typical double precision, unit text, contribution double precision,
    percentile double precision
)
STRICT STABLE PARALLEL SAFE COST 2000 ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain_numbered';
COMMENT ON FUNCTION botdet_explain(bigint) IS
    'all that makes up an account''s score, strongest first: features, other stages and baseline with the log-odds each adds, which sum up to those of bot_probability; percentile is the share (0 to 1) of training accounts at or below the value';

CREATE FUNCTION botdet_explain(user_key text)
RETURNS TABLE (
    feature text, value double precision, typical double precision, unit text, contribution double precision,
    percentile double precision
)
STRICT STABLE PARALLEL SAFE COST 2000 ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain_named';
COMMENT ON FUNCTION botdet_explain(text) IS 'what makes up the score of the account with this key; see botdet_explain(bigint)';

CREATE FUNCTION botdet_explain(user_key uuid)
RETURNS TABLE (
    feature text, value double precision, typical double precision, unit text, contribution double precision,
    percentile double precision
)
STRICT STABLE PARALLEL SAFE COST 2000 ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain_uuid';
COMMENT ON FUNCTION botdet_explain(uuid) IS 'what makes up the score of the account with this key; see botdet_explain(bigint)';

CREATE FUNCTION botdet_explain(detector text, features jsonb)
RETURNS TABLE (
    feature text, value double precision, typical double precision, unit text, contribution double precision,
    percentile double precision
)
STRICT STABLE PARALLEL SAFE COST 5000 ROWS 50
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain_row';
COMMENT ON FUNCTION botdet_explain(text, jsonb) IS
    'what makes up the score of a row, column by column; see botdet_score(text, jsonb). The value of a category is the place of its level, from 0';
