-- $1 bigint: account. Its last 28 days of engagement, and the windows that stand out. No row without engagement.
WITH shown AS (
    SELECT e.hour, e.views, e.likes, e.comments, e.shares
    FROM botdet.engagement_hourly e
    WHERE e.account_id = $1::bigint
        AND e.hour > (SELECT max(l.hour) FROM botdet.engagement_hourly l WHERE l.account_id = $1::bigint) - interval '28 days'
)
SELECT jsonb_build_object(
    'hours', jsonb_agg(to_jsonb(s) ORDER BY s.hour),
    'windows', coalesce((SELECT jsonb_agg(to_jsonb(w) ORDER BY w.from_hour, w.metric) FROM botdet_engagement_anomaly($1::bigint) AS w), '[]')
)
FROM shown s
HAVING count(*) > 0
