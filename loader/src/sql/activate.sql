SELECT botdet_activate($1, $2)
