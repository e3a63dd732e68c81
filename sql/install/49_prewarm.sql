-- Models made ready before the first score asks for them.

CREATE FUNCTION botdet_prewarm(of_detector text DEFAULT NULL)
RETURNS TABLE (detector text, version text, bytes bigint, mapped_bytes bigint, milliseconds double precision)
VOLATILE PARALLEL UNSAFE COST 100000 ROWS 2
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_prewarm';
COMMENT ON FUNCTION botdet_prewarm(text) IS
    'loads champion and challenger of a detector, or of all, into this session, and makes the files that the sessions of the server share. bytes: an estimate of the memory that the session keeps for the version, which botdet.model_cache_size bounds; mapped_bytes: what it shares with others beside that; milliseconds: how long it took. For connection poolers, and once after a start of the server';
