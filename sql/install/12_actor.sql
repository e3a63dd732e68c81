-- Who acts. A service logs in once for many people: it says for whom it acts, and is believed because of how it has logged in.

CREATE FUNCTION botdet.actor()
RETURNS text
STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    named constant text := current_setting('botdet.actor', true);
BEGIN
    -- Neither SET ROLE nor a function with its owner's rights changes who has logged in.
    IF coalesce(named, '') <> '' AND pg_has_role(session_user, 'botdet_service', 'MEMBER') THEN
        RETURN named;
    END IF;
    RETURN session_user;
END
$$;
COMMENT ON FUNCTION botdet.actor() IS
    'who is answerable for what this session does: whoever has logged in or, where that is a service, whom botdet.actor names. Audit, labels and reviews are signed with it';
