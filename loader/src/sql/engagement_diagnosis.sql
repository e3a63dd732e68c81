-- $1 account: its series, its score now, and the windows that are known to be true; no row where there are no hours.
SELECT e.series, s.bot_probability, s.stage, s.model_version, s.reasons,
       t.is_known, t.attack, t.metrics, t.from_hours, t.to_hours
FROM (SELECT botdet.engagement_series_of($1) AS series) AS e
CROSS JOIN LATERAL botdet_score('engagement', $1) AS s
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS is_known, max(w.attack) AS attack,
           coalesce(array_agg(w.metric ORDER BY w.from_hour, w.metric) FILTER (WHERE w.metric IS NOT NULL), '{}') AS metrics,
           coalesce(
               array_agg(extract(epoch FROM w.from_hour)::bigint / 3600 ORDER BY w.from_hour, w.metric)
               FILTER (WHERE w.metric IS NOT NULL), '{}'
           ) AS from_hours,
           coalesce(
               array_agg(extract(epoch FROM w.to_hour)::bigint / 3600 ORDER BY w.from_hour, w.metric)
               FILTER (WHERE w.metric IS NOT NULL), '{}'
           ) AS to_hours
    FROM botdet.engagement_window w
    WHERE w.account_id = $1
) AS t
WHERE e.series IS NOT NULL
