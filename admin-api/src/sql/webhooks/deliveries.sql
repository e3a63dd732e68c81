-- $1 bigint: webhook. $2 bigint: only deliveries older than this one. $3 bigint: how many.
SELECT to_jsonb(d) FROM botdet.webhook_delivery d
WHERE d.webhook_id = $1::bigint AND d.delivery_id < coalesce($2::bigint, 9223372036854775807)
ORDER BY d.delivery_id DESC
LIMIT $3::bigint
