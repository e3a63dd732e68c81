-- $1 version.
SELECT botdet_activate($1)
