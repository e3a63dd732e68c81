-- $1 job, $2 attempt, $3 phase, $4 share that is done.
SELECT botdet.note_job($1, $2, $3, $4)
