-- $1 refresh, $2 first account, $3 last account. What the rows of each make. Nothing else is asked for here, so that workers can do
-- all of it.
SELECT k.account_id, botdet.state_from_rows(k.account_id)
FROM botdet.refresh_account k
WHERE k.refresh_id = $1 AND k.account_id BETWEEN $2 AND $3
