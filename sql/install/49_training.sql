-- What others train on: what is known to be true of accounts, beside what was known of them at a time.

CREATE TYPE botdet.training_example AS (
    account_id bigint, as_of timestamptz, is_bot boolean, strategy text,
    posting_cadence double precision, posting_cadence_std double precision, burst_score double precision,
    circadian_entropy double precision, active_hours double precision, action_diversity double precision,
    typo_rate double precision, session_duration_mean double precision, session_duration_std double precision,
    device_diversity double precision, content_length_mean double precision, content_length_std double precision,
    content_length_variance double precision, duplicate_rate double precision, content_diversity double precision,
    follower_following_ratio double precision, account_age_days double precision, is_verified double precision,
    profile_completeness double precision, followers double precision, following double precision,
    gap_p10 double precision, gap_median double precision, gap_p90 double precision, gap_cv double precision,
    gap_entropy double precision, autocorrelation_1h double precision, autocorrelation_24h double precision,
    night_share double precision, weekend_share double precision, trend double precision,
    longest_silence double precision, ip_diversity double precision, target_diversity double precision,
    country_diversity double precision, event_count double precision, url_diversity double precision,
    link_rate double precision, mention_rate double precision, capital_share double precision,
    emoji_rate double precision, template_rate double precision, copied_rate double precision,
    copy_accounts double precision, shared_device_degree double precision, shared_ip_degree double precision,
    lockstep_score double precision, lockstep_accounts double precision
);
COMMENT ON TYPE botdet.training_example IS
    'an account at a time: the truth about it, and its features then; botdet.feature_catalog says what each one is';
COMMENT ON COLUMN botdet.training_example.account_id IS 'which account';
COMMENT ON COLUMN botdet.training_example.as_of IS 'the time up to which the features know its activity';
COMMENT ON COLUMN botdet.training_example.is_bot IS 'the truth';
COMMENT ON COLUMN botdet.training_example.strategy IS 'kind of bot, where known';

DO $$
DECLARE
    feature record;
BEGIN
    FOR feature IN SELECT * FROM @extschema@.botdet_feature_catalog() LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN botdet.training_example.%I IS %L', feature.feature, feature.meaning);
    END LOOP;
END
$$;

-- The body is parsed when it is created, so that no search path matters, and it is inlined into the query around it, so that it
-- runs in parallel workers where the labels are many.
CREATE FUNCTION botdet_training_set(detector text DEFAULT 'account', as_of timestamptz DEFAULT NULL)
RETURNS SETOF botdet.training_example
STABLE PARALLEL SAFE ROWS 10000
LANGUAGE sql
BEGIN ATOMIC
    SELECT l.account_id, m.as_of, l.is_bot, l.strategy, f.*
    FROM botdet.label l
    CROSS JOIN LATERAL (SELECT coalesce($2, l.labelled_at)) AS m (as_of)
    CROSS JOIN LATERAL @extschema@.botdet_features(l.account_id, m.as_of) AS f
    -- An account may have gone since, or be known by what it did alone.
    WHERE l.detector = $1
        AND (f.event_count IS NOT NULL OR EXISTS (SELECT FROM botdet.account a WHERE a.account_id = l.account_id));
END;
COMMENT ON FUNCTION botdet_training_set(text, timestamptz) IS
    'one row a label of a detector whose account is known at the time: the truth, and the account''s features as of then, by default when it was labelled; no activity and no comparison after that time changes them, while those of the profile are as the profile is now';
