-- $1 text: detector. $2 text: condition. $3 jsonb: features.
SELECT botdet_test_condition($1, $2, $3)
