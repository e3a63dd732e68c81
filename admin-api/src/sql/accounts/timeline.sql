-- $1 bigint: account. Its last 60 days: events by hour and by action, and the stretches that are unusual.
WITH counted AS (
    SELECT t.hour, t.action, t.events FROM botdet_timeline($1::bigint) AS t
), shown AS (
    SELECT c.* FROM counted c WHERE c.hour > (SELECT max(l.hour) FROM counted l) - interval '60 days'
)
SELECT jsonb_build_object(
    'hours', coalesce((
        SELECT jsonb_agg(to_jsonb(h) ORDER BY h.hour) FROM (SELECT hour, sum(events)::bigint AS events FROM shown GROUP BY hour) AS h
    ), '[]'),
    'actions', coalesce((
        SELECT jsonb_agg(to_jsonb(a) ORDER BY a.events DESC, a.action)
        FROM (SELECT action, sum(events)::bigint AS events FROM shown GROUP BY action) AS a
    ), '[]'),
    'unusual', coalesce((
        SELECT jsonb_agg(to_jsonb(u) ORDER BY u.from_hour)
        FROM botdet_unusual_hours($1::bigint, (SELECT min(s.hour) FROM shown s)) AS u
    ), '[]')
)
