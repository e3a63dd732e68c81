-- $1 account, $2 latest time.
SELECT occurred_at, action, content, device, target, activity_id
FROM botdet.activity
WHERE account_id = $1 AND occurred_at <= $2
ORDER BY occurred_at, activity_id
