-- The pure core of engagement: series, features and windows of any rows, with no table of ours; then the same by account.

CREATE FUNCTION botdet.engagement_add(internal, timestamptz, bigint, bigint, bigint, bigint)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_add';
COMMENT ON FUNCTION botdet.engagement_add(internal, timestamptz, bigint, bigint, bigint, bigint) IS
    'part of botdet_engagement_series(): adds a row';

CREATE FUNCTION botdet.engagement_join(internal, internal)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_join';
COMMENT ON FUNCTION botdet.engagement_join(internal, internal) IS
    'part of botdet_engagement_series(): joins the rows of two workers';

CREATE FUNCTION botdet.engagement_send(internal)
RETURNS bytea
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_send';
COMMENT ON FUNCTION botdet.engagement_send(internal) IS
    'part of botdet_engagement_series(): what a worker hands on';

CREATE FUNCTION botdet.engagement_receive(bytea, internal)
RETURNS internal
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_receive';
COMMENT ON FUNCTION botdet.engagement_receive(bytea, internal) IS
    'part of botdet_engagement_series(): takes what a worker handed on';

CREATE FUNCTION botdet.engagement_finish(internal)
RETURNS bytea
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_finish';
COMMENT ON FUNCTION botdet.engagement_finish(internal) IS
    'part of botdet_engagement_series(): puts the rows in order';

CREATE AGGREGATE botdet_engagement_series(hour timestamptz, views bigint, likes bigint, comments bigint, shares bigint) (
    SFUNC = botdet.engagement_add, STYPE = internal, SSPACE = 16384, FINALFUNC = botdet.engagement_finish,
    COMBINEFUNC = botdet.engagement_join, SERIALFUNC = botdet.engagement_send, DESERIALFUNC = botdet.engagement_receive,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE botdet_engagement_series(timestamptz, bigint, bigint, bigint, bigint) IS
    'hourly engagement from rows in any order: counts of the same hour are added up, hours without a row are missing; NULL stands for a metric that is not known, and so does a count below 0; rows without a time are passed over; the last 8,784 hours are kept; NULL without rows';

CREATE FUNCTION botdet_engagement_features(series bytea)
RETURNS botdet.engagement_features
STRICT IMMUTABLE PARALLEL SAFE COST 1000000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_features';
COMMENT ON FUNCTION botdet_engagement_features(bytea) IS
    'features of a series that botdet_engagement_series() made; all NULL with fewer than 48 hours';

CREATE FUNCTION botdet_engagement_anomaly(series bytea)
RETURNS TABLE (
    metric text, from_hour timestamptz, to_hour timestamptz, strength double precision, ratio double precision,
    likely_attack text, organic double precision, evidence text
)
STRICT IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 5
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_windows';
COMMENT ON FUNCTION botdet_engagement_anomaly(bytea) IS
    'hours of each metric that lie above what is usual, in the order of time: strength in standard deviations, ratio of observed to expected, the kind of attack it resembles most (NULL where it looks like people), how far people explain it (0 to 1), and what says so; none with fewer than 48 hours';

CREATE FUNCTION botdet_engagement_feature_catalog()
RETURNS TABLE ("position" integer, feature text, unit text, meaning text)
STRICT STABLE PARALLEL SAFE ROWS 75
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_engagement_catalog';
COMMENT ON FUNCTION botdet_engagement_feature_catalog() IS
    'definition of every feature of engagement';

CREATE FUNCTION botdet.engagement_series_of(account_id bigint)
RETURNS bytea
STRICT STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT @extschema@.botdet_engagement_series(e.hour, e.views, e.likes, e.comments, e.shares)
    FROM botdet.engagement_hourly e
    WHERE e.account_id OPERATOR(pg_catalog.=) $1
$$;
COMMENT ON FUNCTION botdet.engagement_series_of(bigint) IS 'the series of an account in botdet.engagement_hourly; NULL without rows';

CREATE FUNCTION botdet_engagement_features(account_id bigint)
RETURNS botdet.engagement_features
STRICT STABLE PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT @extschema@.botdet_engagement_features(botdet.engagement_series_of($1))
$$;
COMMENT ON FUNCTION botdet_engagement_features(bigint) IS
    'features of an account''s rows in botdet.engagement_hourly; see botdet_engagement_features(bytea)';

CREATE FUNCTION botdet_engagement_anomaly(account_id bigint)
RETURNS TABLE (
    metric text, from_hour timestamptz, to_hour timestamptz, strength double precision, ratio double precision,
    likely_attack text, organic double precision, evidence text
)
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 5 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT w.* FROM @extschema@.botdet_engagement_anomaly(botdet.engagement_series_of($1)) w
$$;
COMMENT ON FUNCTION botdet_engagement_anomaly(bigint) IS
    'anomalous windows of an account''s rows in botdet.engagement_hourly; see botdet_engagement_anomaly(bytea)';
