SELECT FROM botdet.check_watches() WHERE rolled_back_to IS NOT NULL
