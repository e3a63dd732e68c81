-- $1 bytea: SHA-256 of the token. NULL when it does not hold.
SELECT botdet.begin_session($1)
