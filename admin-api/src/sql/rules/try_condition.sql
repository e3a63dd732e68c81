-- $1 text: detector. $2 text: condition. $3 integer: how many accounts of each group.
SELECT to_jsonb(t) FROM botdet_try_condition($1, $2, $3) AS t
