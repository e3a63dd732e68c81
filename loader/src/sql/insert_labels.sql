-- $1 who labels.
INSERT INTO botdet.label (account_id, is_bot, strategy, labelled_by)
SELECT a.account_id, l.is_bot, l.strategy, $1
FROM loading_account l JOIN botdet.account a USING (account_key)
WHERE l.is_bot IS NOT NULL
