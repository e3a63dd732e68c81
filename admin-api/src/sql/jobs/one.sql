-- $1 bigint: number of the job.
SELECT to_jsonb(j) FROM botdet.job j WHERE j.job_id = $1::bigint
