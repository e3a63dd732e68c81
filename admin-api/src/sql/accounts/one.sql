-- $1 bigint: account. Its profile, the latest scores, and what comparing accounts has found of it. No row where there is none of it.
SELECT jsonb_build_object(
    'account_id', k.account_id, 'profile', to_jsonb(a) - 'account_id',
    'scores', coalesce((
        SELECT jsonb_agg(to_jsonb(s) ORDER BY s.detector) FROM botdet.score s WHERE s.account_id = k.account_id
    ), '[]'),
    'network', (
        SELECT to_jsonb(n) - 'account_id' FROM botdet.account_network n
        WHERE n.account_id = k.account_id ORDER BY n.compared_at DESC LIMIT 1
    )
)
FROM (VALUES ($1::bigint)) AS k (account_id)
LEFT JOIN botdet.account a ON a.account_id = k.account_id
WHERE a.account_id IS NOT NULL OR EXISTS (SELECT FROM botdet.score s WHERE s.account_id = k.account_id)
    OR EXISTS (SELECT FROM botdet.activity e WHERE e.account_id = k.account_id)
