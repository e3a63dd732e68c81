-- $1 text: holder. $2 text: role. $3 integer: days. $4 text: note.
SELECT token_id, token, expires_at FROM botdet_create_token($1, $2, make_interval(days => $3), $4)
