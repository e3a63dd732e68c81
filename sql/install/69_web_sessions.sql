-- Sessions of people at the service's pages. Who shows a token there gets a secret for the browser to keep instead: it holds for hours,
-- ends at once when somebody logs out, and never outlives its token.

CREATE TABLE botdet.session (
    sha256     bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    token_id   bigint NOT NULL REFERENCES botdet.api_token,
    begun_at   timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON botdet.session (expires_at);
COMMENT ON TABLE botdet.session IS 'who has logged in at the service''s pages';
COMMENT ON COLUMN botdet.session.sha256 IS 'SHA-256 of the session''s secret, which only the browser keeps';
COMMENT ON COLUMN botdet.session.token_id IS 'token that was shown';
COMMENT ON COLUMN botdet.session.begun_at IS 'when';
COMMENT ON COLUMN botdet.session.expires_at IS 'until when it holds, as long as its token does';

CREATE FUNCTION botdet.begin_session(token_sha256 bytea, lifetime interval DEFAULT '12 hours')
RETURNS text
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    -- Each of the two has 122 random bits.
    secret constant text := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
    begun boolean;
BEGIN
    IF lifetime <= interval '0' OR lifetime > interval '7 days' THEN
        RAISE EXCEPTION 'lifetime is %, and must be above 0 and at most 7 days', lifetime USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM botdet.session s
    WHERE s.sha256 IN (
        SELECT e.sha256 FROM botdet.session e WHERE e.expires_at <= now() ORDER BY e.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
    );
    INSERT INTO botdet.session (sha256, token_id, expires_at)
    SELECT sha256(convert_to(secret, 'UTF8')), t.token_id, now() + lifetime
    FROM botdet.check_token(begin_session.token_sha256) AS t
    RETURNING true INTO begun;
    RETURN CASE WHEN begun THEN secret END;
END
$$;
COMMENT ON FUNCTION botdet.begin_session(bytea, interval) IS
    'begins a session with a token, by its SHA-256, and returns the session''s secret; NULL when the token does not hold';

CREATE FUNCTION botdet.check_session(sha256 bytea)
RETURNS TABLE (token_id bigint, holder text, role text)
STRICT STABLE PARALLEL SAFE ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT t.token_id, t.holder, t.role
    FROM botdet.session s
    JOIN botdet.api_token t ON t.token_id = s.token_id
    WHERE s.sha256 = check_session.sha256 AND s.expires_at > now() AND t.revoked_at IS NULL AND t.expires_at > now();
END;
COMMENT ON FUNCTION botdet.check_session(bytea) IS 'whose session this is, by the SHA-256 of its secret, as long as it and its token hold; no row otherwise';

CREATE FUNCTION botdet.end_session(sha256 bytea)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM botdet.session s WHERE s.sha256 = end_session.sha256;
END
$$;
COMMENT ON FUNCTION botdet.end_session(bytea) IS 'ends a session, if there is one';
