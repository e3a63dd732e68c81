-- $1 bigint: number of the job.
SELECT botdet_cancel_job($1)
