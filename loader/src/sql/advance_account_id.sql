-- Somebody may have inserted accounts with numbers of their own choice: new numbers begin behind the highest.
SELECT setval(pg_get_serial_sequence('botdet.account', 'account_id'), max(account_id))
FROM botdet.account
HAVING max(account_id) > (SELECT last_value FROM botdet.account_account_id_seq)
