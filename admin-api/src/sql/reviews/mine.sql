-- Reviews that the caller has claimed, the most urgent first.
SELECT to_jsonb(r) - 'not_by' - 'propensity' - 'claimed_by'
FROM botdet.review r
WHERE r.state = 'open' AND r.claimed_by = botdet.actor() AND r.lease_until > now()
ORDER BY r.priority DESC, r.review_id
