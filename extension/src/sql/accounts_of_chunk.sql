-- $1 refresh, $2 first account, $3 last account, $4 how many.
SELECT account_id
FROM botdet.refresh_account
WHERE refresh_id = $1 AND account_id BETWEEN $2 AND $3
ORDER BY account_id
LIMIT $4
