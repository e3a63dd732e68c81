SELECT job_id, kind, detector, parameters, asked_by, attempts FROM botdet.take_job()
