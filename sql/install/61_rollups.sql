-- How scores were over time. botdet.score keeps the latest of each account, and writing a history beside it would cost every insert
-- more than a single-row insert may: so what is there is counted from time to time, by whoever is told to.

CREATE TABLE botdet.score_rollup (
    hour            timestamptz NOT NULL,
    detector        text NOT NULL,
    stage           text NOT NULL,
    model_version   text NOT NULL,
    scores          bigint NOT NULL,
    bots            bigint NOT NULL,
    anomalies       bigint NOT NULL,
    sum_probability double precision NOT NULL,
    from_0_0        bigint NOT NULL,
    from_0_1        bigint NOT NULL,
    from_0_2        bigint NOT NULL,
    from_0_3        bigint NOT NULL,
    from_0_4        bigint NOT NULL,
    from_0_5        bigint NOT NULL,
    from_0_6        bigint NOT NULL,
    from_0_7        bigint NOT NULL,
    from_0_8        bigint NOT NULL,
    from_0_9        bigint NOT NULL,
    PRIMARY KEY (hour, detector, stage, model_version)
);
COMMENT ON TABLE botdet.score_rollup IS
    'scores by hour, added up by botdet_roll_up_scores(); botdet.score_hourly_v1 shows them together with what is not counted yet';
COMMENT ON COLUMN botdet.score_rollup.hour IS 'start of the hour of scored_at, UTC';
COMMENT ON COLUMN botdet.score_rollup.detector IS 'by which detector';
COMMENT ON COLUMN botdet.score_rollup.stage IS 'what decided; failed when scoring failed';
COMMENT ON COLUMN botdet.score_rollup.model_version IS 'version that answered; empty for rules, and when scoring failed';
COMMENT ON COLUMN botdet.score_rollup.scores IS 'accounts that were scored, each once between two calls of botdet_roll_up_scores(), with its latest score';
COMMENT ON COLUMN botdet.score_rollup.bots IS 'those called bots';
COMMENT ON COLUMN botdet.score_rollup.anomalies IS 'those called unusual';
COMMENT ON COLUMN botdet.score_rollup.sum_probability IS 'sum of their probabilities';
COMMENT ON COLUMN botdet.score_rollup.from_0_0 IS 'those with a probability from 0.0 to below 0.1';
COMMENT ON COLUMN botdet.score_rollup.from_0_1 IS 'those with a probability from 0.1 to below 0.2';
COMMENT ON COLUMN botdet.score_rollup.from_0_2 IS 'those with a probability from 0.2 to below 0.3';
COMMENT ON COLUMN botdet.score_rollup.from_0_3 IS 'those with a probability from 0.3 to below 0.4';
COMMENT ON COLUMN botdet.score_rollup.from_0_4 IS 'those with a probability from 0.4 to below 0.5';
COMMENT ON COLUMN botdet.score_rollup.from_0_5 IS 'those with a probability from 0.5 to below 0.6';
COMMENT ON COLUMN botdet.score_rollup.from_0_6 IS 'those with a probability from 0.6 to below 0.7';
COMMENT ON COLUMN botdet.score_rollup.from_0_7 IS 'those with a probability from 0.7 to below 0.8';
COMMENT ON COLUMN botdet.score_rollup.from_0_8 IS 'those with a probability from 0.8 to below 0.9';
COMMENT ON COLUMN botdet.score_rollup.from_0_9 IS 'those with a probability from 0.9 to 1.0';

CREATE TABLE botdet.rollup_progress (
    rollup        text PRIMARY KEY,
    counted_until timestamptz NOT NULL
);
COMMENT ON TABLE botdet.rollup_progress IS 'how far roll-ups have come';
COMMENT ON COLUMN botdet.rollup_progress.rollup IS 'which: score';
COMMENT ON COLUMN botdet.rollup_progress.counted_until IS 'scores with an earlier scored_at are counted';

