-- $1 accounts. Locks their states until the transaction ends, in order of account, as everything that locks states.
SELECT account_id FROM botdet.account_state WHERE account_id = ANY ($1) ORDER BY account_id FOR NO KEY UPDATE
