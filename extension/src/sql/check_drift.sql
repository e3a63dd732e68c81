SELECT FROM botdet.check_drift()
