-- $1 bytea: SHA-256 of the session's secret.
SELECT botdet.end_session($1)
