-- $1 accounts. What they did, in order, as far as it is in botdet.activity.
SELECT account_id, (extract(epoch FROM occurred_at) * 1000000)::bigint, activity_id, action, content, device, host(ip), target, country
FROM botdet.activity
WHERE account_id = ANY ($1) AND isfinite(occurred_at)
ORDER BY account_id, occurred_at, activity_id
