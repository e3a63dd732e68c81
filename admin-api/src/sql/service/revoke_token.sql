-- $1 bigint: token.
SELECT botdet_revoke_token($1)
