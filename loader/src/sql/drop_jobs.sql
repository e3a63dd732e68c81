SELECT botdet.drop_jobs()
