SELECT * FROM botdet_check_watches()
