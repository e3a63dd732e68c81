SELECT botdet_plan_jobs()
