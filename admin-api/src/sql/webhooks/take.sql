-- $1 integer: at most so many.
SELECT delivery_id, attempt, url, secret, body FROM botdet.take_deliveries($1)
