-- $1 bytea: SHA-256 of the session's secret.
SELECT token_id, holder, role FROM botdet.check_session($1)
