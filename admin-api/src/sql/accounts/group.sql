-- $1 bigint: account. Whom it acts in step with, in the week up to its last event. Reads everybody's events of that week.
WITH last AS (
    SELECT max(t.hour) + interval '1 hour' AS hour FROM botdet_timeline($1::bigint) AS t
), found AS (
    SELECT g.* FROM last l CROSS JOIN LATERAL botdet_lockstep(l.hour - interval '7 days', l.hour, evidence => 1) AS g
)
SELECT jsonb_build_object(
    'account_id', m.account_id, 'account_key', a.account_key, 'similarity', m.similarity, 'occasions', m.occasions,
    'bot_probability', s.bot_probability, 'is_bot', s.is_bot
)
FROM (
    SELECT f.account_id, max(f.similarity) AS similarity, max(f.occasions) AS occasions
    FROM found f
    WHERE f.account_id <> $1::bigint AND f.group_id IN (SELECT o.group_id FROM found o WHERE o.account_id = $1::bigint)
    GROUP BY f.account_id
) AS m
LEFT JOIN botdet.account a ON a.account_id = m.account_id
LEFT JOIN botdet.score s ON s.account_id = m.account_id AND s.detector = 'account'
ORDER BY m.similarity DESC, m.account_id
LIMIT 50
