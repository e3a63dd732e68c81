-- $1 bigint: token. $2 text: key. $3 bytea: fingerprint.
SELECT state, status, headers, body FROM botdet.find_answer($1, $2, $3)
