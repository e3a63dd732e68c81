-- $1 text: detector. $2 text: reason.
SELECT botdet_request_retraining($1::text, $2::text)
