-- $1 bigint: token. $2 text: key. $3 bytea: fingerprint. $4 integer: status. $5 jsonb: headers. $6 bytea: body.
SELECT botdet.keep_answer($1, $2, $3, $4, $5, $6)
