SELECT account_key, account_id FROM botdet.account WHERE account_key IS NOT NULL
