-- $1 bytea: SHA-256 of the token.
SELECT token_id, holder, role FROM botdet.check_token($1)
