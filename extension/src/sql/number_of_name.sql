-- $1 name of an account.
SELECT account_id FROM botdet.account WHERE account_key = $1
