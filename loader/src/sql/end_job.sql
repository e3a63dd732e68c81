-- $1 job, $2 attempt, $3 state, $4 error, $5 version, $6 result.
SELECT botdet.end_job($1, $2, $3, $4, $5, $6)
