-- The pure core: states, features and scores of any rows, with no table of ours. All of it can run in parallel workers and
-- inside any query, on any server of a cluster.

CREATE FUNCTION botdet.state_add(internal, timestamptz, text)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_add';
COMMENT ON FUNCTION botdet.state_add(internal, timestamptz, text) IS 'part of botdet_state(): adds an event';

CREATE FUNCTION botdet.state_add(internal, timestamptz, text, text)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_add';
COMMENT ON FUNCTION botdet.state_add(internal, timestamptz, text, text) IS 'part of botdet_state(): adds an event';

CREATE FUNCTION botdet.state_add(internal, timestamptz, text, text, text, inet, text, text, bigint)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_add';
COMMENT ON FUNCTION botdet.state_add(internal, timestamptz, text, text, text, inet, text, text, bigint) IS
    'part of botdet_state(): adds an event';

CREATE FUNCTION botdet.state_join(internal, internal)
RETURNS internal
IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_join';
COMMENT ON FUNCTION botdet.state_join(internal, internal) IS 'part of botdet_state(): joins the events of two workers';

CREATE FUNCTION botdet.state_send(internal)
RETURNS bytea
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_send';
COMMENT ON FUNCTION botdet.state_send(internal) IS 'part of botdet_state(): what a worker hands on';

CREATE FUNCTION botdet.state_receive(bytea, internal)
RETURNS internal
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_receive';
COMMENT ON FUNCTION botdet.state_receive(bytea, internal) IS 'part of botdet_state(): takes what a worker handed on';

CREATE FUNCTION botdet.state_finish(internal)
RETURNS bytea
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_finish';
COMMENT ON FUNCTION botdet.state_finish(internal) IS 'part of botdet_state(): folds the events in the order of time';

-- An aggregate has neither defaults nor named arguments, hence three forms. SSPACE is for some 200 events with short texts.

CREATE AGGREGATE botdet_state(occurred_at timestamptz, action text) (
    SFUNC = botdet.state_add, STYPE = internal, SSPACE = 8192, FINALFUNC = botdet.state_finish,
    COMBINEFUNC = botdet.state_join, SERIALFUNC = botdet.state_send, DESERIALFUNC = botdet.state_receive, PARALLEL = SAFE
);
COMMENT ON AGGREGATE botdet_state(timestamptz, text) IS
    'state of an account from its events in any order, of which only time and action are known; NULL without events';

CREATE AGGREGATE botdet_state(occurred_at timestamptz, action text, content text) (
    SFUNC = botdet.state_add, STYPE = internal, SSPACE = 8192, FINALFUNC = botdet.state_finish,
    COMBINEFUNC = botdet.state_join, SERIALFUNC = botdet.state_send, DESERIALFUNC = botdet.state_receive, PARALLEL = SAFE
);
COMMENT ON AGGREGATE botdet_state(timestamptz, text, text) IS
    'state of an account from its events in any order, of which time, action and text are known; NULL without events';

CREATE AGGREGATE botdet_state(
    occurred_at timestamptz, action text, content text, device text, ip inet, target text, country text, "position" bigint
) (
    SFUNC = botdet.state_add, STYPE = internal, SSPACE = 8192, FINALFUNC = botdet.state_finish,
    COMBINEFUNC = botdet.state_join, SERIALFUNC = botdet.state_send, DESERIALFUNC = botdet.state_receive, PARALLEL = SAFE
);
COMMENT ON AGGREGATE botdet_state(timestamptz, text, text, text, inet, text, text, bigint) IS
    'state of an account from its events in any order: what botdet_account_state() keeps of the same rows, bit for bit; position orders events of the same instant; what is not known is NULL; rows without a time are passed over; NULL without events';

CREATE FUNCTION botdet_features(state bytea)
RETURNS botdet.account_features
STRICT IMMUTABLE PARALLEL SAFE COST 500
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_of_state';
COMMENT ON FUNCTION botdet_features(bytea) IS
    'features of a state that botdet_state() or botdet_account_state() made; those of profile and network are NULL';

CREATE FUNCTION botdet_score(state bytea)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_state';
COMMENT ON FUNCTION botdet_score(bytea) IS
    'score of a state that botdet_state() or botdet_account_state() made, by all stages; profile and network are not known';