-- Of the past there is nothing else to restore it from.
SELECT pg_catalog.pg_extension_config_dump('botdet.score_rollup', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.rollup_progress', '');

CREATE FUNCTION botdet.count_scores(since timestamptz, until timestamptz)
RETURNS SETOF botdet.score_rollup
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 100
LANGUAGE sql
BEGIN ATOMIC
    SELECT date_trunc('hour', s.scored_at, 'UTC'), s.detector, s.stage, coalesce(s.model_version, ''),
           count(*), count(*) FILTER (WHERE s.is_bot), count(*) FILTER (WHERE s.is_anomaly),
           coalesce(sum(s.bot_probability), 0),
           count(*) FILTER (WHERE b.tenth = 0), count(*) FILTER (WHERE b.tenth = 1), count(*) FILTER (WHERE b.tenth = 2),
           count(*) FILTER (WHERE b.tenth = 3), count(*) FILTER (WHERE b.tenth = 4), count(*) FILTER (WHERE b.tenth = 5),
           count(*) FILTER (WHERE b.tenth = 6), count(*) FILTER (WHERE b.tenth = 7), count(*) FILTER (WHERE b.tenth = 8),
           count(*) FILTER (WHERE b.tenth = 9)
    FROM botdet.score s
    CROSS JOIN LATERAL (SELECT least(floor(s.bot_probability * '10'::double precision)::integer, 9)) AS b (tenth)
    WHERE s.scored_at >= $1 AND s.scored_at < $2
    GROUP BY 1, 2, 3, 4;
END;
COMMENT ON FUNCTION botdet.count_scores(timestamptz, timestamptz) IS 'adds up botdet.score by hour, from a time until before another';

-- As the owner: who may not see other users' sessions would count up to now, and miss what these have still to commit.
CREATE FUNCTION botdet_roll_up_scores(keep interval DEFAULT '400 days')
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 1000000 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz;
    until timestamptz;
    counted bigint;
BEGIN
    IF keep < interval '0' THEN
        RAISE EXCEPTION 'keep is %, below zero', keep USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'scores cannot be rolled up at isolation level %', current_setting('transaction_isolation')
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SET default_transaction_isolation = ''read committed'';';
    END IF;
    INSERT INTO botdet.rollup_progress (rollup, counted_until) VALUES ('score', '-infinity') ON CONFLICT DO NOTHING;
    SELECT p.counted_until INTO since FROM botdet.rollup_progress p WHERE p.rollup = 'score' FOR UPDATE;
    -- scored_at is the start of the transaction that scored. What began before the oldest one that still runs is committed, and
    -- seen from the next statement on. The second is for transactions that have taken the time and not told of it yet.
    SELECT greatest(since, min(a.xact_start) - interval '1 second') INTO until
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type NOT IN ('autovacuum worker', 'walsender');
    INSERT INTO botdet.score_rollup AS r
    SELECT * FROM botdet.count_scores(since, until)
    ON CONFLICT ON CONSTRAINT score_rollup_pkey DO UPDATE SET
        scores = r.scores + excluded.scores, bots = r.bots + excluded.bots, anomalies = r.anomalies + excluded.anomalies,
        sum_probability = r.sum_probability + excluded.sum_probability,
        from_0_0 = r.from_0_0 + excluded.from_0_0, from_0_1 = r.from_0_1 + excluded.from_0_1,
        from_0_2 = r.from_0_2 + excluded.from_0_2, from_0_3 = r.from_0_3 + excluded.from_0_3,
        from_0_4 = r.from_0_4 + excluded.from_0_4, from_0_5 = r.from_0_5 + excluded.from_0_5,
        from_0_6 = r.from_0_6 + excluded.from_0_6, from_0_7 = r.from_0_7 + excluded.from_0_7,
        from_0_8 = r.from_0_8 + excluded.from_0_8, from_0_9 = r.from_0_9 + excluded.from_0_9;
    GET DIAGNOSTICS counted = ROW_COUNT;
    UPDATE botdet.rollup_progress p SET counted_until = until WHERE p.rollup = 'score';
    DELETE FROM botdet.score_rollup r WHERE r.hour < now() - keep;
    RETURN counted;
END
$$;
COMMENT ON FUNCTION botdet_roll_up_scores(interval) IS
    'adds the scores since its last call to botdet.score_rollup, and forgets hours that are older than keep; returns how many rows it added to. Call it about hourly: of an account that is scored several times in between, the latest score counts';
