-- Groups of accounts that act together.

CREATE FUNCTION botdet_lockstep(
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity', window_seconds integer DEFAULT 60,
    min_accounts integer DEFAULT 3, min_shared integer DEFAULT 3, min_meetings integer DEFAULT 2,
    min_similarity double precision DEFAULT 0.05, max_accounts integer DEFAULT 50, evidence integer DEFAULT 5
)
RETURNS TABLE (
    group_id integer, accounts integer, account_id bigint, similarity double precision, occasions bigint, is_first boolean,
    occurred_at timestamptz, target text
)
STABLE PARALLEL SAFE COST 10000000 ROWS 1000
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_lockstep';
COMMENT ON FUNCTION botdet_lockstep(timestamptz, timestamptz, integer, integer, integer, integer, double precision, integer, integer) IS
    'groups of accounts that act on the same targets within window_seconds of each other, again and again, more than chance explains: one row for each piece of evidence, at most so many a member; similarity is the strongest Jaccard index of its shared occasions with another member';

CREATE FUNCTION botdet_duplicates(
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity', min_similarity double precision DEFAULT 0.75,
    min_words integer DEFAULT 10, min_accounts integer DEFAULT 2, evidence integer DEFAULT 5
)
RETURNS TABLE (
    group_id integer, accounts integer, account_id bigint, similarity double precision, texts bigint, is_first boolean,
    occurred_at timestamptz, content text
)
STABLE PARALLEL SAFE COST 10000000 ROWS 1000
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_duplicates';
COMMENT ON FUNCTION botdet_duplicates(timestamptz, timestamptz, double precision, integer, integer, integer) IS
    'texts of at least min_words words that several accounts wrote, equal or nearly equal to the earliest of them: one row for each piece of evidence, at most so many a member; is_first says who wrote it first; reposts and shares take no part';

CREATE FUNCTION botdet_compare_accounts(since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT now())
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 10000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_compare_accounts';
COMMENT ON FUNCTION botdet_compare_accounts(timestamptz, timestamptz) IS
    'compares all accounts active between two times and keeps what they have in common in botdet.account_network, where features find it from then on; returns how many accounts';
