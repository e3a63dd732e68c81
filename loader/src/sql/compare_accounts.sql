-- Finds what accounts have in common with others, for the features that tell.
SELECT botdet_compare_accounts()
