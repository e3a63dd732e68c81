-- $1 text: kind. $2 text: detector. $3 jsonb: parameters. $4 text: why.
SELECT botdet_request_job($1, $2, $3, $4)
