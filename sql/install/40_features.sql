-- Features, and the states they are made of. Functions that read tables are STABLE and never IMMUTABLE. COST is in units of a
-- simple operator (about 0.01 µs of planner cost each): features about 30 µs, a score with the deep stage about 1 ms.

CREATE FUNCTION botdet_features(user_id bigint, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_numbered';
COMMENT ON FUNCTION botdet_features(bigint, timestamptz) IS
    'features of an account from its activity up to as_of (all by default) and its profile; all NULL for an unknown account';

CREATE FUNCTION botdet_features(user_key text, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_named';
COMMENT ON FUNCTION botdet_features(text, timestamptz) IS 'features of the account with this key; see botdet_features(bigint, timestamptz)';

CREATE FUNCTION botdet_features(user_key uuid, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_uuid';
COMMENT ON FUNCTION botdet_features(uuid, timestamptz) IS 'features of the account with this key; see botdet_features(bigint, timestamptz)';

CREATE FUNCTION botdet_account_state(user_id bigint, as_of timestamptz DEFAULT 'infinity')
RETURNS bytea
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_numbered';
COMMENT ON FUNCTION botdet_account_state(bigint, timestamptz) IS
    'summary of an account''s activity up to as_of, in the extension''s own format: what training reads';

CREATE FUNCTION botdet_rebuild_state(user_id bigint)
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_state_rebuild';
COMMENT ON FUNCTION botdet_rebuild_state(bigint) IS
    'builds an account''s state again from its rows; true when it has any';

CREATE FUNCTION botdet_feature_catalog()
RETURNS TABLE (
    "position" integer, feature text, family text, unit text, low double precision, high double precision, scale text,
    meaning text, missing_when text, schema_fingerprint text
)
STRICT STABLE PARALLEL SAFE ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_feature_catalog';
COMMENT ON FUNCTION botdet_feature_catalog() IS 'definition of every feature; see view botdet.feature_catalog';
