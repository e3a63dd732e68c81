-- An account that is there already. Keys belong to one account each, whatever source it came from.
SELECT a.account_key, a.source FROM loading_account l JOIN botdet.account a ON a.account_key = l.account_key
ORDER BY a.account_id LIMIT 1
