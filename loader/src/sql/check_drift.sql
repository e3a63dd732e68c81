SELECT * FROM botdet_check_drift()
