-- $1 text: detector. $2 text: reason.
SELECT botdet_rollback($1::text, $2::text)
