-- $1 text: detector. The last 30 days.
SELECT jsonb_build_object(
    'time', d."time", 'scores', sum(d.scores)::bigint, 'bots', sum(d.bots)::bigint, 'anomalies', sum(d.anomalies)::bigint
)
FROM botdet.score_daily_v1 d
WHERE d.detector = $1::text AND d.stage <> 'failed' AND d."time" >= now() - interval '30 days'
GROUP BY d."time"
ORDER BY d."time"
