-- In order of account, as everything that locks states.
UPDATE botdet.account_state s
SET stale = true
FROM (SELECT account_id FROM botdet.account_state ORDER BY account_id FOR NO KEY UPDATE) AS k
WHERE s.account_id = k.account_id
