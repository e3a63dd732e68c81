SELECT botdet_deactivate()
