-- $1 version, $2 detector, $3 job, $4 reason.
SELECT botdet.begin_trial($1, $2, $3, $4)
